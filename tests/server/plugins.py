"""What a site may put into a server: contents managers that keep no files, an authorizer."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import nbformat
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.services.contents.checkpoints import Checkpoints
from jupyter_server.services.contents.manager import AsyncContentsManager, ContentsManager
from nbformat.v4 import new_notebook
from tornado.web import HTTPError

__all__ = ["AsyncMemoryContents", "MemoryContents", "Readers"]


class NoCheckpoints(Checkpoints):
    """Keeps none."""

    def list_checkpoints(self, path: str) -> list[Any]:
        return []


class MemoryContents(ContentsManager):
    """Notebooks in memory; there is one to begin with."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.kept: dict[str, Any] = {"n.ipynb": new_notebook()}

    def _checkpoints_class_default(self) -> type[Checkpoints]:
        return NoCheckpoints

    def is_hidden(self, path: str) -> bool:
        return path.startswith(".")

    def file_exists(self, path: str = "") -> bool:
        return path.strip("/") in self.kept

    def dir_exists(self, path: str) -> bool:
        return not path.strip("/")

    def get(
        self, path: str, content: bool = True, type: str | None = None, **more: Any
    ) -> dict[str, Any]:
        path = path.strip("/")
        if path not in self.kept:
            raise HTTPError(404, f"no such notebook: {path}")
        now = datetime.now(timezone.utc)
        return {
            **{"name": path, "path": path, "type": "notebook", "mimetype": None, "writable": True},
            **{"created": now, "last_modified": now, "format": "json" if content else None},
            "content": nbformat.from_dict(self.kept[path]) if content else None,
        }

    def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        self.run_pre_save_hooks(model=model, path=path)
        self.kept[path.strip("/")] = nbformat.from_dict(model["content"])
        return self.get(path, content=False)


class AsyncMemoryContents(AsyncContentsManager):
    """The same, with coroutines."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.own = MemoryContents()

    def _checkpoints_class_default(self) -> type[Checkpoints]:
        return NoCheckpoints

    async def is_hidden(self, path: str) -> bool:
        return self.own.is_hidden(path)

    async def file_exists(self, path: str = "") -> bool:
        return self.own.file_exists(path)

    async def dir_exists(self, path: str) -> bool:
        return self.own.dir_exists(path)

    async def get(self, path: str, content: bool = True, **more: Any) -> dict[str, Any]:
        return self.own.get(path, content)

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        self.run_pre_save_hooks(model=model, path=path)
        return self.own.save(model, path)


class Readers(Authorizer):
    """Lets everybody read, and nobody write, what is ours."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "pyartifacts" or action == "read"
