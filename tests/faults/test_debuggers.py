"""Debuggers, profilers and coverage beside spins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.whole import whole
from tests.kernel.harness import LOAD, fresh_kernel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOVING = """%%spin SmallFlow work
@card
@step
def work(self):
    import time
    from metaflow import current
    from metaflow.cards import ProgressBar
    bar = ProgressBar(max=3)
    current.card.append(bar)
    for done in range(3):
        bar.update(done)
        current.card.refresh()
        time.sleep(0.2)
    self.doubled = self.input * 2
    self.next(self.join)
"""
TRACED = """def traced(*_):
    return traced
sys.settrace(traced)
threading.settrace(traced)
sys.setprofile(traced)
threading.setprofile(traced)
"""
STOPPED = "for each in (sys, threading): each.settrace(None), each.setprofile(None)\ndel each, traced"


@pytest.mark.parametrize("when", ["after", "during"])
def test_cards_that_move(project: Path, fault: Callable[..., None], when: str) -> None:
    # In a kernel of its own: where it is wrong, Python 3.11 never comes out of the next function.
    fault(f"functions are traced and profiled {when} spins whose card moves", "nothing of it")
    file = project / "smallflow.py"
    file.write_text(
        file.read_text().replace("import FlowSpec, Parameter, step", "import FlowSpec, Parameter, card, step")
    )
    with fresh_kernel(project) as own:
        assert not own.run(LOAD + "\nimport sys, threading").failed
        before = f"{TRACED}\nfor _ in range(2): get_ipython().run_cell({MOVING!r})\n{STOPPED}"
        cell = own.run(MOVING if when == "after" else before, timeout=120)
        assert not cell.failed, cell.text
        assert own.value("len(_spin.cards), _spin.ok") == "(1, True)"
        with whole(own, project):
            cell = own.run(f"{TRACED}\nprint(sorted(map(abs, [-2, 1])), 'gone on')\n{STOPPED}")
        assert "[1, 2] gone on" in cell.text
