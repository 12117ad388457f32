"""A Metaflow without a name that the engine drives: spins go isolated by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.runs import environment

LACKS = """
import json
import metaflow.task
del metaflow.task.MetaflowTask._exec_step_function
"""

IN_PYTHON = """
from spin_magic import SpinError, spin
body = "print('x')\\nself.mine = self.kept['n'] + 1\\nself.next(self.linear)"
result = spin("foreach.py", "letter", index=2, set={"kept": {"n": 6}}, body=body)
try:
    spin("foreach.py", "letter", body="{}['nix']\\nself.next(self.linear)")
except KeyError as ex:
    raised = str(ex)
try:
    spin("foreach.py", "letter", seed=1)
except SpinError as ex:
    refused = str(ex)
try:
    spin("foreach.py", "letter", cwd="nowhere")
except SpinError as ex:
    refused += str(ex)
cards = spin("cards.py", "start").cards
print(json.dumps([
    result.notes, result["mine"], result.stdout, {row.name: row.status for row in result.diff()},
    result.next, raised, refused, [card.type for card in cards], result.inputs["letters"],
    str(result), str(result.inputs),
]))
"""

IN_A_NOTEBOOK = """
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.display_pub = CapturingDisplayPublisher(parent=shell)
shell.run_line_magic("load_ext", "spin_magic")
done = shell.run_cell("%%spin foreach.py letter --index 1\\nself.mine = 1\\nself.next(self.linear)")
print(json.dumps([done.success, shell.user_ns["_spin"]["mine"],
    shell.display_pub.outputs[-1]["data"]["text/plain"]]))
"""


def said(project: Path, program: str) -> list:
    done = subprocess.run(
        [sys.executable, "-c", LACKS + program],
        cwd=project,
        env=environment({"PYTHONPATH": os.pathsep.join(sys.path)}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def flows(run_of, project: Path) -> Path:
    run_of("foreach")
    run_of("cards")
    return project


def test_a_spin_goes_isolated_by_itself(flows: Path):
    notes, mine, stdout, rows, after, raised, refused, cards, letters, *texts = said(flows, IN_PYTHON)
    assert "MetaflowTask._exec_step_function" in notes[0]
    assert "isolated" in notes[0]
    assert (mine, stdout, after, raised) == (7, "x\n", ["linear"], "'nix'")
    assert rows["mine"] == "changed"
    assert rows["letters"] == "same"
    assert refused.startswith("--seed cannot be had")
    assert refused.endswith("--cwd nowhere: there is no such folder.")
    assert cards == ["default"]
    assert letters == ["a", "b", "c", "d"]
    assert [text.partition(" ")[0] for text in texts] == ["ForeachFlow/letter"] * 2
    assert list(flows.glob(".*-spin-*")) == []


def test_the_magic_shows_the_same_panel(flows: Path):
    success, mine, panel = said(flows, IN_A_NOTEBOOK)
    assert (success, mine) == (True, 1)
    assert "ForeachFlow/letter" in panel
    assert "MetaflowTask._exec_step_function" in panel
