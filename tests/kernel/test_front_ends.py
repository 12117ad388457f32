"""Programs that run notebooks without a page, and terminals: where the wheel is installed, no %load_ext."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import jupytext
import nbformat
import pexpect
import pytest

from tests.kernel.harness import fresh_kernel, plain

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from nbformat import NotebookNode

    from tests.kernel.installed import Installed

GOOD = (
    "factor = 10",
    "%%spin SmallFlow work --set alpha=factor -o r\nself.doubled = self.input * factor\nself.next(self.join)",
    "r['doubled'], r.inputs['alpha']",
    "s = %spin SmallFlow join\ns.ok",
)
BAD = (
    "factor = 10",
    "%%spin SmallFlow work\nself.doubled = half(-1)\nself.next(self.join)",
    "print('after')",
)


def notebook(*sources: str) -> NotebookNode:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[0].metadata.tags = ["parameters"]
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def papermill(place: Installed, cwd: Path, source: str, output: str) -> CompletedProcess[str]:
    return place.module(
        "papermill", source, output, "--no-progress-bar", "-p", "factor", "7", cwd=cwd, check=False
    )


def nbconvert(place: Installed, cwd: Path, source: str, output: str) -> CompletedProcess[str]:
    how = ("--execute", "--to", "notebook", "--output", output)
    return place.module("nbconvert", source, *how, cwd=cwd, check=False)


def jupytext_execute(place: Installed, cwd: Path, source: str, output: str) -> CompletedProcess[str]:
    script = source.replace(".ipynb", ".py")
    place.module("jupytext", "--to", "py:percent", source, "--output", script, cwd=cwd)
    return place.module(
        "jupytext", "--to", "ipynb", "--execute", script, "--output", output, cwd=cwd, check=False
    )


CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")
RUNNERS = {"papermill": papermill, "nbconvert": nbconvert, "jupytext": jupytext_execute}


@pytest.mark.parametrize("name", RUNNERS)
def test_a_notebook_runs(name: str, installed: Installed, project: Path) -> None:
    nbformat.write(notebook(*GOOD), project / "in.ipynb")
    done = RUNNERS[name](installed, project, "in.ipynb", "out.ipynb")
    assert done.returncode == 0, done.stdout + done.stderr

    cells = {cell.source: cell for cell in nbformat.read(project / "out.ipynb", as_version=4).cells}
    factor = 7 if name == "papermill" else 10
    assert cells[GOOD[2]].outputs[0].data["text/plain"] == f"({factor}, {factor})"
    assert cells[GOOD[3]].outputs[-1].data["text/plain"] == "True"
    assert_reads_without_a_kernel(cells[GOOD[1]], "SmallFlow", "doubled", "changed")


@pytest.mark.parametrize("name", ["papermill", "nbconvert"])
def test_a_step_that_fails_fails_the_run_with_its_own_exception(
    name: str, installed: Installed, project: Path
) -> None:
    nbformat.write(notebook(*BAD), project / "in.ipynb")
    done = RUNNERS[name](installed, project, "in.ipynb", "out.ipynb")
    assert done.returncode != 0
    assert "ValueError: a negative number" in plain(done.stderr)
    assert "CellExecutionError" in done.stderr or "PapermillExecutionError" in done.stderr
    if name == "nbconvert":
        return  # it writes nothing then

    *_, failed, after = nbformat.read(project / "out.ipynb", as_version=4).cells
    assert after.outputs == []
    assert_reads_without_a_kernel(failed, "SmallFlow", "a negative number", "failed")
    [error] = [output for output in failed.outputs if output.output_type == "error"]
    assert (error.ename, error.evalue) == ("ValueError", "a negative number")


def test_what_spin_magic_refuses_fails_the_run_with_its_sentence(installed: Installed, project: Path) -> None:
    nbformat.write(notebook("factor = 1", "%spin SmalFlow work"), project / "in.ipynb")
    done = papermill(installed, project, "in.ipynb", "out.ipynb")
    assert done.returncode != 0
    assert re.search(r"FlowError: There is no flow SmalFlow .*SmallFlow \(smallflow\.py\)", done.stderr)


def assert_reads_without_a_kernel(cell: NotebookNode, *texts: str) -> None:
    """The panel is there as text, and as a page that needs neither a kernel nor scripts."""
    [panel] = [output.data for output in cell.outputs if "text/html" in output.get("data", {})]
    for form in (panel["text/html"], panel["text/plain"]):
        assert [text for text in texts if text not in form] == []
    assert "<script" not in panel["text/html"]


@pytest.mark.parametrize("form", ["py:percent", "py:light", "md", "md:myst"])
def test_the_cells_survive_a_round_trip(form: str) -> None:
    cells = [*GOOD, "%%spin SmallFlow work\n@card\n@step\ndef work(self):\n    self.next(self.join)"]
    text = jupytext.writes(notebook(*cells), fmt=form)
    assert [cell.source for cell in jupytext.reads(text, fmt=form).cells] == cells
    if form == "py:percent":
        compile(text, "script.py", "exec")  # editors and linters see plain Python


# VS Code sends the cells of a script without their markers, `#!%%spin` as `%%spin`, and names the script.
SCRIPT = """\
# %% inputs
#!%spin_inputs SmallFlow work --index 1

# %%
#!%%spin SmallFlow work --index 1
half(1)
self.doubled = half(-self.input)
self.next(self.join)
"""


def test_the_cells_of_a_script_run_as_an_editor_sends_them(installed: Installed, ran: Path) -> None:
    cells = [part.strip() for part in re.split(r"(?m)^# %%.*\n", SCRIPT)[1:]]
    with fresh_kernel(ran, installed.python, installed.environment) as kernel:
        kernel.run(f"import os\nos.environ['IPYKERNEL_CELL_NAME'] = {str(ran / 'script.py')!r}")
        inputs, failed = (kernel.run(re.sub(r"(?m)^#!", "", cell)) for cell in cells)
        assert not inputs.failed, inputs.text
        assert kernel.value("items, self.index") == "([1, 2, 3], 1)"
        assert failed.error["ename"] == "ValueError"
        assert re.search(r"--> *3 +self\.doubled = half\(-self\.input\)", failed.traceback)


# ------------------------------------------------------------------------------------------ terminals


@pytest.mark.parametrize("program", ["IPython", "jupyter_console"])
def test_a_terminal_has_the_magics(program: str, installed: Installed, ran: Path) -> None:
    """In a real terminal, as wide as most are, with what it draws taken away."""
    environment = installed.environment | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    words = ["-m", program, "--no-confirm-exit"] if program == "IPython" else ["-m", program]
    terminal = pexpect.spawn(
        installed.python, words, env=environment, cwd=ran, encoding="utf-8", dimensions=(50, 90), timeout=60
    )
    try:
        prompted(terminal, 1)
        terminal.send("%spin SmallFlow work --index 1\r")
        shown = prompted(terminal, 2)
        assert "SmallFlow/work  ok in" in shown
        assert "4 the same: alpha doubled items name" in shown
        terminal.send("%%spin SmallFlow work\rself.doubled = half(-1)\x1b\r")
        shown = prompted(terminal, 3)
        assert "SmallFlow/work  failed after" in shown
        assert (
            shown.rstrip().count("ValueError: a negative number") == 2
        )  # in the panel, and as the cell's own
        terminal.send("%spin_load?\r")
        assert "usage: %spin_load" in prompted(terminal, 4)
    finally:
        terminal.close(force=True)


def prompted(terminal: pexpect.spawn, number: int) -> str:
    """Wait for a prompt; give all that the terminal shows until then, as text."""
    drawn = shown = ""
    while f"In [{number}]: " not in shown:
        drawn += terminal.read_nonblocking(10_000, timeout=30)
        shown = CONTROL.sub("", drawn)
    return shown
