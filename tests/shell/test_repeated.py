"""Lines that leave out what was said before."""

from __future__ import annotations

import sys

import pytest

from spin_magic.errors import OptionError, TaskError
from spin_magic.overview import FlowOverview
from spin_magic.settings import SpinMagic


def asked(api):
    return [(call["flow"], call["step"], call["index"], call["body"]) for call in api.calls]


def said(capsys):
    lines = (line.removeprefix("Out[0]: ") for line in capsys.readouterr().out.splitlines())
    return [line for line in lines if line]


@pytest.fixture
def flows(api):
    """An `looking.spin_flow` that knows no flow called None."""

    def spin_flow(flow, **_):
        if flow == "None":
            raise TaskError("There is no such flow.")
        return FlowOverview(flow, "17", "Why.", {}, render=lambda o, _: {"text/plain": f"picture {o.flow}"})

    sys.modules["spin_magic.looking"].spin_flow = spin_flow


def test_an_empty_line_repeats_the_last_spin(shell, api, capsys):
    shell.run_cell("n = 1\n%spin F 3/s --index 2 --set a=n -o r").raise_error()
    shell.run_cell("n = 2\nagain = %spin").raise_error()

    assert asked(api) == [("F", "3/s", 2, None)] * 2
    assert [call["set"] for call in api.calls] == [{"a": 1}, {"a": 2}]
    assert shell.user_ns["again"] is shell.user_ns["r"]
    assert said(capsys) == ["Again: %spin F 3/s --index 2 --set a=n -o r"]


def test_with_the_text_of_the_cell_that_was_spun_last(shell, api, capsys):
    shell.run_cell_magic("spin", "F s --index 2", "x = 1\n")
    again = shell.run_line_magic("spin", "")
    shell.run_cell_magic("spin", "", "x = 2\n")
    shell.run_line_magic("spin", "--index 3")

    assert asked(api) == [
        ("F", "s", 2, "x = 1\n"),
        ("F", "s", 2, "x = 1\n"),
        ("F", "s", 2, "x = 2\n"),
        ("F", "s", 3, "x = 2\n"),
    ]
    assert again.locals == {"x": 1}
    assert said(capsys) == [
        "Again: %%spin F s --index 2, with the text of its cell",
        "Again: %%spin F s --index 2, with this text",
        "Again: %%spin F s --index 3, with the text of its cell",
    ]


def test_a_spin_that_failed_is_repeated_too(shell, api):
    shell.run_cell("%%spin F s\n1 / 0")
    assert isinstance(shell.run_cell("%spin").error_in_exec, ZeroDivisionError)

    assert asked(api) == [("F", "s", None, "1 / 0\n")] * 2


def test_there_is_nothing_to_repeat(shell, api):
    error = shell.run_cell("%spin").error_in_exec

    assert isinstance(error, OptionError)
    assert "FLOW and STEP are missing" in str(error)


def test_the_flow_that_was_looked_at_may_be_left_out(shell, flows, api, capsys):
    shell.run_cell("%spin_flow my/flow.py").raise_error()
    shell.run_cell("%spin_flow my/flow.py\n%spin_flow").raise_error()
    shell.run_cell("%%spin s --index 2\npass").raise_error()
    shell.run_cell("%spin_inputs 3/s\n%spin G t\n%spin H/3/t/9").raise_error()

    assert [(call["flow"], call["step"]) for call in api.calls] == [
        ("my/flow.py", "s"),
        ("my/flow.py", "3/s"),
        ("G", "t"),
        ("H", "H/3/t/9"),
    ]
    assert said(capsys) == ["Lines without FLOW mean my/flow.py from now on: `%spin STEP`."]


def test_a_flow_that_is_not_there_is_not_kept(shell, flows, api):
    shell.run_cell("%config SpinMagic.flow = 'F'\n%spin_flow None")

    assert SpinMagic.instance().flow == "F"


def test_an_error_says_which_flow_was_meant(shell, flows, api):
    shell.run_cell("%config SpinMagic.flow = 'None'").raise_error()
    error = shell.run_cell("%spin_flow").error_in_exec

    assert str(error) == "There is no such flow. FLOW was left out here: it is None."
    assert str(shell.run_cell("%spin_flow None").error_in_exec) == "There is no such flow."


def test_what_metaflow_says_without_a_stop_is_a_sentence_of_its_own(shell, flows, api, monkeypatch):
    def refuse(*_, **__):
        raise TaskError("x is not a valid integer")

    monkeypatch.setattr(sys.modules["spin_magic.looking"], "spin_flow", refuse)
    shell.run_cell("%config SpinMagic.flow = 'F'").raise_error()
    error = shell.run_cell("%spin_flow").error_in_exec

    assert str(error) == "x is not a valid integer. FLOW was left out here: it is F."


def test_what_is_repeated_is_said_with_the_flow_that_was_left_out(shell, flows, api, capsys):
    shell.run_cell("%spin_flow F\n%spin s\n%spin_flow G").raise_error()
    capsys.readouterr()
    shell.run_cell("%spin").raise_error()

    assert asked(api)[-1][:2] == ("F", "s")
    assert said(capsys) == ["Again: %spin F s"]
