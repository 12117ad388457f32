"""Which tasks many spins are of: every split of a foreach, some of them, or the tasks of the latest runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from spin_magic.engine.graph import graph_of
from spin_magic.engine.metadata import TaskInfo
from spin_magic.errors import OptionError, TaskError
from spin_magic.flows.load import FlowCode
from spin_magic.loop import session
from spin_magic.loop.chain import Chain, Missing
from spin_magic.loop.chain_words import names_of, nothing_spun
from spin_magic.loop.new_steps import spun_again
from spin_magic.loop.request import Request, wanted
from spin_magic.loop.session import Place
from spin_magic.loop.step_code import step_code
from spin_magic.runs.choose import choose
from spin_magic.runs.history import History, open_history
from spin_magic.runs.splits import matcher
from spin_magic.runs.wanted import NoRun, Wanted


@dataclass(frozen=True)
class Every:
    """Many spins of one step.

    Attributes
    ----------
    flow, step : str
        Names of the flow and the step.
    requests : list of Request
        One for each task.
    labels : list of str
        What to call each.
    kept : bool
        Are the splits kept for a join; those of several runs are not.
    whole : bool
        Are they all the splits of the foreach.
    """

    flow: str
    step: str
    requests: list[Request]
    labels: list[str]
    kept: bool
    whole: bool = True


def every_split(request: Request, code: FlowCode, indices: Collection[int] = ()) -> Every:
    """Work out a spin on every task of the foreach, or on those with some split indices.

    Raises
    ------
    SpinError
        The step is in no foreach, one task was asked for, or nothing can feed it.
    """
    request, asked, history = _opened(request, code)
    if asked.task is not None or asked.selected:
        msg = "Many splits are tasks of one foreach: leave --index, --value and the task out."
        raise OptionError(msg)
    node = history.graph.nodes.get(asked.step)
    if node is not None and node.depth == 0:
        option = "--index" if indices else "--all-splits"
        msg = f"`{asked.step}` is not inside a foreach: leave out {option}."
        raise TaskError(msg)
    if request.source == "spin":
        places = _spun_places(asked, history, code)
    else:
        try:
            run = choose(asked, history).run
        except NoRun as ex:
            places = _spun_places(asked, history, code, ex)
        else:
            request = replace(request, run=run, step=asked.step, namespace=asked.namespace)
            places = _run_places(run, asked, history)
    places = _at(places, indices, asked.step) if indices else places
    requests = [replace(request, place=place) for place in places]
    labels = [", ".join(str(index) for _, index in place) for place in places]
    return Every(history.flow, asked.step, requests, labels, kept=True, whole=not indices)


def _at(places: list[Place], indices: Collection[int], step: str) -> list[Place]:
    """Keep the splits with some indices; in a foreach inside another one, of each outer split.

    Raises
    ------
    TaskError
        No split has such an index.
    """
    known, wanted_ones = {place[-1][1] for place in places if place}, frozenset(indices)
    missing = [index for index in indices if index not in known]
    if missing:
        there = f"{min(known)} to {max(known)}" if known else "none"
        msg = f"Index {missing[0]} is out of range: the splits of `{step}` are {there}."
        raise TaskError(msg)
    return [place for place in places if place and place[-1][1] in wanted_ones]


def latest_runs(request: Request, code: FlowCode, count: int, indices: Collection[int] = ()) -> Every:
    """Work out a spin on the tasks of a step in the latest runs that reached it.

    Raises
    ------
    SpinError
        No run reached it, or the options do not fit.
    """
    request, asked, history = _opened(request, code)
    if count < 1 or asked.run is not None or request.source == "spin":
        msg = "--last N takes the latest N runs: N is 1 or more, and --from is left out."
        raise OptionError(msg)
    reached = (run for run in history.runs(asked.namespace) if history.reached(run.id, asked.step))
    fits = matcher(asked, history) if asked.selected else _among(indices, history)
    found = [
        task for run in islice(reached, count) for task in history.tasks(run.id, asked.step) if fits(task)
    ]
    if not found:
        msg = f"No run of {history.flow} has such a task of `{asked.step}`."
        raise TaskError(msg)
    one = replace(request, index=None, value=None)
    requests = [replace(one, step=f"{task.run}/{task.step}/{task.id}") for task in found]
    labels = []
    for task in found:
        split = ", ".join(str(index) for _, index in history.path(task))
        labels.append(f"run {task.run}{f', split {split}' if split else ''}")
    return Every(history.flow, asked.step, requests, labels, kept=False)


def _among(indices: Collection[int], history: History) -> Callable[[TaskInfo], bool]:
    some = frozenset(indices)

    def fits(task: TaskInfo) -> bool:
        path = history.path(task)
        return not some or (bool(path) and path[-1][1] in some)

    return fits


def _opened(request: Request, code: FlowCode) -> tuple[Request, Wanted, History]:
    asked = replace(wanted(request, code.cls.__name__), preferred=session.promoted(code))
    request = spun_again(request, code, asked.step)
    graph = graph_of(step_code(request, code, asked.step).prepared.cls)
    return request, asked, open_history(code.cls.__name__, graph, Path.cwd(), code.path)


def _spun_places(asked: Wanted, history: History, code: FlowCode, no_run: NoRun | None = None) -> list[Place]:
    chain = Chain(asked, history, code)
    places = chain.here.every_place()
    if not places:
        parents = names_of(chain.here.parents)
        instead = f"{no_run} Or spin {parents} here first." if no_run and parents else ""
        raise Missing(instead or nothing_spun(asked.step, chain.here.parents))
    return places


def _run_places(run: str, asked: Wanted, history: History) -> list[Place]:
    """List where in the foreach the step stands, or could stand, in a run."""
    node = history.graph.nodes[asked.step]
    found = [history.path(task) for task in history.tasks(run, asked.step)]
    for parent in node.parents:
        for task in history.tasks(run, parent):
            path = history.path(task)
            if node.foreach == parent:
                found += [(*path, (node.name, index)) for index in range(history.splits(task)[0])]
            elif task.ok:
                found.append(path[:-1] if node.joins == "foreach" else path)
    return _in_order(place for place in found if len(place) == node.depth)


def _in_order(places: Iterable[Place]) -> list[Place]:
    return sorted(dict.fromkeys(places), key=lambda place: [index for _, index in place])
