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
POPUPS = {
    "steps": ("%spin TrainFlow ", "step, leads to prepare"),
    "options": ("%spin TrainFlow train ", "task of a foreach by split index"),
}
# Rows whose name and help stand in each other's way, or on more than one line.
CROWDED = """popup => [...popup.querySelectorAll('.jp-Completer-item')].filter(row => {
    const [name, help] = ['.jp-Completer-match', '.jp-Completer-typeExtended'].map(each => {
        const range = document.createRange();
        range.selectNodeContents(row.querySelector(each));
        return range.getBoundingClientRect();
    });
    return help.width && (help.left < name.right || help.height > 1.8 * name.height);
}).map(row => row.textContent)"""


@pytest.fixture(scope="module")
def seen(browser: Browser, lab: str, quickstart: Path) -> Iterator[Seen]:
    """A notebook with the magics, whose Tab key takes as long as it takes."""
    cell = nbformat.v4.new_code_cell("%load_ext spin_magic\n%config SpinMagic.tab_seconds = 60")
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
@pytest.mark.parametrize("name", POPUPS)
def test_pictures_for_people(seen: Seen, screenshots: Path, theme: str, name: str) -> None:
    line, first = POPUPS[name]
    seen.theme(theme)
    popup = tab(seen, line)
    expect(popup.locator(".jp-Completer-typeExtended").first).to_have_text(first)
    seen.page.screenshot(path=screenshots / f"tab-{name}-{theme}.png")

    assert popup.evaluate(CROWDED) == []
    box = popup.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 1400


def test_enter_takes_what_was_offered(seen: Seen) -> None:
    tab(seen, "x = 1\nr = %spin TrainFlow ")
    for key in ("ArrowDown", "Enter"):
        seen.page.keyboard.press(key)

    seen.page.wait_for_function(f"() => ({SOURCE})().endsWith('prepare')")
    assert seen.page.evaluate(SOURCE) == "x = 1\nr = %spin TrainFlow prepare"
