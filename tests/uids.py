"""Processes that run as users of their own, made by number: the system's accounts stay as they are.

That takes root. Where the Python of the tests lies in a directory that is closed to others, such
as root's home, the processes get a mount namespace in which the way to it is open.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

__all__ = ["FIRST_UID", "OWN_UIDS", "opening", "run_as_another"]

FIRST_UID = 61_000
_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
_REPOSITORY = Path(__file__).parent.parent
_CHANGE = (
    f"import os, sys; os.setgroups([]); os.setgid({FIRST_UID}); os.setuid({FIRST_UID});"
    " os.execv(sys.argv[1], sys.argv[1:])"
)
_NEEDED = (Path(sys.base_prefix), Path(sys.prefix), _REPOSITORY)


def _closed(paths: Iterable[Path]) -> list[Path]:
    """Return the topmost directories on the way to some paths that others may not enter."""
    found = set()
    for path in paths:
        for each in reversed((path, *path.parents)):
            if not each.stat().st_mode & 0o001:
                found.add(each)
                break
    return sorted(found)


def opening(*paths: Path) -> list[str]:
    """Return what has to stand before a command so that others may enter these and our Python."""
    needed = sorted({*_NEEDED, *paths})
    closed = _closed(needed)
    if not _ROOT or not closed:
        return []
    lines = ["umask 022", "stash=$(mktemp -d)"]
    inside = [path for path in needed if any(path.is_relative_to(each) for each in closed)]
    for number, path in enumerate(inside):
        place = shlex.quote(str(path))
        lines += [f"mkdir $stash/{number}", f"mount --bind {place} $stash/{number}"]
    lines += [f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(str(each))}" for each in closed]
    for number, path in enumerate(inside):
        place = shlex.quote(str(path))
        lines += [f"mkdir -p {place}", f"mount --move $stash/{number} {place}"]
    return ["unshare", "--mount", "sh", "-ec", "\n".join([*lines, 'exec "$@"']), "sh"]


def _run(code: str, *words: str, paths: tuple[Path, ...] = ()) -> str:
    """Run Python as another user, and return what it prints."""
    done = subprocess.run(
        [*opening(*paths), sys.executable, "-c", _CHANGE, sys.executable, "-c", code, *words],
        cwd=_REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(_REPOSITORY), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def _works() -> bool:
    """Tell whether another user can run this Python."""
    try:
        return _run("import jupyter_pyartifacts; print('yes')") == "yes\n"
    except (OSError, subprocess.SubprocessError):
        return False


def run_as_another(code: str, *words: str, place: Path) -> str:
    """Run Python as a user to whom `place` is open as its mode says; return what it prints.

    Only who is not root is refused anything, so without root this user serves.
    """
    if not _ROOT:
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
        )
        return done.stdout
    if not OWN_UIDS:
        pytest.skip("root here may not run processes as other users")
    return _run(code, *words, paths=(place,))


OWN_UIDS = _ROOT and _works()
"""Whether processes can run as other users; else all run as who runs the tests."""
