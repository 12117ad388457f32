"""What was asked for, and what was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spin_magic.errors import TaskError, nearest

if TYPE_CHECKING:
    from spin_magic.engine.metadata import Frame, TaskInfo
    from spin_magic.runs.history import History


class NoRun(TaskError):  # noqa: N818 -- it tells a state: what was spun may do instead
    """No run can feed the step, whichever is taken."""


@dataclass(frozen=True)
class Wanted:
    """What the user asked for.

    Attributes
    ----------
    step : str
        Name of the step.
    run, task : str or None
        Run id and task id, where they were given.
    index : int or None
        Split index.
    value : object
        Foreach value, where one was given; else None.
    namespace : str or None
        Where to look for runs; None for everywhere.
    preferred : str or None
        The run to take before all others where none was asked for, if it can feed the step.
    place : tuple of (str, int), or None
        Where in the foreach, outermost first; in place of an index or value.
    """

    step: str
    run: str | None = None
    task: str | None = None
    index: int | None = None
    value: Any = None
    namespace: str | None = None
    preferred: str | None = None
    place: tuple[Frame, ...] | None = None

    @property
    def selected(self) -> bool:
        """Tell whether a task of the foreach was asked for."""
        return self.index is not None or self.value is not None or self.place is not None


@dataclass(frozen=True)
class Choice:
    """The task that was chosen.

    Attributes
    ----------
    run : str
        Id of the run.
    origin : TaskInfo or None
        The past task of this step; None where the step is new to the run.
    parents : tuple of TaskInfo
        The tasks that its inputs come from, in order.
    index : int or None
        Split index.
    split_index : int or None
        The same, where the parent itself opens the foreach; else None.
    value : object
        Foreach value.
    which : str
        Which task of the foreach, in words; empty outside of one.
    why : str
        One sentence.
    """

    run: str
    origin: TaskInfo | None
    parents: tuple[TaskInfo, ...]
    index: int | None = None
    split_index: int | None = None
    value: Any = None
    which: str = ""
    why: str = ""


def parse_step(text: str, flow: str) -> Wanted:
    """Read STEP: ``train``, ``RUN/train``, ``RUN/train/TASK`` or ``FLOW/RUN/train[/TASK]``.

    Raises
    ------
    TaskError
        The text has another form, or names another flow.
    """
    parts = text.strip("/").split("/")
    if len(parts) >= 3 and parts[0] == flow:
        run, step, *task = parts[1:]
        if len(task) <= 1:
            return Wanted(step, run, task[0] if task else None)
    elif len(parts) == 1 and parts[0]:
        return Wanted(parts[0])
    elif len(parts) in (2, 3):
        return Wanted(parts[1], parts[0], parts[2] if len(parts) == 3 else None)
    if len(parts) == 4:
        msg = f"{text!r} is a task of flow {parts[0]!r}, but the flow here is {flow!r}."
        raise TaskError(msg)
    msg = f"{text!r} is no pathspec of a step: use train, RUN/train, RUN/train/TASK or FLOW/RUN/train[/TASK]."
    raise TaskError(msg)


def check_step(wanted: Wanted, history: History) -> None:
    """Make sure that the flow has the step."""
    known = list(history.graph.nodes)
    if wanted.step not in known:
        msg = (
            f"Flow {history.flow} has no step {wanted.step!r}; its steps are {', '.join(known)}."
            f"{nearest(wanted.step, known)}"
        )
        raise TaskError(msg)
