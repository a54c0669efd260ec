"""What a person does in the sidebar of a notebook's packages."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

ID = "jupyter-pyartifacts-sidebar"
DIALOG = ".jp-Dialog"
JOB_SECONDS = 300


class Sidebar:
    """The sidebar of a page, open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.node = page.locator(f"#{ID}")

    @classmethod
    def open(cls, page: Page) -> Sidebar:
        """Open the sidebar by the button on the notebook's toolbar, unless it is open."""
        sidebar = cls(page)
        if not sidebar.node.is_visible():
            button = '[data-jp-item-name="pyartifacts"]:visible'
            page.locator(button).first.click()
        expect(sidebar.node).to_be_visible()
        return sidebar

    def button(self, name: str) -> Locator:
        """Return a button by its name."""
        return self.node.get_by_role("button", name=name, exact=True)

    def row(self, name: str) -> Locator:
        """Return the line of a pin."""
        return self.node.locator(f'.jp-pyartifacts-pin[data-name="{name}"]')

    def version(self, name: str) -> Locator:
        """Return where the version of a pin is written."""
        return self.row(name).locator(".jp-pyartifacts-pin-version")

    def banner(self, kind: str) -> Locator:
        """Return the banner of a kind: `warn`, `error`, `info`, `success`."""
        return self.node.locator(f".jp-pyartifacts-banner.jp-mod-{kind}")

    def progress(self) -> Locator:
        """Return the progress bar."""
        return self.node.get_by_role("progressbar")

    def add(self, requirement: str) -> None:
        """Type a requirement, wait until it is found good, and ask for the plan."""
        field = self.node.get_by_label("Requirement to add")
        field.fill(requirement)
        expect(self.node.locator(".jp-pyartifacts-verdict.jp-mod-right")).to_be_visible()
        field.press("Enter")

    def plan(self) -> str:
        """Wait for the plan's dialog and return what it says."""
        body = self.page.locator(f"{DIALOG} .jp-pyartifacts-plan")
        expect(body).to_be_visible(timeout=JOB_SECONDS * 1000)
        return body.inner_text()

    def accept(self) -> None:
        """Say yes in the dialog."""
        self.page.locator(f"{DIALOG} .jp-mod-accept").click()
        expect(self.page.locator(DIALOG)).to_have_count(0)

    def wait_until_done(self) -> None:
        """Wait until what was asked for is done; fail if it failed."""
        ended = self.node.locator(
            ".jp-pyartifacts-banner.jp-mod-success, .jp-pyartifacts-banner.jp-mod-error"
        )
        expect(ended.first).to_be_visible(timeout=JOB_SECONDS * 1000)
        assert self.banner("error").count() == 0, self.banner("error").all_inner_texts()

    def trust(self) -> None:
        """Trust the lock of the notebook, in full knowledge of what that means."""
        self.button("Trust…").click()
        expect(self.page.locator(f"{DIALOG} .jp-pyartifacts-trust")).to_be_visible()
        self.accept()
        expect(self.button("Trust…")).to_have_count(0)
