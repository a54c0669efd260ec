"""Notebooks that are edited together: their shared models in jupyter_server_ydoc, if it is here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..notebook import KEY
from .contents import held_lock

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

__all__ = ["Collaboration"]

_NAME = "jupyter_server_ydoc"


class Collaboration:
    """The shared documents of a server; none where collaboration is not installed, or off."""

    def __init__(self, app: ServerApp) -> None:
        self._app = app

    def is_open(self, path: str) -> bool:
        """Tell whether the server holds a shared model of a notebook."""
        extension, files = self._extension(), self._app.web_app.settings.get("file_id_manager")
        if extension is None or files is None:
            return False
        identifier = files.get_id(path)
        # A room is named FORMAT:TYPE:FILE.
        return identifier is not None and bool(
            extension.ywebsocket_server.room_exists(f"json:notebook:{identifier}")
        )

    async def write_lock(self, path: str, lock: object | None, before: object | None) -> bool:
        """Put a lock into a shared model that has the one before; tell whether that was done.

        Everybody who has the notebook open sees it, and jupyter_server_ydoc saves it.
        """
        extension = self._extension()
        if extension is None or not self.is_open(path):
            return False
        try:
            document = await extension.get_document(
                path=path, content_type="notebook", file_format="json", copy=False
            )
        except RuntimeError:
            # The server stops, and has closed its shared models already.
            return False
        if document is None:
            return False
        # Here at the latest: jupyter_server_ydoc is made of it.
        shared_map = import_module("pycrdt").Map
        metadata = document.ydoc.get("meta", type=shared_map)["metadata"]
        if held_lock({"metadata": metadata.to_py()}) != before:
            return False
        if lock is None:
            metadata.pop(KEY, None)
        else:
            metadata[KEY] = lock
        return True

    def _extension(self) -> Any:
        manager = getattr(self._app, "extension_manager", None)
        points: Any = getattr(manager, "extension_points", {})
        point = points.get(_NAME)
        app = getattr(point, "app", None)
        return app if hasattr(app, "ywebsocket_server") else None
