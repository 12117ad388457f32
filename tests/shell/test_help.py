"""The help of each magic: the same by `?` and by `--help`, as wide as a terminal, with lines that work."""

from __future__ import annotations

import re

import pytest

from spin_magic import options
from spin_magic.errors import OptionError
from spin_magic.grammar import all_parsers
from spin_magic.grammar.examples import EXAMPLES
from spin_magic.grammar.parser import WIDTH
from spin_magic.magics.authoring import AuthoringMagics
from spin_magic.magics.spinning import SpinMagics

PARSE = {
    "spin": options.parse_spin,
    "spin_inputs": options.parse_inputs,
    "spin_cards": options.parse_cards,
    "spin_flow": options.parse_flow,
    "spin_load": options.parse_load,
    "spin_save": options.parse_save,
    "spin_new": options.parse_new,
    "spin_run": options.parse_run,
    "spin_test": options.parse_test,
    "spin_notebook": options.parse_notebook,
}
LINES = [(magic, line) for magic, lines in EXAMPLES.items() for line in lines]


def test_every_magic_is_known_to_the_tab_key_and_has_examples():
    magics = {name for room in (SpinMagics, AuthoringMagics) for name in room.magics["line"]}

    assert magics == set(all_parsers()) == set(EXAMPLES) == set(PARSE)


@pytest.mark.parametrize(("magic", "line"), LINES)
def test_an_example_is_understood(magic, line):
    found = re.fullmatch(rf"(?:r = )?%%?{magic}(?: (.*))?", line)

    assert found
    assert PARSE[magic](found[1] or "") is not None


@pytest.mark.parametrize("magic", EXAMPLES)
def test_help_is_the_same_both_ways_and_fits_a_terminal(shell, capsys, magic):
    shell.run_line_magic(magic, "--help")
    printed = capsys.readouterr().out
    told = shell.find_line_magic(magic).__doc__

    assert printed.rstrip() == told.rstrip()
    assert told.startswith(f"usage: %{magic} ")
    assert max(map(len, told.splitlines())) <= WIDTH
    for line, said in EXAMPLES[magic].items():
        assert re.search(rf"^  {re.escape(line)} +{re.escape(said)}$", told, re.MULTILINE)


@pytest.mark.parametrize("magic", EXAMPLES)
def test_the_question_mark_shows_it_as_it_is(shell, magic):
    seen = shell.inspector._get_info(shell.find_line_magic(magic), magic)["text/plain"]

    assert "\nexamples:\n" in seen
    assert f"usage: %{magic} " in seen


@pytest.mark.parametrize(
    ("magic", "line", "meant"),
    [
        ("spin", "F s --isolted", None),
        ("spin", "F s --al-splits", "--all-splits"),
        ("spin", "F s --idex=3", "--index"),
        ("spin", "F s --namespce ''", "--namespace"),
        ("spin", "F s -index 3", "--index"),
        ("spin_inputs", "F s --onyl=a", "--only"),
        ("spin_save", "F s --dryrun", "--dry-run"),
        ("spin_load", "F s --deff", "--def"),
        ("spin_cards", "F s --dif", "--diff"),
        ("spin_test", "F s --fil=x.py", "--file"),
        ("spin_flow", "F --form 17", "--from"),
        ("spin_new", "F --flie x.py", "--file"),
        ("spin_notebook", "F --froce", "--force"),
    ],
)
def test_a_misspelt_option_is_answered_with_the_nearest(magic, line, meant):
    with pytest.raises(OptionError) as raised:
        PARSE[magic](line)

    said = str(raised.value)
    assert said.startswith("There is no option -")
    assert "=" not in said
    assert meant is None or f"Did you mean '{meant}'" in said
