"""Which split of a foreach is meant by an index or a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from spin_magic.errors import TaskError

if TYPE_CHECKING:
    from spin_magic.engine.metadata import Frame, TaskInfo
    from spin_magic.runs.history import History
    from spin_magic.runs.wanted import Wanted


def opener_of(task: TaskInfo, history: History) -> TaskInfo | None:
    """Find the task that opened the innermost foreach around a task."""
    step = history.graph.nodes[task.step].foreach
    path = history.path(task)
    if step is None or not path:
        return None
    return history.at(task.run, step, path[:-1])


def matcher(wanted: Wanted, history: History) -> Callable[[TaskInfo], bool]:
    """Make the test for the wanted index or value; a value is looked for once in each foreach."""
    known: dict[tuple[str, tuple[Frame, ...]], int | None] = {}

    def matches(task: TaskInfo) -> bool:
        path = history.path(task)
        if not path:  # the step has come to lie inside a foreach since the run
            return False
        if wanted.place is not None:
            return path == wanted.place
        index = path[-1][1]
        if wanted.index is not None:
            return index == wanted.index
        key = (task.step, path[:-1])
        if key not in known:
            opener = opener_of(task, history)
            known[key] = _index_of_value(wanted.value, opener, history) if opener else None
        return index == known[key]

    return matches


def _index_of_value(value: Any, opener: TaskInfo, history: History) -> int | None:
    return index_of_value(value, *history.splits(opener), history.listed(opener))


def index_of_value(value: Any, count: int, values: Sequence[str], items: Any) -> int | None:
    """Find the split with a value: among the values as Metaflow notes them, then among the items."""
    text = str(value)
    for index, known in enumerate(values):
        if known == text[: max(len(known), 1)] and len(known) in (len(text), 30):
            return index
    for index in range(count):
        try:
            item = items[index]
            if type(item) is type(value) and bool(item == value):
                return index
        except Exception:  # noqa: BLE001, S112 -- the user's own list and __eq__
            continue
    return None


def split_of_new(wanted: Wanted, opener: TaskInfo, history: History) -> int:
    """Give the index of the wanted split of a foreach, the first where none was asked for.

    Raises
    ------
    TaskError
        There is no such split: says which there are.
    """
    count, values = history.splits(opener)
    if wanted.value is not None:
        found = _index_of_value(wanted.value, opener, history)
        if found is None:
            shown = ", ".join(values[:20]) + (", ..." if len(values) > 20 else "")
            where = f"`{opener.step}` in run {opener.run}"
            msg = f"No split of {where} has the value {wanted.value!r}; there are: {shown}."
            raise TaskError(msg)
        return found
    index = wanted.place[-1][1] if wanted.place else wanted.index or 0
    if not 0 <= index < count:
        splits = f"{count} splits, 0 to {count - 1}"
        msg = f"Index {index} is out of range: `{opener.step}` in run {opener.run} has {splits}."
        raise TaskError(msg)
    return index
