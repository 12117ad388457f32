"""The table in docs/parity.md knows every option and setting of the installed Metaflow's own `spin`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import metaflow
from metaflow.cli import start
from metaflow.cli_components.run_cmds import spin

from spin_magic.options import SPIN_HELP
from tests.conformance.runs import environment

PAGE = (Path(__file__).parents[2] / "docs" / "parity.md").read_text(encoding="utf-8")
ROWS = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| `")]


def named(column: int) -> set[str]:
    return {word for row in ROWS for word in re.findall(r"`([^` ]+)", row[column])}


def options_of(command) -> set[str]:
    return {
        name for option in command.params for name in [*option.opts, *option.secondary_opts] if name[0] == "-"
    }


def test_every_option_of_the_command_is_in_the_table():
    assert options_of(spin) >= {"--persist", "--artifacts-module"}
    assert options_of(spin) - named(0) == set()
    arguments = {option.name for option in spin.params if option.param_type_name == "argument"}
    assert arguments == {"pathspec"}
    assert "PATHSPEC" in named(0)


def test_every_option_before_the_command_is_in_the_table():
    """As its help lists them: those for configs are added where a flow has some."""
    flow = Path(__file__).parents[1] / "flows" / "configs.py"
    shown = subprocess.run(
        [sys.executable, flow.name, "--help"],
        cwd=flow.parent,
        env=environment({"METAFLOW_USER": "tester"}),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = set(re.findall(r"^\s+(--[\w-]+)", shown, re.MULTILINE)) - {"--help", "--version"}
    assert found >= {"--config", "--config-value", "--environment"}
    assert (found | options_of(start)) - named(0) == set()


def test_every_setting_of_spin_is_in_the_table():
    text = Path(metaflow.metaflow_config.__file__).read_text(encoding="utf-8")
    settings = {f"METAFLOW_{name}" for name in re.findall(r'from_conf\(\s*"(\w*SPIN\w*)"', text)}
    assert "METAFLOW_SPIN_PERSIST" in settings
    assert settings - named(0) == set()


def test_the_table_says_nothing_of_what_is_not_there():
    theirs = {name for name in named(0) if name.startswith("--")}
    assert theirs - options_of(spin) - options_of(start) == {
        *("--config", "--config-value"),  # of flows that have some
        *("--branch", "--production"),  # of @project
    }
    ours = {name for row in ROWS for name in re.findall(r"`(--[\w-]+)", row[1])}
    assert {name for name in ours if name not in SPIN_HELP} == set()
