"""A spin against the past task of the same step: what is new, changed, gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from spin_magic.artifacts import Artifact
from spin_magic.engine.past import TaskInfo
from spin_magic.engine.pickling import store_form
from spin_magic.engine.reader import PastTask
from spin_magic.engine.stores import OutputStore
from spin_magic.errors import TaskError
from spin_magic.foreign import Overdue, contained, said_of
from spin_magic.loop.compare import Incomparable, same_value
from spin_magic.loop.plan import Plan
from spin_magic.result import DiffRow

LARGE_BYTES = 32 * 2**20
# Below this, pickling and hashing is quicker than loading the other value.
SMALL_BYTES = 2**16
SMALL_SECONDS = 0.1
LOADING_SECONDS = 2.0


def compare(
    plan: Plan,
    origin: TaskInfo | None,
    output: OutputStore,
    entries: Mapping[str, Artifact],
    budget: float | None,
) -> list[DiffRow]:
    """Compare what a spin hands on with what a past task of the step did.

    Parameters
    ----------
    plan : Plan
        The spin.
    origin : TaskInfo or None
        The past task.
    output : OutputStore
        What it hands on.
    entries : dict of str to Artifact
        The same, described.
    budget : float or None
        Seconds after which the rest is left uncompared; None for no limit.
    """
    # A process that crashed has left nothing, and what it would have set is not known.
    if origin is None or not output.names():
        return []
    past = plan.history.open(origin)
    deadline = None if budget is None else time.perf_counter() + budget
    before = [name for name in past.objects if not name.startswith("_")]
    rows = []
    with plan.code.active():
        for name in sorted({*entries, *before}):
            now = entries.get(name)
            row = _row(plan, name, past, now, output=output, deadline=deadline)
            rows.append(row)
    return rows


def _row(
    plan: Plan,
    name: str,
    past: PastTask,
    now: Artifact | None,
    *,
    output: OutputStore,
    deadline: float | None,
) -> DiffRow:
    def load_before() -> Any:
        with plan.code.active():
            return past.artifact(name).load()

    after = now.load if now else None
    if now is None:
        return DiffRow(name, "gone", "", load_before, None)
    if name not in past:
        return DiffRow(name, "new", "", None, after)
    if output.key(name) == past.objects[name]:
        return DiffRow(name, "same", "", load_before, after)
    if deadline is not None and time.perf_counter() > deadline:
        return DiffRow(name, "not compared", "there was no time: ask with diff()", load_before, after)
    sizes = now.size or 0, past.details.get(name, {}).get("size") or 0
    if deadline is not None and max(sizes) > LARGE_BYTES:
        return DiffRow(name, "not compared", "it is large: ask with diff()", load_before, after)
    try:
        alike = max(sizes) <= SMALL_BYTES and _same_pickle(name, now, past.objects[name])
        same = alike or same_value(_loaded(load_before, deadline), _loaded(now.load, deadline), deadline)
    except (Incomparable, TaskError) as ex:
        return DiffRow(name, "not compared", str(ex), load_before, after)
    return DiffRow(name, "same" if same else "changed", "", load_before, after)


def _loaded(load: Callable[[], Any], deadline: float | None) -> Any:
    try:
        # Also what unpickling runs is the user's own code; the bytes may be on their way from elsewhere.
        with contained(None if deadline is None else LOADING_SECONDS):
            return load()
    except TaskError:
        raise
    except Exception as ex:
        msg = str(ex) if isinstance(ex, Overdue) else f"raised {said_of(ex)}"
        raise Incomparable(f"loading it {msg}") from ex


def _same_pickle(name: str, now: Artifact, sha: str) -> bool:
    if not now.live:
        return False
    try:
        with contained(SMALL_SECONDS):
            return store_form(name, now.load())[0] == sha
    except Exception:  # noqa: BLE001 -- the value itself may still compare
        return False
