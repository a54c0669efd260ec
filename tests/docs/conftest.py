"""The site's generator, which is no part of the package, and the pages that people read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def generator() -> Iterator[ModuleType]:
    """Return the Sphinx extension; nothing of Sphinx is needed for it."""
    directory = str(ROOT / ".docs")
    sys.path.insert(0, directory)
    try:
        import generator as module

        yield module
    finally:
        sys.path.remove(directory)


@pytest.fixture(scope="session")
def pages(generator: ModuleType) -> dict[str, str]:
    """Return the texts of all Markdown files by their path, with what is generated."""
    files = generator.links.markdown_files(ROOT)
    return {path.relative_to(ROOT).as_posix(): generator.page_text(path) for path in files}
