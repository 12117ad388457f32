from __future__ import annotations

import sys

import pytest
from IPython.core.error import UsageError

from spin_magic.errors import OptionError, TaskError
from spin_magic.overview import FlowOverview, StepOverview


@pytest.fixture
def flows(api):
    """What `looking.spin_flow` was called with."""
    calls = []

    def spin_flow(flow, **options):
        calls.append({"flow": flow, **options})
        if options["run"] == "9":
            raise TaskError("F has no run '9'.")
        steps = {"start": StepOverview("start", "end")}
        return FlowOverview(
            flow, "17", "Why.", steps, render=lambda o, _: {"text/plain": f"picture {o.flow}"}
        )

    sys.modules["spin_magic.looking"].spin_flow = spin_flow
    return calls


def test_picture_is_shown_and_the_value_is_none(shell, flows, shown):
    done = shell.run_cell("x = 3\n%spin_flow F --from 17 --namespace '' -o o", store_history=True)

    done.raise_error()
    assert done.result is None
    assert shown() == ["picture F"]
    [call] = flows
    assert (call["flow"], call["run"], call["namespace"], call["notebook"]["x"]) == ("F", "17", None, 3)
    assert shell.user_ns["o"].steps["start"].type == "end"


def test_without_options_the_namespace_is_the_clients(shell, flows):
    shell.run_cell("%spin_flow F").raise_error()

    assert "namespace" not in flows[0]
    assert flows[0]["run"] is None


@pytest.mark.parametrize(
    ("line", "error"),
    [("%spin_flow", OptionError), ("%spin_flow F s", OptionError), ("%spin_flow F --from 9", TaskError)],
)
def test_mistakes_fail_the_cell(shell, flows, line, error):
    done = shell.run_cell(line)

    assert isinstance(done.error_in_exec, (error, UsageError))


def test_help_is_the_docstring(shell, flows, capsys):
    shell.run_cell("%spin_flow --help").raise_error()

    assert capsys.readouterr().out.strip() == shell.find_line_magic("spin_flow").__doc__.strip()
    assert flows == []


def test_unloading_takes_it_away(shell, flows):
    shell.run_line_magic("unload_ext", "spin_magic")

    assert shell.find_line_magic("spin_flow") is None
