"""A `with` block of an ordinary cell: the notebook's names, and what a spin shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kernel.test_failures import last_frame

if TYPE_CHECKING:
    from tests.kernel.harness import Kernel

IMPORT = "import sys, time, signal, spin_magic\nfrom IPython.display import display"
STATE = (
    "[sys.stdout, signal.getsignal(signal.SIGINT), spin_magic.spin, type(get_ipython().display_pub.publish)]"
)


@pytest.fixture
def notebook(kernel: Kernel) -> Kernel:
    done = kernel.run(f"{IMPORT}\nfactor = 3\nbefore = {STATE}")
    assert not done.failed, done.text
    return kernel


def test_the_block_is_the_step_and_the_panel_follows(notebook: Kernel) -> None:
    done = notebook.run(
        "with spin_magic.step('SmallFlow', 'work', index=2) as self:\n"
        "    made = self.input * factor\n"
        "    print('said', made)\n"
        "    display({'text/plain': 'a picture'}, raw=True)\n"
        "    self.doubled = made\n"
        "    self.next(self.join)"
    )
    assert not done.failed, done.text
    shown = done.data("text/plain")
    assert shown[0] == "a picture"
    assert "SmallFlow/work" in shown[-1] or "SmallFlow work" in shown[-1]
    assert "factor" in shown[-1]
    assert len(shown) == 2
    assert notebook.value("_spin['doubled'], _spin.locals, _spin.stdout, made, self.doubled") == (
        "(9, {'made': 9}, 'said 9\\n', 9, 9)"
    )
    assert notebook.value("[list(each) for each in _spin.displayed]") == "[['text/plain']]"
    assert notebook.value(f"before == {STATE}") == "True"
    # The same text on another task, as the panel's control does.
    again = "_spin.again(_spin.inputs.tasks[0].split('/')[1] + '/work/2')"
    assert notebook.value(f"({again})['doubled'], _spin.inputs.index").endswith("(3, 0)")


def test_the_next_block_follows_the_last(notebook: Kernel) -> None:
    notebook.run(
        "s = spin_magic.step('SmallFlow', 'join')\n"
        "with s as (self, inputs):\n    self.total = [i.doubled for i in inputs]\n    self.next(self.end)"
    )
    done = notebook.run(
        "t = spin_magic.step('SmallFlow', 'end', source='spin')\nwith t as self:\n    self.told = self.total"
    )
    assert not done.failed, done.text
    assert notebook.value("t.result['told'], t.result is _spin") == "([2, 4, 6], True)"


def test_a_failure_is_one_traceback_in_the_cell_s_line_and_a_panel(notebook: Kernel) -> None:
    done = notebook.run(
        "self = 1\nwith spin_magic.step('SmallFlow', 'work') as self:\n    self.made = 1\n"
        "    raise ValueError('boom')"
    )
    assert done.error
    assert done.error["ename"] == "ValueError"
    assert last_frame(done.traceback) == (f"Cell {done.count}", 4)
    assert done.text.count("Traceback (most recent call last)") == 1
    assert "spin_magic/" not in done.traceback
    assert "metaflow/" not in done.traceback
    assert "boom" in done.data("text/plain")[0]
    assert notebook.value("_spin.ok, _spin.error.args, _spin.self.made") == "(False, ('boom',), 1)"
    wrong = notebook.run("with spin_magic.step('SmallFlow', 'wrk') as self:\n    print('ran')")
    assert wrong.traceback.startswith("TaskError: Flow SmallFlow has no step 'wrk'")
    assert "ran" not in wrong.streams


def test_the_stop_button_ends_it_and_all_is_as_before(notebook: Kernel) -> None:
    stopped, seconds = notebook.run_and_interrupt(
        "with spin_magic.step('SmallFlow', 'work') as self:\n    self.before = 41\n"
        "    print('looping', flush=True)\n    while True:\n        pass",
        mark="looping",
    )
    assert stopped.error
    assert stopped.error["ename"] == "KeyboardInterrupt"
    assert seconds < 1
    assert notebook.value("_spin.ok, _spin.self.before") == "(False, 41)"
    assert notebook.value(f"before == {STATE}") == "True"


def test_a_cell_that_ends_inside_of_the_block_ends_the_step(notebook: Kernel) -> None:
    done = notebook.run(
        "def generate():\n    with spin_magic.step('SmallFlow', 'work') as self:\n        yield self\n"
        "kept = generate()\nprint(next(kept).input)"
    )
    assert not done.failed, done.text
    assert "The cell has ended inside the `with` block" in done.text
    assert notebook.value(f"before == {STATE}") == "True"
    assert notebook.value("kept.close(), _spin.ok") == "(None, False)"
    nested = notebook.run(
        "with spin_magic.step('SmallFlow', 'work') as self:\n"
        "    get_ipython().run_cell('x = 1')\n"
        "    get_ipython().run_line_magic('spin', 'SmallFlow end')\n"
        "    self.doubled = 1"
    )
    assert not nested.failed, nested.text
    assert notebook.value("_spin.step, _spin.ok, x") == "('work', True, 1)"


def test_a_cell_with_await_around_the_block_works(notebook: Kernel) -> None:
    done = notebook.run(
        "import asyncio\nawait asyncio.sleep(0)\nwith spin_magic.step('SmallFlow', 'work') as self:\n"
        "    self.doubled = asyncio.run(asyncio.sleep(0, 8))\nprint(await asyncio.sleep(0, self.doubled))"
    )
    assert not done.failed, done.text
    assert "8" in done.streams
    refused = notebook.run("with spin_magic.step('SmallFlow', 'work') as self:\n    await asyncio.sleep(0)")
    assert "Line 2 uses `await` inside the block" in refused.traceback


def test_a_flow_of_the_notebook_is_found_by_its_name(notebook: Kernel) -> None:
    notebook.run(
        "from metaflow import FlowSpec, step\nclass HereFlow(FlowSpec):\n    @step\n    def start(self):\n"
        "        self.next(self.end)\n    @step\n    def end(self):\n        pass"
    )
    done = notebook.run(
        "with spin_magic.step('HereFlow', 'start') as self:\n    self.made = factor\n    self.next(self.end)"
    )
    assert not done.failed, done.text
    assert notebook.value("_spin['made'], _spin.notes") == "(3, [])"


def test_it_works_without_the_magics(notebook: Kernel) -> None:
    notebook.run("%unload_ext spin_magic")
    done = notebook.run("with spin_magic.step('SmallFlow', 'work') as self:\n    self.doubled = 1")
    assert not done.failed, done.text
    assert "SmallFlow" in done.data("text/plain")[0]
