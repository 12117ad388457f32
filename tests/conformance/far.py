"""A real run in S3 and a metadata service, once for all tests, and this process pointed at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import metaflow
from metaflow import metaflow_config
from metaflow.client import core
from metaflow.plugins.metadata_providers.service import ServiceMetadataProvider

from spin_magic.engine import blobs, metadata, storage
from spin_magic.runs import history
from tests.conformance.cases import Case
from tests.conformance.remote import Remote, remote
from tests.conformance.runs import RealRun, environment, make_project, read, run

if TYPE_CHECKING:
    import pytest

LAUNCHER = Path(__file__).parent / "fork_run.py"


@dataclass
class Far:
    """The run, its project folder, and the servers that hold it."""

    project: Path
    servers: Remote
    run: RealRun

    def environment(self) -> dict[str, str]:
        return environment(self.servers.environment())

    def settle(self) -> None:
        """Let everything be well again, and forget what this process knows of the servers."""
        for relay in (self.servers.storage, self.servers.service):
            relay.settle()
        forget()


def forget() -> None:
    """Forget what is kept in memory, as in a fresh kernel."""
    for kept in (storage.open_datastore, metadata._service_runs, history._reader):
        kept.cache_clear()
    blobs.MEMORY.__init__()


@contextmanager
def far_run(folder: Path) -> Iterator[Far]:
    """Run the flow against both servers, and read it with Metaflow's Client."""
    project = make_project(folder / "project")
    (folder / "service").mkdir()
    with remote(folder / "service") as servers:
        case = Case("far", "far.py", "FarFlow", "far.py", env=servers.environment())
        run_id, log = run(project, case, LAUNCHER)
        yield Far(project, servers, RealRun(case, run_id, log, read(project, case, run_id)))


@contextmanager
def pointed(far: Far, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Iterator[None]:
    """Point this process at the servers: Metaflow reads its settings once, when it is imported."""
    monkeypatch.chdir(far.project)
    monkeypatch.setenv("SPIN_MAGIC_CACHE_DIR", str(cache))
    # S3's own processes read the environment; no file of the user's is to help.
    files = {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null"}
    for name, value in {**files, **far.servers.environment()}.items():
        monkeypatch.setenv(name, value)
    params = {"endpoint_url": far.servers.storage.url}
    monkeypatch.setattr(metaflow_config, "USER", "tester")
    monkeypatch.setattr(metaflow_config, "DATATOOLS_CLIENT_PARAMS", params)
    monkeypatch.setattr(core, "current_metadata", core.current_metadata)
    monkeypatch.setattr(ServiceMetadataProvider, "_INFO", None)
    far.settle()
    metaflow.metadata(f"service@{far.servers.service.url}")
    try:
        yield
    finally:
        far.settle()
        ServiceMetadataProvider._session.close()


def far_sha(far: Far, name: str) -> str:
    """Give the SHA of an artifact of the run's first task."""
    flow, run_id, step, task = far.run.task("start")["pathspec"].split("/")
    found = storage.open_datastore(flow, "s3", "s3://flows/metaflow")
    return str(found.get_task_datastore(run_id, step, task, attempt=0)._objects[name])
