"""The quickstart in a real JupyterLab: what people see, light and dark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.seen import THEMES, UNFINISHED, Seen, notebook_in_lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(browser: Browser, lab: str, quickstart: Path) -> Iterator[Seen]:
    """The quickstart after Run All."""
    with notebook_in_lab(browser, lab, "quickstart.ipynb") as seen:
        seen.run_all()
        seen.wait_until_all_ran()
        yield seen


def test_every_cell_ran_without_an_error(seen: Seen) -> None:
    assert seen.page.evaluate(UNFINISHED) == []
    for kind in ("application/vnd.jupyter.error", "application/vnd.jupyter.stderr"):
        assert seen.page.locator(f"[data-mime-type='{kind}']").all_inner_texts() == []


@pytest.mark.parametrize("theme", THEMES)
def test_pictures_for_people(seen: Seen, screenshots: Path, theme: str) -> None:
    """Every output that a reader sees, and the whole window, in both themes."""
    seen.theme(theme)
    seen.page.keyboard.press("Escape")
    written = []
    for number, cell in enumerate(seen.page.locator(".jp-CodeCell").all(), 1):
        output = cell.locator(".jp-OutputArea").first
        if not output.is_visible():
            continue
        cell.scroll_into_view_if_needed()
        seen.page.wait_for_timeout(150)
        file = screenshots / f"cell-{number:02d}-{theme}.png"
        cell.screenshot(path=file)
        written.append(file)
    seen.cell("%%spin TrainFlow train").scroll_into_view_if_needed()
    seen.page.screenshot(path=screenshots / f"lab-{theme}.png")

    assert len(written) >= 8
    assert all(file.stat().st_size > 1000 for file in written)


def test_inputs_are_shown(seen: Seen) -> None:
    panel = seen.cell("%spin_inputs TrainFlow train").locator(".jp-OutputArea").first

    for name in ("train_df", "test_df", "grid", "test_size", "DataFrame"):
        expect(panel).to_contain_text(name)


def test_the_panel_of_an_edited_step_shows_what_it_made(seen: Seen) -> None:
    panel = seen.cell("%%spin TrainFlow train").locator(".jp-OutputArea").first

    for text in ("train", "metrics", "model", "changed", "f1"):
        expect(panel).to_contain_text(text)


def test_the_panel_of_an_unedited_step_says_same(seen: Seen) -> None:
    panel = seen.cell("r = %spin TrainFlow join").locator(".jp-OutputArea").first

    expect(panel).to_contain_text("join")
    expect(panel).to_contain_text("same")
    expect(panel).not_to_contain_text(re.compile(r"\bchanged\b.*best_C"))


@pytest.mark.parametrize("theme", THEMES)
def test_the_card_is_sandboxed_and_rendered(seen: Seen, screenshots: Path, theme: str) -> None:
    seen.theme(theme)
    cell = seen.cell("%%spin TrainFlow train")
    cell.locator("[data-test='tab-cards']").click()
    frame = cell.locator("iframe[data-test='card-page']")
    expect(frame).to_have_count(1)

    assert (frame.get_attribute("sandbox") or "").split() == ["allow-scripts"]
    frame.scroll_into_view_if_needed()
    inside = frame.content_frame.frame_locator("iframe")
    expect(inside.get_by_text("balanced").first).to_be_visible(timeout=20_000)
    expect(inside.locator("body")).not_to_contain_text("Card Render Failed")
    cell.screenshot(path=screenshots / f"card-{theme}.png")
    cell.locator("[data-test='tab-outputs']").click()


@pytest.mark.parametrize("theme", THEMES)
def test_a_row_opens_to_the_object_s_own_display(seen: Seen, screenshots: Path, theme: str) -> None:
    seen.theme(theme)
    if theme == "light":
        seen.run_below("shown = %spin TrainFlow train")
    cell = seen.cell("shown = %spin TrainFlow train")
    same = cell.get_by_role("button", name="train_df", exact=True)
    if same.get_attribute("aria-expanded") == "false":
        same.click()
    frame = cell.locator("iframe[data-test='display-page']").first
    expect(
        frame.content_frame.frame_locator("iframe").get_by_role("columnheader", name="alcohol", exact=True)
    ).to_be_visible()
    assert frame.evaluate("frame => frame.getBoundingClientRect().height") > 200
    assert (frame.get_attribute("sandbox") or "").split() == ["allow-scripts"]
    cell.screenshot(path=screenshots / f"display-{theme}.png")


def test_an_artifact_becomes_a_variable_and_a_file(seen: Seen, quickstart: Path) -> None:
    cell = seen.cell("shown = %spin TrainFlow train")
    cell.get_by_role("button", name="Bind to a variable").first.click()
    cell.locator("input[aria-label='Bind to a variable']").first.fill("kept_frame")
    cell.locator("input[aria-label='Bind to a variable']").first.press("Enter")
    expect(cell.get_by_role("status")).to_contain_text("kept_frame is a variable")
    seen.run_below("print('rows:', len(kept_frame))")
    expect(seen.cell("print('rows:', len(kept_frame))")).to_contain_text("rows: 124")

    cell.get_by_role("button", name="Save to a file").first.click()
    field = cell.locator("input[aria-label='Save to a file']").first
    expect(field).to_have_value("train_df.csv")
    field.press("Enter")
    expect(cell.get_by_role("status")).to_contain_text("Saved to")
    assert (quickstart / "train_df.csv").read_text().count("\n") == 125
    field.press("Enter")
    expect(cell.get_by_role("status")).to_contain_text("is there already")


def test_another_task_is_chosen_from_a_menu(seen: Seen, screenshots: Path) -> None:
    cell = seen.cell("shown = %spin TrainFlow train")
    cell.get_by_role("button", name="Other tasks").click()
    compare = cell.locator("select[aria-label='Compare with']")
    expect(compare.locator("option")).to_have_count(1 + 3 + 1)
    cell.screenshot(path=screenshots / "tools.png")
    compare.select_option(label="index 2, input=10.0")
    expect(cell.locator("[data-status='changed'][data-name='C']")).to_be_visible()

    cell.get_by_role("button", name="Other tasks").click()
    cell.locator("select[aria-label='Spin on']").select_option(label="index 1, input=0.1")
    expect(cell.locator("[data-test='why']")).to_contain_text("index 1")
    seen.run_below("print('now', _spin.inputs.index)")
    expect(seen.cell("print('now', _spin.inputs.index)")).to_contain_text("now 1")


@pytest.mark.parametrize("theme", THEMES)
def test_the_flow_is_drawn_with_this_step_marked(seen: Seen, screenshots: Path, theme: str) -> None:
    seen.theme(theme)
    cell = seen.cell("shown = %spin TrainFlow train")
    if not cell.locator("[data-test='flow']").count():
        cell.get_by_role("button", name="Flow", exact=True).click()
    step = cell.locator("[data-test='flow'] .spin-step[data-step='prepare']")
    expect(step).to_be_visible()
    cell.screenshot(path=screenshots / f"flow-tab-{theme}.png")
    step.click()
    seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    cell.get_by_role("button", name="its source").click()
    expect(cell.get_by_role("status")).to_contain_text("Copied")
    copied = seen.page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("%%spin TrainFlow prepare\n@step\ndef prepare(self):\n    self.train_df")


def test_a_long_step_shows_that_it_lives(seen: Seen) -> None:
    seen.run_below("%%spin TrainFlow prepare\nimport time\ntime.sleep(3)", wait=False)
    cell = seen.cell("time.sleep(3)")
    expect(cell.get_by_text(re.compile(r"running for \d s"))).to_be_visible(timeout=10_000)
    expect(cell.locator("[data-test='header']:visible")).to_contain_text("prepare")
    expect(cell.get_by_text("running for")).to_have_count(0)


@pytest.mark.parametrize("theme", THEMES)
def test_a_failed_step_shows_what_it_was_doing(seen: Seen, screenshots: Path, theme: str) -> None:
    seen.theme(theme)
    seen.run_below("%%spin TrainFlow train\nself.rate = 1 / (self.index * 0)\nself.next(self.join)")
    cell = seen.cell("self.rate = 1 /")
    expect(cell).to_contain_text("ZeroDivisionError")

    expect(cell.locator("[data-test='header']:visible")).to_contain_text("failed")
    expect(cell.locator("[data-test='failure']:visible")).to_contain_text("self.rate = 1 / (self.index * 0)")
    cell.screenshot(path=screenshots / f"failed-{theme}.png")


def test_nothing_is_asked_of_another_machine(seen: Seen) -> None:
    """By the page or by a card's frame, whose requests show only in the console."""
    named = [url for complaint in seen.complaints for url in re.findall(r"https?://[^\s)]+", complaint)]
    split = [urlsplit(url) for url in seen.requests + named]

    assert {each.hostname for each in split if each.scheme not in {"data", "blob", "about"}} == {"127.0.0.1"}


def test_nothing_is_complained_about(seen: Seen) -> None:
    assert seen.complaints == []
