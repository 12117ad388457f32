"""What a person sees in `ipython`."""

from __future__ import annotations

import os
import re
import sys

import pexpect
import pytest

ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
OVERVIEW = (
    "from spin_magic.overview import *; from spin_magic.report.graph import flow_mimebundle; "
    "o = FlowOverview('F', '17', 'Why.', {'start': StepOverview('start', 'start', "
    "reads=tuple('a_name_%d' % i for i in range(9)), state='ok')}, render=flow_mimebundle)"
)


@pytest.fixture
def ipython(tmp_path):
    """A prompt in a terminal of 70 columns."""
    env = {**os.environ, "TERM": "xterm", "IPYTHONDIR": str(tmp_path), "HOME": str(tmp_path)}
    env.pop("NO_COLOR", None)
    start = ["-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit"]
    child = pexpect.spawn(sys.executable, start, env=env, encoding="utf-8", timeout=60, dimensions=(40, 70))
    child.expect(r"In \[1\]: ")
    yield child
    child.close(force=True)


def test_a_result_is_fitted_and_coloured(ipython):
    ipython.sendline(OVERVIEW)
    ipython.expect(r"In \[2\]: ")
    ipython.sendline("o")
    ipython.expect(r"In \[3\]: ")

    shown = ipython.before.replace("\r", "")
    assert "\x1b[32mok" in shown
    text = ANSI.sub("", shown).split("Out[2]: \n")[1]
    assert max(map(len, text.splitlines())) <= 70
    assert text.splitlines()[0] == "F: 1 steps, 1 ok"
    assert text.splitlines()[-2].split("  ")[-1] == "a_name_5, a_name_6, a_name_7 and 1 more"


def test_a_value_on_show_has_no_second_prompt(shell, api, capsys):
    shell.run_cell("%spin F s", store_history=True).raise_error()
    shell.run_cell("%spin F t\n3", store_history=True).raise_error()

    assert [line for line in capsys.readouterr().out.splitlines() if line] == ["Out[2]: 3"]
    assert shell.user_ns["_1"].step == "s"
