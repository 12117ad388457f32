"""What the magics are told that write a flow, test it and run it."""

from __future__ import annotations

from dataclasses import dataclass

from spin_magic.errors import OptionError
from spin_magic.grammar import (
    load_parser,
    new_parser,
    notebook_parser,
    run_parser,
    save_parser,
    spin_test_parser,
)
from spin_magic.options.line import flow_alone, flow_and_step, options_and_words, words_of

_LOAD = load_parser()
_SAVE = save_parser()
_NEW = new_parser()
_RUN = run_parser()
_TEST = spin_test_parser()
_NOTEBOOK = notebook_parser()

LOAD_HELP = _LOAD.format_help()
SAVE_HELP = _SAVE.format_help()
NEW_HELP = _NEW.format_help()
RUN_HELP = _RUN.format_help()
TEST_HELP = _TEST.format_help()
NOTEBOOK_HELP = _NOTEBOOK.format_help()


@dataclass(frozen=True)
class LoadOptions:
    """What ``%spin_load`` is told.

    Attributes
    ----------
    flow : str or None
        As the user wrote it; None where it was left out.
    step : str
        As the user wrote it.
    whole : bool
        Load the whole def.
    output : str or None
        Name to bind the text to.
    """

    flow: str | None
    step: str
    whole: bool = False
    output: str | None = None


@dataclass(frozen=True)
class SaveOptions:
    """What ``%spin_save`` is told.

    Attributes
    ----------
    flow, step : str or None
        As the user wrote them; both None for the step that was spun last, and FLOW where it was left out.
    force : bool
        Save over somebody else's change.
    dry_run : bool
        Write nothing.
    link : bool
        Let the parents of a new step lead to it.
    after : tuple of str
        The parents of a new step.
    output : str or None
        Name to bind the `SavedStep` to.
    """

    flow: str | None = None
    step: str | None = None
    force: bool = False
    dry_run: bool = False
    link: bool = False
    after: tuple[str, ...] = ()
    output: str | None = None


@dataclass(frozen=True)
class NewOptions:
    """What ``%spin_new`` is told.

    Attributes
    ----------
    flow : str
        Name of the class.
    file : str or None
        The file.
    """

    flow: str
    file: str | None = None


@dataclass(frozen=True)
class RunOptions:
    """What ``%spin_run`` is told.

    Attributes
    ----------
    flow : str or None
        As the user wrote it; None where it was left out.
    words : tuple of str
        The options of Metaflow's command line.
    resume : str or None
        Resume from this step.
    unsaved : bool
        Run although steps that were spun are not saved.
    output : str or None
        Name to bind the run to.
    """

    flow: str | None
    words: tuple[str, ...] = ()
    resume: str | None = None
    unsaved: bool = False
    output: str | None = None


@dataclass(frozen=True)
class SpinTestOptions:
    """What ``%spin_test`` is told.

    Attributes
    ----------
    flow : str or None
        As the user wrote it; None where it was left out.
    step : str
        As the user wrote it.
    file : str or None
        The test file.
    dry_run : bool
        Write nothing.
    """

    flow: str | None
    step: str
    file: str | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class NotebookOptions:
    """What ``%spin_notebook`` is told.

    Attributes
    ----------
    flow : str or None
        As the user wrote it; None where it was left out.
    output : str or None
        The notebook to write.
    force : bool
        Replace a file that is there.
    """

    flow: str | None
    output: str | None = None
    force: bool = False


def parse_notebook(line: str) -> NotebookOptions:
    """Read the line of ``%spin_notebook``; as `parse_spin`."""
    options, words = options_and_words(_NOTEBOOK, line)
    return NotebookOptions(flow_alone(words), **options)


def parse_load(line: str) -> LoadOptions:
    """Read the line of ``%spin_load``; as `parse_spin`."""
    options, words = options_and_words(_LOAD, line)
    return LoadOptions(*flow_and_step(words), **options)


def parse_save(line: str) -> SaveOptions:
    """Read the line of ``%spin_save``; as `parse_spin`."""
    options, words = options_and_words(_SAVE, line)
    named = flow_and_step(words) if words else (None, None)
    return SaveOptions(*named, **options | {"after": tuple(options["after"])})


def parse_new(line: str) -> NewOptions:
    """Read the line of ``%spin_new``; as `parse_spin`."""
    options, words = options_and_words(_NEW, line)
    match words:
        case [flow] if flow:
            return NewOptions(flow, **options)
        case [_, *more] if more:
            raise OptionError(f"{' '.join(more)!r} is too much: the line takes FLOW and options.")
    raise OptionError("FLOW is missing, as in TrainFlow. See --help.")


def parse_run(line: str) -> RunOptions:
    """Read the line of ``%spin_run``; as `parse_spin`, but what it does not know is the command line's."""
    given, words = _RUN.parse_known_args(words_of(line))
    match words:
        case ["", *_]:
            raise OptionError("FLOW must not be empty.")
        case [flow, *rest] if not flow.startswith("-"):
            return RunOptions(flow, tuple(rest), **vars(given))
    return RunOptions(None, tuple(words), **vars(given))


def parse_test(line: str) -> SpinTestOptions:
    """Read the line of ``%spin_test``; as `parse_spin`."""
    options, words = options_and_words(_TEST, line)
    return SpinTestOptions(*flow_and_step(words), **options)
