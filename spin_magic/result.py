"""What a spin gives back: plain objects that know neither IPython nor Metaflow's internals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from spin_magic.artifacts import Artifacts, StepInputs
from spin_magic.printable import one_line
from spin_magic.showing import Draw, Shows

if TYPE_CHECKING:
    from spin_magic.cards import Card
    from spin_magic.overview import FlowOverview

Status = Literal["new", "changed", "same", "gone", "not compared"]


@dataclass(frozen=True)
class DiffRow:
    """One artifact against the same artifact of the past task.

    Attributes
    ----------
    name : str
        Name of the artifact.
    status : {'new', 'changed', 'same', 'gone', 'not compared'}
        What became of it.
    reason : str
        Why it was not compared; else empty.
    before, after : object
        The values; loaded when first asked for. None where there is none.
    """

    name: str
    status: Status
    reason: str = ""
    load_before: Callable[[], Any] | None = field(default=None, repr=False, compare=False)
    load_after: Callable[[], Any] | None = field(default=None, repr=False, compare=False)

    @property
    def before(self) -> Any:
        """The value of the past task."""
        return self.load_before() if self.load_before else None

    @property
    def after(self) -> Any:
        """The value of this spin."""
        return self.load_after() if self.load_after else None


@dataclass(frozen=True)
class OtherTask:
    """A past task of the same step, to spin on or to compare with.

    Attributes
    ----------
    pathspec : str
        ``RUN/STEP/TASK``.
    label : str
        What to call it: its split, or its run and how that ended.
    kind : {'split', 'run'}
        Another split of the same run, or another run.
    """

    pathspec: str
    label: str
    kind: Literal["split", "run"]


@dataclass
class SpinResult(Shows):
    """The outcome of spinning one step.

    Attributes
    ----------
    flow, step : str
        Names of the flow and the step.
    ok : bool
        Did the body finish.
    error : BaseException or None
        The step's own exception.
    seconds : float
        Time in the body, in seconds.
    overhead : float
        Time around the body, in seconds.
    artifacts : Artifacts
        What a real task would hand on: the names that Metaflow's Client lists for such a task.
    inputs : StepInputs
        What the step started from.
    origin : str or None
        Pathspec of the past task of the same step.
    stdout, stderr : str
        What the body printed.
    cards : list of Card
        The cards, rendered.
    locals : dict
        The body's local variables when it ended.
    self : object
        The flow object as the body left it.
    next : tuple of str or None
        Steps that ``self.next`` led to; None where it was not called.
    notes : list of str
        What the user should know, one sentence each.
    displayed : list of dict
        Pictures and other rich output that the body displayed, as MIME bundles.
    persisted : str or None
        Pathspec under which the result was kept in ``.metaflow_spin``; None where it was not.
    """

    flow: str
    step: str
    ok: bool
    error: BaseException | None
    seconds: float
    overhead: float
    artifacts: Artifacts
    inputs: StepInputs
    origin: str | None
    stdout: str
    stderr: str
    cards: list[Card]
    locals: dict[str, Any]
    self: Any
    next: tuple[str, ...] | None
    notes: list[str]
    displayed: list[dict[str, Any]] = field(default_factory=list)
    persisted: str | None = None
    compare: Callable[[float | None], list[DiffRow]] = field(default=lambda _: [], repr=False)
    compare_with: Callable[[SpinResult, str], SpinResult] | None = field(default=None, repr=False)
    others: Callable[[], list[OtherTask]] = field(default=list, repr=False)
    again: Callable[[str], SpinResult] | None = field(default=None, repr=False)
    overview: Callable[[], FlowOverview] | None = field(default=None, repr=False)
    source: Callable[[str], str] = field(default=lambda _: "", repr=False)
    render: Draw | None = field(default=None, repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.artifacts[name]

    def diff(self, budget: float | None = None) -> list[DiffRow]:
        """Compare each artifact with the same artifact of the origin task.

        Parameters
        ----------
        budget : float, optional
            Seconds after which the rest is left ``not compared``. Default: no limit.

        Returns
        -------
        list of DiffRow
            A row per artifact; empty where there is no origin task to compare with.
        """
        return self.compare(budget)

    def against(self, task: str) -> SpinResult:
        """Give the same result, compared with another past task of the step.

        Parameters
        ----------
        task : str
            ``RUN/STEP/TASK`` or ``RUN/STEP``, as `tasks` lists them.

        Raises
        ------
        TaskError
            There is no such task.
        """
        return self.compare_with(self, task) if self.compare_with else self

    def tasks(self) -> list[OtherTask]:
        """List the past tasks of the step: the splits of the run that fed it, then other runs."""
        return self.others()

    def __repr__(self) -> str:
        raised = one_line(type(self.error).__name__)
        outcome = "ok" if self.ok else f"failed: {raised}: {one_line(self.error)}"
        return f"SpinResult({self.flow}/{self.step}, {outcome}, {self.seconds:.3f} s)"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.artifacts)
