"""A flow at a glance: what each step is, what became of it in a run, and in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from spin_magic.showing import Draw, Shows

State = Literal["ok", "failed", "running", "not reached"]
STATES: tuple[State, ...] = ("ok", "failed", "running", "not reached")


@dataclass(frozen=True)
class SpunStep:
    """The last good spin of a step in this process.

    Attributes
    ----------
    ago : float
        Seconds between its end and the overview.
    seconds : float
        Time in the body.
    counts : tuple of (int, str)
        Number of artifacts by what became of them: ``(2, "changed")``; `same` is left out.
    origin : str or None
        Pathspec of the past task that they were compared with.
    on : tuple of str
        Those of its parents whose outputs it took from what was spun, and not from a run.
    """

    ago: float
    seconds: float
    counts: tuple[tuple[int, str], ...] = ()
    origin: str | None = None
    on: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepOverview:
    """One step of a flow.

    Attributes
    ----------
    name : str
        Name of the step.
    type : str
        Metaflow's word for it: start, linear, split, foreach, split-switch, join or end.
    next : tuple of str
        Steps that it may lead to; a recursive step is among its own.
    depth : int
        How many foreach levels it runs inside.
    over : str or None
        For a foreach, the artifact that it splits over; for a switch, the one that decides.
    cases : tuple of (str, str)
        For a switch, each value and the step that it leads to.
    decorators : tuple of str
        Names of its decorators.
    doc : str
        Its docstring.
    reads, sets : tuple of str
        Names that its text reads on ``self`` (a join: on its inputs too), and assigns there.
    state : {'ok', 'failed', 'running', 'not reached'}
        What became of it in the run.
    tasks, failed, running : int
        Number of its tasks in the run, and of those that failed or have no verdict yet.
    seconds, longest : float
        Time of its finished tasks in all, and of the longest one.
    spun : SpunStep or None
        Its last good spin in this process.
    """

    name: str
    type: str
    next: tuple[str, ...] = ()
    depth: int = 0
    over: str | None = None
    cases: tuple[tuple[str, str], ...] = ()
    decorators: tuple[str, ...] = ()
    doc: str = ""
    reads: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    state: State = "not reached"
    tasks: int = 0
    failed: int = 0
    running: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    spun: SpunStep | None = None

    @property
    def card(self) -> bool:
        """Tell whether it has a card."""
        return "card" in self.decorators


@dataclass(frozen=True)
class FlowOverview(Shows):
    """The steps of a flow, in a run and in this process.

    Attributes
    ----------
    flow : str
        Name of the flow.
    run : str or None
        Id of the run; None where there is none.
    why : str
        One sentence: which run, and its state; or why there is none.
    steps : mapping of str to StepOverview
        The steps by name, in topological order.
    notes : tuple of str
        What else the user should know, one sentence each.
    """

    flow: str
    run: str | None
    why: str
    steps: Mapping[str, StepOverview]
    notes: tuple[str, ...] = ()
    render: Draw | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", MappingProxyType(dict(self.steps)))

    def __getitem__(self, step: str) -> StepOverview:
        return self.steps[step]

    @property
    def counts(self) -> tuple[tuple[int, State], ...]:
        """Number of steps in each state that occurs."""
        states = [step.state for step in self.steps.values()]
        return tuple((states.count(state), state) for state in STATES if state in states)

    def __repr__(self) -> str:
        said = ", ".join(f"{number} {state}" for number, state in self.counts)
        return f"FlowOverview({self.flow}, {f'run {self.run}' if self.run else 'no run'}: {said})"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.steps)
