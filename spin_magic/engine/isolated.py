"""The two ends of an isolated step: its inputs as tasks of a private datastore, and what it left there."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metaflow.metaflow_config import SPIN_ALLOWED_DECORATORS
from metaflow.plugins.datastores.local_storage import LocalStorage

from spin_magic.artifacts import Artifact
from spin_magic.cards import Card
from spin_magic.engine.bulk import local_store
from spin_magic.engine.packages import asked_kinds
from spin_magic.engine.past import TaskInfo
from spin_magic.engine.past_cards import declared_cards, stored_cards
from spin_magic.engine.prepare import step_function
from spin_magic.engine.reader import PastTask
from spin_magic.engine.stored import add_stored, begin_task, open_place
from spin_magic.engine.stores import InputStore
from spin_magic.engine.task import Outcome
from spin_magic.errors import IsolatedError

INTERNAL = frozenset({"_transition"})


def plant(root: str, flow: str, inputs: Sequence[InputStore]) -> list[str]:
    """Write the inputs of a step as tasks of a private datastore, in their order.

    There the step's process finds joins of any width, what tasks left that were killed, and what
    ``merge_artifacts`` hands on; from the run's own datastore Metaflow's ``spin`` reads none of these.

    Returns
    -------
    list of str
        ``RUN/STEP/TASK`` of each: with an attempt Metaflow would not find more than four.

    Raises
    ------
    IsolatedError
        A value does not pickle.
    """
    place = open_place(LocalStorage, root, flow)
    paths = []
    for store in inputs:
        run, step, task = store.source.pathspec.split("/")[1:]
        made = begin_task(place, run, step, task)
        names = [name for name, _ in store.items() if name not in INTERNAL]
        for name, problem in add_stored(made, store, names, linked=True).items():
            msg = (
                f"{name!r} does not pickle ({problem}), so it cannot go to the process of an isolated step: "
                "spin it here, or set something else."
            )
            raise IsolatedError(msg)
        made.done()
        paths.append(f"{run}/{step}/{task}")
    return paths


def environment_of(cls: Any, step: str) -> str | None:
    """Give the ``--environment`` that a step's decorators need; None where any will do."""
    kinds = asked_kinds(cls, step)
    # The one that pypi makes serves both.
    return "pypi" if "pypi" in kinds else "conda" if kinds else None


def not_applied(cls: Any, step: str) -> list[str]:
    """List the decorators that a run applies and Metaflow's ``spin`` does not."""
    names = (deco.name for deco in getattr(step_function(getattr(cls, step)), "decorators", ()))
    return [name for name in dict.fromkeys(names) if name not in SPIN_ALLOWED_DECORATORS]


class StoredOutput:
    """What an isolated step left in its private datastore, read when it is asked for.

    It stands where an `OutputStore` does, with no live objects.

    Parameters
    ----------
    place : object
        What keeps the datastore there.
    store : InputStore or None
        The step's task; None where it left nothing.
    """

    def __init__(self, place: object, store: InputStore | None) -> None:
        self.place = place
        self.live: dict[str, Any] = {}
        self.unchanged: dict[str, Any] = {}
        self.mutated: dict[str, Artifact] = {}
        self._objects: dict[str, str] = store._objects if store else {}
        self._info: dict[str, dict[str, Any]] = store._info if store else {}
        self._origins = dict.fromkeys(self._objects, store)

    def known(self, name: str) -> Any:
        """Load an artifact; None where there is none of that name, or where it cannot be loaded here."""
        origin = self._origins.get(name)
        with contextlib.suppress(Exception):
            return origin[name] if origin else None
        return None

    def artifact(self, name: str) -> Artifact:
        """Describe an artifact that the step hands on."""
        origin = self._origins[name]
        assert origin is not None  # noqa: S101 -- where there is none, there are no names either
        return origin.artifact(name)

    def names(self) -> list[str]:
        """List what the step hands on, private names too."""
        return list(self._objects)

    def foreach_path(self) -> tuple[tuple[str, int], ...]:
        """Give the step and split index of each foreach around the task, outermost first."""
        return tuple((frame.step, frame.index) for frame in self.known("_foreach_stack") or ())

    def key(self, name: str) -> str | None:
        """Give the SHA under which an artifact is stored."""
        return self._objects.get(name)


@dataclass
class IsolatedOutcome(Outcome):
    """What became of an isolated step."""

    isolated: bool = True

    @property
    def transition(self) -> tuple[list[str], str | None] | None:
        """Steps that ``self.next`` led to and the foreach artifact; None where it was not called."""
        return self.output.known("_transition")  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Left:
    """What an isolated step left behind.

    Attributes
    ----------
    pathspec : str
        ``FLOW/RUN/STEP/TASK``.
    code : int or None
        How its process ended; None where it did not begin.
    began, ended : float
        When its body began and ended, in seconds since the epoch.
    registered : list of dict
        What it told its metadata provider.
    """

    pathspec: str
    code: int | None
    store: InputStore | None
    began: float = 0.0
    ended: float = 0.0
    registered: list[dict[str, Any]] = field(default_factory=list)


def find_left(root: str, flow: str, run: str, step: str, around: Callable[[], Any]) -> Left | None:
    """Find what a step left in a private datastore; None where its task did not begin.

    Parameters
    ----------
    root : str
        The datastore.
    flow, run, step : str
        Parts of the task's pathspec.
    around : callable
        Gives a context in which the flow's own classes can be unpickled.
    """
    above = os.path.join(root, flow, run, step)
    tasks = [name for name in _listed(above) if not name.startswith("_")] if run else []
    if not tasks:
        return None
    folder = os.path.join(above, tasks[0])
    info = TaskInfo(run, step, tasks[0], 0.0, ok=True, path=(), ds_type="local", ds_root=root)
    store, _ = local_store(open_place(LocalStorage, root, flow), folder, info)
    past = InputStore(PastTask(flow, info, store), {}, around) if store else None
    code = _json(folder, "0.runtime").get("return_code")
    began, ended, over = (_time(folder, f"0.{name}") for name in ("task_begin", "task_end", "runtime"))
    meta = os.path.join(folder, "_meta")
    registered = [_json(meta, name) for name in sorted(_listed(meta)) if name.startswith("sysmeta_")]
    return Left(f"{flow}/{run}/{step}/{tasks[0]}", code, past, began, ended or over, registered)


def cards_of(root: str, cls: Any, step: str, pathspec: str) -> list[Card]:
    """Read the cards that an isolated step made."""
    place = open_place(LocalStorage, root, pathspec.partition("/")[0])
    return stored_cards(place, pathspec, order=declared_cards(cls, step))[0]


def raised(left: Left) -> Mapping[str, str] | None:
    """Give class, text and traceback of what a step raised; None where it raised nothing."""
    wrapper = left.store.get("_exception") if left.store else None
    if wrapper is None:
        return None
    stack = wrapper.stacktrace or f"{wrapper.type}: {wrapper.exception}"
    return {"name": wrapper.type, "text": wrapper.exception, "stack": stack}


def _listed(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []


def _json(folder: str, name: str) -> dict[str, Any]:
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return dict(json.load(file))
    except (OSError, ValueError):
        return {}


def _time(folder: str, name: str) -> float:
    path = os.path.join(folder, name)
    return os.path.getmtime(path) if os.path.exists(path) else 0.0
