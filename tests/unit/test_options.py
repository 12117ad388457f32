from __future__ import annotations

import contextlib
import shlex
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spin_magic.errors import OptionError
from spin_magic.loop.request import Request, arguments, wanted
from spin_magic.options import (
    INPUTS_HELP,
    SPIN_HELP,
    FlowOptions,
    HelpRequested,
    InputsOptions,
    SaveOptions,
    SpinOptions,
    parse_flow,
    parse_inputs,
    parse_run,
    parse_save,
    parse_spin,
    with_flow,
)


def refused(line, parse=parse_spin):
    with pytest.raises(OptionError) as caught:
        parse(line)
    return str(caught.value)


def test_flow_and_step_alone_leave_the_defaults():
    assert parse_spin("TrainFlow train") == SpinOptions("TrainFlow", "train")
    assert parse_inputs(" flows/a.py:F  12/train/3 ") == InputsOptions("flows/a.py:F", "12/train/3")


def test_a_word_alone_is_the_step_which_may_name_its_flow():
    assert parse_spin("train --seed 3") == SpinOptions(None, "train", seed=3)
    assert parse_inputs("17/train/3") == InputsOptions(None, "17/train/3")
    assert parse_inputs("F/17/train/3") == InputsOptions("F", "F/17/train/3")


def test_the_flow_that_is_left_out_is_filled_in():
    assert with_flow(parse_spin("train"), "F") == SpinOptions("F", "train")
    assert with_flow(parse_spin("G train"), "F") == SpinOptions("G", "train")
    assert with_flow(parse_flow(""), "F") == FlowOptions("F")
    assert with_flow(parse_run("--alpha 1"), "F").words == ("--alpha", "1")
    # What was spun last is meant, of whatever flow.
    assert with_flow(parse_spin("--seed 3"), "F") == SpinOptions(None, "", seed=3)
    assert with_flow(parse_save("--force"), "F") == SaveOptions(force=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (parse_spin("train"), "FLOW or STEP is missing beside train: write both, as in TrainFlow train."),
        (parse_save("train"), "FLOW or STEP is missing beside train"),
        (parse_run("--alpha 1 F"), "FLOW is missing at the line's beginning"),
        (parse_flow(""), "FLOW is missing at the line's beginning"),
    ],
)
def test_a_flow_that_is_left_out_and_not_known(options, said):
    with pytest.raises(OptionError, match=said):
        with_flow(options, "")


def test_a_line_repeats_the_last_one_or_its_flow_and_step_alone():
    last = parse_spin("F 17/train --index 2 -o r  # why")

    assert parse_spin("").repeats
    assert not last.repeats
    assert parse_spin(" # again").filled(last) is last
    filled = parse_spin("--seed 3").filled(last)
    assert filled == SpinOptions("F", "17/train", seed=3)
    assert (last.line, filled.line) == ("F 17/train --index 2 -o r  # why", "F 17/train --seed 3")


@pytest.mark.parametrize(
    ("step", "again", "chosen"),
    [
        ("17/train/3", "--seed 3", "17/train/3"),
        ("17/train/3", "--index 2", "17/train"),
        ("F/17/train/3", "--value a", "F/17/train"),
        ("F/17/train", "--all-splits", "F/17/train"),
        ("17/train", "--from 18", "train"),
        ("argo-f-x/train/3", "--from spin", "train"),
        ("F/17/train/3", "--last 2", "train"),
    ],
)
def test_a_repeated_line_chooses_its_run_and_task_anew(step, again, chosen):
    assert parse_spin(again).filled(parse_spin(f"F {step}")).step == chosen


def test_a_line_to_repeat_names_the_flow_that_it_left_out():
    assert with_flow(parse_spin("train --seed 3"), "my f.py").line == "'my f.py' train --seed 3"


def test_a_task_and_an_index_are_not_both_chosen():
    for chosen in ({"index": 0}, {"value": "a"}):
        with pytest.raises(OptionError, match=f"names task 3 already: leave --{next(iter(chosen))} out"):
            wanted(Request("F", "17/train/3", **chosen), "F")


def test_every_option_of_spin():
    line = (
        "F s --index 2 --from 17 --namespace user:ann --set alpha=0.5 --set 'name=\"a b\"'"
        " --artifacts-module over.py --skip-decorators --config-value c '{\"a\": 1}' --config d d.json"
        " --config e e.json --locals --seed -7 --no-cards --cwd /data -o r"
    )
    assert parse_spin(line) == SpinOptions(
        "F",
        "s",
        index=2,
        run="17",
        namespace="user:ann",
        assignments=(("alpha", "0.5"), ("name", '"a b"')),
        artifacts_module="over.py",
        skip_decorators=True,
        config_value=(("c", '{"a": 1}'),),
        config=(("d", "d.json"), ("e", "e.json")),
        bind_locals=True,
        seed=-7,
        cards=False,
        cwd="/data",
        output="r",
    )


def test_every_option_of_spin_inputs():
    line = "F s --value b --from spin --namespace '' --overwrite --all --only df,alpha, -o inp --set [0].x=1"
    assert parse_inputs(line) == InputsOptions(
        "F",
        "s",
        value="b",
        source="spin",
        namespace="",
        overwrite=True,
        load_all=True,
        only=("df", "alpha"),
        output="inp",
        assignments=(("[0].x", "1"),),
    )


def test_options_are_frozen():
    with pytest.raises(FrozenInstanceError):
        parse_spin("F s").flow = "G"


@pytest.mark.parametrize(
    ("given", "index"),
    [("2", 2), ("0,3,7", (0, 3, 7)), ("2-5", (2, 3, 4, 5)), ("'0, 4-6,5'", (0, 4, 5, 6)), ("3-3", (3,))],
)
def test_one_split_index_or_several(given, index):
    options = parse_spin(f"F s --index {given} --jobs 1")
    assert (options.index, options.many) == (index, isinstance(index, tuple))


@pytest.mark.parametrize("line", ["--index 2 F s", "F --index 2 s", "F s --index 2", "F s --index=2"])
def test_options_may_stand_anywhere(line):
    assert parse_spin(line) == SpinOptions("F", "s", index=2)


def test_no_run_and_the_last_spin_are_two_different_sources():
    assert (parse_spin("F s").source, parse_spin("F s").run) == ("run", None)
    assert (parse_spin("F s --from spin").source, parse_spin("F s --from spin").run) == ("spin", None)
    assert (parse_spin("F s --from 3").source, parse_spin("F s --from 3").run) == ("run", "3")


def test_a_namespace_that_is_not_given_differs_from_all():
    assert parse_spin("F s").namespace is None
    assert parse_spin('F s --namespace ""').namespace == ""


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("F s --value -3", "-3"),
        ("F s --value=-x", "-x"),
        ("F s --value a#b", "a#b"),
        ("F s --value '#1'", "#1"),
        ("F s --value 'a b'", "a b"),
        ('F s --value "it\'s"', "it's"),
        (r"F s --value a\ b", "a b"),
        ("F s --value b # the second one", "b"),
        ("F s --value b # what's \"this", "b"),
        ("F s --value b # --index 3", "b"),
    ],
)
def test_quotes_dashes_and_comments_in_values(line, value):
    assert parse_spin(line) == SpinOptions("F", "s", value=value)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_value_survives_quoting(value):
    assert parse_spin(f"F s --value={shlex.quote(value)} # comment").value == value


@given(st.text())
def test_any_line_is_understood_or_refused_as_our_own_error(line):
    with contextlib.suppress(HelpRequested, OptionError):
        options = parse_spin(line)
        assert options.flow is None or (options.flow and options.step)


@pytest.mark.parametrize(
    ("target", "expression"),
    [
        ("x", "1"),
        ("train.x", "df.head(10)"),
        ("[12].x", "[1, 2]"),
        ("größe", "{'a': 1}"),
        ("x", "y==2"),
        ("x", "-1"),
    ],
)
def test_set_takes_names_and_branches(target, expression):
    line = f"F s --set {shlex.quote(f'{target}={expression}')}"
    assert parse_spin(line).assignments == ((target, expression),)


@pytest.mark.parametrize("text", ["x", "x=", "x= "])
def test_set_without_an_expression_is_refused(text):
    assert f"Option --set: {text!r} should be NAME=EXPR" in refused(f"F s --set {shlex.quote(text)}")


@pytest.mark.parametrize(
    "target", ["1x", "a.b.c", "[x].y", "[-1].y", "a b", "", "for", "if.x", "[0]", "x[0]"]
)
def test_set_with_a_wrong_left_side_is_refused(target):
    message = refused(f"F s --set {shlex.quote(f'{target}=1')}")
    assert f"{target!r} should be NAME, or STEP.NAME or [I].NAME for a join" in message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("''", "FLOW and STEP are missing, as in TrainFlow train. See --help."),
        ("f.py", "STEP is missing after f.py, as in f.py train. See --help."),
        ("pkg.mod:F", "STEP is missing after pkg.mod:F, as in pkg.mod:F train. See --help."),
        ("F ''", "STEP is missing after F, as in F train. See --help."),
        ("'' s", "FLOW must not be empty."),
        ("F s 3 4", "'3 4' is too much: the line takes FLOW, STEP and options."),
        ("F s --indx 2", "There is no option --indx. Did you mean '--index'? See --help."),
        ("F --sett=3 s", "There is no option --sett. Did you mean '--set' or '--seed'? See"),
        ("F s --name x", "There is no option --name."),
        ("F s -x", "There is no option -x. See --help."),
        ("F s --index", "Option --index: expected one argument."),
        ("F s --index two", "Option --index: 'two' is not a whole number."),
        (
            "F s --index 0,-1",
            "Option --index: '0,-1' should be a split index, or several as in 0,3,7 or 2-5.",
        ),
        ("F s --index 5-2", "Option --index: '5-2' counts down: write 2-5."),
        ("F s --index 0-900000", "Option --index: '0-900000' has more than 100,000 splits."),
        ("F s --index 0,1 --locals", "--locals binds the variables of one spin"),
        ("F s --all-splits --jobs 0", "Option --jobs: '0' should be 1 or more."),
        ("F s --jobs 2", "--jobs goes with many tasks: add --all-splits, --last N or --index 0,3,7."),
        ("F s --index 2 --show a", "--show goes with many tasks"),
        ("F s --index -1", "--index -1: split indices count from 0."),
        ("F s --seed 1.5", "Option --seed: '1.5' is not a whole number."),
        ("F s --config a", "Option --config: expected 2 arguments."),
        ("F s --locals=3", "Option --locals: ignored explicit argument '3'."),
        ("F s -o 3x", "Option -o: '3x' is not a name that can be bound."),
        ("F s -o class", "Option -o: 'class' is not a name that can be bound."),
        ("F s 'abc", "The line cannot be split into words: no closing quotation."),
        ("F s --index 1 --value b", "--index and --value both choose the task"),
        ("F 3/s --from 4", "STEP 3/s names a run already"),
        ("F 3/s --from spin", "STEP 3/s names a run already"),
    ],
)
def test_each_mistake_has_its_own_message(line, message):
    assert refused(line).startswith(message)


@pytest.mark.parametrize("option", ["--ind 2", "--name x", "--skip", "--no-card", "--overwrite", "--all"])
def test_options_are_never_abbreviated_nor_taken_from_the_other_magic(option):
    assert refused(f"F s {option}").startswith(f"There is no option {option.split()[0]}.")


@pytest.mark.parametrize("option", ["--seed 3", "--no-cards", "--locals", "--skip-decorators"])
def test_spin_inputs_takes_no_option_of_running(option):
    assert refused(f"F s {option}", parse_inputs).startswith(f"There is no option {option.split()[0]}.")


@pytest.mark.parametrize(("names", "part"), [("'a b'", "'a b'"), ("a,3", "'3'"), (",", "at least one name")])
def test_only_takes_names(names, part):
    assert part in refused(f"F s --only {names}", parse_inputs)


@pytest.mark.parametrize("line", ["-h", "--help", "F s --help", "--help --nonsense"])
def test_help_is_asked_for_anywhere(line):
    with pytest.raises(HelpRequested) as caught:
        parse_spin(line)
    assert str(caught.value) == SPIN_HELP
    with pytest.raises(HelpRequested) as caught:
        parse_inputs(line)
    assert str(caught.value) == INPUTS_HELP


def test_help_is_plain_text_of_every_option_whatever_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(HelpRequested) as caught:
        parse_spin("--help")
    assert str(caught.value) == SPIN_HELP
    assert "\x1b" not in SPIN_HELP
    assert SPIN_HELP.startswith("usage: %spin FLOW STEP [options]\n       %%spin FLOW STEP [options]")
    for option in ("--index I", "--value V", "--from RUN", "--namespace NS", "--set NAME=EXPR", "--cwd DIR"):
        assert f"  {option} " in SPIN_HELP
        assert f"  {option} " in INPUTS_HELP


def test_many_tasks_and_new_steps():
    given = parse_spin("F s --all-splits --after a,b --after c --after a --from spin")
    assert (given.all_splits, given.after, given.source, given.many) == (True, ("a", "b", "c"), "spin", True)
    assert parse_spin("F s --last 3").last == 3
    assert not parse_spin("F s").many


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("F s --all-splits --last 2", "--all-splits and --last both choose the tasks: give one of them."),
        (
            "F s --all-splits --index 1",
            "--all-splits takes every task of the foreach: leave --index and --value out.",
        ),
        (
            "F s --all-splits --value a",
            "--all-splits takes every task of the foreach: leave --index and --value out.",
        ),
        ("F s --last 0", "--last 0: give the number of runs, 1 or more."),
        ("F s --last 2 --from spin", "--last takes the latest runs: leave --from out."),
        ("F s --last 2 --from 17", "--last takes the latest runs: leave --from out."),
        (
            "F s --all-splits --locals",
            "--locals binds the variables of one spin: leave it out, or spin one task.",
        ),
        ("F s --after 2x", "Option --after: '2x' should be a step's name, or several as in a,b."),
    ],
)
def test_options_that_do_not_fit_many_tasks(line, message):
    assert refused(line) == message


def test_arguments_of_a_spin_are_those_of_a_request():
    read = arguments(flow=None, step="s", namespace=None, run=None, set={"x": 1}, cwd="~", after="a, b")
    assert read == {
        "flow": None,
        "step": "s",
        "namespace": None,
        "overrides": {"x": 1},
        "cwd": Path.home().resolve(),
        "after": ("a", "b"),
    }
    assert Request(**arguments(flow="F", step="s", namespace=None, run=None)).overrides == {}
