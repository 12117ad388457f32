"""The Tab key in a terminal's shell, as IPython's completer sees it."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter

import spin_magic.completing
from spin_magic.settings import SpinMagic

FLOW = """\
from metaflow import FlowSpec, step

class FitFlow(FlowSpec):
    @step
    def start(self):
        "Reads the rows."
        self.next(self.end)
    @step
    def end(self):
        pass
"""


@pytest.fixture(params=[True, False], ids=["jedi", "without jedi"])
def tab(shell, tmp_path, monkeypatch, request):
    """Press Tab at the end of a text, in a folder with a flow."""
    (tmp_path / "fit.py").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    shell.Completer.use_jedi = request.param
    monkeypatch.setattr(SpinMagic.instance(), "tab_seconds", 20.0)

    def press(text):
        with provisionalcompleter():
            return list(shell.Completer.completions(text, len(text)))

    return press


def texts(completions):
    return [each.text for each in completions]


def test_candidates_come_in_their_order_with_what_they_are(tab):
    offered = tab("r = %spin_load FitFlow ")

    assert [(each.text, each.type) for each in offered] == [
        ("start", "Reads the rows."),
        ("end", "step, the last"),
    ]
    assert {(each.start, each.end) for each in offered} == {(23, 23)}


def test_options_have_their_help(tab):
    offered = {each.text: each.type for each in tab("%spin FitFlow start --")}

    assert offered["--seed"] == "seed the random number generators"
    assert "--set" in offered


def test_nothing_else_is_mixed_in(tab, shell):
    shell.user_ns |= {"FitOther": 1, "stare": 2}

    assert texts(tab("%spin Fit")) == ["FitFlow", "fit.py"]
    assert texts(tab("%spin_load FitFlow sta")) == ["start"]
    assert texts(tab("%spin_load FitFlow nothing")) == []


def test_the_older_call_gives_the_same(tab, shell):
    with pytest.warns(PendingDeprecationWarning):
        assert shell.complete("", "%spin_load FitFlow st", 21) == ("st", ["start"])


def test_magics_without_a_sign(tab, shell):
    assert texts(tab("spin Fit")) == ["FitFlow", "fit.py"]
    shell.user_ns["spin"] = print
    assert "FitFlow" not in texts(tab("spin Fit"))
    shell.automagic = False
    assert "FitFlow" not in texts(tab("spin_load Fit"))


@pytest.mark.parametrize(
    "text", ["%%time\n%spin Fit", "%%spin FitFlow start\nFit", "x = 'a'\n%%spin Fit", "%spin # Fit"]
)
def test_where_ipython_runs_no_magic_there_is_nothing(tab, text):
    assert "FitFlow" not in texts(tab(text))


def test_what_goes_wrong_is_kept_from_somebody_who_is_typing(tab, monkeypatch, capsys):
    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr(spin_magic.completing, "offers", broken)

    assert "FitFlow" not in texts(tab("%spin Fit"))
    assert capsys.readouterr() == ("", "")


def test_matchers_of_others_stay(tab, shell):
    def theirs(_):
        return ["theirs"]

    shell.Completer.custom_matchers.append(theirs)
    shell.run_line_magic("reload_ext", "spin_magic")
    assert texts(tab("%spin Fit")) == ["FitFlow", "fit.py"]
    shell.run_line_magic("unload_ext", "spin_magic")
    assert shell.Completer.custom_matchers == [theirs]
