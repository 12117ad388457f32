from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from spin_magic.errors import OptionError, SaveError
from spin_magic.options import (
    LOAD_HELP,
    NEW_HELP,
    SAVE_HELP,
    HelpRequested,
    LoadOptions,
    NewOptions,
    SaveOptions,
    parse_load,
    parse_new,
    parse_save,
)
from spin_magic.saved import SavedStep

DIFF = "--- flow.py\n+++ flow.py\n@@ -1,2 +1,2 @@\n-x = '<a>'\n+x = 2\n y = 3\n"


@pytest.fixture
def authored(monkeypatch):
    """What the functions of `spin_magic.authoring` were called with, and what `spin_save` gives."""
    seen = SimpleNamespace(calls=[], saved=None)

    def load_step(flow, step, **options):
        seen.calls.append(("load", flow, step, options))
        return SimpleNamespace(
            text=f"%%spin {flow} {step}\nself.x = 1\n", notes=("from f.py", "the whole def")
        )

    def spin_save(flow, step, **options):
        seen.calls.append(("save", flow, step, options))
        if flow == "Refused":
            raise SaveError("`s` was changed.", "self.x = 1")
        return seen.saved

    monkeypatch.setattr("spin_magic.authoring.load_step", load_step)
    monkeypatch.setattr("spin_magic.authoring.spin_save", spin_save)
    return seen


def saved(**changed):
    from spin_magic.loop.saving import _render

    values = {"flow": "F", "step": "s", "path": Path("flow.py"), "diff": DIFF, "written": True}
    return SavedStep(**values | {"render": _render} | changed)


def test_load_goes_to_the_next_prompt_and_is_printed_where_there_is_none(
    shell, authored, capsys, monkeypatch
):
    placed = []
    monkeypatch.setattr(shell, "set_next_input", lambda text, replace=False: placed.append((text, replace)))
    shell.run_cell("%spin_load flow.py s --def -o text").raise_error()

    text = "%%spin flow.py s\nself.x = 1\n"
    assert placed == [(text, False)]
    assert shell.user_ns["text"] == text
    assert capsys.readouterr().out == f"from f.py\nthe whole def\n{text}\n"
    [(_, flow, step, options)] = authored.calls
    assert (flow, step, options["whole"]) == ("flow.py", "s", True)
    assert options["notebook"] is shell.user_ns

    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    shell.run_cell("%spin_load F s").raise_error()
    assert capsys.readouterr().out == "from f.py\nthe whole def\n"
    assert len(placed) == 2


def test_save_shows_the_diff_as_text_and_in_the_panel_s_style(shell, authored):
    authored.saved = saved(notes=("`x` <is> new.",), next_change=DIFF.replace("x =", "z ="))
    shell.run_cell("%spin_save F s --after a,b --after c --link --force --dry-run -o kept").raise_error()

    [(_, _, _, options)] = authored.calls
    options.pop("notebook")
    assert options == {"force": True, "dry_run": True, "link": True, "after": ("a", "b", "c")}
    assert shell.user_ns["kept"] is authored.saved
    [output] = shell.display_pub.outputs
    text, html = (output["data"][mime] for mime in ("text/plain", "text/html"))
    assert text.startswith("Saved `s` in flow.py.\n`x` <is> new.\nChange of s:\n" + DIFF)
    assert "+z = 2" in text
    assert html.count('class="spin-text spin-diff"') == 2
    assert "<span class=\"spin-gone-line\">-x = '&lt;a&gt;'" in html
    assert '<span class="spin-new-line">+x = 2' in html
    assert "<is>" not in html


def test_save_without_a_name_and_with_nothing_to_save(shell, authored, shown):
    authored.saved = saved(diff="", written=False)
    shell.run_cell("%spin_save").raise_error()

    assert authored.calls[0][1:3] == (None, None)
    assert shown() == ["Nothing to save: flow.py has `s` as it was spun last."]
    assert "spin-diff" not in shell.display_pub.outputs[0]["data"]["text/html"].partition("</style>")[2]


def test_the_new_cell_of_a_flow_of_the_notebook_is_offered(shell, authored, monkeypatch, shown):
    placed = []
    monkeypatch.setattr(shell, "set_next_input", placed.append)
    authored.saved = saved(path=None, cell="class F: ...", written=False)
    shell.run_cell("%spin_save").raise_error()
    assert placed == ["class F: ..."]
    assert "run its new cell to save `s`" in shown()[0]
    shell.run_cell("%spin_save --dry-run").raise_error()
    assert len(placed) == 1


def test_a_refused_save_fails_the_cell_in_one_line(shell, authored, capsys):
    done = shell.run_cell("%spin_save Refused s")

    assert isinstance(done.error_in_exec, SaveError)
    assert capsys.readouterr().out.splitlines() == ["SaveError: `s` was changed."]


def test_new_writes_a_flow_and_offers_its_start(shell, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METAFLOW_USER", "tester")
    placed = []
    monkeypatch.setattr(shell, "set_next_input", placed.append)
    shell.run_cell("%spin_new GrownFlow").raise_error()

    assert placed == ['%%spin GrownFlow start\n"""What the flow begins with."""\nself.next(self.end)\n']
    assert "grownflow.py is a flow that runs." in capsys.readouterr().out
    compile((tmp_path / "grownflow.py").read_text(), "grownflow.py", "exec")
    # The bare name would mean either of the two.
    shell.run_cell("%spin_new GrownFlow --file other.py").raise_error()
    assert placed[1].startswith("%%spin other.py start\n")


@pytest.mark.parametrize(
    ("parse", "line", "options"),
    [
        (parse_load, "F s", LoadOptions("F", "s")),
        (parse_load, "f.py 12/s --def -o t", LoadOptions("f.py", "12/s", whole=True, output="t")),
        (parse_save, "", SaveOptions()),
        (parse_save, "  # the last", SaveOptions()),
        (parse_save, "F s --dry-run", SaveOptions("F", "s", dry_run=True)),
        (parse_save, "--after a --link", SaveOptions(after=("a",), link=True)),
        (parse_save, "F s", SaveOptions("F", "s")),
        (parse_new, "F", NewOptions("F")),
        (parse_new, "F --file 'a b.py'", NewOptions("F", "a b.py")),
    ],
)
def test_lines(parse, line, options):
    assert parse(line) == options


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%spin_load F", "FLOW or STEP is missing beside F"),
        ("%spin_save F", "FLOW or STEP is missing beside F"),
        ("%spin_save F s t", "'t' is too much"),
        ("%spin_save --after a-b", "should be a step's name"),
        ("%spin_save --dry", "no option --dry.*--dry-run"),
        ("%spin_new", "FLOW is missing"),
        ("%spin_new A B", "'B' is too much"),
    ],
)
def test_mistakes_fail_the_cell(shell, api, line, said):
    error = shell.run_cell(line).error_in_exec
    assert isinstance(error, OptionError)
    with pytest.raises(OptionError, match=said):
        raise error


@pytest.mark.parametrize(
    ("magic", "text", "parse"),
    [
        ("spin_load", LOAD_HELP, parse_load),
        ("spin_save", SAVE_HELP, parse_save),
        ("spin_new", NEW_HELP, parse_new),
    ],
)
def test_help_is_the_docstring(shell, magic, text, parse, capsys):
    shell.run_cell(f"%{magic} --help").raise_error()
    assert capsys.readouterr().out.strip() == text.strip() == shell.find_line_magic(magic).__doc__.strip()
    with pytest.raises(HelpRequested):
        parse("-h")
