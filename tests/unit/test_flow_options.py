from __future__ import annotations

import pytest

from spin_magic.errors import OptionError
from spin_magic.options import FLOW_HELP, FlowOptions, HelpRequested, parse_flow


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("TrainFlow", FlowOptions("TrainFlow")),
        ("'my flows/train.py' --from 17", FlowOptions("my flows/train.py", run="17")),
        ('--namespace "" F -o o  # all', FlowOptions("F", namespace="", output="o")),
    ],
)
def test_line(line, expected):
    assert parse_flow(line) == expected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("''", "FLOW must not be empty"),
        ("TrainFlow train", "'train' is too much"),
        ("F --form 3", "no option --form. Did you mean '--from'"),
        ("F --from spin", "--from spin"),
        ("F --index 3", "no option --index"),
        ("F -o 3x", "not a name"),
        ("F 'x", "words"),
    ],
)
def test_mistake(line, said):
    with pytest.raises(OptionError, match=said):
        parse_flow(line)


def test_help():
    with pytest.raises(HelpRequested) as raised:
        parse_flow("--help")
    assert str(raised.value) == FLOW_HELP
    assert "%spin_flow FLOW" in FLOW_HELP
