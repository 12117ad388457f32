"""How a run of a whole flow is getting on: plain data for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

RunState = Literal["starting", "running", "finished", "failed", "interrupted"]


@dataclass(frozen=True)
class StepProgress:
    """One step of a run.

    Attributes
    ----------
    name : str
        Name of the step.
    running, done, failed, cloned : int
        Tasks in each state; cloned ones were taken over from the run that is resumed.
    expected : int or None
        How many tasks there will be, where a foreach has said so.
    seconds : float
        From the first task's begin to the last one's end, or to now.
    """

    name: str
    running: int = 0
    done: int = 0
    failed: int = 0
    cloned: int = 0
    expected: int | None = None
    seconds: float = 0.0

    @property
    def begun(self) -> bool:
        """Whether the run has come to it."""
        return bool(self.running or self.done or self.failed or self.cloned)


@dataclass(frozen=True)
class RunProgress:
    """A run as it stands.

    Attributes
    ----------
    flow, run : str
        Name of the flow and id of the run; the id is empty until the run has one.
    state : {'starting', 'running', 'finished', 'failed', 'interrupted'}
        How it is.
    seconds : float
        Since it was started.
    steps : tuple of StepProgress
        Every step of the flow, in topological order.
    failure : str
        Pathspec of the task that failed; else empty.
    log : tuple of str
        The last lines of that task.
    """

    flow: str
    run: str
    state: RunState
    seconds: float
    steps: tuple[StepProgress, ...]
    failure: str = ""
    log: tuple[str, ...] = field(default=(), repr=False)

    @property
    def ended(self) -> bool:
        """Whether it is over, one way or another."""
        return self.state not in ("starting", "running")

    @property
    def pathspec(self) -> str:
        """FLOW/RUN, or the flow alone until the run has an id."""
        return f"{self.flow}/{self.run}" if self.run else self.flow
