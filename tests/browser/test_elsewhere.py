"""Notebook 7, a saved notebook without its kernel, a page without scripts, and what axe-core finds."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from tests.browser.conftest import TOKEN
from tests.browser.seen import IDLE, RUN_ALL, Seen

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

SAVE_AND_SHUT_DOWN = """async () => {
    const { shell, commands } = window.jupyterapp;
    await commands.execute('docmanager:save');
    await shell.currentWidget.sessionContext.shutdown();
}"""
CELLS = (
    "%load_ext spin_magic",
    "%spin_inputs TrainFlow train",
    "%%spin TrainFlow train --index 1\nself.metrics = {'accuracy': 0.5}\nself.next(self.join)",
    "%spin_flow TrainFlow",
)
SERIOUS = ("serious", "critical")
WITHOUT_KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture(scope="module")
def saved(quickstart: Path) -> Path:
    """A notebook that was run and saved elsewhere, with its outputs."""
    cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=WITHOUT_KERNEL)
    NotebookClient(notebook, resources={"metadata": {"path": str(quickstart)}}).execute()
    path = quickstart / "saved.ipynb"
    nbformat.write(notebook, path)
    return path


def opened(browser: Browser, address: str, **options: object) -> Seen:
    page = browser.new_context(viewport={"width": 1200, "height": 1000}, **options).new_page()
    seen = Seen(page)
    page.context.on("request", lambda request: seen.requests.append(request.url))
    page.on("pageerror", lambda error: seen.complaints.append(f"{error}"))
    page.goto(address)
    return seen


@pytest.fixture(scope="module")
def run_and_saved(browser: Browser, lab: str, saved: Path) -> Path:
    """The same, run and saved by its owner in JupyterLab, and its kernel shut down."""
    seen = opened(browser, f"{lab}/lab/tree/{saved.name}?reset&token={TOKEN}")
    seen.page.wait_for_function(IDLE, timeout=60_000)
    seen.page.evaluate(RUN_ALL)
    seen.page.wait_for_function("() => window.spinRan !== null", timeout=60_000)
    seen.page.wait_for_timeout(1500)
    seen.page.evaluate(SAVE_AND_SHUT_DOWN)
    seen.page.context.close()
    return saved


def test_a_notebook_of_somebody_else_reads_as_text(browser: Browser, lab: str, saved: Path) -> None:
    """Jupyter shows no styles and no widgets of a notebook that is not trusted."""
    seen = opened(browser, f"{lab}/lab/tree/{saved.name}?reset&token={TOKEN}")
    text = seen.page.locator(".jp-CodeCell").nth(2).locator(".jp-OutputArea")
    expect(text).to_contain_text("accuracy", timeout=30_000)
    expect(text).to_contain_text("changed")
    seen.page.context.close()


@pytest.mark.parametrize("place", ["lab/tree", "notebooks"])
def test_a_saved_notebook_reads_well_without_its_kernel(
    browser: Browser, lab: str, run_and_saved: Path, screenshots: Path, place: str
) -> None:
    seen = opened(browser, f"{lab}/{place}/{run_and_saved.name}?reset&token={TOKEN}")
    cell = seen.page.locator(".jp-CodeCell").nth(2)
    try:
        expect(cell.locator("[data-test='panel']:visible")).to_contain_text("metrics", timeout=20_000)
        expect(seen.page.get_by_text(re.compile("model not found|Loading widget"))).to_have_count(0)
    finally:
        cell.scroll_into_view_if_needed()
        seen.page.screenshot(path=screenshots / f"saved-{place.replace('/', '-')}.png")
        seen.page.context.close()


@pytest.mark.parametrize("place", ["lab/tree", "notebooks"])
def test_a_page_that_is_loaded_again_is_live_again(
    browser: Browser, lab: str, saved: Path, place: str
) -> None:
    seen = opened(browser, f"{lab}/lab/tree/{saved.name}?reset&token={TOKEN}")
    seen.page.wait_for_function(IDLE, timeout=60_000)
    seen.page.evaluate(RUN_ALL)
    seen.page.wait_for_function("() => window.spinRan !== null", timeout=60_000)
    seen.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    seen.page.context.close()
    again = opened(browser, f"{lab}/{place}/{saved.name}?token={TOKEN}")
    again.page.get_by_role("button", name="Other tasks").click(timeout=60_000)
    expect(again.page.locator("select[aria-label='Compare with'] option")).to_have_count(1 + 3 + 1)
    again.page.context.close()


def test_a_page_without_scripts_shows_the_panel(
    browser: Browser, saved: Path, screenshots: Path, tmp_path: Path
) -> None:
    page, _ = HTMLExporter(exclude_input=True).from_filename(str(saved))
    file = tmp_path / "saved.html"
    file.write_text(page, encoding="utf-8")
    seen = opened(browser, file.as_uri(), java_script_enabled=False)
    panel = seen.page.locator("[data-test='panel']:visible")
    expect(panel).to_contain_text("metrics")
    seen.page.locator("[data-test='tab-inputs']").click()
    expect(panel.locator("[data-test='pane-inputs']")).to_be_visible()
    seen.page.screenshot(path=screenshots / "no-scripts.png", full_page=True)
    seen.page.context.close()


def test_axe_finds_nothing_serious(browser: Browser, saved: Path, tmp_path: Path) -> None:
    page, _ = HTMLExporter(exclude_input=True).from_filename(str(saved))
    file = tmp_path / "saved.html"
    file.write_text(page, encoding="utf-8")
    seen = opened(browser, file.as_uri())
    seen.page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    assert seen.page.locator(".spin-panel:visible").count() == 3
    found = seen.page.evaluate("() => axe.run('.spin-panel')")["violations"]
    told = [(each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in SERIOUS]
    assert told == []
    seen.page.context.close()
