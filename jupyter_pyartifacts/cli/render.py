"""Results for a reader: pure functions from a result event to tables, trees and lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from .console import printable

__all__ = ["human_size", "render_changes", "render_result", "render_table", "render_tree"]

Event = Mapping[str, Any]
_UNITS = ("B", "kB", "MB", "GB", "TB")


def human_size(count: int | None) -> str:
    """Write a number of bytes in three digits or so, in powers of 1000; empty for None."""
    if count is None:
        return ""
    size = float(count)
    for unit in _UNITS:
        if size < 999.5 or unit == _UNITS[-1]:
            break
        size /= 1000
    if unit == "B" or size >= 99.95:
        return f"{size:.0f} {unit}"
    return f"{size:.1f} {unit}"


def render_result(event: Event) -> list[RenderableType]:
    """Render the result of any verb, in the order to be printed."""
    render = _RENDERERS.get(str(event["verb"]), _render_other)
    return [*render(event), *(Text(f"note: {note}", "yellow") for note in event.get("notes", ()))]


def render_changes(changes: Sequence[Event]) -> list[Text]:
    """Render a diff: `+` added, `-` removed, `~` changed; what was asked for comes first."""
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
        line = Text(f"{sign} ", style)
        line.append(_clean(name), "bold" if direct else "")
        line.append(f" {_clean(versions)}")
        lines.append((not direct, order[sign], name, line))
    return [line for *_, line in sorted(lines, key=lambda each: each[:3])]


def _render_change(event: Event) -> list[RenderableType]:
    changes = event.get("changes", [])
    lines: list[RenderableType] = list(render_changes(changes))
    verb = event["verb"]
    if not changes and verb != "instantiate":
        lines.append(Text("nothing changes" if event.get("dry_run") else "nothing changed"))
    if event.get("lock") is None and verb != "instantiate":
        lines.append(Text("the notebook has no lock now"))
        return lines
    lines.extend(_render_left_out(event.get("left_out", [])))
    lines.append(Text(_summary(event)))
    return lines


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
    return _clean(text)


def _render_left_out(left_out: Sequence[Event]) -> list[Text]:
    return [
        Text(_clean(f"left out: {left['platform']}: {left['reason']}"), "yellow")
        for left in left_out
    ]


def render_table(event: Event) -> Table:
    """Render what `show` lists as a table, requirements first."""
    table = _table("distribution", "version", "size", "needed by")
    table.columns[2].justify = "right"
    for each in sorted(event["distributions"], key=lambda one: (not one["direct"], one["name"])):
        reasons = list(each["required_by"])
        if each["kernel"]:
            reasons.insert(0, "the kernel")
        if each["direct"]:
            reasons.insert(0, "you")
        table.add_row(
            Text(_clean(each["name"]), "bold" if each["direct"] else ""),
            _clean(each["version"]),
            human_size(each["size"]) or "not here",
            _clean(", ".join(reasons)),
        )
    return table


def render_tree(event: Event) -> Tree:
    """Render who needs whom, from the requirements down; what stands above already is cut short."""
    pins: dict[str, list[Event]] = {}
    for each in event["distributions"]:
        pins.setdefault(each["name"], []).append(each)
    root = Tree(Text("requirements"), guide_style="dim")
    kernel = Tree(Text("kernel"), guide_style="dim")
    seen: set[str] = set()
    for name in sorted(pins):
        if any(pin["direct"] for pin in pins[name]):
            _grow(root, name, pins, seen)
    for name in sorted(pins):
        if any(pin["kernel"] for pin in pins[name]) and name not in seen:
            _grow(kernel, name, pins, seen)
    if not root.children:
        root.add(Text("none", "dim"))
    whole = Tree(Text(_clean(str(event["python"]))), guide_style="dim")
    whole.children.extend([root, kernel] if kernel.children else [root])
    return whole


def _grow(parent: Tree, name: str, pins: Mapping[str, Sequence[Event]], seen: set[str]) -> None:
    # A stack of its own: a hostile lock's chain of dependencies is as long as it likes.
    todo = [(parent, name)]
    while todo:
        above, name = todo.pop()
        versions = " / ".join(str(pin["version"]) for pin in pins.get(name, ()))
        label = Text(_clean(name))
        label.append(f" {_clean(versions) or 'not on these platforms'}", "dim")
        dependencies = sorted({one for pin in pins.get(name, ()) for one in pin["dependencies"]})
        if name in seen and dependencies:
            label.append(" ...", "dim")
            dependencies = []
        branch = above.add(label)
        seen.add(name)
        todo.extend((branch, one) for one in reversed(dependencies))


def _render_show(event: Event) -> list[RenderableType]:
    lines: list[RenderableType] = []
    if event["distributions"]:
        lines.append(render_table(event))
    lines.append(render_tree(event))
    lines.append(Text(_clean(f"platforms: {', '.join(event['platforms'])}")))
    lines.extend(_render_left_out(event.get("left_out", [])))
    lines.extend(Text(_clean(f"index: {index}")) for index in event.get("indexes", ()))
    if event.get("as_of"):
        lines.append(Text(_clean(f"as of: {event['as_of']}")))
    lines.append(Text(f"lock: {event['digest']}"))
    if event["trusted"]:
        lines.append(Text("trusted: yes"))
    else:
        lines.append(Text("trusted: no (jupyter pyartifacts trust NOTEBOOK)", "yellow"))
    return lines


def _render_outdated(event: Event) -> list[RenderableType]:
    if not event["outdated"]:
        return [Text("everything is up to date")]
    table = _table("distribution", "now", "compatible", "latest", "released", "")
    for row in sorted(event["outdated"], key=lambda one: (not one["direct"], one["name"])):
        table.add_row(
            Text(_clean(row["name"]), "bold" if row["direct"] else ""),
            _clean(row["current"]),
            Text(_clean(row["compatible"] or "-"), "green" if row["compatible"] else ""),
            _clean(row["latest"] or "-"),
            _clean((row["released"] or "")[:10]),
            Text("yanked", "red") if row["yanked"] else Text(""),
        )
    return [table]


def _render_history(event: Event) -> list[RenderableType]:
    if not event["history"]:
        return [Text("no changes are remembered")]
    return [Text(_clean(f"{each['when']}  {each['what']}")) for each in event["history"]]


def _render_verify(event: Event) -> list[RenderableType]:
    lines: list[RenderableType] = []
    repaired = set(event["repaired"])
    for each in event["damaged"]:
        state = "repaired" if each["path"] in repaired else "damaged"
        lines.append(Text(_clean(f"{state}: {each['path']}"), "yellow"))
        lines.append(Text(_clean(f"  expected: {each['expected']}\n  found:    {each['found']}")))
    wrong = len(event["damaged"])
    lines.append(Text(f"{event['files']} files verified, {wrong or 'none'} damaged"))
    return lines


def _render_trust(event: Event) -> list[RenderableType]:
    count = event["distributions"]
    text = f"approved {event['digest']}: {count} distribution{'' if count == 1 else 's'}"
    if event["indexes"]:
        text += f" from {', '.join(event['indexes'])}"
    if event.get("dry_run"):
        text = text.replace("approved", "would approve", 1)
    return [Text(_clean(text))]


def _render_gc(event: Event) -> list[RenderableType]:
    count = len(event["removed"])
    did = "would remove" if event["dry_run"] else "removed"
    lines: list[RenderableType] = [Text(_clean(str(name)), "dim") for name in event["removed"]]
    return [*lines, Text(f"{did} {count}, {human_size(event['size'])}; kept {event['kept']}")]


def _render_export(event: Event) -> list[RenderableType]:
    count = event["distributions"]
    text = f"wrote {event['output']}: {count} distribution{'' if count == 1 else 's'}"
    return [Text(_clean(f"{text}, as {event['format']}"))]


def _render_doctor(event: Event) -> list[RenderableType]:
    signs = {"right": ("ok   ", "green"), "note": ("note ", "yellow"), "wrong": ("WRONG", "red")}
    lines: list[RenderableType] = []
    for finding in event["findings"]:
        line = Text.assemble(signs[finding["state"]])
        line.append(_clean(f" {finding['what']}: {finding['found']}"))
        if finding["hint"]:
            line.append(_clean(f"\n      {finding['hint']}"))
        lines.append(line)
    return lines


def _render_other(event: Event) -> list[RenderableType]:
    return [Text(_clean(str(line))) for line in event.get("lines", ())]


def _table(*columns: str) -> Table:
    return Table(*columns, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)


def _clean(text: str) -> str:
    return printable(text)


_RENDERERS: dict[str, Callable[[Event], list[RenderableType]]] = {
    "add": _render_change,
    "remove": _render_change,
    "upgrade": _render_change,
    "undo": _render_change,
    "lock": _render_change,
    "import": _render_change,
    "export": _render_export,
    "instantiate": _render_change,
    "show": _render_show,
    "outdated": _render_outdated,
    "history": _render_history,
    "verify": _render_verify,
    "trust": _render_trust,
    "gc": _render_gc,
    "doctor": _render_doctor,
}
