"""Inputs of a step from what was spun of the steps before it; a run fills in what was not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from spin_magic.engine.first import FirstInputs
from spin_magic.engine.metadata import Frame, RunInfo, TaskInfo
from spin_magic.engine.spun import SpunTask
from spin_magic.errors import TaskError
from spin_magic.flows.load import FlowCode
from spin_magic.loop.chain_words import (
    missing_words,
    mixed_words,
    names_of,
    nothing_spun,
    older_words,
    which_words,
)
from spin_magic.loop.session import Place, Spun
from spin_magic.loop.spun_parents import Input, Spot, SpunParents
from spin_magic.runs.choose import task_by_id
from spin_magic.runs.history import History
from spin_magic.runs.splits import index_of_value
from spin_magic.runs.wanted import Choice, NoRun, Wanted, check_step

SPIN = "spin"


@dataclass(frozen=True)
class Feed:
    """What feeds a step: the choice, the open sources in order, and the steps that were spun among them."""

    choice: Choice
    sources: list[Any]
    on: tuple[str, ...] = ()


class Missing(TaskError):  # noqa: N818 -- it tells a state: a run may do instead
    """What was spun does not suffice, and no run fills in."""


def first_feed(history: History, cls: Any) -> Feed:
    """Give what the first step starts from where there is no run."""
    source = FirstInputs(history.flow, cls)
    why = f"No run of {history.flow} yet: its parameters are at their defaults, where --set gives no others."
    return Feed(Choice(SPIN, None, (_spun_task("_parameters", (), None),), why=why), [source])


class Chain:
    """The steps that lead to a step, as they were spun here.

    Parameters
    ----------
    wanted : Wanted
        What was asked for.
    history : History
        The runs, which fill in.
    code : FlowCode
        The flow.
    """

    def __init__(self, wanted: Wanted, history: History, code: FlowCode) -> None:
        check_step(wanted, history)
        self.wanted, self.history, self.code = wanted, history, code
        self.here = SpunParents(wanted.step, history, code)
        self.node = self.here.node

    def feed(self, *, fill: bool = True) -> Feed:
        """Find what feeds the step.

        Raises
        ------
        TaskError
            Nothing was spun, or not what is needed; `Missing` where a run alone might do.
        """
        if not self.here.spun:
            raise Missing(nothing_spun(self.node.name, self.here.parents))
        place = self._chosen()
        spots = list(self.here.needed(place))
        found: list[Input | None] = [self.here.spun_at(spot, place) for spot in spots]
        enough = self.here.enough(spots)
        run = None
        if sum(each is not None for each in found) < enough:
            run, found = self._filled(spots, found, place) if fill else (None, found)
        inputs = [each for each in found if each is not None]
        if len(inputs) < enough:
            raise Missing(missing_words(self.history.flow, self.node, spots, found))
        # Of a whole foreach, some splits may well be the run's alone.
        if self.wanted.place is None and not any(isinstance(each, Spun) for _, each in inputs):
            msg = f"What was spun of {names_of(self.here.spun)} belongs to another task than was asked for."
            raise Missing(msg)
        return self._made(place, run, inputs)

    def _chosen(self) -> Place:
        wanted, node = self.wanted, self.node
        if wanted.place is not None:
            return wanted.place
        if wanted.task is not None and wanted.run is not None:
            return self.history.path(task_by_id(wanted, self.history.tasks(wanted.run, wanted.step)))
        if wanted.selected and node.depth == 0:
            option = "--index" if wanted.index is not None else "--value"
            msg = f"`{node.name}` is not inside a foreach: leave out {option}."
            raise TaskError(msg)
        places = self.here.places()
        if not wanted.selected:
            latest = max((s for each in self.here.spun.values() for s in each.values()), key=lambda s: s.when)
            stay = latest.place if latest.alone else None
            return stay if stay in places else next(iter(places), ())
        return next(filter(self._fits, places), None) or self._out_of_range(places)

    def _fits(self, place: Place) -> bool:
        if self.wanted.index is not None:
            return place[-1][1] == self.wanted.index
        count, values, items = self.here.splits_at(place)
        return place[-1][1] == index_of_value(self.wanted.value, count, values, items)

    def _out_of_range(self, places: list[Place]) -> Place:
        """Leave it to a run that may fill in, unless what was spun says how many splits there are."""
        wanted = self.wanted
        if self.here.opens is None:
            msg = f"What was spun of {names_of(self.here.spun)} belongs to another task than was asked for."
            raise Missing(msg)
        count = max((place[-1][1] for place in places), default=-1) + 1
        if wanted.index is None:
            shown = ", ".join(dict.fromkeys(str(self.here.value(place)) for place in places[:20]))
            msg = (
                f"No split of `{self.here.opens}`, as it was spun, has the value {wanted.value!r}; "
                f"there are: {shown}."
            )
        else:
            msg = (
                f"Index {wanted.index} is out of range: `{self.here.opens}`, as it was spun, has {count} "
                f"splits, 0 to {count - 1}."
            )
        raise TaskError(msg)

    def _filled(
        self, spots: list[list[Spot]], found: list[Input | None], place: Place
    ) -> tuple[RunInfo | None, list[Input | None]]:
        """Fill in from the latest run that has all that was not spun."""
        for run in self._runs():
            if not self._same_foreach(run, place):
                continue
            filled = [each or self._past_at(run, spot) for spot, each in zip(spots, found, strict=True)]
            if sum(each is not None for each in filled) >= self.here.enough(spots):
                return run, filled
        return None, found

    def _runs(self) -> Iterator[RunInfo]:
        if self.wanted.run is not None:
            yield self.history.run(self.wanted.run, self.wanted.namespace)
            return
        try:
            yield from self.history.runs(self.wanted.namespace)
        except NoRun:
            return

    def _same_foreach(self, run: RunInfo, place: Place) -> bool:
        if self.node.joins != "foreach":
            return True
        opener = self.history.at(run.id, str(self.node.joined), place)
        return opener is not None and self.history.splits(opener)[0] == self.here.width(place)

    def _past_at(self, run: RunInfo, spots: list[Spot]) -> Input | None:
        tasks = (self.history.at(run.id, step, at) for step, at in spots)
        return next(((task.step, task) for task in tasks if task is not None and task.ok), None)

    def _origin(self, run: RunInfo | None, place: Place) -> TaskInfo | None:
        step = self.node.name
        runs = [run] if run else (each for each in self._runs() if self.history.reached(each.id, step))
        newest = next(iter(runs), None)
        return self.history.at(newest.id, step, place) if newest else None

    def _made(self, place: Place, run: RunInfo | None, inputs: list[Input]) -> Feed:
        origin = self._origin(run, place)
        like = origin or next((each for _, each in inputs if isinstance(each, TaskInfo)), None)
        tasks: list[TaskInfo] = []
        sources: list[Any] = []
        for step, each in inputs:
            if isinstance(each, Spun):
                task = _spun_task(step, each.place, like)
                label = f"{self.history.flow}/{SPIN}/{step}/{task.id}"
                sources.append(SpunTask(label, each.output, self.code.active))
            else:
                task = each
                sources.append(self.history.open(each))
            tasks.append(task)
        index = place[-1][1] if place else None
        value = self.here.value(place) if place else None
        which = which_words(index, self.here.splits_at(place)[0], value) if place else ""
        choice = Choice(
            run=run.id if run else origin.run if origin else SPIN,
            origin=origin,
            parents=tuple(tasks),
            index=index,
            split_index=index if self.here.opens else None,
            value=value,
            which=which,
            why=mixed_words(tasks, run, which) + older_words(self.here.older(inputs)),
        )
        return Feed(choice, sources, tuple(dict.fromkeys(s for s, e in inputs if isinstance(e, Spun))))


def _spun_task(step: str, place: Iterable[Frame], like: TaskInfo | None) -> TaskInfo:
    """Describe a spun task as a past one, in the datastore of one that is."""
    place = tuple(place)
    name = "-".join(str(index) for _, index in place) or "0"
    kind, root = (like.ds_type, like.ds_root) if like else (None, None)
    return TaskInfo(SPIN, step, name, 0.0, ok=True, path=place, ds_type=kind, ds_root=root)
