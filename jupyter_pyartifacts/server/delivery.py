"""The way of a kernel's lock into its notebook where no frontend writes it.

A frontend with our extension sets the lock in the document and saves. For all others the lock is
added to what they save: never to the file behind their back, which brings up "File Changed" and
loses the lock. A document that is edited together is changed through its shared model instead.

Three locks are compared at every save: the kernel's, the one that is being saved, and the one
that frontends are known to have. Who saves the last, while the kernel has another, has not heard
of the kernel's; who saves a third has made it, and the kernel hears of that one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any

from ..errors import PyArtifactsError
from .collaboration import Collaboration
from .contents import Contents, held_lock, set_lock
from .kernels import Kernel, Kernels
from .refusal import Refused

__all__ = ["Delivery"]

_LEFT = 100


class Delivery:
    """Deliver the locks of a server's kernels.

    `connections` tells how many frontends are connected to a kernel.
    """

    def __init__(
        self,
        kernels: Kernels,
        contents: Contents,
        shared: Collaboration,
        *,
        connections: Callable[[str], int],
        log: logging.Logger,
    ) -> None:
        self._kernels = kernels
        self._contents = contents
        self._shared = shared
        self._connections = connections
        self._log = log
        self._left: OrderedDict[str, tuple[object | None, object | None]] = OrderedDict()
        self._tasks: set[asyncio.Task[bool]] = set()
        self._watched: object = None
        kernels.on_end = self.kernel_ended

    def watch(self, manager: Any) -> None:
        """Look at everything that a contents manager saves, from now on."""
        if self._watched is not manager and hasattr(manager, "register_pre_save_hook"):
            self._watched = manager
            manager.register_pre_save_hook(self.before_save)

    def before_save(self, *, path: str, model: dict[str, Any], **_: Any) -> None:
        """Look at what is being saved, and add the lock that it should have (pre-save hook)."""
        content = model.get("content")
        if model.get("type") != "notebook" or not isinstance(content, dict):
            return
        path = path.strip("/")
        for kernel in self._kernels:
            if kernel.path == path and kernel.session is not None:
                self._compare(kernel, content)
        if path in self._left:
            known, lock = self._left[path]
            saved = held_lock(content)
            if saved != known:
                del self._left[path]
            else:
                self._deliver(path, content, lock, known)

    def _compare(self, kernel: Kernel, content: dict[str, Any]) -> None:
        saved = held_lock(content)
        if not kernel.news():
            # What it has is known; is what is being saved another?
            if saved != kernel.known:
                self._push(kernel, saved)
            return
        lock = kernel.lock()
        if saved == lock:
            kernel.known = lock
        elif saved == kernel.known:
            self._deliver(str(kernel.path), content, lock, saved)
        else:
            self._push(kernel, saved)

    def _push(self, kernel: Kernel, saved: object | None) -> None:
        kernel.known = saved
        try:
            kernel.push(saved)
        except OSError as error:
            self._log.warning("pyartifacts: the kernel is not told of another lock: %s", error)

    def _deliver(
        self, path: str, content: dict[str, Any], lock: object | None, before: object | None
    ) -> None:
        """Add a lock to what is being saved, or to the model that is shared."""
        if self._shared.is_open(path):
            self._spawn(self._shared.write_lock(path, lock, before))
        else:
            set_lock(content, lock)

    async def kernel_ended(self, kernel: Kernel) -> None:
        """See to the lock of a kernel that ends and that no frontend has saved yet."""
        if kernel.path is None or not kernel.news():
            return
        try:
            await self._hand_over(kernel, kernel.path)
        except Exception:  # noqa: BLE001 - contents managers are plugins, and the kernel has to end
            self._log.exception("pyartifacts: the kernel's lock is not saved")

    async def _hand_over(self, kernel: Kernel, path: str) -> None:
        lock, known = kernel.lock(), kernel.known
        if await self._shared.write_lock(path, lock, known):
            return
        if self._connections(kernel.id):
            # Somebody has it open, and will save.
            self._left[path] = known, lock
            while len(self._left) > _LEFT:
                self._left.popitem(last=False)
            return
        try:
            place = await self._contents.find(path)
            await self._contents.write_lock(place, lock, known)
        except (Refused, PyArtifactsError) as error:
            self._log.warning("pyartifacts: the kernel's lock is not saved: %s", error)

    def moved(self, source: str, path: str) -> None:
        """Take note that a notebook has another path."""
        self._kernels.moved(source, path)
        if source in self._left:
            self._left[path] = self._left.pop(source)

    def _spawn(self, work: Coroutine[Any, Any, bool]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
