"""A request: what a command is, as bytes and four file descriptors (protocol 1).

The client sends the request. The engine answers `ready`, and does nothing unless the client says
`go`: one that grew tired of waiting runs the command itself, and it is never run twice. With `go`
come stdin, stdout, stderr and the working directory (SCM_RIGHTS): one that hangs gets none of
them, or whoever reads our output would wait for its end. Then the client may send numbers of
signals, a byte each; the engine passes them to the child, and in the end sends its status: a
`w`, then four bytes, as `os.wait` gives it. The connection's end ends the child.
"""

from __future__ import annotations

__all__ = ["DESCRIPTORS", "GO", "HEAD", "LIMIT", "PING", "READY", "Request"]

MAGIC = b"pyartifacts-engine-1\0"
HEAD = len(MAGIC) + 8
"""How many bytes stand before the fields."""
LIMIT = 16 << 20
"""The most bytes that the fields may have."""
DESCRIPTORS = 4
READY = b"r"
GO = b"g"
PING = b"p"
"""Instead of `go`: the client only asks who is there; the answer is a text, then the end."""


class Request:
    """What a command is: lists of byte strings without NUL, by name."""

    FIELDS = ("identity", "arguments", "environ", "streams", "process", "ignored")

    def __init__(self, **fields: list[bytes]) -> None:
        self.fields = fields

    def __getitem__(self, name: str) -> list[bytes]:
        return self.fields[name]

    def to_bytes(self) -> bytes:
        """Return the request as it is sent."""
        parts: list[bytes] = []
        for name in self.FIELDS:
            values = self.fields[name]
            parts += [b"%d" % len(values), *values]
        body = b"\0".join(parts)
        return MAGIC + b"%08x" % len(body) + body

    @staticmethod
    def body_size(head: bytes) -> int:
        """Return how many bytes follow a head; raise ValueError if it is none."""
        if not head.startswith(MAGIC):
            raise ValueError("not a request")
        size = int(head[len(MAGIC) :], 16)
        if not 0 <= size <= LIMIT:
            raise ValueError("not a size")
        return size

    @classmethod
    def from_bytes(cls, body: bytes) -> Request:
        """Read the fields; raise ValueError for anything else."""
        parts = body.split(b"\0")
        fields: dict[str, list[bytes]] = {}
        position = 0
        for name in cls.FIELDS:
            if position >= len(parts):
                raise ValueError("fields are missing")
            count = int(parts[position])
            fields[name] = parts[position + 1 : position + 1 + count]
            if count < 0 or len(fields[name]) != count:
                raise ValueError("values are missing")
            position += 1 + count
        if position != len(parts):
            raise ValueError("too many fields")
        return cls(**fields)
