"""Settings as a user of IPython meets them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from IPython.core.completer import provisionalcompleter
from traitlets.config import Config

from spin_magic.settings import SettingRefused, SpinMagic


def test_all_are_listed_with_help_and_value(shell, capsys):
    shell.run_cell("%config SpinMagic").raise_error()

    said = capsys.readouterr().out
    assert "SpinMagic.size_budget=<Size>" in said
    assert "Current: '64 MiB'" in said
    assert said.count("Current: ") == len(SpinMagic.class_trait_names(config=True))


def test_a_setting_is_set_and_asked_for(shell):
    shell.run_cell("rows = 7\n%config SpinMagic.preview_rows = rows").raise_error()

    assert shell.run_cell("%config SpinMagic.preview_rows").result == 7
    assert SpinMagic.instance().preview_rows == 7


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "preview_rows = -3",
            "SettingRefused: SpinMagic.preview_rows takes a whole number from 1 to 200, not -3.",
        ),
        ("embed_card = True", "SettingRefused: SpinMagic.embed_card: there is no such setting. Did you mean"),
    ],
)
def test_a_wrong_one_fails_the_cell_in_one_line(shell, capsys, line, said):
    done = shell.run_cell(f"%config SpinMagic.{line}\nprint('went on')")

    assert isinstance(done.error_in_exec, SettingRefused)
    shown = capsys.readouterr().out
    assert shown.startswith(said)
    assert len(shown.splitlines()) == 1


def test_settings_of_others_are_theirs(shell):
    shell.run_cell("%config HistoryManager.db_cache_size = 3").raise_error()

    assert shell.history_manager.db_cache_size == 3


def test_names_are_completed(shell):
    with provisionalcompleter():
        found = [each.text for each in shell.Completer.completions("%config SpinMagic.embed", 23)]

    assert found == ["SpinMagic.embed_cards", "SpinMagic.embed_details"]


def test_config_files_are_read_when_the_magics_come(bare_shell):
    bare_shell.config.merge(Config({"SpinMagic": {"preview_rows": 11}}))

    bare_shell.run_line_magic("load_ext", "spin_magic")

    assert SpinMagic.instance().preview_rows == 11


def test_a_wrong_config_file_and_a_wrong_variable_are_a_line_each(tmp_path):
    file = tmp_path / "profile_default" / "ipython_config.py"
    file.parent.mkdir()
    file.write_text("c.SpinMagic.preview_rows = 'many'\nc.SpinMagic.log_lines = 7\n", encoding="utf-8")
    cell = "%load_ext spin_magic\n%config SpinMagic.log_lines\n%config SpinMagic.preview_rows"
    env = {
        "IPYTHONDIR": str(tmp_path),
        "HOME": str(tmp_path),
        "SPIN_MAGIC_PREVIEWS": "maybe",
        "PYTHONPATH": ":".join(sys.path),
    }
    start = [sys.executable, "-m", "IPython", "--colors=NoColor", "-c", cell]
    done = subprocess.run(start, env=env, capture_output=True, text=True, check=False)

    assert done.stderr.splitlines() == [
        f"{file}: SpinMagic.preview_rows takes a whole number from 1 to 200, not 'many'. It stays 6.",
        "SPIN_MAGIC_PREVIEWS takes True or False, not 'maybe'. previews stays True.",
    ]
    assert done.returncode == 0
