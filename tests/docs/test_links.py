"""Links of the repository's Markdown files."""

from __future__ import annotations

import pytest

from .conftest import ROOT


def test_every_link_leads_somewhere(generator):
    assert generator.links.find_faults(ROOT, generator.page_text) == []


def test_there_are_pages_to_look_at(pages):
    assert {"README.md", "ARCHITECTURE.md", ".docs/index.md", ".docs/tutorial.md"} <= set(pages)


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("nowhere.md", "there is no such file"),
        ("../../outside.md", "leads out of the repository"),
        ("b.md#no-heading", "there is no such heading"),
        ("#nothing", "there is no such heading"),
        ("http://example.org", "not a link of the form https://HOST/..."),
        ("https://localhost/x", "not a link of the form https://HOST/..."),
        ("ftp://example.org/x", "not a link of the form https://HOST/..."),
    ],
)
def test_what_is_wrong_with_a_link(generator, tmp_path, target, problem):
    (tmp_path / ".docs").mkdir()
    (tmp_path / ".docs" / "a.md").write_text(f"# A\n\n[one]({target}) ![two](b.md)\n")
    (tmp_path / ".docs" / "b.md").write_text("# B\n")
    faults = generator.links.find_faults(tmp_path, lambda path: path.read_text())
    assert faults == [f".docs/a.md: {target}: {problem}"]


@pytest.mark.parametrize(
    "target",
    ["b.md", "b.md#over-one--two", "b.md#b-1", "b.md#code_x-of-it", "../", "https://example.org/x"],
)
def test_links_that_are_right(generator, tmp_path, target):
    (tmp_path / ".docs").mkdir()
    (tmp_path / ".docs" / "a.md").write_text(f"# A\n\n[one]({target}) `[no](link.md)`\n")
    (tmp_path / ".docs" / "b.md").write_text("# B\n## Over one, & two\n## B\n### `code_x` of it\n")
    assert generator.links.find_faults(tmp_path, lambda path: path.read_text()) == []


def test_a_moved_file_keeps_its_links(generator):
    text = "[a](README.md#x) [b](.docs/sdists.md) [c](#here) [d](https://example.org)"
    moved = generator.pages._moved(text, ROOT, ROOT / ".docs" / "project")
    assert moved == ("[a](../../README.md#x) [b](../sdists.md) [c](#here) [d](https://example.org)")
    page = ROOT / ".docs" / "project" / "architecture.md"
    assert generator.pages.point_into_site(moved, page, ROOT) == (
        "[a](../index.md#x) [b](../sdists.md) [c](#here) [d](https://example.org)"
    )
