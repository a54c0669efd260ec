"""A lock as lines that pip reads: requirements.txt with hashes, and the same without them."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Artifact, Distribution, Lock
from ..plan import pins_for
from ..platforms import marker_for
from ..requirements import parse_requirement

__all__ = ["KERNEL", "NOTEBOOK", "pinned_lines", "write_requirements"]

KERNEL = "the kernel"
NOTEBOOK = "the notebook"
"""Who asked for a line, in its comment `# via ...`."""


def write_requirements(lock: Lock, *, requirements: tuple[str, ...]) -> str:
    """Return a lock as the text of a requirements.txt with hashes, for all its platforms.

    `requirements` are the lock's, their paths relative to where pip will be called.
    """
    direct = {parse_requirement(text).name for text in requirements}
    urls = {index.name: index.url for index in lock.indexes}
    needed: dict[str, set[str]] = {}
    for own in lock.distributions:
        for edge in own.dependencies:
            needed.setdefault(edge.name, set()).add(own.name)
    kernel = {parse_requirement(text).name for text in lock.kernel}
    lines = [
        "# Written by jupyter_pyartifacts, with the sha256 of every file:",
        "#     pip install --require-hashes -r requirements.txt",
        f"# for {lock.python.implementation} {lock.python.minor} on {', '.join(lock.platforms)}",
    ]
    lines += [f"--extra-index-url {index.url}" for index in lock.indexes]
    for line, own, files in _entries(lock, requirements):
        lines.append(f"{line} \\")
        hashes = [f"    --hash=sha256:{digest}" for digest in sorted({f.digest.hex for f in files})]
        lines += [f"{text} \\" for text in hashes[:-1]] + hashes[-1:]
        via = sorted(needed.get(own.name, ()))
        via += [KERNEL] if own.name in kernel else []
        via += [NOTEBOOK] if own.name in direct else []
        if len(via) == 1:
            lines.append(f"    # via {via[0]}")
        elif via:
            lines += ["    # via", *(f"    #   {name}" for name in via)]
        if own.index is not None:
            lines.append(f"    # from {urls[own.index]}")
    return "\n".join([*lines, ""])


def pinned_lines(lock: Lock, *, requirements: tuple[str, ...]) -> list[str]:
    """Return one line for each distribution: `NAME==VERSION ; MARKER`, or where its wheel is."""
    return [line for line, _, _ in _entries(lock, requirements)]


def _entries(
    lock: Lock, requirements: tuple[str, ...]
) -> Iterator[tuple[str, Distribution, tuple[Artifact, ...]]]:
    given: dict[str, dict[str, str]] = {}
    for text in requirements:
        own = parse_requirement(text)
        if own.kind != "index" and own.filename is not None:
            target = str(own.location)
            place = f"{own.name} @ {target}" if own.kind == "url" else target
            given.setdefault(own.name, {})[own.filename] = place
    for each in lock.distributions:
        if each.name not in given:
            marker = f" ; {each.marker}" if each.marker else ""
            yield f"{each.name}=={each.version}{marker}", each, each.artifacts
            continue
        for artifact in each.artifacts:
            on = [
                platform
                for platform in lock.platforms
                if any(pin.artifact == artifact for pin in pins_for(lock, platform))
            ]
            where = marker_for(on, lock.platforms) if on else each.marker
            place = given[each.name].get(artifact.filename, f"{each.name}=={each.version}")
            yield f"{place}{f' ; {where}' if where else ''}", each, (artifact,)
