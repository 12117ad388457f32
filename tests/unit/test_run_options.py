from __future__ import annotations

import pytest

from spin_magic.errors import OptionError
from spin_magic.options import RUN_HELP, HelpRequested, parse_run


def test_what_the_line_does_not_know_is_the_command_line_s_in_its_order():
    options = parse_run(
        "F --alpha -1 --with 'kubernetes:cpu=2' --resume train -o r --tag 'a b' --unsaved # why"
    )

    assert options.flow == "F"
    assert options.words == ("--alpha", "-1", "--with", "kubernetes:cpu=2", "--tag", "a b")
    assert (options.resume, options.output, options.unsaved) == ("train", "r", True)


@pytest.mark.parametrize("line", ["", "--alpha 1 F"])
def test_the_flow_comes_first(line):
    options = parse_run(line)

    assert (options.flow, options.words) == (None, tuple(line.split()))


def test_the_flow_may_not_be_empty():
    with pytest.raises(OptionError, match="must not be empty"):
        parse_run("'' --alpha 1")


def test_help():
    with pytest.raises(HelpRequested):
        parse_run("F --help")
    assert "--with kubernetes" in RUN_HELP
