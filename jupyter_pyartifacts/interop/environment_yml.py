"""environment.yml: the pins of a lock as conda and its kin read them, through pip."""

from __future__ import annotations

import json

from ..model import Lock
from .pinned_lines import pinned_lines

__all__ = ["write_environment_yml"]


def write_environment_yml(lock: Lock, *, name: str, requirements: tuple[str, ...]) -> str:
    """Return the text of an environment.yml that installs the lock's versions by pip.

    The format has no place for hashes. `requirements` are the lock's, their paths relative to
    the file that is written; `name` is the environment's.
    """
    lines = [
        "# Written by jupyter_pyartifacts. It names versions, no hashes: this format has none.",
        # A JSON string is a YAML one (YAML 1.2, section 1.3).
        f"name: {_text(name)}",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - {_text(f'python={lock.python.version}')}",
        "  - pip",
        "  - pip:",
    ]
    lines += [
        f"      - {_text(f'--extra-index-url {index.url}')}" for index in lock.indexes if index.url
    ]
    lines += [f"      - {_text(line)}" for line in pinned_lines(lock, requirements=requirements)]
    return "\n".join([*lines, ""])


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
