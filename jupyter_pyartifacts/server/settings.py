"""The settings of a server: `c.PyArtifacts.NAME` in its configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping

from traitlets import Bool, Enum, Int, List, TraitError, Unicode, Union, validate
from traitlets.config import Configurable
from traitlets.utils.bunch import Bunch

from ..config import Config
from ..errors import UsageError
from ..sizes import parse_size

__all__ = ["PyArtifacts"]


class PyArtifacts(Configurable):
    """Settings of a server, as `c.PyArtifacts.NAME` in its configuration.

    What is left at its default is decided by the `PYARTIFACTS_*` variable of the same meaning.
    What is set here holds for the server and for every kernel that it starts.
    """

    use_provisioner = Bool(
        True,
        help="""Start kernels whose kernelspec names no provisioner of its own by ours. A notebook
        without a lock is started as the stock provisioner does. Without it, locks are ignored.""",
    ).tag(config=True)

    use_pending_kernels = Bool(
        True,
        help="""Let the server answer at once while a kernel is being prepared. Without it Lab
        drops the cells that are run while packages download.""",
    ).tag(config=True)

    use_engine = Bool(
        True,
        help="""Keep a process loaded beside the server, so that `%pyartifacts` and commands of
        this environment run sooner. It ends with the server. POSIX only.""",
    ).tag(config=True)

    stores = List(
        Unicode(),
        help="""Directories of the store, as in PYARTIFACTS_STORE: the first is written, the
        others are read-only layers, such as one that a site fills for all its users.""",
    ).tag(config=True)

    store_quota = Union(
        (Int(), Unicode()),
        default_value=None,
        allow_none=True,
        help="""How much the packages in the store that is written may take, as in
        PYARTIFACTS_STORE_QUOTA: bytes, or a text such as "20 GB". Read-only layers don't count.""",
    ).tag(config=True)

    @validate("store_quota")
    def _check_quota(self, proposal: Bunch) -> int | str | None:
        value: int | str | None = proposal["value"]
        if value is not None:
            try:
                parse_size(value, "c.PyArtifacts.store_quota")
            except UsageError as error:
                raise TraitError(str(error)) from error
        return value

    trust = Enum(
        ("ask", "index", "all"),
        default_value=None,
        allow_none=True,
        help="""Which locks of other people run without being asked about, as in
        PYARTIFACTS_TRUST: `ask` none, `index` those that install from the default index and
        `allowed_indexes` alone, `all` every one.""",
    ).tag(config=True)

    allowed_indexes = List(
        Unicode(),
        help="""URLs of indexes that are trusted beside the default one, as in
        PYARTIFACTS_ALLOWED_INDEXES.""",
    ).tag(config=True)

    index_url = Unicode(
        None,
        allow_none=True,
        help="""URL of the default index, as in PYARTIFACTS_INDEX_URL; without it that of the
        user's uv and pip. Kernels are told it, credentials included.""",
    ).tag(config=True)

    offline = Bool(
        None,
        allow_none=True,
        help="""Use no network: only what the stores have, as in PYARTIFACTS_OFFLINE.""",
    ).tag(config=True)

    python_policy = Enum(
        ("any", "exact", "artifact"),
        default_value=None,
        allow_none=True,
        help="""Which Python of this machine may run a lock that pins an archive, as in
        PYARTIFACTS_PYTHON_POLICY: `any` patch release of its minor version, only the `exact` one,
        or none but the `artifact`.""",
    ).tag(config=True)

    python_mirror = Unicode(
        None,
        allow_none=True,
        help="""URL or directory that has the archives of Pythons, as in
        PYARTIFACTS_PYTHON_MIRROR. Kernels are told it, credentials included.""",
    ).tag(config=True)

    python_table = Unicode(
        None,
        allow_none=True,
        help="""File or URL of a table of Pythons of one's own, as in
        PYARTIFACTS_PYTHON_TABLE.""",
    ).tag(config=True)

    def _quota(self) -> int | None:
        if self.store_quota is None:
            return None
        return parse_size(self.store_quota, "c.PyArtifacts.store_quota")

    def engine_config(
        self, environ: Mapping[str, str] = os.environ, *, notebook: str | None = None
    ) -> Config:
        """Return the settings of an engine of this server, for one notebook file if there is one.

        Raises UsageError for a `PYARTIFACTS_*` variable that cannot be understood.
        """
        own = {key: value for key, value in environ.items() if key != "PYARTIFACTS_NOTEBOOK"}
        return Config.from_environ(
            own,
            stores=tuple(os.path.abspath(os.path.expanduser(path)) for path in self.stores) or None,
            store_quota=self._quota(),
            trust=self.trust,
            allowed_indexes=tuple(self.allowed_indexes) or None,
            index_url=self.index_url or None,
            offline=self.offline,
            python_policy=self.python_policy,
            python_mirror=self.python_mirror or None,
            python_table=self.python_table or None,
            notebook=notebook,
        )

    def variables(self) -> dict[str, str]:
        """Return the `PYARTIFACTS_*` variables that say what is set here."""
        config = self.engine_config({})
        given = {
            "PYARTIFACTS_STORE": os.pathsep.join(config.stores),
            "PYARTIFACTS_STORE_QUOTA": "" if self.store_quota is None else str(self._quota()),
            "PYARTIFACTS_TRUST": self.trust or "",
            "PYARTIFACTS_ALLOWED_INDEXES": " ".join(config.allowed_indexes),
            "PYARTIFACTS_INDEX_URL": config.index_url or "",
            "PYARTIFACTS_OFFLINE": "" if self.offline is None else str(int(self.offline)),
            "PYARTIFACTS_PYTHON_POLICY": self.python_policy or "",
            "PYARTIFACTS_PYTHON_MIRROR": self.python_mirror or "",
            "PYARTIFACTS_PYTHON_TABLE": self.python_table or "",
        }
        return {name: value for name, value in given.items() if value}
