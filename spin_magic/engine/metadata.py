"""Which runs and tasks there are, found through Metaflow's settings without touching its globals."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from metaflow import metaflow_config
from metaflow.client import core
from metaflow.plugins import METADATA_PROVIDERS
from metaflow.plugins.metadata_providers.local import LocalMetadataProvider
from metaflow.util import resolve_identity

from spin_magic.engine.local_metadata import LocalRuns
from spin_magic.engine.past import Frame, RunInfo, TaskInfo
from spin_magic.engine.service_metadata import ServiceRuns


class Runs(Protocol):
    """Where the runs of one flow are listed."""

    def runs(self) -> Iterator[RunInfo]: ...
    def run(self, run: str) -> RunInfo | None: ...
    def steps(self, run: str) -> list[str]: ...
    def reached(self, run: str, step: str) -> bool: ...
    def settle(self, run: str, end: str) -> None: ...
    def tasks(self, run: str, step: str) -> list[TaskInfo]: ...


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


@functools.lru_cache(maxsize=8)
def _local_runs(root: Path, flow: str) -> Runs:
    return LocalRuns(root, flow)


@functools.lru_cache(maxsize=8)
def _service_runs(provider: Any, _address: str, flow: str) -> Runs:
    return ServiceRuns(provider, flow)


class Metadata:
    """Runs and tasks of one flow.

    Parameters
    ----------
    flow : str
        Name of the flow.
    cwd : Path
        Working directory, where the search for ``.metaflow`` begins.
    flow_file : Path, optional
        The flow file, beside which ``.metaflow`` may be as well.

    Attributes
    ----------
    root : Path or None
        The ``.metaflow`` folder; None where the runs are in a service.
    searched : list of Path
        Folders that were looked at for it.
    key : tuple of str
        What tells this source of runs from others.
    client_string : str
        What ``metaflow.metadata`` would take to point the Client here.
    """

    def __init__(self, flow: str, cwd: Path, flow_file: Path | None = None) -> None:
        self.root: Path | None = None
        self.searched: list[Path] = []
        provider = core.current_metadata
        if provider is False:
            default = [m for m in METADATA_PROVIDERS if metaflow_config.DEFAULT_METADATA == m.TYPE]
            provider = default[0] if default else LocalMetadataProvider
        if provider.TYPE in ("local", "spin"):
            self.searched = local_roots(cwd, flow_file)
            holding = [root for root in self.searched if os.path.isdir(root / flow)]
            self.root = next(iter(holding or self.searched), cwd / metaflow_config.DATASTORE_LOCAL_DIR)
            self.client_string = f"local@{self.root.parent}"
            self._runs = _local_runs(self.root, flow)
        else:
            self.client_string = str(provider.metadata_str())
            self._runs = _service_runs(provider, self.client_string, flow)
        self.key = (flow, str(self.root or self.client_string))

    @property
    def places(self) -> str:
        """Name where runs were looked for, for the user."""
        if self.root is None:
            kind, _, address = self.client_string.partition("@")
            return f"the metadata {kind} at {address}"
        return ", ".join(map(str, self.searched)) or "any .metaflow folder from here upward"

    def runs(self) -> Iterator[RunInfo]:
        """Go through the runs of the flow, the newest first; take no more than are needed."""
        return self._runs.runs()

    def run(self, run: str) -> RunInfo | None:
        """Find a run by its id."""
        return self._runs.run(run)

    def steps(self, run: str) -> list[str]:
        """List the steps that a run has reached, ``_parameters`` among them."""
        return self._runs.steps(run)

    def reached(self, run: str, step: str) -> bool:
        """Tell whether a run has a task of a step, without reading the tasks."""
        return self._runs.reached(run, step)

    def settle(self, run: str, end: str) -> None:
        """Look whether a run has reached its end: then it stays as it is, and is asked about no more."""
        self._runs.settle(run, end)

    def tasks(self, run: str, step: str) -> list[TaskInfo]:
        """List the tasks of a step, in the order in which they began."""
        return sorted(self._runs.tasks(run, step), key=lambda task: (task.created, len(task.id), task.id))


__all__ = ["Frame", "Metadata", "RunInfo", "TaskInfo", "current_namespace", "local_roots"]
