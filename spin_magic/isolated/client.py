"""Past tasks, and what an isolated step left, through Metaflow's public Client alone.

The engine reads the same better and quicker; this is for where it cannot work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from spin_magic.artifacts import Artifact
from spin_magic.cards import Card
from spin_magic.errors import TaskError
from spin_magic.isolated.place import Place
from spin_magic.result import DiffRow, Status


def past_task(flow: str, run: str | None, step: str, task: str | None, index: int | None) -> Any:
    """Find the task to spin: as it was asked for, else the first of the step in the latest run.

    Raises
    ------
    TaskError
        There is none.
    """
    import metaflow  # noqa: PLC0415 -- slow, and wanted last

    try:
        if run is None:
            latest = metaflow.Flow(flow).latest_run
            run = latest.id if latest else None
        if task is not None:
            return metaflow.Task(f"{flow}/{run}/{step}/{task}", _namespace_check=False)
        found = list(metaflow.Step(f"{flow}/{run}/{step}"))
    except metaflow.exception.MetaflowException as ex:
        msg = f"Metaflow's own spin needs a past task of `{step}`, and there is none: {ex}"
        raise TaskError(msg) from None
    in_order = sorted(found, key=lambda each: index_of(each) or 0)
    chosen = [each for each in in_order if index is None or index_of(each) == index]
    if not chosen:
        known = ", ".join(str(index_of(each)) for each in in_order)
        msg = f"Run {run} has no task of `{step}` with index {index}; there are {known}."
        raise TaskError(msg)
    return chosen[0]


def index_of(task: Any) -> int | None:
    """Give the split index of a task; None outside of any foreach."""
    # Not `Task.index`: it unpickles a class that Metaflow keeps in `__main__`, which is the notebook's.
    path = task.metadata_dict.get("foreach-execution-path")
    return int(path.rpartition(":")[2]) if path else None


def parents_of(task: Any) -> list[Any]:
    """List the tasks that a task took its inputs from; of the first step, the run's parameters."""
    import metaflow  # noqa: PLC0415 -- as above

    flow, run = task.pathspec.split("/")[:2]
    found: list[Any] = []
    with suppress(Exception):  # of a killed task Metaflow does not know them
        found = list(task.parent_tasks)
    return found or [metaflow.Step(f"{flow}/{run}/_parameters", _namespace_check=False).task]


@contextmanager
def spun_task(place: Place, flow: str, step: str) -> Iterator[Any]:
    """Give the task that a spin left in its private folder, for the time of the block; None for none."""
    import metaflow  # noqa: PLC0415 -- as above

    if not place.run_id.exists():
        yield None
        return
    run = place.run_id.read_text(encoding="utf-8").strip()
    kept = metaflow.get_metadata()
    try:
        metaflow.inspect_spin(str(place.root))
        yield metaflow.Step(f"{flow}/{run}/{step}", _namespace_check=False).task
    finally:
        metaflow.metadata(kept)


def artifacts_of(task: Any) -> dict[str, Artifact]:
    """Load the artifacts of a task; what cannot be loaded says so when it is asked for."""
    entries = {}
    for artifact in task:
        try:
            value = artifact.data
        except Exception as ex:  # noqa: BLE001 -- unpickling may run any code
            entries[artifact.id] = Artifact(artifact.id, "object", None, _raises(ex))
        else:
            entries[artifact.id] = Artifact(artifact.id, type(value).__name__, None, _gives(value), live=True)
    return entries


def _gives(value: Any) -> Any:
    return lambda: value


def _raises(error: Exception) -> Any:
    def load() -> Any:
        raise error

    return load


def rows(now: Any, before: Any, entries: dict[str, Artifact]) -> list[DiffRow]:
    """Compare the artifacts of two tasks by what they are stored as."""
    shas = [{artifact.id: artifact.sha for artifact in task} for task in (now, before)]
    made = []
    for name in sorted({*shas[0], *shas[1]}):
        load_after = entries[name].load if name in entries else None
        load_before = (lambda each=name: before[each].data) if name in shas[1] else None
        made.append(DiffRow(name, _status(*(known.get(name) for known in shas)), "", load_before, load_after))
    return made


def _status(now: str | None, before: str | None) -> Status:
    if now is None:
        return "gone"
    if before is None:
        return "new"
    return "same" if now == before else "changed"


def cards_of(task: Any) -> Iterable[Card]:
    """Read the cards of a task."""
    from metaflow.cards import get_cards  # noqa: PLC0415 -- as above

    with suppress(Exception):  # Metaflow raises where there are none
        return [Card(card.type, card.id, card.get()) for card in get_cards(task)]
    return []
