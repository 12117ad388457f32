"""What is read from the files of runs is what Metaflow's own local provider says of them."""

from __future__ import annotations

import pytest
from metaflow.plugins.datastores.local_storage import LocalStorage
from metaflow.plugins.metadata_providers.local import LocalMetadataProvider

from spin_magic.engine.local_metadata import LocalRuns
from spin_magic.engine.past import parse_path
from tests.conformance.cases import ALL, FAILING


def told_by(provider, flow, run, step):
    told = {}
    for task in provider.get_object("step", "task", {}, None, flow, run, step):
        data = provider.get_object("task", "metadata", {}, None, flow, run, step, task["task_id"])
        latest = {datum["field_name"]: datum for datum in sorted(data, key=lambda datum: datum["ts_epoch"])}
        values = {name: datum["value"] for name, datum in latest.items()}
        verdict = values.get("attempt_ok")
        records = provider.get_object("task", "artifact", {}, None, flow, run, step, task["task_id"])
        told[task["task_id"]] = (
            task["ts_epoch"] / 1000,
            None if verdict is None else verdict == "True",
            parse_path(values.get("foreach-execution-path")),
            values.get("ds-type", records[0]["ds_type"] if records else None),
        )
    return told


@pytest.mark.parametrize(
    "case",
    [case for case in [*ALL, *FAILING] if case.id in ("wide", "nested", "branches", "failing_kill")],
    ids=lambda case: case.id,
)
def test_metadata_is_metaflows(case, real_run, project, monkeypatch):
    class Storage(LocalStorage):
        datastore_root = str(project / ".metaflow")

    class Provider(LocalMetadataProvider):
        @classmethod
        def _get_storage_class(cls):
            return Storage

    flow, run = case.flow_class, real_run.run_id
    runs = LocalRuns(project / ".metaflow", flow)
    known = Provider.get_object("flow", "run", {}, None, flow)

    assert {info.id: info.tags for info in runs.runs()} == {
        each["run_number"]: frozenset([*each["tags"], *each["system_tags"]]) for each in known
    }
    steps = {step["step_name"] for step in Provider.get_object("run", "step", {}, None, flow, run)}
    assert set(runs.steps(run)) == steps
    for step in steps:
        infos = runs.tasks(run, step)
        assert {i.id: (i.created, i.ok, i.path, i.ds_type) for i in infos} == told_by(
            Provider, flow, run, step
        )
        assert runs.reached(run, step)
