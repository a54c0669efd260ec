"""The event `progress`: what a job tells everybody who listens to the server's events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .concealment import conceal

if TYPE_CHECKING:
    from jupyter_events import EventLogger

    from .jobs import Job

__all__ = ["SCHEMA", "SCHEMA_ID", "emit_progress", "on_rename", "progress_event", "register_schema"]

SCHEMA = Path(__file__).parent / "progress.json"
SCHEMA_ID = "https://schema.jupyter.org/jupyter_pyartifacts/progress"
_CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
_LONGEST = 1000


def register_schema(logger: EventLogger) -> None:
    """Let the server's events know ours."""
    if SCHEMA_ID not in logger.schemas:
        logger.register_event_schema(SCHEMA)


def emit_progress(logger: EventLogger, job: Job) -> None:
    """Tell how far a job is."""
    logger.emit(schema_id=SCHEMA_ID, data=progress_event(job))


def on_rename(logger: EventLogger, moved: Callable[[str, str], None]) -> None:
    """Call `moved` with the old and the new path of everything that is renamed."""

    async def listen(logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        if data.get("action") == "rename" and data.get("source_path") and data.get("path"):
            moved(data["source_path"].strip("/"), data["path"].strip("/"))

    logger.add_listener(schema_id=_CONTENTS, listener=listen)


def progress_event(job: Job) -> dict[str, Any]:
    """Return what is told of a job: the stream is for everybody who may listen, so no lock, no
    result, nothing that a file says, and no credentials."""
    last, error = job.last, job.error
    message = error.what if error else job.notes[-1] if job.notes else None
    event = {
        "notebook": job.path,
        "kernel_id": job.kernel_id,
        "job": job.id,
        "verb": job.verb,
        "state": job.state,
        "elapsed": round(job.elapsed, 1),
        "stage": last.stage if last else None,
        "done": last.done if last else None,
        "total": last.total if last else None,
        "unit": last.unit if last else None,
        "item": last.item if last else None,
        "distributions_done": last.distributions_done if last else None,
        "distributions_total": last.distributions_total if last else None,
        "message": message[:_LONGEST] if message else None,
        "hint": error.hint[:_LONGEST] if error else None,
    }
    concealed: dict[str, Any] = conceal(event)
    return concealed
