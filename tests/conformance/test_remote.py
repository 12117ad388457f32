"""Runs in S3 and a metadata service: the same results, few requests, several at once."""

from __future__ import annotations

import json
import os
import threading
import time
from io import BytesIO

import boto3
from metaflow.plugins.datastores.local_storage import LocalStorage

from spin_magic import spin
from spin_magic.engine import storage
from tests.conformance.far import far_sha, forget
from tests.conformance.test_equal import spin_all


def test_every_step_leaves_behind_what_the_run_left(far):
    assert {len(tasks) for tasks in far.run.steps.values()} == {1, 2}
    assert spin_all(far.run.case, far.run) == []


def test_the_second_spin_asks_for_nothing_but_newer_runs(far):
    before = dict(os.environ)
    opened, asked = (
        far.servers.storage.count(lambda: spin("far.py", "gather")),
        far.servers.service.asked[:],
    )
    # One list of artifacts for each task: the two parents, and the one that split.
    assert len([path for path in opened if path.endswith(".json")]) == 3
    assert len(opened) < 20
    assert len(asked) < 12
    far.servers.service.asked.clear()
    assert far.servers.storage.count(lambda: spin("far.py", "gather")) == []
    assert far.servers.service.asked == ["GET /flows/FarFlow/runs"]
    assert dict(os.environ) == before


def test_another_kernel_takes_large_artifacts_from_the_cache(far):
    body = "self.size = len(self.blob); self.next(self.end_join)"
    first = far.servers.storage.count(lambda: spin("far.py", "right", body=body))
    forget()
    second = far.servers.storage.count(lambda: spin("far.py", "right", body=body))
    blobs = [[path for path in each if "/data/" in path] for each in (first, second)]
    assert len(blobs[0]) > len(blobs[1])
    sha = far_sha(far, "blob")
    assert [sum(sha in path for path in each) for each in blobs] == [1, 0]


def test_the_lists_of_fifty_inputs_are_read_several_at_once(far):
    """Some of them are there, and the others are left out."""
    flow, run_id = far.run.pathspec.split("/")
    there = [f"{task['pathspec']}/0.data.json" for _, task in far.run.tasks()]
    paths = [*there, *(f"{flow}/{run_id}/work/{number}/0.data.json" for number in range(100, 141))]
    relay, found = far.servers.storage, storage.open_datastore("FarFlow", "s3", "s3://flows/metaflow")
    storage.texts(found._storage_impl, there[:1])
    relay.latency, relay.most_at_once = 0.05, 0
    begun = time.perf_counter()
    assert set(storage.texts(found._storage_impl, paths)) == set(there)
    took = time.perf_counter() - begun
    assert relay.most_at_once >= 8
    assert took < len(paths) * relay.latency * 0.9


def test_azure_and_google_would_go_the_same_way(far, monkeypatch, tmp_path):
    """A storage of its own type, backed by a folder which holds what the bucket holds."""

    threads = set()

    class Elsewhere(LocalStorage):
        TYPE = "elsewhere"

        def load_bytes(self, paths):
            assert len(paths) <= 10
            threads.add(threading.current_thread().name)
            return super().load_bytes(paths)

    root = tmp_path / "elsewhere"
    copy_bucket(far, Elsewhere(str(root)))
    monkeypatch.setattr(storage, "DATASTORES", [Elsewhere])
    far.servers.service.rewrite = ('"s3"', '"elsewhere"'), ("s3://flows/metaflow", str(root))
    forget()
    far.servers.storage.asked.clear()
    try:
        assert spin_all(far.run.case, far.run) == []
    finally:
        far.servers.service.rewrite = ()
    assert far.servers.storage.asked == []
    assert threads == {"spin_magic request"}


def copy_bucket(far, folder):
    client = boto3.client("s3", endpoint_url=far.servers.storage.url)
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="flows", Prefix="metaflow/FarFlow/"):
        for found in page["Contents"]:
            file = client.get_object(Bucket="flows", Key=found["Key"])
            noted = json.loads(file["Metadata"].get("metaflow-user-attributes", "null"))
            path = found["Key"].removeprefix("metaflow/")
            folder.save_bytes(iter([(path, (BytesIO(file["Body"].read()), noted))]), overwrite=True)
    client.close()
