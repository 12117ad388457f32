"""The notebook that writes a flow from an empty folder, in JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.seen import THEMES, Seen, notebook_in_lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(browser: Browser, lab: str, quickstart: Path) -> Iterator[Seen]:
    """The notebook after Run All."""
    with notebook_in_lab(browser, lab, "authoring.ipynb") as seen:
        seen.run_all()
        seen.wait_until_all_ran()
        yield seen


@pytest.mark.parametrize("theme", THEMES)
def test_pictures_for_people(seen: Seen, screenshots: Path, theme: str) -> None:
    seen.theme(theme)
    for number, cell in enumerate(seen.page.locator(".jp-CodeCell").all(), 1):
        if cell.locator(".jp-OutputArea").first.is_visible():
            cell.scroll_into_view_if_needed()
            seen.page.wait_for_timeout(150)
            cell.screenshot(path=screenshots / f"authoring-{number:02d}-{theme}.png")
    assert seen.page.locator("[data-mime-type='application/vnd.jupyter.error']").all_inner_texts() == []


def test_the_next_cell_is_offered(seen: Seen) -> None:
    """By `%spin_load`, below it: the step's text, ready to spin."""
    expect(seen.page.locator(".jp-InputArea", has_text="%%spin ShopFlow gather")).to_have_count(2)


def test_a_whole_foreach_is_one_table(seen: Seen) -> None:
    output = seen.cell("--all-splits").locator(".jp-OutputArea").first
    for text in ("input='jam'", "input='rye'", "input='tea'", "9", "4", "6"):
        expect(output).to_contain_text(text)


def test_a_save_shows_its_lines(seen: Seen) -> None:
    output = seen.cell("%spin_save ShopFlow start").locator(".jp-OutputArea").first
    expect(output).to_contain_text("self.next(self.weigh, foreach=")
    expect(output).to_contain_text("shopflow.py")


def test_a_run_is_followed_step_by_step(seen: Seen) -> None:
    output = seen.cell("%spin_run ShopFlow").locator(".jp-OutputArea").first
    expect(output).to_contain_text("3 of 3")
    expect(output).to_contain_text("finished in")
    expect(output).to_contain_text("'rye'")


def test_nothing_is_complained_about(seen: Seen) -> None:
    assert seen.complaints == []
