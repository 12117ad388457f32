"""What the magics are told that run a step and show its inputs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from shlex import quote
from typing import Any, Literal

from spin_magic.errors import OptionError
from spin_magic.grammar import Parser, inputs_parser, spin_parser
from spin_magic.options.line import SPACES, check, flow_and_step, options_and_words

_SPIN = spin_parser()
_INPUTS = inputs_parser()

SPIN_HELP = _SPIN.format_help()
INPUTS_HELP = _INPUTS.format_help()


@dataclass(frozen=True)
class TaskOptions:
    """What both magics are told: the flow, the step, and the task to take the inputs from.

    Attributes
    ----------
    flow : str or None
        As the user wrote it; None where it was left out.
    step : str
        The same; empty for a line that repeats the last one.
    index : int, tuple of int or None
        Split index; of ``%spin`` and ``%%spin`` several.
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

    flow: str | None
    step: str
    index: int | tuple[int, ...] | None = None
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
    jobs : int
        In that many processes; 1 is this kernel.
    show : tuple of str
        The artifacts that the table of many tasks shows; empty for a choice of ours.
    after : tuple of str
        The steps that lead to a step which the flow file does not have yet.
    line : str
        The line itself.
    isolated : bool
        Run it in a process of its own.
    environment : str or None
        Metaflow's ``--environment`` there.
    persist : bool or None
        Keep the results in ``.metaflow_spin``; None where Metaflow's settings say it.
    """

    skip_decorators: bool = False
    bind_locals: bool = False
    seed: int | None = None
    cards: bool = True
    all_splits: bool = False
    last: int | None = None
    jobs: int = 1
    show: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    isolated: bool = False
    environment: str | None = None
    persist: bool | None = None
    line: str = field(default="", compare=False)

    @property
    def many(self) -> bool:
        """Tell whether there are many tasks to run on."""
        return self.all_splits or self.last is not None or isinstance(self.index, tuple)

    @property
    def repeats(self) -> bool:
        """Tell whether the line leaves out what to spin: what was spun last."""
        return not self.step

    def filled(self, last: SpinOptions) -> SpinOptions:
        """Fill in what the line leaves out.

        Parameters
        ----------
        last : SpinOptions
            The options of the last spin: an empty line has all of them, any other its flow and step.
        """
        if self == SpinOptions(None, ""):
            return last
        step = self._left_of(last.step)
        named = f"{quote(last.flow or '')} {quote(step)} {self.line}"
        return replace(self, flow=last.flow, step=step, line=named)

    def _left_of(self, step: str) -> str:
        """Leave out of STEP the task or the run that this line chooses anew."""
        parts = step.strip("/").split("/")
        # RUN/train/TASK or FLOW/RUN/train: a run's id is no name of Python's.
        at = next((place for place in (1, 2) if parts[place:] and parts[place].isidentifier()), 0)
        if self.run is not None or self.source == "spin" or self.last is not None:
            return parts[at]
        if self.index is not None or self.value is not None or self.all_splits:
            return "/".join(parts[: at + 1])
        return step


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
    options = _parse(_SPIN, line, repeats=True)
    options["after"] = tuple(dict.fromkeys(options["after"]))
    made = SpinOptions(**options, line=line.lstrip(SPACES))
    _check_isolated(made)
    return _check_many(made)


def parse_inputs(line: str) -> InputsOptions:
    """Read the line of ``%spin_inputs``; as `parse_spin`."""
    return InputsOptions(**_parse(_INPUTS, line))


def _parse(parser: Parser, line: str, *, repeats: bool = False) -> dict[str, Any]:
    options, rest = options_and_words(parser, line)
    options["flow"], options["step"] = flow_and_step(rest) if rest or not repeats else (None, "")
    for name in ("assignments", "config", "config_value"):
        options[name] = tuple(tuple(pair) for pair in options[name])
    if options["run"] == "spin":
        options |= {"run": None, "source": "spin"}
    check(options)
    return options


def _check_isolated(options: SpinOptions) -> None:
    if options.isolated and options.bind_locals:
        raise OptionError("--locals binds variables of this process, and an isolated step has its own.")


def _check_many(options: SpinOptions) -> SpinOptions:
    if not options.many:
        for given, option in ((options.jobs > 1, "--jobs"), (options.show, "--show")):
            if given:
                raise OptionError(
                    f"{option} goes with many tasks: add --all-splits, --last N or --index 0,3,7."
                )
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
