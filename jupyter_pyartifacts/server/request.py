"""A request to the REST interface: its body, the notebook it is about, and how it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from jupyter_server.base.handlers import APIHandler
from tornado import web

from ..errors import PyArtifactsError, UsageError
from ..report import NullReporter
from ..service import Engine
from ..threads import run_in_thread
from .access import RESOURCE
from .body import LARGEST, Field, lock_document, read_body, text
from .collaboration import Collaboration
from .contents import Contents, Place, another_lock
from .document import HeldDocument
from .jobs import Busy, Job, Jobs, internal_error
from .kernels import Kernel, Kernels
from .refusal import Refused, error_body, refused
from .settings import PyArtifacts

__all__ = ["NOTEBOOK", "SETTING", "Asked", "Fields", "Handler", "Service"]

SETTING = "pyartifacts"
"""The key in a server's `web_app.settings` under which its Service lies."""
NOTEBOOK = {
    "path": Field(text, required=True, about="the notebook, as the contents manager names it"),
    "lock": Field(
        lock_document,
        about="the lock of the open document, null if it has none; left out, the saved one counts",
    ),
}
"""The fields of every body that is about a notebook."""
Fields = Mapping[str, Field]
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Service:
    """What the handlers of one server share."""

    settings: PyArtifacts
    contents: Contents
    jobs: Jobs
    kernels: Kernels
    shared: Collaboration
    sessions: Any

    async def save_lock(self, place: Place, lock: object | None, before: object | None) -> None:
        """Write a lock into a notebook that has the one before; raise Refused."""
        if await self.shared.write_lock(place.path, lock, before):
            return
        if self.shared.is_open(place.path):
            raise another_lock(place.path)
        await self.contents.write_lock(place, lock, before)

    async def kernel_of(self, path: str) -> Kernel | None:
        """Return the kernel of the session that a notebook has, if our provisioner started it."""
        for session in await self.sessions.list_sessions():
            if session.get("path") == path and session.get("type") == "notebook":
                return self.kernels.get((session.get("kernel") or {}).get("id"))
        return None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request's body, and the notebook that it is about."""

    body: dict[str, Any]
    place: Place
    lock: object | None
    settings: PyArtifacts = field(repr=False)

    def document(self) -> HeldDocument:
        """Return a document with the lock, for one use."""
        return HeldDocument(self.lock, name=self.place.path, file=self.place.file)

    def engine(self, reporter: Job | NullReporter) -> Engine:
        """Return an engine for this notebook."""
        file = self.place.file
        config = self.settings.engine_config(notebook=None if file is None else str(file))
        return Engine(config, reporter)


class Handler(APIHandler):
    """What all handlers share: how bodies are read, and how errors are said.

    `fields` are those of the body beside `NOTEBOOK`. A handler's first paragraph says what it is
    for, the second how it answers: the reference is made of both.
    """

    auth_resource = RESOURCE
    fields: ClassVar[Fields] = {}
    about_notebook: ClassVar[bool] = True

    @property
    def service(self) -> Service:
        """Return what the handlers of this server share."""
        service: Service = self.settings[SETTING]
        return service

    def read(self, fields: Fields) -> dict[str, Any]:
        """Return the body's fields; refuse what is not as it must be."""
        data = self.request.body
        if len(data) > LARGEST:
            raise Refused(
                413,
                UsageError(
                    "the body of the request is too large",
                    expected=f"at most {LARGEST} bytes",
                    found=f"{len(data)} bytes",
                    hint="send the lock alone, not the notebook",
                ),
            )
        try:
            return read_body(data, fields)
        except PyArtifactsError as error:
            raise refused(error) from error

    async def asked(self) -> Asked:
        """Return what is asked for, and the notebook: its lock from the body, else as saved."""
        body = self.read({**NOTEBOOK, **self.fields})
        contents = self.service.contents
        place = await contents.find(body["path"])
        lock = body["lock"] if "lock" in body else await contents.read_lock(place)
        return Asked(body=body, place=place, lock=lock, settings=self.service.settings)

    async def work(self, function: Callable[[], _T]) -> _T:
        """Run a function in a thread; its errors refuse the request."""
        try:
            return await run_in_thread(function)
        except PyArtifactsError as error:
            raise refused(error) from error

    def start(
        self, verb: str, path: str | None, work: Callable[[Job], dict[str, Any]], **how: Any
    ) -> None:
        """Start a job and answer with it."""
        try:
            job = self.service.jobs.start(verb, path, work, **how)
        except Busy as error:
            raise Refused(409, error) from error
        self.answer({"job": job.to_json()}, status=202)

    def answer(self, content: dict[str, Any], *, status: int = 200) -> None:
        """Answer with JSON."""
        self.set_status(status)
        self.finish(json.dumps(content))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say an error in JSON: ours as it is, others in the same shape."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, Refused):
            ours = error.error
        elif isinstance(error, web.HTTPError):
            ours = _foreign(status_code, error)
        else:
            ours = internal_error(self.request.path, error or RuntimeError("no reason given"))
            ours.details = None
        self.finish(json.dumps(error_body(ours)))


def _foreign(status: int, error: web.HTTPError) -> PyArtifactsError:
    """Return the error that the web server itself refuses a request with."""
    hints = {
        403: "log in to the server again, and send its token or the XSRF token with the request",
        404: "see the reference of the REST interface in the documentation",
        405: "see the reference of the REST interface in the documentation",
    }
    what = error.log_message or error.reason or f"status {status}"
    try:
        what = what % error.args if error.args else what
    except (TypeError, ValueError):
        pass
    return UsageError(what, hint=hints.get(status, "reload the page and try again"))
