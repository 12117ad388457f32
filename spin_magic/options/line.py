"""A line of text -> words and options, for all magics alike."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar

from spin_magic.errors import OptionError, nearest
from spin_magic.grammar import Parser

# Spaces as a shell has them: to it, a no-break space is a letter.
SPACES = " \t\r\n"
_WORD = re.compile(
    rf"""[{SPACES}]*(?:[^{SPACES}'"\\]|\\.|'[^']*'|"(?:\\.|[^"\\])*")+""",
    re.DOTALL,
)
# A file or a module; names of steps and runs have neither.
_FLOW_ALONE = re.compile(r"[.:]")
# The end of a name to the system, and halves of characters; others stand for bytes in the names of files.
_ODD = re.compile("[\x00\ud800-\udc7f\udd00-\udfff]")
_NUMBER = re.compile(r"-\d+(\.\d*)?|-\.\d+")


class HasFlow(Protocol):
    """Options of a line that takes FLOW; None where it was left out."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def flow(self) -> str | None:
        """The flow, as the user wrote it."""


Line = TypeVar("Line", bound=HasFlow)


def options_and_words(parser: Parser, line: str) -> tuple[dict[str, Any], list[str]]:
    """Split a line into its options and its other words.

    Raises
    ------
    OptionError
        There is no such option, or its value is none.
    """
    given, rest = parser.parse_known_args(words_of(line))
    for word in rest:
        if word.startswith("-") and not _NUMBER.fullmatch(word):
            option = word.partition("=")[0]
            raise OptionError(f"There is no option {option}.{nearest(option, parser.known())} See --help.")
    return vars(given), rest


def words_of(line: str) -> list[str]:
    """Split a line into words as a shell does."""
    if odd := _ODD.search(line):
        raise OptionError(f"The line has {odd[0]!a}, which no name and no path can have.")
    try:
        return shlex.split(_without_comment(line))
    except ValueError as error:
        raise OptionError(f"The line cannot be split into words: {str(error).lower()}.") from error


def flow_alone(words: Sequence[str]) -> str | None:
    """Give the one word that a line may have; None where it leaves FLOW out."""
    match words:
        case []:
            return None
        case [flow] if flow:
            return flow
        case [_, *more] if more:
            raise OptionError(f"{' '.join(more)!r} is too much: the line takes FLOW and options.")
    raise OptionError("FLOW must not be empty.")


def flow_and_step(words: Sequence[str]) -> tuple[str | None, str]:
    """Give FLOW and STEP of a line; a word alone is STEP, which may name its flow: FLOW/RUN/train/TASK."""
    match list(words):
        case [flow, step] if flow and step:
            return flow, step
        case [] | [""]:
            raise OptionError("FLOW and STEP are missing, as in TrainFlow train. See --help.")
        case [word, *rest] if not any(rest) and (rest or _FLOW_ALONE.search(word)):
            raise OptionError(f"STEP is missing after {word}, as in {word} train. See --help.")
        case [step]:
            return (step.partition("/")[0] if step.count("/") == 3 else None), step
        case [_, _, *more] if more:
            raise OptionError(f"{' '.join(more)!r} is too much: the line takes FLOW, STEP and options.")
    raise OptionError("FLOW must not be empty.")


def with_flow(options: Line, flow: str) -> Line:
    """Fill in the flow where a line leaves it out and needs it.

    Parameters
    ----------
    options : object
        The options of a line.
    flow : str
        The flow that is meant then; empty where none is.

    Raises
    ------
    OptionError
        None is.
    """
    step = getattr(options, "step", ...)
    # Without either, a line means what was spun last.
    if options.flow is not None or not step:
        return options
    if flow:
        line = {"line": f"{shlex.quote(flow)} {options.line}"} if hasattr(options, "line") else {}
        return replace(options, flow=flow, **line)
    if step is ...:
        raise OptionError("FLOW is missing at the line's beginning, as in TrainFlow. See --help.")
    raise OptionError(
        f"FLOW or STEP is missing beside {step}: write both, as in TrainFlow train. "
        "After %spin_flow FLOW, a line may leave FLOW out. See --help."
    )


def check(options: dict[str, Any]) -> None:
    """Refuse options that contradict each other."""
    if options["index"] is not None and options["value"] is not None:
        raise OptionError("--index and --value both choose the task of the foreach: give one of them.")
    if isinstance(options["index"], int) and options["index"] < 0:
        raise OptionError(f"--index {options['index']}: split indices count from 0.")
    if "/" in options["step"] and (options["run"] is not None or options.get("source") == "spin"):
        raise OptionError(
            f"STEP {options['step']} names a run already: leave --from out, or write the step alone."
        )


def _without_comment(line: str) -> str:
    """Drop a comment: a word that begins with ``#``. The shlex module's own would cut ``a#b`` too."""
    end = 0
    while word := _WORD.match(line, end):
        if word[0].lstrip(SPACES).startswith("#"):
            return line[:end]
        end = word.end()
    return line
