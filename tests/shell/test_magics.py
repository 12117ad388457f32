from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest

from spin_magic.errors import OptionError, TaskError
from spin_magic.options import INPUTS_HELP, SPIN_HELP
from spin_magic.result import SpinResult


class Thing:
    """Something that can be referred to weakly."""


def run(shell, cell):
    """Run a cell that should go well, and give its value."""
    done = shell.run_cell(cell, store_history=True)
    done.raise_error()
    return done.result


def failure(shell, cell):
    """Run a cell that should fail, and give its exception."""
    done = shell.run_cell(cell, store_history=True)
    assert not done.success
    return done.error_in_exec


# ------------------------------------------------------------------------------------ parse and call


def test_what_is_refused_does_nothing_to_a_terminal(shell, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a\x1b[2J\u202e.py").write_text("import metaflow\nclass MyFlow(metaflow.FlowSpec): pass")
    failure(shell, "%spin NoFlow start")
    said = capsys.readouterr().out
    assert "MyFlow (a\\x1b[2J\\u202e.py)" in said
    assert said.replace("\n", "").isprintable()


def test_a_folder_that_is_gone_is_said(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for line in ("%spin_inputs MyFlow start", "%spin_flow MyFlow"):
        assert "The working directory is gone" in str(failure(shell, line))


def test_the_options_of_a_line_reach_the_api(shell, api):
    run(
        shell,
        "%spin F s --index 2 --from 7 --namespace '' --config c c.json --config-value d 3 --cwd /x --seed 4",
    )
    [call] = api.calls
    expected = {
        "flow": "F",
        "step": "s",
        "body": None,
        "index": 2,
        "value": None,
        "run": "7",
        "source": "run",
    }
    expected |= {"namespace": None, "set": {}, "artifacts_module": None, "config": {"c": "c.json"}, "seed": 4}
    expected |= {
        "config_value": {"d": "3"},
        "cwd": "/x",
        "skip_decorators": False,
        "cards": True,
        "check": False,
    }
    assert {name: call[name] for name in expected} == expected
    assert call["notebook"] is shell.user_ns


def test_a_namespace_that_is_not_given_is_left_to_the_api(shell, api):
    run(shell, "%spin_inputs F s --from spin --value b --artifacts-module a.py")
    [call] = api.calls
    assert "namespace" not in call
    assert (call["source"], call["run"], call["value"], call["artifacts_module"]) == (
        "spin",
        None,
        "b",
        "a.py",
    )


def test_the_cell_is_the_body_to_the_byte(shell, api):
    run(shell, "%%spin F s --no-cards --skip-decorators\nx = '{y} $y'\n\n  # end\n")
    assert api.calls[0]["body"] == "x = '{y} $y'\n\n  # end\n"
    assert (api.calls[0]["cards"], api.calls[0]["skip_decorators"]) == (False, True)


def test_set_is_evaluated_in_the_notebook_and_the_line_is_not_expanded(shell, api):
    run(shell, "alpha = 3\ndef twice(x): return 2 * x")
    run(shell, "%spin F s --set 'x=[twice(v) for v in (alpha, 1)]' --set train.y={} --value '{alpha} $alpha'")
    assert api.calls[0]["set"] == {"x": [6, 2], "train.y": {}}
    assert api.calls[0]["value"] == "{alpha} $alpha"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (
            "nobody",
            "--set x=nobody failed: NameError: name 'nobody' is not defined. For a text,",
        ),
        ("1/0", "--set x=1/0 failed: ZeroDivisionError: division by zero."),
        ("'a b'", "--set x=a b failed: SyntaxError: invalid syntax"),
    ],
)
def test_an_expression_that_fails_is_named(shell, api, expression, said, capsys):
    error = failure(shell, f"%spin F s --set x={expression}")
    assert isinstance(error, OptionError)
    assert str(error).startswith(said)
    assert api.calls == []
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_mistake_in_the_line_fails_the_cell_in_one_line(shell, api, capsys):
    assert isinstance(failure(shell, "%%spin F s --indx 2\nx = 1"), OptionError)
    assert capsys.readouterr().out.splitlines() == [
        "OptionError: There is no option --indx. Did you mean '--index'? See --help."
    ]
    assert api.calls == []


@pytest.mark.parametrize(("magic", "text"), [("spin", SPIN_HELP), ("spin_inputs", INPUTS_HELP)])
def test_help_and_question_mark_say_the_same(shell, api, magic, text, capsys):
    assert run(shell, f"%{magic} --help") is None
    assert capsys.readouterr().out.strip() == text.strip()
    assert shell.find_line_magic(magic).__doc__ == text
    assert api.calls == []


def test_help_of_the_cell_magic(shell, api, capsys):
    run(shell, "%%spin --help\nx = 1")
    assert capsys.readouterr().out.strip() == SPIN_HELP.strip()
    assert shell.find_cell_magic("spin").__doc__ == SPIN_HELP
    assert api.calls == []


# ----------------------------------------------------------------------------------------- the value


def test_the_line_s_value_is_the_result_and_the_panel_is_shown_once(shell, api, shown, capsys):
    result = run(shell, "r = %spin F s\nr")
    assert isinstance(result, SpinResult)
    assert result is shell.user_ns["_spin"] is shell.user_ns["r"]
    assert shown() == ["panel s"]
    assert run(shell, "%spin F t") is shell.user_ns["_spin"]
    assert shown() == ["panel s", "panel t"]
    assert "SpinResult" not in capsys.readouterr().out


def test_other_values_and_later_cells_are_shown_as_ever(shell, api, capsys):
    run(shell, "%spin F s\n41 + 1")
    assert "42" in capsys.readouterr().out
    run(shell, "_spin")
    assert "panel s" in capsys.readouterr().out
    assert "compute_format_data" not in vars(shell.displayhook)


def test_the_cell_s_value_is_nothing_and_the_panel_is_shown(shell, api, shown):
    assert run(shell, "%%spin F s -o kept\nx = 1") is None
    assert shown() == ["panel s"]
    assert shell.user_ns["kept"] is shell.user_ns["_spin"]
    assert "x" not in shell.user_ns


def test_o_binds_the_inputs(shell, api, shown):
    run(shell, "%spin_inputs F s -o found")
    assert shell.user_ns["found"].step == "s"
    assert shown() == ["inputs s"]


def test_the_output_history_keeps_the_last_result_of_each_step_alone(shell, api):
    for _ in range(3):
        run(shell, "%spin F s")
    run(shell, "%spin F other")
    assert [(value.step, number) for number, value in shell.user_ns["_oh"].items()] == [
        ("s", 3),
        ("other", 4),
    ]
    run(shell, "mine = %spin F s\n%spin F s")
    assert shell.user_ns["mine"].step == "s"

    gone = weakref.ref(run(shell, "%spin F s"))
    run(shell, "%spin F s")
    gc.collect()
    assert gone() is None
    assert shell.user_ns["_"] is shell.user_ns["_spin"]


# ------------------------------------------------------------------------------------------- failures


def test_a_failing_body_shows_the_panel_and_one_traceback_at_the_cell_s_line(shell, api, shown, capsys):
    error = failure(shell, "%%spin F s\nx = 1\n\nx / 0")
    printed = capsys.readouterr().out
    assert isinstance(error, ZeroDivisionError)
    assert shown() == ["panel s"]
    assert printed.count("ZeroDivisionError: division by zero") == 1
    assert "spin_magic" not in printed
    assert f"In[{shell.execution_count - 1}], line 4" in printed
    assert "----> 4 x / 0" in printed
    assert shell.user_ns["_spin"].error is error
    assert shell.user_ns["_spin"].locals["x"] == 1


@pytest.mark.parametrize("raised", ["KeyboardInterrupt()", "SystemExit(3)"])
@pytest.mark.filterwarnings("ignore:To exit")
def test_interrupt_and_exit_fail_the_cell_too(shell, api, shown, raised):
    error = failure(shell, f"%%spin F s -o half\nx = 1\nraise {raised}")
    assert repr(error).startswith(raised.split("(")[0])
    assert shown() == ["panel s"]
    assert shell.user_ns["half"].locals["x"] == 1


def test_a_failing_step_of_the_file_fails_the_line(shell, api):
    api.error = ValueError("boom")
    assert failure(shell, "r = %spin F s") is api.error
    assert "r" not in shell.user_ns
    assert shell.user_ns["_spin"].error is api.error


# -------------------------------------------------------------------------------------- bound names


def test_inputs_become_variables(shell, api):
    api.artifacts = {"df": [1, 2], "alpha": 0.5}
    run(shell, "%spin_inputs F s -o found")
    found = shell.user_ns["found"]
    assert (shell.user_ns["df"], shell.user_ns["alpha"]) == ([1, 2], 0.5)
    assert shell.user_ns["self"] is found.self
    assert "inputs" not in shell.user_ns
    assert (found.bound, found.kept, found.waiting) == (("self", "df", "alpha"), (), ())


def test_a_join_binds_its_branches(shell, api):
    api.branches = [SimpleNamespace(x=1)]
    run(shell, "%spin_inputs F join")
    assert run(shell, "[each.x for each in inputs]") == [1]


def test_names_of_the_user_are_kept_unless_told_otherwise(shell, api, capsys):
    api.artifacts = {"df": [1], "alpha": 0.5}
    run(shell, "df = 'mine'\nself = 'mine'")
    run(shell, "%spin_inputs F s -o found")
    assert run(shell, "df, self, alpha") == ("mine", "mine", 0.5)
    assert shell.user_ns["found"].kept == ("self", "df")
    assert "self is your own and stays as it is; --overwrite binds it." in capsys.readouterr().out
    assert api.loaded == ["alpha"]
    run(shell, "%spin_inputs F s -o found --overwrite")
    assert run(shell, "df") == [1]
    assert shell.user_ns["found"].kept == ()


@pytest.mark.parametrize("value", [[1], Thing(), None, "text"])
def test_a_name_that_was_bound_before_is_bound_again_until_the_user_takes_it(shell, api, value):
    api.artifacts = {"thing": value}
    run(shell, "%spin_inputs F s")
    api.artifacts = {"thing": "next"}
    run(shell, "%spin_inputs F s -o found")
    assert shell.user_ns["thing"] == "next"
    run(shell, "thing = object()")
    run(shell, "%spin_inputs F s -o found")
    assert shell.user_ns["thing"] != "next"
    assert shell.user_ns["found"].kept == ("thing",)


def test_what_was_bound_before_a_reload_is_bound_again(shell, api):
    """A notebook that begins with %reload_ext went on with the inputs of the time before."""
    api.artifacts = {"thing": [1]}
    run(shell, "%spin_inputs F s")
    api.artifacts = {"thing": [2]}
    run(shell, "%reload_ext spin_magic")
    run(shell, "mine = 1\n%spin_inputs F s -o found")
    assert shell.user_ns["thing"] == [2]
    assert shell.user_ns["self"] is shell.user_ns["found"].self
    assert shell.user_ns["found"].kept == ()


def test_a_name_deleted_and_made_anew_by_the_user_is_the_user_s(shell, api):
    api.artifacts = {"rows": [1], "thing": Thing()}
    run(shell, "%spin_inputs F s")
    api.artifacts = {"rows": [2], "thing": 2}
    gc.collect()
    run(shell, "del rows, thing\nrows = []\nthing = None")
    run(shell, "%spin_inputs F s")
    assert run(shell, "rows, thing") == ([], None)


def test_what_is_bound_is_not_kept_alive(shell, api):
    api.artifacts = {"thing": Thing()}
    gone = weakref.ref(api.artifacts["thing"])
    run(shell, "%spin_inputs F s")
    api.artifacts = {}
    run(shell, "del thing, self")
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    "name",
    [
        "list",
        "In",
        "Out",
        "_",
        "__",
        "_3",
        "_i9",
        "_ih",
        "_oh",
        "_dh",
        "exit",
        "get_ipython",
        "_spin",
        "None",
    ],
)
def test_names_of_python_and_ipython_are_never_taken(shell, api, name):
    run(shell, "1 + 1")
    before = shell.user_ns.get(name)
    api.artifacts = {name: "stored"}
    run(shell, "%spin_inputs F s --overwrite -o found")
    assert shell.user_ns.get(name) is before
    assert shell.user_ns["found"].waiting == (name,)


def test_large_artifacts_wait_until_they_are_touched(shell, api):
    api.artifacts = {"big": "big", "small": "small"}
    api.sizes = {"big": 64 * 2**20 + 1, "small": 64 * 2**20}
    run(shell, "%spin_inputs F s -o found")
    assert "big" not in shell.user_ns
    assert shell.user_ns["small"] == "small"
    assert shell.user_ns["found"].waiting == ("big",)
    assert api.loaded == ["small"]


def test_the_size_budget_is_a_setting(shell, api):
    api.artifacts, api.sizes = {"big": "big"}, {"big": 1001}
    run(shell, "%config SpinMagic.size_budget = '1kB'\n%spin_inputs F s -o found")
    assert shell.user_ns["found"].waiting == ("big",)


@pytest.mark.parametrize("option", ["--all", "--only big"])
def test_large_artifacts_are_bound_on_demand(shell, api, option):
    api.artifacts, api.sizes = {"big": "big"}, {"big": 64 * 2**20 + 1}
    run(shell, f"%spin_inputs F s {option}")
    assert shell.user_ns["big"] == "big"


def test_only_binds_those_alone(shell, api):
    api.artifacts = {"a": 1, "b": 2, "c": 3}
    run(shell, "%spin_inputs F s --only c,a -o found")
    assert shell.user_ns["found"].bound == ("c", "a")
    assert not {"b", "self"} & shell.user_ns.keys()
    assert api.loaded == ["c", "a"]
    run(shell, "%spin_inputs F s --only self")
    assert "self" in shell.user_ns
    message = str(failure(shell, "%spin_inputs F s --only aa"))
    assert message == "--only aa: the step has no such input. Did you mean 'a'?"


def test_an_artifact_that_cannot_be_loaded_stays_on_self_and_is_said(shell, api, capsys):
    api.artifacts = {"bad": ModuleNotFoundError("No module named 'x'"), "good": 1}
    run(shell, "%spin_inputs F s -o found")
    assert shell.user_ns["good"] == 1
    assert shell.user_ns["found"].waiting == ("bad",)
    assert "bad could not be loaded: ModuleNotFoundError: No module named 'x'" in capsys.readouterr().out
    said = failure(shell, "%spin_inputs F s --only bad")
    assert isinstance(said, TaskError)
    assert str(said) == "--only bad could not be loaded: ModuleNotFoundError: No module named 'x'"


def test_locals_are_bound_on_demand_and_never_over_the_user_s(shell, api):
    run(shell, "mine = 'mine'")
    run(shell, "%%spin F s\nfresh = 1")
    assert "fresh" not in shell.user_ns
    run(shell, "%%spin F s --locals\nfresh = 1\nmine = 2\nself = 3")
    assert run(shell, "fresh, mine") == (1, "mine")
    assert "self" not in shell.user_ns
    assert shell.user_ns["_spin"].notes == ["--locals kept your own mine."]
    run(shell, "%%spin F s --locals\nfresh = 2")
    assert shell.user_ns["fresh"] == 2


# ------------------------------------------------------------------------------------ load and unload


def state(shell):
    manager = shell.magics_manager
    return (
        {kind: dict(table) for kind, table in manager.magics.items()},
        dict(manager.registry),
        list(shell.configurables),
        {event: list(callbacks) for event, callbacks in shell.events.callbacks.items()},
        set(vars(shell.displayhook)),
        list(shell.Completer.custom_matchers),
        set(shell.user_ns) - {"_i", "_ii", "_iii"},
        set(shell.user_ns_hidden),
    )


def test_unload_leaves_nothing_behind_however_often_it_is_reloaded(bare_shell, api):
    bare_shell.register_magic_function(lambda _: "theirs", "line", "spin")
    bare_shell.find_line_magic("load_ext")  # IPython loads its own magics when one is asked for
    before = state(bare_shell)
    bare_shell.run_line_magic("load_ext", "spin_magic")
    bare_shell.run_line_magic("reload_ext", "spin_magic")
    bare_shell.run_line_magic("reload_ext", "spin_magic")
    assert isinstance(bare_shell.run_line_magic("spin", "F s"), SpinResult)
    bare_shell.run_line_magic("unload_ext", "spin_magic")
    assert state(bare_shell) == before
    assert bare_shell.run_line_magic("spin", "F s") == "theirs"
    assert bare_shell.find_cell_magic("spin") is None


def test_unload_without_load_does_nothing(bare_shell):
    from spin_magic.magics import unregister

    before = state(bare_shell)
    unregister(bare_shell)
    assert state(bare_shell) == before


def test_loading_imports_neither_metaflow_nor_the_report(tmp_path):
    program = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from traitlets.config import Config\n"
        "config = Config()\n"
        "config.HistoryManager.enabled = False\n"
        "shell = InteractiveShell.instance(config=config)\n"
        "shell.run_line_magic('load_ext', 'spin_magic')\n"
        "late = ('metaflow', 'ipywidgets', 'jinja2', 'pandas', 'spin_magic.api', 'spin_magic.report')\n"
        "print(shell.find_cell_magic('spin') is not None, [name for name in late if name in sys.modules])\n"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": root, "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython"), "PATH": ""},
    )
    assert done.stdout.splitlines()[-1] == "True []"
