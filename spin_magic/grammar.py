"""The grammar of the magics' lines: one argparse parser a magic. Its help is the magic's docstring."""

from __future__ import annotations

import argparse
import keyword
import re
from typing import Any, NoReturn

from spin_magic.errors import OptionError

_TARGET = re.compile(r"(?:(?P<input>\w+|\[\d+\])\.)?(?P<name>\w+)")

_FLOW_AND_STEP = """\
FLOW  TrainFlow, flows/train.py, flows/train.py:TrainFlow, package.module:TrainFlow,
      or a FlowSpec class of this notebook
STEP  train, RUN/train, RUN/train/TASK or FLOW/RUN/train[/TASK]
Without a run: the latest one that can feed the step.
Quotes work as in a shell: --set 'name="a b"'."""
_FROM = "inputs from that run; `spin`: from what was last spun here"


class HelpRequested(Exception):  # noqa: N818 - no error: the user asked for it
    """The line asks for help; the text is the help."""


class Parser(argparse.ArgumentParser):
    """A parser that raises in place of printing and leaving."""

    def __init__(self, usage: str, description: str) -> None:
        super().__init__(
            usage=usage.replace("%", "%%"),
            description=description,
            add_help=False,
            allow_abbrev=False,
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100),
        )
        # Python 3.14 colours the help; a docstring is plain. Older ones do not know the attribute.
        self.color = False

    def error(self, message: str) -> NoReturn:
        """Raise argparse's finding as our error."""
        said = message.replace("argument ", "Option ", 1)
        raise OptionError(f"{said[:1].upper()}{said[1:]}.")

    def known(self) -> list[str]:
        """List the options."""
        return [name for action in self._actions for name in action.option_strings]


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        raise HelpRequested(parser.format_help())


def spin_parser() -> Parser:
    """Make the parser of ``%spin`` and ``%%spin``."""
    parser = Parser(
        "%spin FLOW STEP [options]\n       %%spin FLOW STEP [options], and the step's text below",
        "Run a step in this kernel, on the inputs of a past run: as it stands in the file (%spin),\n"
        "or with the cell as its body or as its whole def (%%spin). The value of %spin is the result;\n"
        "`_spin` is always the last one.\n\n" + _FLOW_AND_STEP,
    )
    _add_selectors(parser)
    _add_inputs(parser)
    group = parser.add_argument_group("running")
    add = group.add_argument
    add("--skip-decorators", action="store_true", help="run the step without its decorators")
    add(
        "--after",
        type=_names,
        action="extend",
        default=[],
        metavar="A,B",
        help="the step is not in the flow file yet, and these lead to it",
    )
    add("--all-splits", action="store_true", help="on every task of the foreach; the value is a list")
    add("--last", type=_integer, metavar="N", help="on the step's tasks in the latest N runs; the same")
    add("--seed", type=_integer, metavar="N", help="seed the random number generators")
    add("--no-cards", dest="cards", action="store_false", help="make no cards")
    add("--locals", dest="bind_locals", action="store_true", help="bind the body's local variables here")
    _add_output(parser, "SpinResult")
    return parser


def inputs_parser() -> Parser:
    """Make the parser of ``%spin_inputs``."""
    parser = Parser(
        "%spin_inputs FLOW STEP [options]",
        "Make the inputs of a step variables here: `self` as the step would see it, `inputs` for a join,\n"
        "and one variable for each input artifact and parameter.\n\n" + _FLOW_AND_STEP,
    )
    _add_selectors(parser)
    _add_inputs(parser)
    group = parser.add_argument_group("binding")
    add = group.add_argument
    add("--overwrite", action="store_true", help="replace names that you made")
    add("--all", dest="load_all", action="store_true", help="bind large artifacts too")
    add("--only", type=_names, default=(), metavar="A,B", help="bind these alone, whatever their size")
    _add_output(parser, "StepInputs")
    return parser


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
    _add_output(parser, "FlowOverview")
    return parser


def cards_parser() -> Parser:
    """Make the parser of ``%spin_cards``."""
    parser = Parser(
        "%spin_cards FLOW STEP [options]",
        "Show the cards that a past task of a step stored; nothing is run.\n\n"
        "FLOW  TrainFlow, flows/train.py, flows/train.py:TrainFlow, package.module:TrainFlow,\n"
        "      or a FlowSpec class of this notebook\n"
        "STEP  train, RUN/train, RUN/train/TASK or FLOW/RUN/train[/TASK]\n"
        "Without a run: the latest one that reached the step.\n\n"
        "%spin_cards TrainFlow train --id report        one card of the latest run\n"
        "%spin_cards TrainFlow train --diff             beside those of the last spin\n"
        "%spin_cards TrainFlow 17/train --index 2       of another run, of the third split",
    )
    _add_selectors(parser, "cards of that run")
    add = parser.add_argument_group("which cards").add_argument
    add("--id", metavar="ID", help="the card with that id")
    add("--type", metavar="TYPE", help="the cards of that type")
    add("--diff", action="store_true", help="beside each the card of what was last spun of the step here")
    _add_output(parser, "PastCards")
    return parser


def notebook_parser() -> Parser:
    """Make the parser of ``%spin_notebook``."""
    parser = Parser(
        "%spin_notebook FLOW [options]",
        "Make a notebook of a flow file: its head, its class, and each step with its inputs, in tagged\n"
        "cells. `spin-magic flow NOTEBOOK`, in a terminal, makes the flow file of it again.\n\n"
        "FLOW  TrainFlow, flows/train.py, flows/train.py:TrainFlow or package.module:TrainFlow",
    )
    add = parser.add_argument_group("where to").add_argument
    add("-o", dest="output", metavar="FILE", help="the notebook; default: beside the flow file")
    add("--force", action="store_true", help="replace a file that is there")
    add("-h", "--help", action=_Help, nargs=0, default=argparse.SUPPRESS, help="print this")
    return parser


def _add_selectors(parser: Parser, from_run: str = _FROM) -> None:
    group = parser.add_argument_group("which task")
    add = group.add_argument
    add("--index", type=_integer, metavar="I", help="task of a foreach by split index; default 0")
    add("--value", metavar="V", help="task of a foreach by its value")
    add("--from", dest="run", metavar="RUN", help=from_run)
    add("--namespace", metavar="NS", help='look in another namespace; "" looks in all')


def _add_inputs(parser: Parser) -> None:
    group = parser.add_argument_group("other inputs")
    add = group.add_argument
    add(
        "--set",
        dest="assignments",
        type=_assignment,
        action="append",
        default=[],
        metavar="NAME=EXPR",
        help="replace an input; EXPR is evaluated in the notebook; repeatable; "
        "for a join STEP.NAME=EXPR or [I].NAME=EXPR",
    )
    add("--artifacts-module", metavar="FILE", help="Python file whose ARTIFACTS replace inputs")
    for name, second in (("--config", "FILE"), ("--config-value", "VALUE")):
        text = f"{'read' if second == 'FILE' else 'set'} a config; repeatable"
        add(name, nargs=2, action="append", default=[], metavar=("NAME", second), help=text)
    add("--cwd", metavar="DIR", help="another working directory")


def _add_output(parser: Parser, what: str) -> None:
    group = parser.add_argument_group("afterwards")
    group.add_argument("-o", dest="output", type=_name, metavar="NAME", help=f"bind the {what} to NAME")
    group.add_argument("-h", "--help", action=_Help, nargs=0, default=argparse.SUPPRESS, help="print this")


def _assignment(text: str) -> tuple[str, str]:
    target, equals, expression = text.partition("=")
    target = target.strip()
    match = _TARGET.fullmatch(target)
    if not equals or not expression.strip():
        raise argparse.ArgumentTypeError(f"{text!r} should be NAME=EXPR, in quotes where it has spaces")
    if match is None or not all(map(_is_name, (match["name"], _step_of(match["input"])))):
        raise argparse.ArgumentTypeError(f"{target!r} should be NAME, or STEP.NAME or [I].NAME for a join")
    return target, expression.strip()


def _step_of(prefix: str | None) -> str:
    return prefix if prefix and not prefix.startswith("[") else "any"


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _name(text: str) -> str:
    if not _is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name that can be bound")
    return text


def _names(text: str) -> tuple[str, ...]:
    names = tuple(_name(part.strip()) for part in text.split(",") if part.strip())
    if not names:
        raise argparse.ArgumentTypeError("at least one name is needed, as in df,alpha")
    return names


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
