"""A notebook in JupyterLab, as a person sees it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.browser.conftest import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, Request

# Resolves once every cell has run, or the first has failed.
RUN_ALL = """() => {
    window.spinRan = null;
    const ran = window.jupyterapp.commands.execute('notebook:run-all-cells');
    ran.then(done => { window.spinRan = String(done); });
}"""
UNFINISHED = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(each => each.model.type === 'code' && !each.model.executionCount)
    .map(each => each.model.sharedModel.getSource())"""
RUN_BELOW = """async ([source, wait]) => {
    const { commands, shell } = window.jupyterapp;
    await commands.execute('notebook:insert-cell-below');
    await commands.execute('notebook:change-cell-to-code');
    shell.currentWidget.content.activeCell.model.sharedModel.setSource(source);
    const ran = commands.execute('notebook:run-cell');
    if (wait) await ran;
}"""
IDLE = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@dataclass
class Seen:
    """The page, and all that it asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def stopped(self, request: Request) -> None:
        """Forget a request that the policy of a page stopped before anything was sent."""
        if request.failure == "csp":
            self.requests.remove(request.url)

    def cell(self, source: str) -> Locator:
        """The cell whose source has this line."""
        return (
            self.page.locator(".jp-CodeCell")
            .filter(has=self.page.locator(".jp-InputArea", has_text=source))
            .first
        )

    def run_below(self, source: str, *, wait: bool = True) -> None:
        """Run a new cell."""
        self.page.evaluate(RUN_BELOW, [source, wait])

    def run_all(self) -> None:
        self.page.evaluate(RUN_ALL)

    def wait_until_all_ran(self) -> None:
        self.page.wait_for_function("() => window.spinRan !== null", timeout=180_000)
        self.page.wait_for_timeout(1000)

    def theme(self, name: str) -> None:
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[name]
        )
        light = "true" if name == "light" else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
        self.page.wait_for_timeout(500)


@contextmanager
def notebook_in_lab(browser: Browser, lab: str, name: str, place: str = "lab/tree") -> Iterator[Seen]:
    """Open a notebook, in JupyterLab or in another place; nothing has run yet."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, device_scale_factor=1)
    page = context.new_page()
    seen = Seen(page)
    context.on("request", lambda request: seen.requests.append(request.url))
    context.on("requestfailed", seen.stopped)
    page.on("pageerror", lambda error: seen.complaints.append(f"{error}"))
    page.on(
        "console",
        lambda message: (
            seen.complaints.append(f"{message.text} ({message.location.get('url', '')})")
            if message.type == "error"
            else None
        ),
    )
    page.goto(f"{lab}/{place}/{name}?reset&token={TOKEN}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_function(IDLE, timeout=60_000)
    yield seen
    context.close()
