"""Results that are tables and trees: pure functions from a result event to what rich draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from ..sizes import human_size
from .console import printable
from .lines import Line, left_out_lines, note_lines, result_lines

__all__ = ["render_result", "render_table", "render_tree"]

Event = Mapping[str, Any]


def render_result(event: Event) -> list[RenderableType]:
    """Render the result of any verb, in the order to be printed."""
    lines = result_lines(event)
    if lines is not None:
        return [_text(line) for line in lines]
    render = _RENDERERS.get(str(event["verb"]), _render_other)
    return [*render(event), *(_text(line) for line in note_lines(event))]


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
    lines.extend(_render_python(event))
    lines.extend(_text(line) for line in left_out_lines(event))
    lines.extend(Text(_clean(f"index: {index}")) for index in event.get("indexes", ()))
    if event.get("as_of"):
        lines.append(Text(_clean(f"as of: {event['as_of']}")))
    lines.append(Text(f"lock: {event['digest']}"))
    if event["trusted"]:
        lines.append(Text("trusted: yes"))
    else:
        lines.append(Text("trusted: no (jupyter pyartifacts trust NOTEBOOK)", "yellow"))
    return lines


def _render_python(event: Event) -> list[Text]:
    """Render which interpreter is in use and why, or why there is none."""
    found, problem = event.get("interpreter"), event.get("interpreter_problem")
    if problem:
        return [Text(_clean(f"python: {problem}"), "yellow")]
    if not found:
        return []
    style = "yellow" if found["source"] == "other-patch" else ""
    return [Text(_clean(f"python: {found['version']}, {found['why']}"), style)]


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


def _render_store(event: Event) -> list[RenderableType]:
    holds = ", ".join(
        f"{number} {noun}{'' if number == 1 else 's'}"
        for number, noun in ((event["artifacts"], "package"), (event["views"], "environment"))
    )
    lines = [f"store: {event['path']}", f"holds: {human_size(event['size'])} ({holds})"]
    if event["quota"] is not None:
        lines.append(f"quota: {human_size(event['quota'])}")
    if event["free"] is not None:
        lines.append(f"free:  {human_size(event['free'])}")
    lines.extend(f"layer: {layer}" for layer in event["layers"])
    return [Text(_clean(line)) for line in lines]


def _render_versions(event: Event) -> list[RenderableType]:
    if not event["versions"]:
        return [Text(_clean(f"no version of {event['name']} is allowed"))]
    table = _table(event["name"], "released", "")
    for row in event["versions"]:
        marks = [word for word in ("yanked", "prerelease") if row[word]]
        table.add_row(
            _clean(row["version"]),
            row["released"] or "-",
            Text(", ".join(marks).replace("prerelease", "pre-release"), "yellow"),
        )
    return [table]


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


def _text(line: Line) -> Text:
    return Text.assemble(*line)


def _clean(text: str) -> str:
    return printable(text)


_RENDERERS: dict[str, Callable[[Event], list[RenderableType]]] = {
    "export": _render_export,
    "show": _render_show,
    "outdated": _render_outdated,
    "history": _render_history,
    "verify": _render_verify,
    "trust": _render_trust,
    "gc": _render_gc,
    "store": _render_store,
    "versions": _render_versions,
    "doctor": _render_doctor,
}
