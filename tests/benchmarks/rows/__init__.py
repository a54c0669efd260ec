"""The rows of the speed table, by name, in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..bench import Bench
from ..table import Row
from . import add, cold, disk, imports, memory, reopen, size

ROWS: Mapping[str, Callable[[Bench, int], Iterable[Row]]] = {
    "reopen": reopen.measure_reopen,
    "reopen-new-view": reopen.measure_new_view,
    "cold-18": cold.measure_small,
    "cold-150": cold.measure_large,
    "cold-import": cold.measure_import,
    "add": add.measure,
    "import-cpu": imports.measure,
    "lock-size": size.measure,
    "memory": memory.measure,
    "disk": disk.measure,
}
