"""A line of text -> frozen options. Pure: nothing is looked up or evaluated here."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from spin_magic.errors import OptionError, nearest
from spin_magic.grammar import (
    HelpRequested,
    cards_parser,
    flow_parser,
    inputs_parser,
    notebook_parser,
    spin_parser,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spin_magic.grammar import Parser

__all__ = [
    "CARDS_HELP",
    "FLOW_HELP",
    "INPUTS_HELP",
    "NOTEBOOK_HELP",
    "SPIN_HELP",
    "CardsOptions",
    "FlowOptions",
    "HelpRequested",
    "InputsOptions",
    "NotebookOptions",
    "SpinOptions",
    "TaskOptions",
    "parse_cards",
    "parse_flow",
    "parse_inputs",
    "parse_notebook",
    "parse_spin",
]

_SPIN = spin_parser()
_INPUTS = inputs_parser()
_FLOW = flow_parser()
_CARDS = cards_parser()
_NOTEBOOK = notebook_parser()

SPIN_HELP = _SPIN.format_help()
INPUTS_HELP = _INPUTS.format_help()
FLOW_HELP = _FLOW.format_help()
CARDS_HELP = _CARDS.format_help()
NOTEBOOK_HELP = _NOTEBOOK.format_help()

_WORD = re.compile(r"""\s*(?:[^\s'"\\]|\\.|'[^']*'|"(?:\\.|[^"\\])*")+""")
_NUMBER = re.compile(r"-\d+(\.\d*)?|-\.\d+")


@dataclass(frozen=True)
class TaskOptions:
    """What both magics are told: the flow, the step, and the task to take the inputs from.

    Attributes
    ----------
    flow, step : str
        As the user wrote them.
    index : int or None
        Split index.
    value : str or None
        Value of the foreach.
    run : str or None
        Run to take the inputs from.
    source : {'run', 'spin'}
        Take them from a run, or from what was last spun of the parents in this kernel.
    namespace : str or None
        Another namespace; empty for all; None where the current one holds.
    assignments : tuple of (str, str)
        Names and expressions of ``--set``, in order.
    artifacts_module : str or None
        A Python file with a dictionary ``ARTIFACTS``.
    config, config_value : tuple of (str, str)
        Names and files, names and values.
    cwd : str or None
        Another working directory.
    output : str or None
        Name to bind the result to.
    """

    flow: str
    step: str
    index: int | None = None
    value: str | None = None
    run: str | None = None
    source: Literal["run", "spin"] = "run"
    namespace: str | None = None
    assignments: tuple[tuple[str, str], ...] = ()
    artifacts_module: str | None = None
    config: tuple[tuple[str, str], ...] = ()
    config_value: tuple[tuple[str, str], ...] = ()
    cwd: str | None = None
    output: str | None = None


@dataclass(frozen=True)
class SpinOptions(TaskOptions):
    """What ``%spin`` and ``%%spin`` are told besides.

    Attributes
    ----------
    skip_decorators : bool
        Run the step without its decorators.
    bind_locals : bool
        Bind the body's local variables afterwards.
    seed : int or None
        Seed of the random number generators.
    cards : bool
        Make the cards.
    all_splits : bool
        Run it on every task of the foreach.
    last : int or None
        Run it on its tasks in that many of the latest runs.
    after : tuple of str
        The steps that lead to a step which the flow file does not have yet.
    """

    skip_decorators: bool = False
    bind_locals: bool = False
    seed: int | None = None
    cards: bool = True
    all_splits: bool = False
    last: int | None = None
    after: tuple[str, ...] = ()

    @property
    def many(self) -> bool:
        """Tell whether there are many tasks to run on."""
        return self.all_splits or self.last is not None


@dataclass(frozen=True)
class InputsOptions(TaskOptions):
    """What ``%spin_inputs`` is told besides.

    Attributes
    ----------
    overwrite : bool
        Replace names that the user made.
    load_all : bool
        Bind artifacts over the size budget too.
    only : tuple of str
        The names to bind; empty for all.
    """

    overwrite: bool = False
    load_all: bool = False
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class FlowOptions:
    """What ``%spin_flow`` is told.

    Attributes
    ----------
    flow : str
        As the user wrote it.
    run : str or None
        The run to show.
    namespace : str or None
        Another namespace; empty for all; None where the current one holds.
    output : str or None
        Name to bind the overview to.
    """

    flow: str
    run: str | None = None
    namespace: str | None = None
    output: str | None = None


@dataclass(frozen=True)
class CardsOptions:
    """What ``%spin_cards`` is told.

    Attributes
    ----------
    flow, step : str
        As the user wrote them.
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

    flow: str
    step: str
    index: int | None = None
    value: str | None = None
    run: str | None = None
    namespace: str | None = None
    id: str | None = None
    type: str | None = None
    diff: bool = False
    output: str | None = None


@dataclass(frozen=True)
class NotebookOptions:
    """What ``%spin_notebook`` is told.

    Attributes
    ----------
    flow : str
        As the user wrote it.
    output : str or None
        The notebook to write.
    force : bool
        Replace a file that is there.
    """

    flow: str
    output: str | None = None
    force: bool = False


def parse_spin(line: str) -> SpinOptions:
    """Read the line of ``%spin`` or ``%%spin``.

    Parameters
    ----------
    line : str
        What stands after the name of the magic.

    Returns
    -------
    SpinOptions
        The options.

    Raises
    ------
    OptionError
        If the line cannot be understood.
    HelpRequested
        If it asks for help.
    """
    options = _parse(_SPIN, line)
    options["after"] = tuple(dict.fromkeys(options["after"]))
    return _check_many(SpinOptions(**options))


def parse_inputs(line: str) -> InputsOptions:
    """Read the line of ``%spin_inputs``; as `parse_spin`."""
    return InputsOptions(**_parse(_INPUTS, line))


def parse_flow(line: str) -> FlowOptions:
    """Read the line of ``%spin_flow``; as `parse_spin`."""
    options, words = _options_and_words(_FLOW, line)
    if options["run"] == "spin":
        raise OptionError("--from spin: the picture shows a run, and what was spun here beside it.")
    return FlowOptions(_flow(words), **options)


def parse_notebook(line: str) -> NotebookOptions:
    """Read the line of ``%spin_notebook``; as `parse_spin`."""
    options, words = _options_and_words(_NOTEBOOK, line)
    return NotebookOptions(_flow(words), **options)


def parse_cards(line: str) -> CardsOptions:
    """Read the line of ``%spin_cards``; as `parse_spin`."""
    options, rest = _options_and_words(_CARDS, line)
    if options["run"] == "spin":
        raise OptionError(
            "--from spin: the cards are those of a run; --diff puts those of the last spin beside."
        )
    options["flow"], options["step"] = _flow_and_step(rest)
    _check(options)
    return CardsOptions(**options)


def _parse(parser: Parser, line: str) -> dict[str, Any]:
    options, rest = _options_and_words(parser, line)
    options["flow"], options["step"] = _flow_and_step(rest)
    for name in ("assignments", "config", "config_value"):
        options[name] = tuple(tuple(pair) for pair in options[name])
    if options["run"] == "spin":
        options |= {"run": None, "source": "spin"}
    _check(options)
    return options


def _options_and_words(parser: Parser, line: str) -> tuple[dict[str, Any], list[str]]:
    try:
        words = shlex.split(_without_comment(line))
    except ValueError as error:
        raise OptionError(f"The line cannot be split into words: {str(error).lower()}.") from error
    given, rest = parser.parse_known_args(words)
    for word in rest:
        if word.startswith("-") and not _NUMBER.fullmatch(word):
            option = word.partition("=")[0]
            raise OptionError(f"There is no option {option}.{nearest(option, parser.known())} See --help.")
    return vars(given), rest


def _flow(words: Sequence[str]) -> str:
    match words:
        case [flow] if flow:
            return flow
        case [_, *more] if more:
            raise OptionError(f"{' '.join(more)!r} is too much: the line takes FLOW and options.")
    raise OptionError("FLOW is missing, as in TrainFlow. See --help.")


def _flow_and_step(words: Sequence[str]) -> tuple[str, str]:
    match list(words):
        case [flow, step] if flow and step:
            return flow, step
        case [] | [""]:
            raise OptionError("FLOW and STEP are missing, as in TrainFlow train. See --help.")
        case [flow, *rest] if not any(rest):
            raise OptionError(f"STEP is missing after {flow}, as in {flow} train. See --help.")
        case [_, _, *more] if more:
            raise OptionError(f"{' '.join(more)!r} is too much: the line takes FLOW, STEP and options.")
    raise OptionError("FLOW must not be empty.")


def _check(options: dict[str, Any]) -> None:
    if options["index"] is not None and options["value"] is not None:
        raise OptionError("--index and --value both choose the task of the foreach: give one of them.")
    if options["index"] is not None and options["index"] < 0:
        raise OptionError(f"--index {options['index']}: split indices count from 0.")
    if "/" in options["step"] and (options["run"] is not None or options.get("source") == "spin"):
        raise OptionError(
            f"STEP {options['step']} names a run already: leave --from out, or write the step alone."
        )


def _check_many(options: SpinOptions) -> SpinOptions:
    if not options.many:
        return options
    if options.all_splits and options.last is not None:
        raise OptionError("--all-splits and --last both choose the tasks: give one of them.")
    if options.last is not None and options.last < 1:
        raise OptionError(f"--last {options.last}: give the number of runs, 1 or more.")
    if options.all_splits and (options.index is not None or options.value is not None):
        raise OptionError("--all-splits takes every task of the foreach: leave --index and --value out.")
    if options.last is not None and (options.run is not None or options.source == "spin"):
        raise OptionError("--last takes the latest runs: leave --from out.")
    if options.bind_locals:
        raise OptionError("--locals binds the variables of one spin: leave it out, or spin one task.")
    return options


def _without_comment(line: str) -> str:
    """Drop a comment: a word that begins with ``#``. The shlex module's own would cut ``a#b`` too."""
    end = 0
    while word := _WORD.match(line, end):
        if word[0].lstrip().startswith("#"):
            return line[:end]
        end = word.end()
    return line
