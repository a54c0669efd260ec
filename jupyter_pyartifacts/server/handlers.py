"""The REST interface below `/pyartifacts/`: JSON in and out, for the sidebar and for scripts.

Every request is authenticated, authorized for the resource `pyartifacts` and, where a cookie
vouches for it, checked for XSRF. Nothing is done before a body and its path are found in order.
"""

from __future__ import annotations

from typing import Any, ClassVar

from jupyter_server.utils import url_path_join
from tornado import web

from .._version import __version__
from ..errors import LockError, PyArtifactsError, UsageError
from ..report import NullReporter
from ..service import Engine
from ..service.offers import check_indexes, check_requirement, released_versions
from ..service.storage import store_use
from .access import guarded
from .body import Field, boolean, text
from .changes import FIELDS, Change, check_directory, planned
from .jobs import Job
from .refusal import Refused, refused
from .request import Asked, Fields, Handler
from .running import running_state
from .state import lock_state

__all__ = ["handlers"]

_WRITE = Field(boolean, about="save the notebook with the lock that comes of it")


def _any_text(value: object, where: str) -> str:
    """Read a text as somebody is typing it: empty, or with anything in it."""
    if not isinstance(value, str):
        return text(value, where)
    return value


class StateHandler(Handler):
    """Everything about a notebook's packages.

    Pins with sizes and reasons, trust and its question, Python, platforms, what is instantiated,
    history, the kernel (`running`), jobs.
    """

    @guarded("read")
    async def post(self) -> None:
        """Answer with the state."""
        asked = await self.asked()
        path = asked.place.path
        kernel = await self.service.kernel_of(path)

        def look() -> dict[str, Any]:
            engine = asked.engine(NullReporter())
            state = lock_state(engine, asked.document())
            running = None if kernel is None else running_state(engine, kernel, asked.lock)
            return {"version": __version__, "path": path, **state, "running": running}

        state = await self.work(look)
        if kernel is not None and kernel.path != path:
            state["notes"].append(f"the kernel was started for {kernel.path}, and runs its lock")
        jobs = [job.to_json() for job in self.service.jobs.of(path)]
        self.answer({**state, "jobs": jobs})


class OutdatedHandler(Handler):
    """What has something newer.

    `rows`, one for each pin that has, and `notes`.
    """

    @guarded("read")
    async def post(self) -> None:
        """Answer with a row for each."""
        asked = await self.asked()

        def look() -> dict[str, Any]:
            engine, document = asked.engine(NullReporter()), asked.document()
            check_indexes(engine, document)
            return engine.outdated(document).to_event()

        outdated = await self.work(look)
        self.answer({"rows": outdated["outdated"], "notes": outdated["notes"]})


class CheckHandler(Handler):
    """Whether a requirement can be read, and its project exists.

    `valid`, `name`, `exists` (null: nobody can tell), `problem`, `hint`.
    """

    fields: ClassVar[Fields] = {
        "requirement": Field(_any_text, required=True, about="what somebody is typing")
    }

    @guarded("read")
    async def post(self) -> None:
        """Answer with what is wrong, if anything."""
        asked = await self.asked()
        self.answer(
            await self.work(
                lambda: check_requirement(
                    asked.engine(NullReporter()), asked.document(), asked.body["requirement"]
                )
            )
        )


class VersionsHandler(Handler):
    """The releases of a project.

    `versions`, the newest first, each with its day and whether it was yanked or is a pre-release.
    """

    fields: ClassVar[Fields] = {"name": Field(text, required=True, about="the project")}

    @guarded("read")
    async def post(self) -> None:
        """Answer with the versions, the newest first."""
        asked = await self.asked()
        name = asked.body["name"]
        found = await self.work(
            lambda: released_versions(asked.engine(NullReporter()), asked.document(), name)
        )
        event = found.to_event()
        self.answer({key: event[key] for key in ("name", "versions")})


class PlanHandler(Handler):
    """What a change would do; nothing is written, nothing is brought.

    The difference (`changes`, `notes`, `platforms`, `left_out`, `python`, the new `digest`), `size`
    of all and `size_missing` of what would be fetched, in bytes.
    """

    fields: ClassVar[Fields] = FIELDS
    _job: Job | None = None

    # Whoever may plan may have the server ask the index or fetch the wheel that is named.
    @guarded("write")
    async def post(self) -> None:
        """Answer with the difference; nothing is written, nothing is brought."""
        asked = await self.asked()
        change = _change(asked)
        # Not entered anywhere: it lives as long as the request.
        self._job = job = Job(f"plan {change.verb}", asked.place.path, None)

        def plan() -> dict[str, Any]:
            engine, document = asked.engine(job), asked.document()
            change.check(engine, document)
            return planned(engine, document, change)

        self.answer(await self.work(plan))

    def on_connection_close(self) -> None:
        """Stop planning for somebody who went away."""
        super().on_connection_close()
        if self._job is not None:
            self._job.cancel()


class ApplyHandler(Handler):
    """Make a change.

    202 and a job, whose result is the command line's, with the new lock.
    """

    fields: ClassVar[Fields] = {**FIELDS, "write": _WRITE}
    verb: str | None = None

    @guarded("write")
    async def post(self) -> None:
        """Begin, and answer with the job; with `write` the contents manager saves the lock."""
        asked = await self.asked()
        if self.verb is not None:
            asked.body["verb"] = self.verb
        change = _change(asked)
        await self.work(lambda: change.check(asked.engine(NullReporter()), asked.document()))
        document, before = asked.document(), asked.lock

        def apply(job: Job) -> dict[str, Any]:
            event = change.make(asked.engine(job), document, dry_run=False).to_event()
            job.check()
            return event

        async def write(_: dict[str, Any]) -> None:
            if document.lock_document != before:
                try:
                    await self.service.save_lock(asked.place, document.written, before)
                except Refused as error:
                    raise error.error from error

        finish = write if asked.body.get("write") else None
        self.start(change.verb, asked.place.path, apply, finish=finish)


class UndoHandler(ApplyHandler):
    """Take the last change back.

    202 and a job, as for `apply`.
    """

    fields: ClassVar[Fields] = {"write": _WRITE}
    verb = "undo"


class InstantiateHandler(Handler):
    """Bring everything that the lock pins.

    202 and a job.
    """

    @guarded("write")
    async def post(self) -> None:
        """Begin, and answer with the job."""
        asked = await self.asked()
        await self.work(lambda: _check_lock(asked))
        self.start(
            "instantiate",
            asked.place.path,
            lambda job: asked.engine(job).instantiate(asked.document()).to_event(),
        )


class VerifyHandler(Handler):
    """Hash every file, and repair what is wrong.

    202 and a job.
    """

    @guarded("write")
    async def post(self) -> None:
        """Begin, and answer with the job."""
        asked = await self.asked()
        await self.work(lambda: _check_lock(asked))
        self.start(
            "verify",
            asked.place.path,
            lambda job: asked.engine(job).verify(asked.document(), deep=False).to_event(),
        )


class TrustHandler(Handler):
    """Approve the very lock that the user was asked about.

    What was approved (`digest`, `distributions`, `indexes`); 409 if the lock is another by now.
    """

    fields: ClassVar[Fields] = {
        "digest": Field(text, required=True, about="the lock's digest, as the user saw it")
    }

    @guarded("write")
    async def post(self) -> None:
        """Answer with what was approved."""
        asked = await self.asked()
        document = asked.document()

        def approve() -> dict[str, Any]:
            engine = asked.engine(NullReporter())
            found = engine.trust(document, dry_run=True).digest
            if found != asked.body["digest"]:
                raise Refused(
                    409,
                    LockError(
                        "the notebook has another lock than the one that was shown",
                        where=asked.place.path,
                        expected=asked.body["digest"],
                        found=found,
                        hint="nothing was approved; look at the lock again, then approve it",
                    ),
                )
            event = engine.trust(document).to_event()
            return {key: event[key] for key in ("digest", "distributions", "indexes")}

        self.answer(await self.work(approve))


class GcHandler(Handler):
    """Remove from the store what nothing uses.

    202 and a job.
    """

    fields: ClassVar[Fields] = {
        "dry_run": Field(boolean, required=True, about="only say what would go")
    }
    about_notebook = False

    @guarded("write")
    async def post(self) -> None:
        """Begin, and answer with the job."""
        body = self.read(self.fields)
        config = await self.work(self.service.settings.engine_config)
        self.start(
            "gc",
            None,
            lambda job: Engine(config, job).gc(dry_run=body["dry_run"]).to_event(),
        )


class StoreHandler(Handler):
    """What the store takes.

    `path`, `size`, `quota`, `artifacts`, `views`, `free`, `layers`.
    """

    about_notebook = False

    @guarded("read")
    async def get(self) -> None:
        """Answer with its size."""
        settings = self.service.settings
        found = await self.work(lambda: store_use(Engine(settings.engine_config(), NullReporter())))
        event = found.to_event()
        self.answer({key: event[key] for key in event if key not in ("event", "verb")})


class JobHandler(Handler):
    """How far a job is; DELETE cancels it.

    `state` (`running`, `done`, `failed`, `cancelled`), `progress`, `notes`, `result`, `error`,
    `elapsed`.
    """

    about_notebook = False

    @guarded("read")
    async def get(self, identifier: str) -> None:
        """Answer with the job."""
        self.answer(self._job(identifier).to_json())

    @guarded("write")
    async def delete(self, identifier: str) -> None:
        """Stop a job, and answer with it; one that ended stays as it is."""
        job = self._job(identifier)
        self.service.jobs.cancel(job)
        self.answer(job.to_json())

    def _job(self, identifier: str) -> Job:
        job = self.service.jobs.get(identifier)
        if job is None:
            raise Refused(
                404,
                UsageError(
                    "there is no such job",
                    found=identifier[:80],
                    hint="jobs that ended are forgotten after a while, and with the server",
                ),
            )
        return job


class UnknownHandler(Handler):
    """Whatever else is asked for below our address."""

    @guarded("read")
    async def get(self) -> None:
        """Refuse, once it is known who asks."""
        raise web.HTTPError(404, "there is no such endpoint")

    post = put = patch = delete = get


def handlers(base_url: str) -> list[tuple[Any, ...]]:
    """Return the handlers and their addresses, for a server's web application."""
    simple = {
        "state": StateHandler,
        "outdated": OutdatedHandler,
        "check": CheckHandler,
        "versions": VersionsHandler,
        "plan": PlanHandler,
        "apply": ApplyHandler,
        "undo": UndoHandler,
        "instantiate": InstantiateHandler,
        "verify": VerifyHandler,
        "trust": TrustHandler,
        "gc": GcHandler,
        "store": StoreHandler,
    }
    root = url_path_join(base_url, "pyartifacts")
    return [
        *((url_path_join(root, name), handler) for name, handler in simple.items()),
        (url_path_join(root, r"jobs/([0-9A-Za-z_-]+)"), JobHandler),
        (url_path_join(root, ".*"), UnknownHandler),
    ]


def _change(asked: Asked) -> Change:
    try:
        return Change.of(asked.body)
    except PyArtifactsError as error:
        raise refused(error) from error


def _check_lock(asked: Asked) -> None:
    """Refuse a lock that is not there, cannot be read, or that nobody approved."""
    document = asked.document()
    asked.engine(NullReporter()).lock_of(document, own=True)
    check_directory(document)
