"""What the magics are told that show flows and cards."""

from __future__ import annotations

from dataclasses import dataclass

from spin_magic.errors import OptionError
from spin_magic.grammar import cards_parser, flow_parser
from spin_magic.options.line import check, flow_alone, flow_and_step, options_and_words

_FLOW = flow_parser()
_CARDS = cards_parser()

FLOW_HELP = _FLOW.format_help()
CARDS_HELP = _CARDS.format_help()


@dataclass(frozen=True)
class FlowOptions:
    """What ``%spin_flow`` is told.

    Attributes
    ----------
    flow : str or None
        As the user wrote it; None where it was left out.
    run : str or None
        The run to show.
    namespace : str or None
        Another namespace; empty for all; None where the current one holds.
    output : str or None
        Name to bind the overview to.
    """

    flow: str | None
    run: str | None = None
    namespace: str | None = None
    output: str | None = None


@dataclass(frozen=True)
class CardsOptions:
    """What ``%spin_cards`` is told.

    Attributes
    ----------
    flow : str or None
        As the user wrote it; None where it was left out.
    step : str
        As the user wrote it.
    index : int or None
        Split index.
    value : str or None
        Value of the foreach.
    run : str or None
        The run.
    namespace : str or None
        Another namespace; empty for all; None where the current one holds.
    id, type : str or None
        Which cards; None for all.
    diff : bool
        Show the cards of the last spin beside them.
    output : str or None
        Name to bind the cards to.
    """

    flow: str | None
    step: str
    index: int | None = None
    value: str | None = None
    run: str | None = None
    namespace: str | None = None
    id: str | None = None
    type: str | None = None
    diff: bool = False
    output: str | None = None


def parse_flow(line: str) -> FlowOptions:
    """Read the line of ``%spin_flow``; as `parse_spin`."""
    options, words = options_and_words(_FLOW, line)
    if options["run"] == "spin":
        raise OptionError("--from spin: the picture shows a run, and what was spun here beside it.")
    return FlowOptions(flow_alone(words), **options)


def parse_cards(line: str) -> CardsOptions:
    """Read the line of ``%spin_cards``; as `parse_spin`."""
    options, rest = options_and_words(_CARDS, line)
    if options["run"] == "spin":
        raise OptionError(
            "--from spin: the cards are those of a run; --diff puts those of the last spin beside."
        )
    options["flow"], options["step"] = flow_and_step(rest)
    check(options)
    return CardsOptions(**options)
