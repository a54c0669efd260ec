"""One more requirement below `pip:` of an environment.yml, everything else as it was.

The file is read by PyYAML, which says where things stand; lines are put in between, and what came
of it is read again. A file that is written in another way than one item a line is not changed.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from ..errors import ForeignFileError
from .requirements_txt import names_package

__all__ = ["with_pip_requirement"]

_PLAIN = re.compile(r"[A-Za-z./][A-Za-z0-9_.<>=!~/-]*")
_HINT = "add {requirement} below pip: there by hand, then run this again"


def with_pip_requirement(text: str, requirement: str, where: str) -> str:
    """Return an environment.yml whose pip installs this requirement.

    Raises ForeignFileError for what is no environment, or is written in a way that is not added to.
    """
    before = _load(text, where, requirement)
    wanted = before.get("dependencies") or []
    sections = [each["pip"] for each in wanted if isinstance(each, dict) and "pip" in each]
    listed = [str(one) for each in sections if isinstance(each, list) for one in each]
    if names_package(listed, requirement):
        return text
    try:
        changed = _insert(text, requirement, has_pip="pip" in map(_name, wanted))
        after = _load(changed, where, requirement)
    except (LookupError, ValueError, ForeignFileError):
        changed, after = text, {}
    if not _is_wanted(before, after, requirement):
        raise ForeignFileError(
            "the conda environment is written in a way that is not added to",
            where=where,
            expected="dependencies with one item a line",
            hint=_HINT.format(requirement=requirement),
        )
    return changed


def _load(text: str, where: str, requirement: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
        found = type(content).__name__
    except yaml.YAMLError as error:
        content, found = None, " ".join(str(error).split())
    else:
        # Comments alone, or nothing at all.
        content = {} if content is None else content
    wanted = content.get("dependencies") if isinstance(content, dict) else 0
    if not isinstance(content, dict) or not isinstance(wanted, list | None):
        raise ForeignFileError(
            "the conda environment cannot be read",
            where=where,
            expected="a mapping with a list of dependencies",
            found=found if not isinstance(content, dict) else "dependencies that are no list",
            hint=_HINT.format(requirement=requirement),
        )
    return content


def _insert(text: str, requirement: str, *, has_pip: bool) -> str:
    """Put the requirement where it belongs.

    Raises LookupError or ValueError where that cannot be told.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += end
    lines = text.splitlines(keepends=True)
    item = requirement if _PLAIN.fullmatch(requirement) else json.dumps(requirement)
    pip = ("" if has_pip else "- pip", "- pip:", f"  - {item}")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    wanted = _value(root, "dependencies")
    if root is None or wanted is None:
        return text + "".join(f"{line}{end}" for line in ("dependencies:", *pip) if line)
    if not isinstance(wanted, yaml.SequenceNode) or wanted.flow_style or not wanted.value:
        raise LookupError
    section = next(
        (found for each in wanted.value if (found := _value(each, "pip")) is not None), None
    )
    if section is None:
        last = wanted.value[-1]
        if last.start_mark.line != last.end_mark.line:
            raise LookupError
        at, new = last.start_mark.line + 1, [line for line in pip if line]
        first = wanted.value[0]
    elif isinstance(section, yaml.SequenceNode) and not section.flow_style and section.value:
        first = section.value[0]
        at, new = first.start_mark.line, [f"- {item}"]
    else:
        raise LookupError
    line = lines[first.start_mark.line]
    dash = line.index("-")
    if line[:dash].strip() or line[dash + 1 : first.start_mark.column].strip():
        raise LookupError
    lines[at:at] = [f"{line[:dash]}{each}{end}" for each in new]
    return "".join(lines)


def _value(node: Any, key: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    return None


def _name(dependency: object) -> str:
    """Return the name of a conda dependency: `CHANNEL::NAME`, then a version."""
    if not isinstance(dependency, str):
        return ""
    return re.split(r"[\s<>=!~\[]", dependency.rpartition("::")[2].strip(), maxsplit=1)[0]


def _is_wanted(before: dict[str, Any], after: dict[str, Any], requirement: str) -> bool:
    """Tell whether the requirement came in, and nothing else is other than before."""
    rest = [{key: each[key] for key in each if key != "dependencies"} for each in (before, after)]
    return rest[0] == rest[1] and _parts(after) == (
        _parts(before)[0] | {"pip"},
        sorted([*_parts(before)[1], requirement]),
    )


def _parts(environment: dict[str, Any]) -> tuple[set[str], list[str]]:
    """Return the dependencies of an environment and what pip installs."""
    wanted = environment.get("dependencies") or []
    sections = [each.get("pip") for each in wanted if isinstance(each, dict)]
    pip = [one for each in sections if isinstance(each, list) for one in each]
    plain = {"pip" if _name(each) == "pip" else str(each) for each in wanted if _name(each)}
    return plain, sorted(map(str, pip))
