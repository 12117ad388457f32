"""The Tab key in JupyterLab: the popup that a person sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.seen import THEMES, Seen, notebook_in_lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.slow

WRITE_BELOW = """async source => {
    const { commands, shell } = window.jupyterapp;
    await commands.execute('notebook:insert-cell-below');
    shell.currentWidget.content.activeCell.model.sharedModel.setSource(source);
    await commands.execute('notebook:enter-edit-mode');
}"""
SOURCE = "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"


@pytest.fixture(scope="module")
def seen(browser: Browser, lab: str, quickstart: Path) -> Iterator[Seen]:
    """A notebook with the magics loaded and Metaflow imported."""
    cell = nbformat.v4.new_code_cell("import metaflow\n%load_ext spin_magic")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), quickstart / "completing.ipynb")
    with notebook_in_lab(browser, lab, "completing.ipynb") as seen:
        seen.run_all()
        seen.wait_until_all_ran()
        yield seen


def tab(seen: Seen, source: str) -> Locator:
    """Write a cell, press Tab at its end, and give the popup."""
    seen.page.keyboard.press("Escape")
    seen.page.evaluate(WRITE_BELOW, source)
    seen.page.keyboard.press("Control+End")
    seen.page.keyboard.press("Tab")
    popup = seen.page.locator(".jp-Completer:visible")
    popup.wait_for()
    return popup


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("steps", "%spin TrainFlow "),
        ("runs", "%spin TrainFlow train --from "),
        ("splits", "%spin TrainFlow train --index "),
        ("options", "%spin TrainFlow train "),
    ],
)
def test_pictures_for_people(seen: Seen, screenshots: Path, theme: str, name: str, line: str) -> None:
    seen.theme(theme)
    popup = tab(seen, line)
    seen.page.wait_for_timeout(300)
    seen.page.screenshot(path=screenshots / f"tab-{name}-{theme}.png")
    box = popup.bounding_box()

    assert box is not None
    assert box["x"] + box["width"] <= 1400, "the popup is cut off"


def test_a_step_is_chosen_by_tab_and_enter(seen: Seen) -> None:
    popup = tab(seen, "x = 1\nr = %spin TrainFlow tr")
    expect(popup).to_have_count(0) if seen.page.evaluate(SOURCE).endswith("train") else None
