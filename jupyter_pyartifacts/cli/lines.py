"""Results that are lines of text: pure functions from a result event, with nothing to load.

What a changing verb says is a few coloured lines, and not worth the loading of rich.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..sizes import human_size
from .console import printable

__all__ = [
    "Line",
    "change_lines",
    "left_out_lines",
    "note_lines",
    "paint",
    "result_lines",
]

Event = Mapping[str, Any]
Line = tuple[tuple[str, str], ...]
"""Pieces of one line, each with its style: a colour, `bold`, `dim` or nothing."""
_CHANGING = frozenset(("add", "remove", "upgrade", "undo", "lock", "import", "instantiate"))
# Select Graphic Rendition (ECMA-48, section 8.3.117).
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def paint(line: Line, *, colours: bool) -> str:
    """Return a line as text, with a terminal's colours or without."""
    if not colours:
        return "".join(text for text, _ in line)
    return "".join(
        f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style and text else text for text, style in line
    )


def result_lines(event: Event) -> list[Line] | None:
    """Write the result of a verb that changes a lock; None for the others, which have more."""
    if event["verb"] not in _CHANGING:
        return None
    return [*_changed(event), *note_lines(event)]


def note_lines(event: Event) -> list[Line]:
    """Write the notes of a result."""
    return [((printable(f"note: {note}"), "yellow"),) for note in event.get("notes", ())]


def change_lines(changes: Sequence[Event]) -> list[Line]:
    """Write a diff: `+` added, `-` removed, `~` changed; what was asked for comes first."""
    order = {"+": 0, "~": 1, "-": 2}
    lines = []
    for change in changes:
        before, after, name = change["before"], change["after"], str(change["name"])
        if before is None:
            sign, versions, style = "+", str(after), "green"
        elif after is None:
            sign, versions, style = "-", str(before), "red"
        else:
            sign, versions, style = "~", f"{before} -> {after}", "yellow"
        direct = bool(change.get("direct"))
        line: Line = ((f"{sign} ", style), (printable(name), "bold" if direct else ""))
        line = (*line, (f" {printable(versions)}", ""))
        lines.append((not direct, order[sign], name, line))
    return [line for *_, line in sorted(lines, key=lambda each: each[:3])]


def _changed(event: Event) -> list[Line]:
    changes = event.get("changes", [])
    lines = change_lines(changes)
    verb, python = event["verb"], event.get("python") or {}
    if None not in (python.get("before"), python.get("after")) and len(set(python.values())) == 2:
        versions = f" {python['before']} -> {python['after']}"
        lines.insert(0, (("~ ", "yellow"), ("Python", "bold"), (printable(versions), "")))
    if not lines and verb != "instantiate":
        lines.append((("nothing changes" if event.get("dry_run") else "nothing changed", ""),))
    if event.get("lock") is None and verb != "instantiate":
        lines.append((("the notebook has no lock now", ""),))
        return lines
    return [*lines, *left_out_lines(event), ((_summary(event), ""),)]


def _summary(event: Event) -> str:
    count = len((event.get("lock") or {}).get("distributions", []))
    text = f"{count} distribution{'' if count == 1 else 's'}"
    if event.get("size"):
        text += f", {human_size(event['size'])} here"
    if event.get("platforms"):
        text += f", for {', '.join(event['platforms'])}"
    if event.get("dry_run"):
        return f"{text}; dry run, nothing was written"
    environment = event.get("environment")
    if environment:
        text += f"\nenvironment: {environment['path']} (Python {environment['version']})"
    return printable(text)


def left_out_lines(event: Event) -> list[Line]:
    """Write which platforms a lock does not cover, and why."""
    return [
        ((printable(f"left out: {left['platform']}: {left['reason']}"), "yellow"),)
        for left in event.get("left_out", ())
    ]
