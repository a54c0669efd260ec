"""The tree hash: one digest for all files of an artifact, checkable with `sha256sum` and `sort`.

The definition is permanent. A tree is a set of files and symbolic links; each has a path relative
to the tree's root (components joined by `/`, UTF-8), a file has an executable bit and its bytes, a
link the text of its target. Its *manifest* has one line for each, ended by a line feed:

    MODE SHA256 PATH

`MODE` is `x` for an executable file, `-` for any other file and `l` for a symbolic link, `SHA256`
the 64 lower-case hexadecimal digits over the file's bytes or, of a link, over its target (UTF-8,
as the archive has it), `PATH` the path as it is. A hard link is a file like any other. Lines are
sorted by the bytes of `PATH`. The tree hash is the sha256 of the manifest; directories, owners and
times are no part of it. So a shell computes the very same (in an extracted tree, file names
without a line feed):

    find . -type f -o -type l | sed 's|^\\./||' | LC_ALL=C sort | while read -r path; do
        test -x "$path" && mode=x || mode=-
        test -L "$path" && mode=l
        { test -L "$path" && readlink -n "$path" || cat "$path"; } | sha256sum |
            sed "s|^\\(.\\{64\\}\\).*|$mode \\1 $path|"
    done | sha256sum

Test vectors (more of them are in `tests/test_treehash.py`):

    no file at all
        sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    `hello.txt`, not executable, with the six bytes `hello` and a line feed
        sha256:74a0ac93075101c3817e5121b57c9f0a8ef9504c41be51c625d906ce16ade58d
    `python`, a symbolic link to `python3`
        sha256:8f4a140385bfeabef403caaeefd4ead8576d0f5ee1bd5163199c87e81ed2e0a7
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from .model import Digest

__all__ = ["TreeEntry", "combined_digest", "manifest", "parse_manifest", "tree_hash"]


class TreeEntry(NamedTuple):
    """One file of a tree: path from its root, executable bit, sha256 digits, size in bytes.

    Of a symbolic link (`link`) digits and size are those of its target's text.
    """

    path: str
    executable: bool
    digest_hex: str
    size: int
    link: bool = False


def manifest(entries: Iterable[TreeEntry]) -> bytes:
    """Return the manifest of a tree: sorted lines `MODE SHA256 PATH`.

    Raises ValueError if a path occurs twice or has a line feed, which would make it ambiguous.
    """
    # Code point order of text is byte order of its UTF-8 form, so text is sorted as it is.
    lines = []
    last = None
    for path, executable, digest, _, link in sorted(entries):
        if path == last or "\n" in path:
            raise ValueError(f"a tree cannot hold the path {path!r} (twice, or with a line feed)")
        last = path
        mode = "l" if link else "x" if executable else "-"
        lines.append(f"{mode} {digest} {path}\n")
    return "".join(lines).encode()


def tree_hash(entries: Iterable[TreeEntry]) -> Digest:
    """Return the tree hash: the sha256 of the manifest."""
    return Digest(hashlib.sha256(manifest(entries)).hexdigest())


def parse_manifest(data: bytes) -> list[tuple[str, str, str]]:
    """Read a manifest back: path, mode letter and sha256 digits of each file, in order.

    Raises ValueError for anything that `manifest` would not have written.
    """
    if data and not data.endswith(b"\n"):
        raise ValueError("the manifest's last line is not whole")
    entries = []
    for line in data.decode().split("\n")[:-1]:
        mode, digest, path = line.split(" ", 2)
        if mode not in ("x", "-", "l") or len(digest) != 64 or not path:
            raise ValueError(f"not a line of a manifest: {line[:120]!r}")
        entries.append((path, mode, digest))
    return entries


def combined_digest(digests: Iterable[Digest]) -> Digest:
    """Return the digest over several digests: the sha256 of their sorted lines `sha256:HEX`."""
    text = "".join(sorted(f"{digest}\n" for digest in digests))
    return Digest(hashlib.sha256(text.encode()).hexdigest())
