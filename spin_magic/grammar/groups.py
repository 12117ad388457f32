"""The options that several magics share, by group of the help."""

from __future__ import annotations

import argparse

from spin_magic.grammar.parser import Help, Parser
from spin_magic.grammar.values import assignment, indices, integer, name

FLOW_AND_STEP = """\
FLOW  TrainFlow, flows/train.py, flows/train.py:TrainFlow, package.module:TrainFlow,
      a FlowSpec class of this notebook,
      or left out, once %spin_flow FLOW has named it
STEP  train, RUN/train, RUN/train/TASK or FLOW/RUN/train[/TASK]
Without a run: the latest one that can feed the step.
Quotes work as in a shell: --set 'name="a b"'."""
_FROM = "inputs from that run; `spin`: from what was last spun here"


def add_selectors(parser: Parser, from_run: str = _FROM, *, many: bool = False) -> None:
    """Add the options that choose the task."""
    group = parser.add_argument_group("which task")
    add = group.add_argument
    several = "; several as in 0,3,7 or 2-5, and the value is a list" if many else ""
    add(
        "--index",
        type=indices if many else integer,
        metavar="I",
        help=f"task of a foreach by split index; default 0{several}",
    )
    add("--value", metavar="V", help="task of a foreach by its value")
    add("--from", dest="run", metavar="RUN", help=from_run)
    add("--namespace", metavar="NS", help='look in another namespace; "" looks in all')


def add_inputs(parser: Parser) -> None:
    """Add the options that replace inputs."""
    group = parser.add_argument_group("other inputs")
    add = group.add_argument
    add(
        "--set",
        dest="assignments",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=EXPR",
        help="replace an input; EXPR is evaluated in the notebook; repeatable; "
        "for a join STEP.NAME=EXPR or [I].NAME=EXPR",
    )
    add("--artifacts-module", metavar="FILE", help="Python file whose ARTIFACTS replace inputs")
    for option, second in (("--config", "FILE"), ("--config-value", "VALUE")):
        text = f"{'read' if second == 'FILE' else 'set'} a config; repeatable"
        add(option, nargs=2, action="append", default=[], metavar=("NAME", second), help=text)
    add("--cwd", metavar="DIR", help="another working directory")


def add_output(parser: Parser, what: str) -> None:
    """Add the option that binds what came out, and the help."""
    group = parser.add_argument_group("afterwards")
    group.add_argument("-o", dest="output", type=name, metavar="NAME", help=f"bind the {what} to NAME")
    _help(group)


def add_help(parser: Parser) -> None:
    """Add the help alone."""
    _help(parser.add_argument_group("afterwards"))


def _help(group: argparse._ArgumentGroup) -> None:
    group.add_argument("-h", "--help", action=Help, nargs=0, default=argparse.SUPPRESS, help="print this")
