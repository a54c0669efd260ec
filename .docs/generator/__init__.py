"""Make pages of the site from the code: a Sphinx extension.

A page asks for it by comments on lines of their own. What stands between them is for readers of
the repository, where nothing is built:

    <!-- generated: command-line -->    the text of one of the makers below;
    <!-- file: CHANGELOG.md -->         or a file of the repository, its links made to fit
    Made when the site is built.
    <!-- end -->

What has no text in the code ends the build, and so does a link that leads nowhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import command_line, configuration, errors, events, links, lock, magic, pages, rest

MAKERS = {
    "command-line": command_line.make,
    "errors": errors.make,
    "events": events.make,
    "labextension-settings": configuration.make_labextension_settings,
    "lock-fields": lock.make_fields,
    "lock-example": lock.make_example,
    "lock-grammar": lock.make_grammar,
    "magic": magic.make,
    "magic-options": magic.make_options,
    "progress": events.make_progress,
    "rest": rest.make,
    "settings": configuration.make_settings,
    "variables": configuration.make_variables,
    "verbs": command_line.make_overview,
}
ROOT = Path(__file__).resolve().parents[2]


def page_text(path: Path) -> str:
    """Return the text of a page of the repository, with everything that it asks for."""
    return pages.expand(path.read_text("utf-8"), path, ROOT, MAKERS)


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", _expand)
    app.connect("builder-inited", _check_links)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _expand(app: Any, docname: str, source: list[str]) -> None:
    from sphinx.util import logging

    path = Path(app.env.doc2path(docname))
    try:
        text = pages.expand(source[0], path, ROOT, MAKERS)
    except pages.PageError as error:
        logging.getLogger(__name__).warning(str(error), location=docname)
        return
    source[0] = pages.point_into_site(text, path, ROOT)


def _check_links(app: Any) -> None:
    from sphinx.util import logging

    logger = logging.getLogger(__name__)
    try:
        for fault in links.find_faults(ROOT, page_text):
            logger.warning(fault)
    except pages.PageError as error:
        logger.warning(str(error))
