"""What the sidebar shows of a lock: many pins, why each is there, and text as text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from jupyter_pyartifacts.lock import render_lock
from jupyter_pyartifacts.model import Delta, Dependency, Digest, Distribution, LeftOut, Lock
from jupyter_pyartifacts.platforms import DEFAULT_PLATFORMS
from tests.locks import small_lock, wheel

from .conftest import Server
from .notebook_page import NotebookPage
from .sidebar import Sidebar

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

MANY = 200
SCRIPT = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
# Milliseconds from asking for the sidebar to a frame that has its rows, then for each filter.
MEASURE = """async () => {
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  const node = document.getElementById('jupyter-pyartifacts-sidebar');
  const list = node.querySelector('.jp-pyartifacts-scroll');
  let longest = 0;
  for (let y = 0; y < list.scrollHeight; y += 150) {
    const began = performance.now();
    list.scrollTop = y;
    await frame();
    longest = Math.max(longest, performance.now() - began);
  }
  return longest;
}"""


def many_pins(count: int) -> Lock:
    """Return a lock of so many distributions, each needing the next."""
    base = small_lock()
    names = [f"package-{number:03}" for number in range(count)]
    distributions = tuple(
        Distribution(
            name=name,
            version=f"{number}.0",
            dependencies=(Dependency(name=names[number + 1]),) if number + 1 < count else (),
            artifacts=(
                replace(
                    wheel(f"{name.replace('-', '_')}-{number}.0"), digest=Digest(f"{number:064x}")
                ),
            ),
        )
        for number, name in enumerate(names)
    )
    return replace(
        base,
        requirements=(names[0],),
        kernel=(),
        platforms=DEFAULT_PLATFORMS,
        distributions=distributions,
        left_out=(),
        history=(),
        trees={},
    )


def written(server: Server, name: str, lock: Lock) -> str:
    """Write a notebook with a lock and return its name."""
    document: dict[str, Any] = render_lock(lock)
    return server.write(name, "1", lock=document).name


def test_two_hundred_pins_are_listed_filtered_and_explained(server: Server, page: Page) -> None:
    NotebookPage.open(page, server, written(server, "many.ipynb", many_pins(MANY)))
    sidebar = Sidebar.open(page)
    expect(sidebar.row("package-199")).to_be_attached()
    assert sidebar.node.locator(".jp-pyartifacts-pin").count() == MANY
    # The list stays light: rows that are out of sight are neither laid out nor painted.
    assert sidebar.node.locator("*").count() < 15 * MANY
    print(f"longest frame while scrolling: {page.evaluate(MEASURE):.0f} ms")

    sidebar.node.get_by_label("Filter the packages by name").fill("Package_19")
    expect(sidebar.node.locator(".jp-pyartifacts-pin")).to_have_count(10)
    sidebar.node.get_by_label("Filter the packages by name").fill("")

    # By keyboard alone: one stop in the tab order, arrows from there, Enter to open.
    first = sidebar.row("package-000").locator(".jp-pyartifacts-pin-main")
    first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    details = sidebar.row("package-002").locator(".jp-pyartifacts-details")
    expect(details).to_contain_text("package-001")
    expect(details).to_contain_text("package-003")
    focusable = sidebar.node.locator('.jp-pyartifacts-pin-main[tabindex="0"]')
    assert focusable.count() == 1


def test_text_of_others_is_shown_as_text(server: Server, page: Page) -> None:
    lock = many_pins(3)
    left, *others = lock.platforms
    lock = replace(
        lock,
        platforms=tuple(others),
        left_out=(LeftOut(platform=left, reason=SCRIPT),),
        history=(Delta(when="2024-03-02T01:00:00Z", what=SCRIPT),),
    )
    name = "<img src=x onerror='window.hacked=1'>.ipynb"
    NotebookPage.open(page, server, written(server, name, lock))
    sidebar = Sidebar.open(page)
    expect(sidebar.row("package-000")).to_be_visible()
    sidebar.node.locator("summary", has_text="Platforms").click()
    expect(sidebar.node.locator(".jp-pyartifacts-platforms")).to_contain_text(SCRIPT)
    sidebar.node.locator("summary", has_text="History").click()
    expect(sidebar.node.locator(".jp-pyartifacts-history")).to_contain_text(SCRIPT)
    expect(sidebar.node.locator("h2")).to_have_text(name)
    sidebar.button("Trust…").click()
    expect(page.locator(".jp-Dialog")).to_contain_text("3 distributions")
    page.keyboard.press("Escape")
    assert page.evaluate("window.hacked") is None
    assert sidebar.node.locator("img").count() == 0
