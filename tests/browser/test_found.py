"""The magics in JupyterLab and in Notebook 7 without %load_ext: run, asked for help, and completed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.seen import UNFINISHED, notebook_in_lab

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELLS = ("%spin_load?", "%spin TrainFlow prepare")


@pytest.mark.parametrize("place", ["lab/tree", "notebooks"])
def test_the_magics_are_there(
    browser: Browser, lab: str, quickstart: Path, screenshots: Path, place: str
) -> None:
    name = f"found-{place.replace('/', '-')}.ipynb"
    cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), quickstart / name)
    with notebook_in_lab(browser, lab, name, place) as seen:
        seen.run_all()
        seen.wait_until_all_ran()
        panel = seen.page.locator("[data-test='panel']:visible")
        expect(panel).to_contain_text("TrainFlow")
        assert seen.page.evaluate(UNFINISHED) == []
        expect(seen.page.get_by_text("usage: %spin_load").first).to_be_visible()
        seen.page.screenshot(path=screenshots / f"found-{place.replace('/', '-')}.png")
