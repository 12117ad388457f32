"""The table of many spins in a real JupyterLab."""

from __future__ import annotations

import textwrap
from importlib.resources import files
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.seen import notebook_in_lab
from tests.kernel.harness import run_flow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.browser.seen import Seen

pytestmark = pytest.mark.slow

FLOW = """
from metaflow import FlowSpec, step


class SweepFlow(FlowSpec):
    @step
    def start(self):
        self.alphas = [0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 6.0, 8.0]
        self.next(self.train, foreach="alphas")

    @step
    def train(self):
        self.score = 1 / (1 + self.input)
        self.rounds = int(10 * self.input)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    SweepFlow()
"""
CELL = """\
%%spin SweepFlow train --all-splits
import time
time.sleep(0.25)
self.rounds = int(10 * self.input)
assert self.index != 3, "the score of this one is odd"
self.score = 1.2 / (1 + self.input)
self.next(self.join)"""


@pytest.fixture(scope="module")
def many(browser: Browser, lab: str, quickstart: Path) -> Iterator[Seen]:
    """A notebook that has spun eight splits, one of which failed."""
    (quickstart / "sweep.py").write_text(textwrap.dedent(FLOW).lstrip())
    run_flow(quickstart / "sweep.py", quickstart)
    cells = [nbformat.v4.new_code_cell(text) for text in ("%load_ext spin_magic", CELL)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), quickstart / "many.ipynb")
    with notebook_in_lab(browser, lab, "many.ipynb") as seen:
        seen.run_all()
        seen.wait_until_all_ran()
        yield seen


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_table_is_shown_with_its_plots(many: Seen, screenshots: Path, theme: str) -> None:
    many.theme(theme)
    cell = many.cell("%%spin SweepFlow train --all-splits")
    panel = cell.locator("[data-test='splits']")
    expect(panel.locator("[data-test='error']").first).to_have_text("1 of 8 failed")
    expect(panel.locator(".spin-split")).to_have_count(8)
    expect(panel.locator("[data-test='plot']")).to_have_count(2)
    # Seven new scores, and what the run had of each.
    expect(panel.locator("[data-test='plot']").first.locator("circle")).to_have_count(14)
    # What the kernel itself logs comes as the traceback does.
    outputs = cell.locator(".jp-OutputArea-output:not([data-mime-type$='stderr'])").all_inner_texts()
    assert len(outputs) == 2, outputs  # where the bar was, the table
    failures = cell.locator(".jp-OutputArea-output[data-mime-type$='stderr']")
    expect(failures.filter(has_text="the score of this one is odd")).to_have_count(1)
    assert (
        cell.locator(".widget-hprogress, .jp-RenderedText:has-text('Error displaying widget')").count() == 0
    )
    cell.screenshot(path=screenshots / f"many-{theme}.png")


def test_heads_sort_and_a_field_filters(many: Seen) -> None:
    panel = many.cell("%%spin SweepFlow train --all-splits").locator("[data-test='splits']")
    scores = panel.locator(".spin-split td:nth-child(4)")
    panel.locator("th", has_text="score").locator("button").click()
    assert scores.all_inner_texts()[:2] == ["0.133333", "0.171429"]
    panel.locator("th", has_text="score").locator("button").click()
    assert scores.all_inner_texts()[:2] == ["1.09091", "1"]
    panel.get_by_label("Filter tasks").fill("odd")
    expect(panel.locator(".spin-split:visible")).to_have_count(1)
    panel.get_by_label("Filter tasks").fill("")
    panel.locator("th", has_text="task").locator("button").click()
    expect(panel.locator(".spin-split").first).to_contain_text("0, input=0.1")


def test_a_row_opens_to_its_own_panel(many: Seen, screenshots: Path) -> None:
    many.theme("light")
    panel = many.cell("%%spin SweepFlow train --all-splits").locator("[data-test='splits']")
    panel.get_by_role("button", name="1, input=0.2").click()
    own = panel.locator("[data-test='panel']")
    expect(own.locator("[data-test='why']")).to_contain_text("task 2 of 8")
    # It is as live as any other.
    own.locator(".spin-row[data-name=score] summary").click()
    expect(own.locator(".spin-row[data-name=score] .spin-acts")).to_be_visible()
    panel.screenshot(path=screenshots / "many-opened.png")
    panel.get_by_role("button", name="1, input=0.2").click()
    expect(own).to_be_hidden()


def test_a_bar_moves_and_goes(many: Seen, screenshots: Path) -> None:
    body = "import time\ntime.sleep(0.8)\nself.score = 1.0\nself.next(self.join)"
    many.run_below(f"%%spin SweepFlow train --index 0-5\n{body}", wait=False)
    cell = many.cell("%%spin SweepFlow train --index 0-5")
    bar = cell.locator(".jupyter-widgets", has_text="SweepFlow train")
    expect(bar.first).to_contain_text("3/6", timeout=20_000)
    bar.first.screenshot(path=screenshots / "many-bar.png")
    expect(cell.locator("[data-test='splits']")).to_contain_text("6 of 6 ok", timeout=20_000)
    expect(cell.locator(".jupyter-widgets")).to_have_count(0)


def test_axe_finds_nothing_serious(many: Seen) -> None:
    many.page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = many.page.evaluate("() => axe.run('[data-test=splits]')")["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in serious] == []


def test_nothing_is_complained_about(many: Seen) -> None:
    assert many.complaints == []
