"""Runs and tasks from a metadata service, through Metaflow's own provider, in few requests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from spin_magic.engine.past import RunInfo, TaskInfo, attempt_of, origin_of, outcome, parse_path, place_of
from spin_magic.engine.service_requests import bounded
from spin_magic.engine.threads import ask_all
from spin_magic.errors import SpinError, TaskError

# For a provider that has no end of its own to waiting.
PATIENCE = 45.0
TASKS = 16384
SETTLED = 256
MANY = 32


class ServiceRuns:
    """The runs of one flow, as a metadata provider other than the local one knows them.

    Parameters
    ----------
    provider : MetadataProvider class
        Metaflow's provider.
    flow : str
        Name of the flow.
    """

    def __init__(self, provider: Any, flow: str) -> None:
        self._provider = bounded(provider)
        self._flow = flow
        self._closed: OrderedDict[tuple[str, str, str], TaskInfo] = OrderedDict()
        self._settled: OrderedDict[str, dict[str, list[TaskInfo]]] = OrderedDict()

    def runs(self) -> Iterator[RunInfo]:
        """Go through the runs, the newest first: one request for all of them."""
        infos = [_run_info(run) for run in self._ask("flow", "run")]
        if not infos and hasattr(self._provider, "check_service"):
            self._provider.check_service()
        yield from sorted(infos, key=lambda run: (run.created, run.id), reverse=True)

    def run(self, run: str) -> RunInfo | None:
        """Find a run by its id."""
        found = self._ask("run", "self", quote(run, safe=""))
        return _run_info(found[0]) if found else None

    def steps(self, run: str) -> list[str]:
        """List the steps that a run has reached, ``_parameters`` among them."""
        return sorted(str(step["step_name"]) for step in self._ask("run", "step", run))

    def reached(self, run: str, step: str) -> bool:
        """Tell whether a run has a task of a step, without asking for each task's metadata."""
        known = self._settled.get(run, {}).get(step)
        return bool(self._ask("step", "task", run, step)) if known is None else bool(known)

    def settle(self, run: str, end: str) -> None:
        """Look whether a run has finished: then no more is asked about it than once."""
        if run in self._settled:
            self._settled.move_to_end(run)
            return
        ends = self._tasks(run, end)
        if ends and all(task.ok for task in ends):
            self._settled[run] = {end: ends}
        while len(self._settled) > SETTLED:
            self._settled.popitem(last=False)

    def tasks(self, run: str, step: str) -> list[TaskInfo]:
        """List the tasks of a step, in no order."""
        known = self._settled.get(run)
        if known is None:
            return self._tasks(run, step)
        if step not in known:
            known[step] = self._tasks(run, step)
        return list(known[step])

    def _tasks(self, run: str, step: str) -> list[TaskInfo]:
        """List the tasks of a step: one request, and one for each that may have changed."""
        found: dict[str, TaskInfo | None] = {}
        created: dict[str, float] = {}
        for task in self._ask("step", "task", run, step):
            name = str(task.get("task_name") or task["task_id"])
            found[name] = self._closed.get((run, step, name))
            created[name] = task["ts_epoch"] / 1000
        unknown = [name for name, info in found.items() if info is None]
        fields = self._fields_in_bulk(run, step, unknown)
        infos = [
            _task_info((run, step, name), created[name], data)
            for name, data in zip(unknown, fields, strict=True)
        ]
        for info in self._with_places(infos):
            found[info.id] = info
            # A failed task may be tried again.
            if info.closed and info.ok is not False:
                self._closed[run, step, info.id] = info
        while len(self._closed) > TASKS:
            self._closed.popitem(last=False)
        return [info for info in found.values() if info]

    def _fields_in_bulk(self, run: str, step: str, tasks: list[str]) -> list[list[dict[str, Any]]]:
        """Ask for the metadata of tasks: of many at once where the service has that of the whole run."""
        of_run = self._of_run(run) if len(tasks) > MANY else []
        of_task: dict[str, list[dict[str, Any]]] = {}
        for datum in of_run:
            if datum["step_name"] == step:
                of_task.setdefault(str(datum.get("task_name") or datum["task_id"]), []).append(datum)
        rest = [task for task in tasks if task not in of_task]
        asked = self._ask_each([("task", "metadata", run, step, task) for task in rest])
        of_task.update(zip(rest, asked, strict=True))
        return [of_task[task] for task in tasks]

    def _of_run(self, run: str) -> list[dict[str, Any]]:
        request = getattr(self._provider, "_request", None)
        if request is None:
            return []
        path = f"/flows/{self._flow}/runs/{run}/metadata"
        try:
            return list(ask_all(lambda path: request(None, path, "GET")[0], [path], PATIENCE)[0])
        except Exception:  # noqa: BLE001 -- Metaflow itself never asks this; each task can be asked instead
            return []

    def _with_places(self, infos: list[TaskInfo]) -> list[TaskInfo]:
        """Ask the artifacts where they are, for tasks whose metadata does not say."""
        unplaced = [info for info in infos if info.ds_type is None and info.closed]
        records = self._ask_each([("task", "artifact", info.run, info.step, info.id) for info in unplaced])
        placed = dict.fromkeys(infos)
        for info, found in zip(unplaced, records, strict=True):
            ds_type, ds_root = place_of(found[0]) if found else (None, None)
            placed[info] = replace(info, ds_type=ds_type, ds_root=ds_root)
        return [better or info for info, better in placed.items()]

    def _ask(self, kind: str, children: str, *parts: str) -> list[dict[str, Any]]:
        return self._ask_each([(kind, children, *parts)])[0]

    def _ask_each(self, questions: list[tuple[str, ...]]) -> list[list[dict[str, Any]]]:
        def ask(question: tuple[str, ...]) -> list[dict[str, Any]]:
            kind, children, *parts = question
            found = self._provider.get_object(kind, children, {}, None, self._flow, *parts)
            if found is None and children == "metadata" and hasattr(self._provider, "too_old"):
                raise self._provider.too_old()
            if not found:
                return []
            return [found] if isinstance(found, dict) else list(found)

        try:
            return ask_all(ask, questions, PATIENCE)
        except SpinError:
            raise
        except Exception as ex:
            text = " ".join(str(getattr(ex, "message", None) or ex).split())[:300]
            msg = (
                f"The metadata service {self._provider.metadata_str()} does not answer as it should: {text}. "
                "Check METAFLOW_SERVICE_URL and the network, or choose another with metaflow.metadata(...)."
            )
            raise TaskError(msg) from ex


def _run_info(run: dict[str, Any]) -> RunInfo:
    return RunInfo(
        id=str(run.get("run_id") or run.get("run_number")),
        created=run["ts_epoch"] / 1000,
        tags=frozenset(run.get("tags") or ()) | frozenset(run.get("system_tags") or ()),
    )


def _task_info(place: tuple[str, str, str], created: float, data: list[dict[str, Any]]) -> TaskInfo:
    latest: dict[str, tuple[float, Any]] = {}
    for datum in data:
        when = datum.get("ts_epoch") or 0
        if when >= latest.get(datum["field_name"], (0, None))[0]:
            latest[datum["field_name"]] = (when, datum["value"])
    values = {name: value for name, (_, value) in latest.items()}
    began = latest.get("attempt", (None, None))[0]
    ended, verdict = latest.get("attempt_ok", (None, None))
    run, step, task = place
    return TaskInfo(
        run=run,
        step=step,
        id=task,
        created=created,
        ok=outcome(began, verdict, ended),
        path=parse_path(values.get("foreach-execution-path")),
        ds_type=values.get("ds-type"),
        ds_root=values.get("ds-root"),
        ended=ended / 1000 if ended else None,
        origin=origin_of(values.get("origin-run-id"), values.get("origin-task-id")),
        attempt=attempt_of(values.get("attempt", values.get("attempt-done"))),
    )
