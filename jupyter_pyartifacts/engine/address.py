"""Where engines are: one socket each in a private directory, named after their installation."""

from __future__ import annotations

import os
import stat
import sys
import zlib

__all__ = [
    "AVAILABLE",
    "directory",
    "identity",
    "is_private",
    "is_switched_off",
    "places",
    "prefix",
]

AVAILABLE = os.name == "posix"
"""Whether this system can fork and hand file descriptors over."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_FLAGS = (
    "debug",
    "inspect",
    "optimize",
    "no_user_site",
    "no_site",
    "ignore_environment",
    "isolated",
    "dev_mode",
    "utf8_mode",
    "bytes_warning",
)
_OFF = ("0", "false", "no", "off")


def is_switched_off(environ: Mapping[str, str]) -> bool:
    """Tell whether `PYARTIFACTS_ENGINE` keeps commands from using an engine."""
    return environ.get("PYARTIFACTS_ENGINE", "").strip().lower() in _OFF


def directory(environ: Mapping[str, str]) -> str:
    """Return the directory of the engines' sockets, in Jupyter's runtime directory."""
    home = environ.get("HOME") or os.path.expanduser("~")
    data = environ.get("JUPYTER_DATA_DIR")
    if not data and sys.platform == "darwin":
        data = f"{home}/Library/Jupyter"
    elif not data:
        data = (environ.get("XDG_DATA_HOME") or f"{home}/.local/share") + "/jupyter"
    return (environ.get("JUPYTER_RUNTIME_DIR") or f"{data}/runtime") + "/pyartifacts"


def identity(package: str, version: str) -> str:
    """Describe all of this process that a child of an engine could not take over from a request.

    `package` is the directory of this package. Two processes of one identity do the same with the
    same arguments, environment, directory and streams.
    """
    facts: list[object] = [version, package, sys.executable, sys.prefix, sys.version]
    facts += [getattr(sys.flags, name) for name in _FLAGS]
    facts += [sys.warnoptions, sys.getfilesystemencoding(), os.environ.get("PYTHONPATH")]
    facts += [os.geteuid(), os.getuid(), os.getegid(), sorted(os.getgroups()), os.nice(0)]
    try:
        # Another container may share the directory, and has other files at the same paths.
        facts.append(os.stat("/proc/self/ns/mnt").st_ino)
    except OSError:
        pass
    import resource

    names = ("RLIMIT_FSIZE", "RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_DATA")
    facts += [resource.getrlimit(getattr(resource, name))[0] for name in names]
    return repr(facts)


def prefix(package: str) -> str:
    """Return what the names of the sockets of this installation begin with."""
    return f"{zlib.crc32(f'{sys.executable} {package}'.encode(errors='surrogateescape')):08x}-"


def is_private(path: str, kind: int) -> bool:
    """Tell whether a path is of a kind (`stat.S_IFDIR`, `S_IFSOCK`), this user's, and closed."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    mode = status.st_mode
    return stat.S_IFMT(mode) == kind and status.st_uid == os.geteuid() and not mode & 0o077


def places(environ: Mapping[str, str], package: str) -> list[str]:
    """Return the sockets of this installation's engines, alive or not."""
    home, start = directory(environ), prefix(package)
    try:
        names = os.listdir(home)
    except OSError:
        return []
    found = [f"{home}/{name}" for name in sorted(names) if name.startswith(start)]
    if not found or not is_private(home, stat.S_IFDIR):
        return []
    return [path for path in found if is_private(path, stat.S_IFSOCK)]
