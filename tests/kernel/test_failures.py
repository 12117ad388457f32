"""A failure is the user's own, once, at its real line; it stops Run All and can be debugged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.kernel.harness import LOAD, run_cells

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kernel.harness import Kernel

FRAME = re.compile(r"^(?:Cell In\s?\[(\d+)\], line (\d+)|File (\S+?):(\d+))", re.MULTILINE)


def last_frame(traceback: str) -> tuple[str, int]:
    """Where a traceback ends: ("Cell 3", 2) or ("smallflow.py", 12)."""
    cell, cell_line, file, file_line = FRAME.findall(traceback)[-1]
    return (f"Cell {cell}", int(cell_line)) if cell else (file.rsplit("/", 1)[-1], int(file_line))


def test_traceback_ends_in_the_line_of_the_cell(kernel: Kernel) -> None:
    kernel.run("1 + 1")
    failed = kernel.run(
        "%%spin SmallFlow work\nself.made = 1\n\nraise ValueError('boom')\nself.next(self.join)"
    )

    assert failed.error
    assert failed.error["ename"] == "ValueError"
    assert last_frame(failed.traceback) == (f"Cell {failed.count}", 4)
    assert "raise ValueError('boom')" in failed.traceback
    assert failed.text.count("Traceback (most recent call last)") == 1, failed.text


def test_traceback_shows_no_frame_of_metaflow_or_of_ours(kernel: Kernel) -> None:
    failed = kernel.run("%%spin SmallFlow work\n1 / 0")

    assert failed.error
    assert "site-packages/metaflow" not in failed.traceback
    assert "spin_magic/" not in failed.traceback


def test_traceback_of_a_helper_ends_in_the_flow_file(kernel: Kernel, project: Path) -> None:
    failed = kernel.run("%%spin SmallFlow work\nself.x = half(-1)")
    lines = (project / "smallflow.py").read_text().splitlines()
    raised = next(n for n, line in enumerate(lines, 1) if "raise ValueError" in line)

    assert f"Cell In[{failed.count}], line 2" in failed.traceback
    assert last_frame(failed.traceback) == ("smallflow.py", raised)


def test_traceback_of_the_file_s_own_step_ends_in_the_file(kernel: Kernel, project: Path) -> None:
    file = project / "smallflow.py"
    file.write_text(file.read_text().replace("self.doubled = self.input * 2", "self.doubled = self.nothing"))
    failed = kernel.run("%spin SmallFlow work")
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "self.nothing" in text)

    assert failed.error
    assert failed.error["ename"] == "AttributeError"
    assert ("smallflow.py", line) in {
        (file.rsplit("/", 1)[-1], int(number or 0)) for _, _, file, number in FRAME.findall(failed.traceback)
    }


def test_whole_def_keeps_its_lines(kernel: Kernel) -> None:
    failed = kernel.run(
        "%%spin SmallFlow work\n@step\ndef work(self):\n    x = 1\n    raise KeyError('k')\n"
        "    self.next(self.join)"
    )

    assert last_frame(failed.traceback) == (f"Cell {failed.count}", 5)


@pytest.mark.parametrize(
    "cell",
    [
        "%%spin SmallFlow work\nraise RuntimeError('stop here')",
        "%%spin SmallFlow nosuchstep\nself.x = 1",
        "%%spin NoSuchFlow work\nself.x = 1",
        "%%spin SmallFlow work --nosuchoption\nself.x = 1",
        "%%spin SmallFlow work\nself.x = = 1",
        "%%spin SmallFlow work",
        "%spin SmallFlow work --index 99",
        "%spin_inputs SmallFlow work --from 12345",
    ],
)
def test_run_all_stops_at_a_failing_spin(ran: Path, cell: str) -> None:
    *_, failing, after = run_cells([LOAD, cell, "after = 1"], ran)

    assert failing.executed
    assert failing.failed, failing.text
    assert not after.executed


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("%spin SmallFlow wrok", ["wrok", "work"]),
        ("%spin SmalFlow work", ["SmalFlow", "SmallFlow"]),
        ("%spin SmallFlow work --idnex 1", ["--idnex", "--index"]),
        ("%spin SmallFlow work --index 99", ["99", "3"]),
    ],
)
def test_bad_input_is_told_in_a_line_without_a_traceback(kernel: Kernel, cell: str, names: list[str]) -> None:
    failed = kernel.run(cell)

    assert failed.failed
    assert "line 1" not in failed.traceback
    assert len(failed.text.strip().splitlines()) <= 4, failed.text
    for name in names:
        assert name in failed.text


def test_half_made_result_stays(kernel: Kernel) -> None:
    kernel.run("%%spin SmallFlow work\nself.before = 41\nraise ValueError('boom')")

    assert kernel.value("_spin.ok") == "False"
    assert kernel.value("type(_spin.error).__name__") == "'ValueError'"
    assert kernel.value("_spin.self.before") == "41"


def test_debug_lands_in_the_frame_of_the_step(kernel: Kernel) -> None:
    kernel.run("%%spin SmallFlow work\nself.before = 41\nlocal = 'seen'\nraise ValueError('boom')")
    session = kernel.run("%debug", answers=["p self.before", "p local", "q"])

    assert not session.failed, session.text
    assert "41" in session.streams
    assert "'seen'" in session.streams


def test_post_mortem_frame_is_the_step_s(kernel: Kernel) -> None:
    kernel.run("%%spin SmallFlow work\nself.before = 41\nraise ValueError('boom')")
    kernel.run("import sys\ntb = sys.last_traceback\nwhile tb.tb_next: tb = tb.tb_next")

    assert kernel.value("tb.tb_frame.f_code.co_name") == "'work'"
    assert kernel.value("tb.tb_frame.f_locals['self'].before") == "41"


def test_sys_exit_fails_the_cell_and_leaves_the_kernel(kernel: Kernel) -> None:
    failed = kernel.run("%%spin SmallFlow work\nimport sys\nself.before = 41\nsys.exit(3)")

    assert failed.error
    assert failed.error["ename"] == "SystemExit"
    assert kernel.value("_spin.self.before") == "41"
