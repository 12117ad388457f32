from __future__ import annotations

import pytest

from spin_magic.errors import OptionError
from spin_magic.options import CARDS_HELP, CardsOptions, HelpRequested, parse_cards


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("TrainFlow train", CardsOptions("TrainFlow", "train")),
        ("TrainFlow 17/train --index 2", CardsOptions("TrainFlow", "17/train", index=2)),
        ("F s --value b --from 17", CardsOptions("F", "s", value="b", run="17")),
        (
            "F s --id report --type blank --diff -o o",
            CardsOptions("F", "s", id="report", type="blank", diff=True, output="o"),
        ),
        ('--namespace "" F s  # all', CardsOptions("F", "s", namespace="")),
    ],
)
def test_line(line, expected):
    assert parse_cards(line) == expected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "FLOW and STEP are missing"),
        ("train.py", "STEP is missing after train.py"),
        ("F s report", "'report' is too much"),
        ("F s --from spin", "--diff puts those of the last spin beside"),
        ("F s --seed 3", "no option --seed"),
        ("F s --dif", "no option --dif. Did you mean '--diff'"),
        ("F s --index 1 --value b", "give one of them"),
        ("F 17/s --from 18", "names a run already"),
        ("F s --id", "expected one argument"),
        ("F s -o 3x", "not a name"),
    ],
)
def test_mistake(line, said):
    with pytest.raises(OptionError, match=said):
        parse_cards(line)


def test_help():
    with pytest.raises(HelpRequested) as raised:
        parse_cards("F s --help")
    assert str(raised.value) == CARDS_HELP
    assert "%spin_cards TrainFlow train --diff" in CARDS_HELP
    assert "%%" not in CARDS_HELP
