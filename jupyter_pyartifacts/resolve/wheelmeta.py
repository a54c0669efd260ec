"""The METADATA of a wheel that lies elsewhere, read with as few bytes as possible."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import ArtifactError

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["read_wheel_metadata"]

_TAIL = 96 << 10
_LIMIT = 8 << 20


class _RangeFile(io.RawIOBase):
    """A file that is read by ranges, with the last bytes at hand."""

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        self._read = read
        self._size = size
        self._position = 0
        self._start = max(0, size - _TAIL)
        self._tail = read(self._start, size)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        stop = min(self._position + len(view), self._size)
        if stop <= self._position:
            return 0
        if self._position >= self._start:
            data = self._tail[self._position - self._start : stop - self._start]
        else:
            data = self._read(self._position, stop)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


def read_wheel_metadata(read: Callable[[int, int], bytes], size: int, filename: str) -> bytes:
    """Return a wheel's METADATA; `read(start, stop)` returns a range of its `size` bytes.

    Raises ArtifactError if it is no wheel, and what `read` raises.
    """
    name, version = filename.split("-")[:2]
    try:
        with zipfile.ZipFile(io.BufferedReader(_RangeFile(read, size), 64 << 10)) as archive:
            members = [
                member
                for member in archive.infolist()
                if member.filename.count("/") == 1
                and member.filename.endswith(".dist-info/METADATA")
            ]
            own = [m for m in members if m.filename.startswith(f"{name}-{version}.")]
            if len(own or members) != 1:
                raise ArtifactError(
                    f"{filename} does not hold one METADATA file",
                    where=filename,
                    expected=f"{name}-{version}.dist-info/METADATA",
                    found=", ".join(m.filename for m in members) or "none",
                    hint="choose another version of the distribution",
                )
            member = (own or members)[0]
            if member.file_size > _LIMIT:
                raise ArtifactError(
                    f"the METADATA of {filename} is larger than any metadata is",
                    where=filename,
                    expected=f"at most {_LIMIT} bytes",
                    found=f"{member.file_size} bytes",
                    hint="choose another version of the distribution",
                )
            return archive.read(member)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise ArtifactError(
            f"{filename} is no wheel",
            where=filename,
            expected="a zip archive (binary distribution format)",
            found=str(error) or type(error).__name__,
            hint="choose another version of the distribution, or another index",
        ) from error
