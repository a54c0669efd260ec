"""The kernel provisioner: starts a notebook's kernel in the environment of the notebook's lock."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir

from ..config import Config
from ..errors import PlatformError, PyArtifactsError
from ..model import Environment
from ..threads import run_in_thread
from . import headless, launch, session
from .encryption import encryption_policy, supports_curve, transport_encryption
from .origin import Origin, find_origin
from .reporting import LogReporter, kernel_host

if TYPE_CHECKING:
    from ..service import Engine

__all__ = ["PyArtifactsProvisioner"]

_FIRST_SECONDS = 3.0
"""What a kernel has to itself: it starts and, in its first cell, imports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    kwargs: dict[str, Any]
    origin: Origin
    environment: Environment
    store: str
    session: str


class PyArtifactsProvisioner(LocalProvisioner):
    """Start the kernel of a notebook that has a lock in its own environment, isolated.

    For a notebook without a lock, and for kernels other than ipykernel, everything is as
    LocalProvisioner does it. Where the environment cannot be had, a fallback kernel starts that
    answers every cell with the reason; nothing is raised and the host's packages never serve.
    """

    _session: str | None = None
    _saved: object | None = None
    _origin: Origin | None = None
    _engine: Engine | None = None
    _environment_in_use: Environment | None = None
    _recorded: threading.Event | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare the environment, then have ports picked, then rewrite command and environment."""
        if not launch.is_ipykernel(self.kernel_spec.language, self.kernel_spec.argv):
            return await super().pre_launch(**kwargs)
        self._engine = self._environment_in_use = None
        try:
            prepared = await self._prepare(kwargs)
        except PyArtifactsError as error:
            return await self._fallback(kwargs, error)
        except asyncio.CancelledError:
            # Shut down before it was up.
            if (host := kernel_host(self.parent)) is not None:
                host.abandoned(self.kernel_id)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the notebook must say it
            return await self._fallback(kwargs, launch.internal_error(error))
        return await (self._stock(kwargs) if prepared is None else self._isolated(prepared))

    async def post_launch(self, **kwargs: Any) -> None:
        """Keep the environment in the store for as long as the kernel runs.

        Nobody waits for that: the kernel is starting just now, and has use for the processors.
        """
        await super().post_launch(**kwargs)
        engine, environment, origin = self._engine, self._environment_in_use, self._origin
        if engine is None or environment is None or origin is None or not self.pid:
            return
        self._recorded = threading.Event()
        threading.Thread(
            target=self._look_after,
            args=(engine, environment, origin.document, self.pid, self._recorded),
            name="pyartifacts-tend",
            daemon=True,
        ).start()

    def _look_after(
        self,
        engine: Engine,
        environment: Environment,
        document: object,
        pid: int,
        recorded: threading.Event,
    ) -> None:
        """Record what a kernel uses, and look it over once it has had some seconds to itself."""
        try:
            engine.keep_for_kernel(self.kernel_id, pid, environment)
        except (PyArtifactsError, OSError) as error:
            self.log.warning("pyartifacts: %s", error)
        finally:
            recorded.set()
        time.sleep(_FIRST_SECONDS)
        if self._engine is not engine:
            return
        try:
            engine.tend(document)
        except PyArtifactsError as error:
            self.log.warning("pyartifacts: %s", error)

    async def cleanup(self, restart: bool = False) -> None:
        """Clean up as the stock provisioner does; the session file goes with the kernel."""
        await super().cleanup(restart=restart)
        if restart:
            return
        if (host := kernel_host(self.parent)) is not None:
            await host.ended(self.kernel_id)
        engine, self._engine = self._engine, None
        if engine is not None:
            try:
                await run_in_thread(lambda: self._forget(engine))
            except (PyArtifactsError, OSError) as error:
                self.log.warning("pyartifacts: %s", error)
        if self._session:
            session.remove_session(self._session)
            self._session = None

    def _forget(self, engine: Engine) -> None:
        """Take the record of a kernel out that ended, once it was written."""
        if self._recorded is not None:
            self._recorded.wait()
        engine.forget_kernel(self.kernel_id)

    async def _stock(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = await super().pre_launch(**kwargs)
        host, origin = kernel_host(self.parent), self._origin
        path = None
        if host is not None and origin is not None and origin.path is not None:
            path = session.stock_session_path(self.kernel_id, _runtime_directory())
            self._forget_session(unless=None)
            self._session = path
            host.started(
                self.kernel_id,
                origin.path,
                session=path,
                saved=self._saved,
                used=None,
                environment=None,
            )
        result["env"] = launch.stock_environ(
            result["env"], session=path, settings=host.environ() if host else {}
        )
        return result

    def _forget_session(self, *, unless: str | None) -> None:
        if self._session and self._session != unless:
            session.remove_session(self._session)

    async def _prepare(self, kwargs: dict[str, Any]) -> _Prepared | None:
        """Find the notebook and prepare the environment of its lock; None if it has no lock."""
        # Nothing may be awaited before this: a headless run's client is on the stack just now.
        client = headless.client_on_stack(self.parent)
        before, saved = self._origin, self._saved
        self._origin = None
        origin = await find_origin(
            self.parent,
            client=client,
            launch_environ=kwargs.get("env"),
            environ=os.environ,
            cwd=str(kwargs.get("cwd") or os.getcwd()),
        )
        if origin is None:
            return None
        if origin.client is not None:
            headless.accept_lock(origin.client)
        self._saved = origin.document
        if before is not None:
            origin = self._with_newer_lock(origin, saved)
        self._origin = origin
        if origin.document is None:
            return None
        environment, store = await self._environment(origin)
        if not os.access(environment.python, os.X_OK):
            raise PlatformError(
                "the interpreter of this notebook's environment cannot be run",
                where=environment.python,
                hint="repair the store: jupyter pyartifacts verify NOTEBOOK",
            )
        return _Prepared(
            kwargs=self._encryption(kwargs, environment),
            origin=origin,
            environment=environment,
            store=store,
            session=self._write_session(origin, store),
        )

    def _with_newer_lock(self, origin: Origin, saved: object | None) -> Origin:
        """Return the origin with the lock that the kernel before a restart had made, if it counts.

        It does where nobody has written it into the notebook yet: the file still has the lock
        that its frontends are known to have, and that is not the kernel's.
        """
        host = kernel_host(self.parent)
        known = saved if host is None else host.known_lock(self.kernel_id, saved)
        newer = session.read_session(self._session, known)
        if newer == known or origin.document != known:
            return origin
        return replace(origin, document=newer)

    async def _environment(self, origin: Origin) -> tuple[Environment, str]:
        """Have the engine prepare an environment in a thread; return it and the stores' paths."""
        host = kernel_host(self.parent)
        config = host.config() if host else Config.from_environ(os.environ)
        reporter = host.reporter(self.kernel_id, origin.path) if host else LogReporter(self.log)

        def prepare() -> tuple[Engine, Environment]:
            # Imported here: it takes a while the first time, and a server serves others meanwhile.
            from ..service import Engine

            engine = Engine(config, reporter)
            environment = engine.prepare(
                origin.document,
                directory=Path(origin.directory),
                notebook=origin.notebook,
                code=origin.code,
            )
            return engine, environment

        work = asyncio.ensure_future(run_in_thread(prepare))
        if host is not None:
            # The engine stops at its next step; nobody waits for a network that is silent.
            cancel = asyncio.ensure_future(host.cancelled(self.kernel_id))
            try:
                await asyncio.wait({work, cancel}, return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    raise cancel.result()
            finally:
                cancel.cancel()
                if not work.done():
                    work.cancel()
        self._engine, self._environment_in_use = engine, environment = await work
        return environment, os.pathsep.join(str(layout.root) for layout in engine.store.layers)

    def _encryption(self, kwargs: dict[str, Any], environment: Environment) -> dict[str, Any]:
        policy = encryption_policy(self.parent, kwargs.get("transport_encryption"))
        keys_exist = getattr(self.parent, "curve_publickey", None) is not None
        if policy == "disabled" and not keys_exist:
            return kwargs
        supported = supports_curve(environment.site_packages)
        allowed = transport_encryption(policy, supported=supported, keys_exist=keys_exist)
        return {**kwargs, "transport_encryption": allowed}

    def _fallback_session(self) -> str | None:
        """Write the lock down for the verbs that the fallback kernel runs; None if it cannot be."""
        if self._origin is None:
            return None
        try:
            return self._write_session(self._origin, None)
        except OSError as error:
            self.log.warning("pyartifacts: %s", error)
            return None

    def _write_session(self, origin: Origin, store: str | None) -> str:
        """Write the session file into the store, else beside the connection file."""
        kernels = [os.path.join(store.split(os.pathsep)[0], "kernels")] if store else []
        path = session.write_session(
            origin.document,
            kernel_id=self.kernel_id,
            directories=(*kernels, _runtime_directory()),
        )
        self._forget_session(unless=path)
        self._session = path
        return path

    async def _isolated(self, prepared: _Prepared) -> dict[str, Any]:
        result: dict[str, Any] = await super().pre_launch(**prepared.kwargs)
        result["cmd"] = launch.isolated_command(
            prepared.environment.python, launch.BOOTSTRAP, result["cmd"], result["env"]
        )
        result["env"] = launch.isolated_environ(
            result["env"],
            prepared.environment,
            host_python=sys.executable,
            session=prepared.session,
            notebook=prepared.origin.notebook,
            store=prepared.store,
        )
        if (host := kernel_host(self.parent)) is not None:
            result["env"] = {**result["env"], **host.environ(), "PYARTIFACTS_STORE": prepared.store}
            host.started(
                self.kernel_id,
                prepared.origin.path,
                session=prepared.session,
                saved=self._saved,
                used=prepared.origin.document,
                environment=prepared.environment,
            )
        return result

    async def _fallback(self, kwargs: dict[str, Any], error: PyArtifactsError) -> dict[str, Any]:
        self.log.error("pyartifacts: %s", error)
        notebook = self._origin.notebook if self._origin else None
        host = kernel_host(self.parent)
        if host is not None:
            host.failed(self.kernel_id, self._origin.path if self._origin else None, error)
        result: dict[str, Any] = await super().pre_launch(**kwargs)
        result["cmd"] = launch.fallback_command(sys.executable, launch.FALLBACK, result["cmd"])
        result["env"] = launch.fallback_environ(
            result["env"],
            error,
            host_python=sys.executable,
            session=self._fallback_session(),
            notebook=notebook,
            store=os.environ.get("PYARTIFACTS_STORE"),
        )
        if host is not None:
            result["env"] = {**result["env"], **host.environ()}
        return result


def _runtime_directory() -> str:
    return os.path.join(jupyter_runtime_dir(), "pyartifacts")
