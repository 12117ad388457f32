"""The magics before the extension is loaded: there by name, loaded by their first use, gone without trace."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter

from spin_magic import enabling, lazy, magics, versions
from spin_magic.magics import room

ROOT = Path(__file__).parents[2]


@pytest.fixture
def offered(bare_shell):
    """A shell as it is after its startup files."""
    for loaded in ("load_ext", "lsmagic", "pinfo", "config"):
        bare_shell.find_line_magic(loaded)  # IPython loads its own magics when one is asked for
    file = ROOT / "jupyter-config" / "startup" / enabling.FILE
    bare_shell.safe_execfile(str(file), bare_shell.user_ns, raise_exceptions=True)
    return bare_shell


def tab(shell, text):
    """Press Tab at the end of a cell."""
    with provisionalcompleter():
        return [each.text for each in shell.Completer.completions(text, len(text))]


def is_loaded(shell):
    return "spin_magic" in shell.extension_manager.loaded


def state(shell):
    manager = shell.magics_manager
    return (
        {kind: dict(table) for kind, table in manager.magics.items()},
        dict(manager.registry),
        list(shell.configurables),
        {event: list(callbacks) for event, callbacks in shell.events.callbacks.items()},
        list(shell.Completer.custom_matchers),
        list(shell.input_transformers_cleanup + shell.input_transformers_post + shell.ast_transformers),
        set(shell.user_ns) - {"_i", "_ii", "_iii"},
        set(shell.user_ns_hidden),
    )


def test_the_names_are_those_of_the_magics(shell):
    ours = {kind: set() for kind in lazy.NAMES}
    for each in shell.magics_manager.registry.values():
        if isinstance(each, room.Room):
            for kind, table in each.magics.items():
                ours[kind] |= set(table)
    assert {kind: set(names) for kind, names in lazy.NAMES.items()} == ours


def test_the_file_of_the_wheel_is_what_enable_writes():
    assert (ROOT / "jupyter-config" / "startup" / enabling.FILE).read_text() == enabling.TEXT


def test_an_offer_binds_no_name_and_imports_nothing_but_itself(tmp_path):
    program = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from traitlets.config import Config\n"
        "config = Config()\n"
        "config.HistoryManager.enabled = False\n"
        "shell = InteractiveShell.instance(config=config)\n"
        "names, modules = set(shell.user_ns), set(sys.modules)\n"
        f"shell.safe_execfile({str(ROOT / 'jupyter-config' / 'startup' / enabling.FILE)!r}, shell.user_ns)\n"
        "print(sorted(set(shell.user_ns) - names), sorted(set(sys.modules) - modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path), "PATH": ""},
    )
    assert done.stdout.splitlines()[-1] == "[] ['spin_magic', 'spin_magic.lazy']"
    assert done.stderr == ""


def test_the_first_use_of_a_magic_loads_it(offered, api):
    assert not is_loaded(offered)
    assert offered.run_line_magic("spin", "F train").step == "train"
    assert is_loaded(offered)
    assert not any(lazy.waits(entry) for entry in offered.magics_manager.magics["line"].values())


def test_the_first_cell_loads_it_and_reaches_the_magic_as_it_was_written(offered, api):
    offered.user_ns["x"] = 5
    ran = offered.run_cell("%%spin F train --set a=x --set 'b=\"{x} $x\"'\nfresh = 1")
    assert ran.success
    assert api.calls[0]["body"] == "fresh = 1\n"
    assert api.calls[0]["set"] == {"a": 5, "b": "{x} $x"}


def test_without_the_percent_sign_too(offered, api):
    assert offered.run_cell("spin_inputs F train").success
    assert api.calls[0]["step"] == "train"


@pytest.mark.parametrize(
    ("asked", "answer"),
    [("%spin?", "usage: %spin FLOW"), ("%%spin?", "usage: %spin FLOW"), ("%spin_load??", "def magic(")],
)
def test_the_first_question_is_answered_as_any_later_one(offered, capsys, asked, answer):
    offered.run_cell(asked)
    first = capsys.readouterr().out
    offered.run_cell(asked)
    assert capsys.readouterr().out == first
    assert answer in first
    assert is_loaded(offered)


def test_a_front_end_s_inspector_sees_the_help(offered):
    assert "usage: %spin_flow" in offered.object_inspect_mime("%spin_flow")["text/plain"]


def test_lists_of_magics_have_the_names(offered):
    said = str(offered.run_line_magic("lsmagic", ""))
    assert "%spin_inputs" in said
    assert "%%spin" in said
    assert "%spin_inputs" in tab(offered, "%spin_in")
    assert not is_loaded(offered)
    offered.display_formatter.format(offered.run_line_magic("lsmagic", ""))  # the JSON that notebooks get
    offered.run_cell("%alias")
    assert "spin_inputs" in offered.magics_manager.magics["line"]


def test_the_first_tab_asks_the_completion_that_loading_brings(offered, monkeypatch):
    def ours(context):
        return {"completions": [], "seen": context.full_text}

    ours.matcher_api_version = 2

    def register(shell):
        lazy.withdraw(shell)
        shell.Completer.custom_matchers.append(ours)

    monkeypatch.setattr(magics, "register", register)
    [first_tab] = [each for each in offered.Completer.custom_matchers if each.__module__ == lazy.__name__]

    class Context:
        full_text = "x = 1\n%spin Tr"

    assert first_tab(Context)["seen"] == Context.full_text
    assert first_tab not in offered.Completer.custom_matchers


@pytest.mark.parametrize("text", ["%spin ", "r = %spin F ", "%%spin F t", "spin_inputs F "])
def test_tab_after_a_magic_loads_it(offered, text):
    tab(offered, text)
    assert is_loaded(offered)


@pytest.mark.parametrize("text", ["pri", "spin", "x.spin", "spinner = pri", "%time pri"])
def test_tab_elsewhere_does_not(offered, text):
    tab(offered, text)
    assert not is_loaded(offered)


@pytest.mark.parametrize(
    "cell", ["%config SpinMagic", "%config", "x = 1\n%config SpinMagic.embed_cards = True"]
)
def test_the_settings_are_there_before_the_magics(offered, capsys, cell):
    assert offered.run_cell(cell).success
    assert is_loaded(offered)
    assert "= True" in cell or "SpinMagic" in capsys.readouterr().out
    assert offered.run_line_magic("config", "SpinMagic.embed_cards") is ("= True" in cell)
    offered.run_line_magic("config", "SpinMagic.embed_cards = False")


def test_a_cell_of_many_empty_lines_costs_nothing(offered):
    """Every kernel of the environment pays for this; it was quadratic."""
    cell = "x = 1" + "\n" * 50_000 + "y = 2"
    begun = time.perf_counter()
    assert not re.search(lazy._ASKED, cell)
    assert not re.search(lazy._CONFIGURES, cell)
    assert time.perf_counter() - begun < 1


def test_tab_finds_the_settings(offered):
    assert "SpinMagic" in tab(offered, "%config Spi")


def test_settings_of_others_load_nothing(offered):
    assert offered.run_cell("%config Completer.greedy = False").success
    assert not is_loaded(offered)


# --------------------------------------------------------------------------------- names that are taken


def test_a_name_that_is_taken_stays_and_is_said_once(offered, bare_shell, api, capsys):
    lazy.withdraw(offered)
    offered.register_magic_function(lambda _: "theirs", "line", "spin")
    lazy.offer(offered)
    assert offered.run_line_magic("spin", "F s") == "theirs"
    assert not is_loaded(offered)

    offered.run_line_magic("spin_inputs", "F s")
    said = capsys.readouterr().out
    assert (
        said.count("%spin was there before and stays; `%reload_ext spin_magic` makes it spin_magic's.") == 1
    )
    assert offered.run_line_magic("spin", "F s") == "theirs"
    assert offered.run_cell_magic("spin", "F s", "pass") is None
    offered.run_line_magic("spin_inputs", "F s")
    assert capsys.readouterr().out == ""

    offered.run_line_magic("reload_ext", "spin_magic")
    assert offered.run_line_magic("spin", "F s").step == "s"
    offered.run_line_magic("unload_ext", "spin_magic")
    assert offered.run_line_magic("spin", "F s") == "theirs"


def test_a_magic_that_is_made_later_is_not_taken_away_with_ours(offered, api):
    offered.run_line_magic("load_ext", "spin_magic")
    offered.register_magic_function(lambda _: "theirs", "line", "spin_test")
    offered.run_line_magic("unload_ext", "spin_magic")
    assert offered.run_line_magic("spin_test", "") == "theirs"
    assert offered.find_line_magic("spin") is None


def test_an_offer_may_be_made_twice(offered):
    def kinds(shell):
        tables = shell.magics_manager.magics
        hooks = (shell.Completer.custom_matchers, shell.events.callbacks["pre_run_cell"])
        return {kind: set(table) for kind, table in tables.items()}, [len(each) for each in hooks]

    before = kinds(offered)
    lazy.offer(offered)
    assert kinds(offered) == before


def test_an_extension_that_is_loaded_already_needs_no_offer(shell):
    before = state(shell)
    lazy.offer(shell)
    assert state(shell) == before


# ------------------------------------------------------------------------------------ load and unload


@pytest.mark.parametrize("first", ["load_ext", "reload_ext", "spin"])
def test_unloading_leaves_the_shell_as_it_was_before_the_offer(bare_shell, offered, api, first):
    lazy.withdraw(offered)
    before = state(offered)
    lazy.offer(offered)
    offered.run_line_magic(first, "F s" if first == "spin" else "spin_magic")
    offered.run_line_magic("reload_ext", "spin_magic")
    assert offered.run_line_magic("spin", "F s").step == "s"
    offered.run_line_magic("unload_ext", "spin_magic")
    assert state(offered) == before


def test_a_shell_with_an_offer_ends_quietly(offered):
    """IPython goes through all magics when it ends."""
    offered.reset(new_session=False)
    assert not is_loaded(offered)


# ------------------------------------------------------------------------------------ what can be missing


def test_without_metaflow_the_first_use_says_so_and_fails(offered, monkeypatch, capsys):
    monkeypatch.setattr(versions, "installed_version", lambda: None)
    for _ in range(2):
        ran = offered.run_cell("%spin F train")
        assert not ran.success
        said = capsys.readouterr().out
        assert "EngineError: spin_magic needs Metaflow" in said
        assert "none is installed" in said
        assert "Traceback" not in said
    tab(offered, "%spin ")
    offered.run_cell("%spin?")
    assert "none is installed" in capsys.readouterr().out
    monkeypatch.undo()
    offered.run_cell("%spin?")
    assert "usage: %spin" in capsys.readouterr().out


def test_a_broken_installation_is_said_at_the_first_use(offered, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "spin_magic.magics", None)
    assert not offered.run_cell("%spin F train").success
    said = capsys.readouterr().out
    assert "EngineError: spin_magic cannot be loaded" in said
    assert "Traceback" not in said


def test_a_broken_installation_leaves_the_start_alone(bare_shell, monkeypatch, capsys):
    before = state(bare_shell)
    with monkeypatch.context() as broken:
        broken.delattr(lazy, "offer")
        exec(enabling.TEXT, bare_shell.user_ns)  # noqa: S102 - as IPython does
    monkeypatch.setitem(sys.modules, "spin_magic.lazy", None)
    exec(enabling.TEXT, bare_shell.user_ns)  # noqa: S102 - the same
    assert state(bare_shell) == before
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("ends", ["raise SystemExit(3)", "raise KeyboardInterrupt"])
def test_a_script_of_the_user_s_that_has_our_name_ends_no_kernel(bare_shell, tmp_path, monkeypatch, ends):
    (tmp_path / "spin_magic.py").write_text(ends)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "spin_magic"]:
        monkeypatch.delitem(sys.modules, name)
    before = state(bare_shell)
    exec(enabling.TEXT, bare_shell.user_ns)  # noqa: S102 - as IPython does
    assert state(bare_shell) == before
