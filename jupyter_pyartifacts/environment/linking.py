"""Links into the store: whole directories where one artifact owns them, merged where names meet."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import ArtifactError

__all__ = ["Source", "link_file", "link_folder", "merge"]

_NO_LINKS = {
    errno.EXDEV,
    errno.EPERM,
    errno.EACCES,
    errno.EMLINK,
    errno.ENOTSUP,
    errno.ENOSYS,
    errno.EINVAL,
}


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of an artifact: whose it is, its absolute path, whether it is a directory."""

    label: str
    path: str
    folder: bool


def link_file(source: str, target: str, *, hard: bool = False) -> None:
    """Make `target` stand for the file `source`: by a link, a hard link, or else a copy.

    `hard` asks for a file that has `target` as its own place, as the dynamic loader sees it.
    Raises OSError.
    """
    windows = sys.platform == "win32"
    if hard or windows:
        try:
            os.link(source, target)
            return
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
    if not windows and (not hard or sys.platform == "linux"):
        # The loader of Linux takes a library's place as it was opened, so a link will do there.
        try:
            os.symlink(source, target)
            return
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
    shutil.copyfile(source, target)
    shutil.copymode(source, target)


def link_folder(source: str, target: str) -> None:
    """Make `target` stand for the directory `source`: by a link, a junction, or else file by file.

    Raises OSError.
    """
    try:
        if sys.platform == "win32":  # pragma: no cover - needs Windows
            import _winapi

            _winapi.CreateJunction(source, target)
        else:
            os.symlink(source, target)
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
    os.mkdir(target)
    with os.scandir(source) as entries:
        for entry in entries:
            place = f"{target}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                link_folder(entry.path, place)
            else:
                link_file(entry.path, place)


def _never(path: str, first: Source, other: Source) -> bool:
    return False


def merge(
    target: str,
    entries: Iterable[tuple[str, Source]],
    *,
    real: frozenset[str] = frozenset(),
    prefix: str = "",
    hard: bool = False,
    cache_tag: str = "",
    give_way: Callable[[str, Source, Source], bool] = _never,
) -> None:
    """Fill the directory `target`, which exists, with named entries of several artifacts.

    `real` are directories (paths from the outermost target, joined by `/`) that must not be a
    link; the files in them are hard-linked. With a `cache_tag` modules find their byte code of
    the store, also what is compiled later. Where two artifacts have different files of one path,
    `give_way` (path, the first, the other) may let the other one go; else ArtifactError names both.
    """
    modules: list[str] = []
    names: dict[str, list[Source]] = {}
    for name, source in entries:
        names.setdefault(name, []).append(source)
    for name, sources in names.items():
        path, place = f"{prefix}{name}", f"{target}/{name}"
        folders = [source for source in sources if source.folder]
        if not folders:
            _refuse_different(path, sources, give_way)
            link_file(sources[0].path, place, hard=hard)
            if name.endswith(".py"):
                modules.append(sources[0].path)
        elif len(folders) != len(sources):
            other = next(source for source in sources if not source.folder)
            raise _conflict(path, folders[0], other, "a directory of one, a file of the other")
        elif len(folders) == 1 and path not in real:
            link_folder(sources[0].path, place)
        else:
            os.mkdir(place)
            below = [pair for source in sources for pair in _children(source)]
            inner = path in real
            merge(
                place,
                below,
                real=real,
                prefix=f"{path}/",
                hard=inner,
                cache_tag=cache_tag,
                give_way=give_way,
            )
    if modules and cache_tag and sys.platform != "win32":
        _link_byte_code(target, modules, cache_tag)


def _link_byte_code(target: str, modules: list[str], cache_tag: str) -> None:
    """Let modules of a directory that is no link find their byte code, made or yet to be made."""
    cache = f"{target}/__pycache__"
    os.mkdir(cache)
    for path in modules:
        folder, _, name = path.rpartition("/")
        compiled = f"__pycache__/{name[:-3]}.{cache_tag}.pyc"
        os.symlink(f"{folder}/{compiled}", f"{target}/{compiled}")


def _children(source: Source) -> list[tuple[str, Source]]:
    with os.scandir(source.path) as entries:
        return [
            (entry.name, Source(source.label, entry.path, entry.is_dir(follow_symlinks=False)))
            for entry in sorted(entries, key=lambda entry: entry.name)
            if entry.name != "__pycache__"
        ]


def _refuse_different(
    path: str, sources: list[Source], give_way: Callable[[str, Source, Source], bool]
) -> None:
    first = sources[0]
    for other in sources[1:]:
        if not filecmp.cmp(first.path, other.path, shallow=False) and not give_way(
            path, first, other
        ):
            raise _conflict(path, first, other, "two different files")


def _conflict(path: str, first: Source, second: Source, what: str) -> ArtifactError:
    return ArtifactError(
        f"{first.label} and {second.label} both have {path}",
        expected="each file from one distribution only",
        found=what,
        hint=f"remove one of the two, or pin versions that do not both bring {path}",
    )
