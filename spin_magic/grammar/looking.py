"""The grammar of the magics that show flows and cards."""

from __future__ import annotations

from spin_magic.grammar.groups import add_output, add_selectors
from spin_magic.grammar.parser import Parser


def flow_parser() -> Parser:
    """Make the parser of ``%spin_flow``."""
    parser = Parser(
        "%spin_flow FLOW [options]",
        "Draw a flow: each step's state in a run and in this kernel, its tasks and their time, what it\n"
        "reads and sets.\n\n"
        "FLOW  TrainFlow, flows/train.py, flows/train.py:TrainFlow, package.module:TrainFlow,\n"
        "      or a FlowSpec class of this notebook",
    )
    add = parser.add_argument_group("which run").add_argument
    add("--from", dest="run", metavar="RUN", help="that run; default: the latest")
    add("--namespace", metavar="NS", help='look in another namespace; "" looks in all')
    add_output(parser, "FlowOverview")
    return parser


def cards_parser() -> Parser:
    """Make the parser of ``%spin_cards``."""
    parser = Parser(
        "%spin_cards FLOW STEP [options]",
        "Show the cards that a past task of a step stored; nothing is run.\n\n"
        "FLOW  TrainFlow, flows/train.py, flows/train.py:TrainFlow, package.module:TrainFlow,\n"
        "      or a FlowSpec class of this notebook\n"
        "STEP  train, RUN/train, RUN/train/TASK or FLOW/RUN/train[/TASK]\n"
        "Without a run: the latest one that reached the step.",
    )
    add_selectors(parser, "cards of that run")
    add = parser.add_argument_group("which cards").add_argument
    add("--id", metavar="ID", help="the card with that id")
    add("--type", metavar="TYPE", help="the cards of that type")
    add("--diff", action="store_true", help="beside each the card of what was last spun of the step here")
    add_output(parser, "PastCards")
    return parser
