"""What many spins of a step give back: the results as a list, and as rows of plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from spin_magic.artifacts import Artifacts
from spin_magic.foreign import contained
from spin_magic.printable import said_by
from spin_magic.result import DiffRow, SpinResult
from spin_magic.showing import Draw, Shows

if TYPE_CHECKING:
    import pandas as pd

# Seconds for a look at one value.
PATIENCE = 0.5
COLUMNS = 4
SMALL_BYTES = 2**12
# As many results are asked what they made, where nobody says which artifacts to show.
ASKED = 20
# Seconds for comparing them.
COMPARING = 0.5
OWN = ("task", "index", "value", "inputs", "outcome", "error", "seconds", "changed")


class SpinResults(Shows, list[SpinResult]):
    """The outcome of spinning one step on many tasks, in their order.

    Attributes
    ----------
    flow, step : str
        Names of the flow and the step.
    labels : list of str
        What to call the task of each result: its split, and the value of the foreach there; its run.
    waiting : list of str
        The same of the tasks that an interrupt left undone.
    elapsed : float
        Seconds from the first to the last.
    show : tuple of str
        The artifacts to show of each; empty for a choice of ours.
    """

    def __init__(
        self,
        results: Iterable[SpinResult],
        *,
        flow: str,
        step: str,
        labels: Sequence[str],
        waiting: Sequence[str] = (),
        interrupt: KeyboardInterrupt | None = None,
        elapsed: float = 0.0,
        show: Sequence[str] = (),
        render: Draw | None = None,
    ) -> None:
        super().__init__(results)
        self.flow = flow
        self.step = step
        self.labels = list(labels)
        self.waiting = list(waiting)
        self.elapsed = elapsed
        self.show = tuple(show)
        self._interrupt = interrupt
        self.render = render
        self._diffs: dict[int, list[DiffRow]] = {}

    @property
    def total(self) -> int:
        """How many there were to be."""
        return len(self) + len(self.waiting)

    @property
    def ok(self) -> bool:
        """Did all of them finish."""
        return not self.waiting and all(result.ok for result in self)

    @property
    def interrupted(self) -> bool:
        """Did an interrupt end them."""
        return bool(self.waiting) or isinstance(self.error, KeyboardInterrupt)

    @property
    def done(self) -> int:
        """How many came to their end, good or bad."""
        return sum(not isinstance(each.error, KeyboardInterrupt) for each in self)

    @property
    def failed(self) -> int:
        """How many failed; one that was interrupted has not."""
        return self.done - sum(each.ok for each in self)

    @property
    def errors(self) -> dict[int, BaseException]:
        """The exceptions of those that failed, by their place in the list."""
        return {at: each.error for at, each in enumerate(self) if each.error is not None}

    @property
    def error(self) -> BaseException | None:
        """The interrupt, or else the first failure, with a note that says how many there were."""
        if self._interrupt is not None:
            return self._interrupt
        errors = self.errors
        if not errors:
            return None
        interrupted = [at for at, each in errors.items() if isinstance(each, KeyboardInterrupt)]
        at = next(iter([*interrupted, *errors]))
        error = errors[at]
        note = f"{len(errors)} of {self.total} splits of `{self.step}` failed; this is {self.labels[at]}."
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)
        return error

    def changes(self, at: int, budget: float | None = None) -> list[DiffRow]:
        """Compare one result with its origin task, once for all who ask.

        Parameters
        ----------
        at : int
            Its place in the list.
        budget : float, optional
            Seconds after which the rest is left ``not compared``. Default: no limit.
        """
        if at not in self._diffs:
            rows = self[at].diff(budget) if self[at].ok else []
            if budget is not None and any(row.status == "not compared" for row in rows):
                return rows
            self._diffs[at] = rows
        return self._diffs[at]

    def table(self, *names: str) -> list[dict[str, Any]]:
        """Give a row of plain values for each task.

        Parameters
        ----------
        *names : str
            The artifacts to give of each. Default: those of ``show``, or what the step made that fits
            into a cell, numbers first.

        Returns
        -------
        list of dict
            ``task`` and ``index``, ``value`` of the foreach; ``inputs``, the pathspec that they come from;
            ``outcome``: ``ok``, ``failed`` or ``not done``; ``error``; ``seconds``; ``changed``: the names
            that differ from the origin task; and each artifact, None where there is none. An artifact
            of one of these names is ``self.NAME``.
        """
        chosen = names or self.chosen()
        rows = [self._row(at, chosen) for at in range(len(self))]
        left = dict.fromkeys([*OWN, *map(_column, chosen)])
        return rows + [left | {"task": label, "outcome": "not done"} for label in self.waiting]

    def to_pandas(self, *names: str) -> pd.DataFrame:
        """Give `table` as a DataFrame; needs pandas."""
        import pandas as pd

        return pd.DataFrame(self.table(*names))

    def chosen(self) -> tuple[str, ...]:
        """Choose the artifacts to show: those asked for, or what was made and fits into a cell.

        Numbers come first, then texts; of each what differs from the run.
        """
        if self.show:
            return self.show
        asked = [at for at, result in enumerate(self) if result.ok][:ASKED]
        ranks = _ranks([self[at] for at in asked])
        rows = (row for at in asked for row in self.changes(at, COMPARING / ASKED))
        differ = {row.name for row in rows if row.status in ("changed", "new")}
        fitting = [name for name, rank in ranks.items() if rank < 3]
        return tuple(sorted(fitting, key=lambda name: (ranks[name], name not in differ))[:COLUMNS])

    def _row(self, at: int, names: Iterable[str]) -> dict[str, Any]:
        result = self[at]
        error = result.error
        own = {
            "task": self.labels[at],
            "index": result.inputs.index,
            "value": result.inputs.value,
            "inputs": result.inputs.tasks[0] if result.inputs.tasks else None,
            "outcome": "ok" if result.ok else "failed",
            "error": None if error is None else f"{type(error).__name__}: {said_by(error)}",
            "seconds": result.seconds,
            "changed": [row.name for row in self.changes(at) if row.status not in ("same", "not compared")],
        }
        return own | {_column(name): result.artifacts.get(name) for name in names}

    def __repr__(self) -> str:
        words = [f"{self.failed} failed"] if self.failed else []
        words += ["interrupted"] if self.interrupted else []
        outcome = ", ".join(words) or "ok"
        return f"SpinResults({self.flow}/{self.step}, {self.done} of {self.total}, {outcome})"


def _column(name: str) -> str:
    return f"self.{name}" if name in OWN else name


def _ranks(results: Sequence[SpinResult]) -> dict[str, int]:
    """Rank what the step made: 0 is a number, 1 a text, 2 fits into a cell, 3 does not."""
    ranks: dict[str, int] = {}
    for result in results:
        known = result.artifacts
        for name in known:
            if name != "name" and name not in ranks and _is_new(result, name):
                ranks[name] = _rank(known, name)
    return ranks


def _is_new(result: SpinResult, name: str) -> bool:
    if not result.artifacts.describe(name).live:
        # An isolated step's are stored, and so are those that a step hands on unread.
        return name not in result.inputs
    if name not in result.inputs:
        return True
    if result.artifacts.describe(name).size != result.inputs.describe(name).size:
        return True
    try:
        with contained(PATIENCE):
            return bool(result.inputs[name] != result.artifacts[name])
    except Exception:  # noqa: BLE001 -- the user's own __eq__, or an array's
        return True


def _rank(artifacts: Artifacts, name: str) -> int:
    known = artifacts.describe(name)
    size = known.size
    if not known.live and (size is None or size >= SMALL_BYTES):
        return 3
    try:
        with contained(PATIENCE):
            value = artifacts[name]
            scalar = getattr(value, "shape", None) == ()
    except Exception:  # noqa: BLE001 -- of a package that is not in this process, or with code of its own
        return 3
    if issubclass(type(value), bool | str):
        return 1
    if scalar or issubclass(type(value), int | float):
        return 0
    own_repr: Any = type(value).__repr__
    return 2 if size is not None and size < SMALL_BYTES and own_repr is not object.__repr__ else 3
