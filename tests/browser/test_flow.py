"""The flow's picture in a real JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import TOKEN
from tests.browser.seen import RUN_ALL, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def drawn(browser: Browser, lab: str, quickstart: Path) -> Iterator[Seen]:
    """A notebook that draws the flow of the quickstart."""
    cells = [nbformat.v4.new_code_cell(text) for text in ("%load_ext spin_magic", "%spin_flow TrainFlow")]
    # Without a kernel of its own a notebook opens with a question.
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), quickstart / "picture.ipynb")
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    seen = Seen(context.new_page())
    seen.page.on("pageerror", lambda error: seen.complaints.append(f"{error}"))
    seen.page.on("console", lambda said: seen.complaints.append(said.text) if said.type == "error" else None)
    seen.page.goto(f"{lab}/lab/tree/picture.ipynb?reset&token={TOKEN}")
    seen.page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=60_000,
    )
    seen.page.evaluate(RUN_ALL)
    seen.page.wait_for_function("() => window.spinRan !== null", timeout=60_000)
    yield seen
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_flow_is_drawn(drawn: Seen, screenshots: Path, theme: str) -> None:
    drawn.theme(theme)
    cell = drawn.cell("%spin_flow TrainFlow")

    expect(cell.locator(".spin-step")).to_have_count(5)
    expect(cell.locator("[data-step='train'] .spin-state")).to_have_text("ok × 3")
    expect(cell.locator("[data-test='why']")).to_contain_text("the latest, finished")
    expect(cell.locator(".spin-fallback")).to_be_hidden()
    cell.screenshot(path=screenshots / f"flow-{theme}.png")


def test_steps_can_be_reached_by_keyboard(drawn: Seen) -> None:
    cell = drawn.cell("%spin_flow TrainFlow")
    cell.locator("[data-step='start']").focus()
    drawn.page.keyboard.press("Tab")

    expect(cell.locator("[data-step='prepare']")).to_be_focused()
    assert "prepare: ok" in (cell.locator("[data-step='prepare']").get_attribute("aria-label") or "")


def test_nothing_is_complained_about(drawn: Seen) -> None:
    assert drawn.complaints == []
