"""Runs that a metadata service lists: here a stand-in for it that serves the folder of real runs."""

from __future__ import annotations

import metaflow
import pytest
from metaflow.client import core
from metaflow.plugins.datastores.local_storage import LocalStorage
from metaflow.plugins.metadata_providers.service import ServiceMetadataProvider

from spin_magic import spin
from spin_magic.engine import reader, service_metadata, storage
from spin_magic.engine.service_metadata import ServiceRuns
from spin_magic.errors import TaskError
from tests.conformance.compare import compare_artifacts
from tests.conformance.service import serving


@pytest.fixture
def service(project, monkeypatch):
    """The service, with Metaflow's Client pointed at it and its connections closed afterwards."""
    monkeypatch.setattr(core, "current_metadata", core.current_metadata)
    monkeypatch.setattr(ServiceMetadataProvider, "_INFO", None)
    with serving(project / ".metaflow") as service:
        metaflow.metadata(f"service@{service.url}")
        yield service
        service.delay = 0
        ServiceMetadataProvider._session.close()


@pytest.mark.parametrize("name", ["foreach", "branches", "nested", "params"])
def test_inputs_and_results_are_those_of_the_run(name, run_of, service):
    real_run = run_of(name)
    steps = {step: tasks for step, tasks in real_run.steps.items() if step != "_parameters"}
    for task in (tasks[-1] for tasks in steps.values()):
        result = spin(real_run.case.flow, task["pathspec"].partition("/")[2])
        assert compare_artifacts(task["artifacts"], result, task["pathspec"]) == []
    assert any("/runs/" in path for path in service.asked)


@pytest.mark.parametrize("step", ["start", "letter", "letters_join", "end"])
def test_artifacts_in_another_datastore_are_opened_in_bulk(step, run_of, service, monkeypatch):
    """The other datastore is a stand-in too: the local one under another name."""

    class Elsewhere(LocalStorage):
        TYPE = "elsewhere"

    real_run = run_of("foreach")
    service.storage = "elsewhere"
    monkeypatch.setattr(storage, "DATASTORES", [Elsewhere])
    storage.open_datastore.cache_clear()
    monkeypatch.setattr(reader, "local_store", None)
    task = real_run.steps[step][-1]
    for _ in range(2):
        result = spin("foreach.py", task["pathspec"].partition("/")[2])
        assert compare_artifacts(task["artifacts"], result, task["pathspec"]) == []


def test_a_datastore_that_is_not_known_is_told(run_of, service):
    run_of("foreach")
    service.storage = "floppy"
    with pytest.raises(TaskError, match="a datastore of type 'floppy', which this Metaflow does not know"):
        spin("foreach.py", "end")


def test_requests_are_few_and_do_not_grow_with_the_runs(run_of, service):
    real_run = run_of("foreach")

    def requests():
        service.asked.clear()
        assert spin("foreach.py", "letters_join").origin.startswith(real_run.pathspec)
        return sorted(service.asked)

    first, again = requests(), requests()
    service.more_runs = 2000
    assert requests() == again
    assert again.count("/flows/ForeachFlow/runs") == 1
    assert again == ["/flows/ForeachFlow/runs"]
    assert len(first) == len(set(first))


def test_a_failed_task_is_asked_for_again(run_of, service):
    real_run = run_of("failing_raise")
    for _ in range(2):
        service.asked.clear()
        with pytest.raises(Exception, match="at"):
            spin("failing.py", f"{real_run.run_id}/work", index=1)
        assert len([path for path in service.asked if path.endswith("/metadata")]) >= 1


@pytest.mark.parametrize("in_bulk", [True, False])
def test_a_wide_join_asks_for_the_whole_run_where_it_can(in_bulk, run_of, service):
    real_run = run_of("wide")
    service.in_bulk = in_bulk
    service.asked.clear()
    task = real_run.steps["join"][0]
    result = spin("wide.py", task["pathspec"].partition("/")[2])
    assert compare_artifacts(task["artifacts"], result, task["pathspec"]) == []
    of_tasks = [path for path in service.asked if "/work/tasks/" in path]
    assert len(of_tasks) == (0 if in_bulk else 60)
    assert len(service.asked) - len(of_tasks) < 16


def test_no_more_tasks_are_kept_than_the_limit(run_of, service, monkeypatch):
    real_run = run_of("foreach")
    monkeypatch.setattr(service_metadata, "TASKS", 2)
    runs = ServiceRuns(ServiceMetadataProvider, "ForeachFlow")
    assert len(runs.tasks(real_run.run_id, "letter")) == len(real_run.steps["letter"]) > 2
    assert len(runs._closed) == 2


def test_what_is_not_there_is_told_as_for_local_runs(run_of, service):
    run_of("foreach")
    with pytest.raises(TaskError, match=r"has no run '12'\. The latest are: \d+"):
        spin("foreach.py", "12/letters_join")
    with pytest.raises(
        TaskError, match="has no run in namespace 'user:nobody'; there are some in user:tester"
    ):
        spin("foreach.py", "letters_join", namespace="user:nobody")
