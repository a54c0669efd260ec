"""What a Dockerfile needs at its end, and what has to be known of it for that.

Only its last stage counts: where it puts the repository's files, and as whom it ends. Commands
are not understood, and need not be.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass

from ..errors import ForeignFileError
from .scripts import BEGIN, BUILD, with_block

__all__ = ["with_docker_block"]

_HEREDOC = re.compile(r"<<-?[\"']?(\w+)")
_WHOLE = (".", "./", "./.")


@dataclass(slots=True)
class _Stage:
    """What is known of a stage so far: its user, its directory, where `COPY .` went."""

    user: str | None = None
    directory: str = ""
    target: str | None = None


def with_docker_block(text: str, requirement: str, where: str) -> str:
    """Return a Dockerfile that installs this package and fills the image at its end.

    It is done as root, so that the packages are not the user's to change. Raises ForeignFileError
    for one that does not copy the repository.
    """
    if BUILD in text and BEGIN not in text:
        return text
    stage = _last_stage(text.partition(BEGIN)[0])
    # Below the root is the whole system, which nobody wants to be searched.
    if stage.target in (None, "/") or re.search(r"[\"`\\]", stage.target):
        raise ForeignFileError(
            "the Dockerfile does not copy the repository's notebooks into its image",
            where=where,
            expected="COPY . DIRECTORY",
            found="none in its last stage" if stage.target is None else stage.target,
            hint="add to it, as Binder's documentation shows: COPY . ${HOME}",
        )
    root = stage.user not in (None, "root", "0")
    lines = (
        *(("USER root",) if root else ()),
        f"RUN python3 -m pip install --no-cache-dir {shlex.quote(requirement)} && \\",
        f'    {BUILD} "{stage.target}"',
        *((f"USER {stage.user}",) if root else ()),
    )
    return with_block(text, lines, where)


def _last_stage(text: str) -> _Stage:
    stage = _Stage()
    for word, rest in _instructions(text):
        if word == "FROM":
            stage = _Stage()
        elif word == "USER":
            stage.user = rest
        elif word == "WORKDIR":
            stage.directory = _below(stage.directory, rest)
        elif word in ("COPY", "ADD"):
            sources, target = _copied(rest)
            if set(sources) & set(_WHOLE):
                stage.target = _below(stage.directory, target)
    return stage


def _below(directory: str, path: str) -> str:
    """Return where a path of an instruction leads; relative where the base image decides."""
    whole = path if path.startswith(("/", "$")) or not directory else f"{directory}/{path}"
    return re.sub(r"(/\.?)+\Z", "", whole) or "/"


def _instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions with their arguments, continued lines joined, heredocs left out."""
    found: list[tuple[str, str]] = []
    rows = iter(text.splitlines())
    for row in rows:
        line = row.strip()
        if not line or line.startswith("#"):
            continue
        while line.endswith("\\"):
            following = next(rows, "").strip()
            line = line[:-1] + ("" if following.startswith("#") else following)
            if following.startswith("#"):
                line += "\\"
        word, _, rest = line.partition(" ")
        word = word.upper()
        if word in ("RUN", "COPY", "ADD"):
            for mark in _HEREDOC.findall(rest):
                while next(rows, mark).strip() != mark:
                    pass
        found.append((word, rest.strip()))
    return found


def _copied(arguments: str) -> tuple[list[str], str]:
    """Return what COPY takes from the repository and where it goes; nothing from elsewhere."""
    while arguments.startswith("--"):
        option, _, arguments = arguments.partition(" ")
        arguments = arguments.strip()
        if option.startswith("--from"):
            return [], ""
    try:
        words = json.loads(arguments) if arguments.startswith("[") else shlex.split(arguments)
    except ValueError:
        return [], ""
    return [str(word) for word in words[:-1]], str(words[-1]) if words else ""
