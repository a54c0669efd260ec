"""Settings of one run, read once at the front: store, trust, network, index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from .errors import UsageError
from .sizes import parse_size

__all__ = [
    "VARIABLES",
    "Config",
    "PythonPolicy",
    "TrustPolicy",
    "Variable",
    "environment_data",
]

TrustPolicy = Literal["ask", "index", "all"]
PythonPolicy = Literal["any", "exact", "artifact"]
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


def environment_data(prefix: str) -> str:
    """Return where the environment at `prefix` keeps what it has for all its users.

    An image's `store`, which lies below everybody's own, and the locks `approved` with it. Who can
    write here can write the environment's code as well.
    """
    return f"{prefix}/share/jupyter_pyartifacts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An environment variable that people set: what it may hold, and what that does (Markdown)."""

    name: str
    values: str
    text: str


VARIABLES = (
    Variable(
        name="PYARTIFACTS_STORE",
        values="directories",
        text="Where packages are kept, instead of the user's data directory. Of several, separated"
        " as in `PATH`, the first is written and the others are read-only layers.",
    ),
    Variable(
        name="PYARTIFACTS_STORE_QUOTA",
        values="bytes, 20 GB",
        text="How much the packages in the store that is written may take, unpacked; without it as"
        " much as the disk has.",
    ),
    Variable(
        name="PYARTIFACTS_TRUST",
        values="ask, index, all",
        text="Which locks of other people run without a question. `ask` (the default): none;"
        " `index`: those that take everything from the default index and the allowed ones; `all`:"
        " every one.",
    ),
    Variable(
        name="PYARTIFACTS_ALLOWED_INDEXES",
        values="URLs",
        text="Indexes that are trusted beside the default one, separated by spaces.",
    ),
    Variable(
        name="PYARTIFACTS_INDEX_URL",
        values="URL",
        text="The default index, instead of the one that the user's uv and pip are set up for.",
    ),
    Variable(
        name="PYARTIFACTS_OFFLINE",
        values="1, 0",
        text="`1` uses no network: only what the store and the caches have.",
    ),
    Variable(
        name="PYARTIFACTS_NOTEBOOK",
        values="path",
        text="The notebook that a kernel is for, where its frontend does not tell.",
    ),
    Variable(
        name="PYARTIFACTS_PYTHON_POLICY",
        values="any, exact, artifact",
        text="Which Python of this machine may run a lock that pins an archive of one. `any` (the"
        " default): its exact version, else another patch release of the same minor version, with"
        " a note; `exact`: only the exact version; `artifact`: none, only the pinned archive.",
    ),
    Variable(
        name="PYARTIFACTS_PYTHON_MIRROR",
        values="URL or directory",
        text="Where archives of Python are fetched from instead, for machines without the"
        " internet: under the paths that locks name, or all of them side by side.",
    ),
    Variable(
        name="PYARTIFACTS_PYTHON_TABLE",
        values="URL or file",
        text="A table of Pythons of one's own, in the form of `versions.json` of pbs-installer, in"
        " place of the one that comes along.",
    ),
    Variable(
        name="PYARTIFACTS_BYTE_CODE",
        values="1, 0",
        text="`0` makes no byte code in the store: it takes less room, first imports take longer.",
    ),
    Variable(
        name="PYARTIFACTS_ENGINE",
        values="1, 0",
        text="`0` runs commands without a running engine (`jupyter pyartifacts engine`).",
    ),
)
"""The one list of them: the command line's help and the reference are made of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Say how the engine works in this run.

    `stores` are directories: the first is written, the others are read-only layers; empty means the
    user's data directory, with the environment's own store below it if there is one. `store_quota`
    is how many bytes the first may hold, None for as many as the disk takes. `index_url` None
    means: what the user's uv and pip are configured for. `trust` is the policy for locks made by
    others: `ask` refuses until approved, `index` approves what comes from allowed indexes, `all`
    approves everything. `allowed_indexes` are URLs trusted beside the default index.
    `python_policy` says whether a Python of this machine may serve where a lock pins an archive:
    `any` patch release of the same minor, the `exact` version only, or none but the `artifact`
    itself. `python_mirror` is a URL or directory that has the archives of interpreters, in the
    layout of the default place or all in one directory; `python_table` a table of one's own (JSON,
    file or URL) in place of the one that comes along. `byte_code` has the byte code of modules made
    in the store. `environ` is the environment that child processes get as their base.
    """

    stores: tuple[str, ...] = ()
    store_quota: int | None = None
    trust: TrustPolicy = "ask"
    offline: bool = False
    index_url: str | None = None
    allowed_indexes: tuple[str, ...] = ()
    notebook: str | None = None
    python_policy: PythonPolicy = "any"
    python_mirror: str | None = None
    python_table: str | None = None
    byte_code: bool = True
    environ: Mapping[str, str]

    def approvals(self, sys_platform: str, home: str) -> str:
        """Return the directory of this user's approvals: configuration, apart from any store.

        Stores come and go, and a group may share one; what somebody trusts is their own.
        """
        home = self.environ.get("HOME") or home
        if sys_platform == "win32":
            base = self.environ.get("APPDATA") or f"{home}/AppData/Roaming"
        elif sys_platform == "darwin":
            base = f"{home}/Library/Preferences"
        else:
            base = self.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
        return f"{base}/jupyter_pyartifacts/approvals"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **overrides: Any) -> Config:
        """Read the `PYARTIFACTS_*` variables; keyword arguments that are not None win.

        `PYARTIFACTS_STORE` may hold several directories, separated as in `PATH`.
        """
        separator = ";" if environ.get("OS") == "Windows_NT" else ":"
        stores = environ.get("PYARTIFACTS_STORE", "")
        trust = environ.get("PYARTIFACTS_TRUST", "").strip().lower() or "ask"
        if trust in _TRUE:
            trust = "all"
        if trust in _FALSE:
            trust = "ask"
        if trust not in ("ask", "index", "all"):
            raise UsageError(
                "PYARTIFACTS_TRUST has a value that is not known",
                expected="ask, index or all",
                found=trust,
                hint="unset PYARTIFACTS_TRUST, or set it to one of these",
            )
        config = cls(
            stores=tuple(part for part in stores.split(separator) if part),
            store_quota=_quota(environ),
            trust=cast(TrustPolicy, trust),
            offline=_flag(environ, "PYARTIFACTS_OFFLINE"),
            index_url=environ.get("PYARTIFACTS_INDEX_URL") or None,
            allowed_indexes=tuple(environ.get("PYARTIFACTS_ALLOWED_INDEXES", "").split()),
            notebook=environ.get("PYARTIFACTS_NOTEBOOK") or None,
            python_policy=_python_policy(environ),
            python_mirror=environ.get("PYARTIFACTS_PYTHON_MIRROR", "").strip() or None,
            python_table=environ.get("PYARTIFACTS_PYTHON_TABLE", "").strip() or None,
            byte_code=_flag(environ, "PYARTIFACTS_BYTE_CODE", default=True),
            environ=dict(environ),
        )
        return replace(config, **{k: v for k, v in overrides.items() if v is not None})


def _quota(environ: Mapping[str, str]) -> int | None:
    text = environ.get("PYARTIFACTS_STORE_QUOTA", "").strip()
    return parse_size(text, "PYARTIFACTS_STORE_QUOTA") if text else None


def _python_policy(environ: Mapping[str, str]) -> PythonPolicy:
    policy = environ.get("PYARTIFACTS_PYTHON_POLICY", "").strip().lower() or "any"
    if policy not in ("any", "exact", "artifact"):
        raise UsageError(
            "PYARTIFACTS_PYTHON_POLICY has a value that is not known",
            expected="any, exact or artifact",
            found=policy[:80],
            hint="unset PYARTIFACTS_PYTHON_POLICY, or set it to one of these",
        )
    return cast(PythonPolicy, policy)


def _flag(environ: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    value = environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise UsageError(
        f"{name} has a value that is not known",
        expected="1 or 0",
        found=value,
        hint=f"unset {name}, or set it to 1",
    )
