"""Many tasks in a notebook: the bar, the table, the interrupt, and processes beside the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.kernel.harness import LOAD, run_cells

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kernel.harness import Kernel

WIDGET = "application/vnd.jupyter.widget-view+json"
LINE = "SmallFlow work --all-splits"
BODY = """\
import time
time.sleep(0.7)
assert self.index != 1, "the second"
self.doubled = self.input * 2
self.next(self.join)"""

TRY = f"""\
try:
    get_ipython().run_cell_magic("spin", {LINE!r}, {BODY!r})
except AssertionError as ex:
    print(ex.__notes__)"""
BOX = """\
class Box:
    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        return self.value + other


"""
WIDGETS = """\
from ipywidgets import Widget
models = Widget.get_manager_state()["state"].values()
print([each for each in models if "Progress" in each["model_name"]])"""


def test_a_bar_is_shown_and_no_widget_is_saved(project: Path) -> None:
    _, slow, quick, widgets = run_cells(
        [
            LOAD,
            TRY,
            "splits = %spin SmallFlow work --index 0,2",
            WIDGETS,
        ],
        project,
    )
    assert "1 of 3 splits of `work` failed; this is 1, input=2." in slow.text
    # Where the bar was there is nothing; then the table.
    shown = [each for each in slow.outputs if each["output_type"] != "stream"]
    assert [WIDGET in each["data"] for each in shown] == [False, False]
    assert slow.data("text/html")[0] == ""
    assert 'data-test="splits"' in slow.data("text/html")[1]
    assert len(quick.outputs) == 1
    assert 'data-state="ok"' in quick.data("text/html")[0]
    assert widgets.streams.strip() == "[]"


def test_the_bar_counts_while_the_cell_runs(kernel: Kernel) -> None:
    spun = kernel.run(f"%%spin {LINE}\n{BODY}")
    (bar,) = [each["data"]["text/plain"] for each in spun.outputs if WIDGET in each.get("data", {})]
    assert "SmallFlow work:" in bar
    assert "/3" in bar
    assert spun.failed
    assert spun.error
    assert spun.error["ename"] == "AssertionError"
    assert 'assert self.index != 1, "the second"' in spun.traceback


def test_processes_beside_the_kernel(kernel: Kernel) -> None:
    kernel.run("import os\ndef lent(number):\n    return number * 10")
    spun = kernel.run(
        "%%spin SmallFlow work --all-splits --jobs 2 -o splits\nimport os\nprint('in', self.index)\n"
        "self.where = os.getpid()\nself.doubled = lent(self.input)\nself.next(self.join)"
    )
    assert not spun.failed, spun.text
    assert sorted(spun.streams.split("\n"))[-3:] == ["in 0", "in 1", "in 2"]
    assert kernel.value("[each['doubled'] for each in splits], splits.ok") == "([10, 20, 30], True)"
    assert kernel.value("os.getpid() in {each['where'] for each in splits}") == "False"
    # They feed the join as splits that were spun here.
    assert not kernel.run("joined = %spin SmallFlow join --from spin").failed
    assert kernel.value("joined['total']") == "60"


def test_a_flow_of_the_notebook_goes_to_processes_too(kernel: Kernel, project: Path) -> None:
    source = (project / "smallflow.py").read_text().partition("if __name__")[0]
    kernel.run(
        source.replace("self.input * 2", "Box(self.input * 2)").replace(
            "class SmallFlow", f"{BOX}class SmallFlow"
        )
    )
    spun = kernel.run("splits = %spin SmallFlow work --all-splits --jobs 2")
    assert not spun.failed, spun.text
    assert "does not pickle" not in spun.text
    assert kernel.value("[type(each['doubled']) is Box for each in splits]") == "[True, True, True]"
    assert kernel.value("[each['doubled'].value for each in splits]") == "[2, 4, 6]"
    kernel.run("import threading\nhalf = threading.Lock()")
    refused = kernel.run("%%spin SmallFlow work --all-splits --jobs 2\nself.doubled = half")
    assert refused.failed
    assert "`half` is a lock that does not pickle" in refused.text
    assert "leave --jobs out" in refused.text


def test_an_interrupt_of_processes_keeps_what_is_done(kernel: Kernel) -> None:
    stopped, seconds = kernel.run_and_interrupt(
        "%%spin SmallFlow work --all-splits --jobs 2 -o splits\nimport time\n"
        "time.sleep(60 if self.index else 0)\nprint('done', self.index)\n"
        "self.doubled = 1\nself.next(self.join)",
        mark="done",
    )
    assert stopped.error
    assert stopped.error["ename"] == "KeyboardInterrupt"
    assert seconds < 2
    assert "not done" in stopped.text
    assert kernel.value("len(splits), splits.waiting, _spin['doubled']") == "(1, ['1', '2'], 1)"
    again = kernel.run("%spin SmallFlow work --all-splits --jobs 2")
    assert not again.failed, again.text
