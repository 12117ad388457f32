"""Which runs and tasks there are, read through Metaflow's metadata providers without touching its globals."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaflow import metaflow_config
from metaflow.client import core
from metaflow.plugins import METADATA_PROVIDERS
from metaflow.plugins.datastores.local_storage import LocalStorage
from metaflow.plugins.metadata_providers.local import LocalMetadataProvider
from metaflow.util import resolve_identity

Frame = tuple[str, int]


@dataclass(frozen=True)
class RunInfo:
    """A past run: its id, when it began (seconds since the epoch) and its tags."""

    id: str
    created: float
    tags: frozenset[str]


@dataclass(frozen=True)
class TaskInfo:
    """A past task, as far as its metadata tells.

    Attributes
    ----------
    run, step, id : str
        Parts of the pathspec.
    created : float
        When it began, in seconds since the epoch.
    ok : bool or None
        Did its latest attempt succeed; None while it runs, or where it was killed.
    path : tuple of (str, int), or None
        Step and split index of each foreach around it, outermost first; None where it was not
        recorded.
    ds_type, ds_root : str or None
        Where its artifacts are.
    """

    run: str
    step: str
    id: str
    created: float
    ok: bool | None
    path: tuple[Frame, ...] | None
    ds_type: str | None
    ds_root: str | None
    ended: float | None = None


def current_namespace() -> str | None:
    """Give the Client's namespace without setting it (``metaflow.get_namespace`` would)."""
    chosen = core.current_namespace
    return str(resolve_identity()) if chosen is False else chosen


def _local_root_above(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        root: Path = folder / metaflow_config.DATASTORE_LOCAL_DIR
        if root.is_dir():
            return Path(root).resolve()
    return None


def local_roots(cwd: Path, flow_file: Path | None) -> list[Path]:
    """List the folders that may hold the runs, the likeliest first.

    Metaflow's own rule comes first: ``METAFLOW_DATASTORE_SYSROOT_LOCAL``, else upward from the
    working directory. Then what the Client was pointed at, then upward from the flow file.
    """
    fixed = metaflow_config.DATASTORE_SYSROOT_LOCAL
    if fixed:
        return [Path(fixed, metaflow_config.DATASTORE_LOCAL_DIR)]
    found = [_local_root_above(cwd)]
    chosen = getattr(LocalMetadataProvider, "_INFO", None)
    if chosen and os.path.isdir(chosen):
        found.append(_local_root_above(Path(chosen).resolve()))
    if flow_file:
        found.append(_local_root_above(flow_file.resolve().parent))
    return list(dict.fromkeys(root for root in found if root))


@functools.lru_cache(maxsize=16)
def _rooted(root: str) -> type[LocalMetadataProvider]:
    # Metaflow keeps the root on the storage class, once for the process: each root gets its own.
    class RootedStorage(LocalStorage):  # type: ignore[misc]
        datastore_root = root

    class RootedMetadata(LocalMetadataProvider):  # type: ignore[misc]
        @classmethod
        def _get_storage_class(cls) -> type[LocalStorage]:
            return RootedStorage

    return RootedMetadata


class Metadata:
    """Runs and tasks of one flow, from a metadata provider.

    Parameters
    ----------
    flow : str
        Name of the flow.
    cwd : Path
        Working directory, where the search for ``.metaflow`` begins.
    flow_file : Path, optional
        The flow file, beside which ``.metaflow`` may be as well.
    """

    def __init__(self, flow: str, cwd: Path, flow_file: Path | None = None) -> None:
        self.flow = flow
        self.root: Path | None = None
        self.searched: list[Path] = []
        provider = core.current_metadata
        if provider is False:
            default = [m for m in METADATA_PROVIDERS if metaflow_config.DEFAULT_METADATA == m.TYPE]
            provider = default[0] if default else LocalMetadataProvider
        if provider.TYPE in ("local", "spin"):
            self._find_local(cwd, flow_file)
        else:
            self._provider = provider
        self._finished: dict[tuple[str, str, str], TaskInfo] = {}

    def _find_local(self, cwd: Path, flow_file: Path | None) -> None:
        self.searched = local_roots(cwd, flow_file)
        holding = [root for root in self.searched if (root / self.flow).is_dir()]
        self.root = next(iter(holding or self.searched), cwd / metaflow_config.DATASTORE_LOCAL_DIR)
        self._provider = _rooted(str(self.root))

    @property
    def key(self) -> tuple[str, str]:
        """What tells this source of runs from others."""
        return (self.flow, str(self.root or self._provider.metadata_str()))

    @property
    def client_string(self) -> str:
        """The string that ``metaflow.metadata`` would take to point the Client here."""
        return f"local@{self.root.parent}" if self.root else str(self._provider.metadata_str())

    def _get(self, kind: str, children: str, *parts: str) -> list[dict[str, Any]]:
        found = self._provider.get_object(kind, children, {}, None, self.flow, *parts)
        return list(found) if found else []

    def runs(self) -> list[RunInfo]:
        """List all runs of the flow, the newest first."""
        runs = [
            RunInfo(
                id=str(run.get("run_id") or run.get("run_number")),
                created=run["ts_epoch"] / 1000,
                tags=frozenset(run.get("tags") or ()) | frozenset(run.get("system_tags") or ()),
            )
            for run in self._get("flow", "run")
        ]
        return sorted(runs, key=lambda run: (run.created, run.id), reverse=True)

    def steps(self, run: str) -> list[str]:
        """List the steps that a run has reached, ``_parameters`` among them."""
        return [str(step["step_name"]) for step in self._get("run", "step", run)]

    def tasks(self, run: str, step: str) -> list[TaskInfo]:
        """List the tasks of a step, in the order in which they began."""
        objects = self._get("step", "task", run, step)
        wanted = [
            (str(task.get("task_name") or task["task_id"]), task["ts_epoch"] / 1000) for task in objects
        ]
        if self.root:
            infos: Iterable[TaskInfo] = [self._task(run, step, *task) for task in wanted]
        else:
            with ThreadPoolExecutor(16) as pool:
                infos = list(pool.map(lambda task: self._task(run, step, *task), wanted))
        return sorted(infos, key=lambda task: (task.created, len(task.id), task.id))

    def _task(self, run: str, step: str, task: str, created: float) -> TaskInfo:
        known = self._finished.get((run, step, task))
        if known:
            return known
        latest: dict[str, tuple[float, Any]] = {}
        for datum in self._get("task", "metadata", run, step, task):
            when = datum.get("ts_epoch") or 0
            if when >= latest.get(datum["field_name"], (0, None))[0]:
                latest[datum["field_name"]] = (when, datum["value"])
        values = {name: value for name, (_, value) in latest.items()}
        ended = latest.get("attempt_ok")
        info = TaskInfo(
            run=run,
            step=step,
            id=task,
            created=created,
            ok=_outcome(latest),
            path=_parse_path(values.get("foreach-execution-path")),
            ds_type=values.get("ds-type"),
            ds_root=values.get("ds-root"),
            ended=ended[0] / 1000 if ended else None,
        )
        if info.ok:
            self._finished[run, step, task] = info
        return info


def _outcome(latest: dict[str, tuple[float, Any]]) -> bool | None:
    """Tell the outcome of the latest attempt: one that began after the last verdict is still open."""
    if "attempt_ok" not in latest:
        return None
    when, verdict = latest["attempt_ok"]
    began = latest.get("attempt", (0, None))[0]
    return None if began > when else verdict == "True"


def _parse_path(text: str | None) -> tuple[Frame, ...] | None:
    if text is None:
        return None
    frames = (part.rpartition(":") for part in text.split(","))
    return tuple((step, int(index)) for step, _, index in frames)


__all__ = ["Metadata", "RunInfo", "TaskInfo", "current_namespace", "local_roots"]
