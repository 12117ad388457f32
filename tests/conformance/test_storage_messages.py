"""What goes wrong with S3: a sentence of its own for each, and all is well when it is over."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import replace

import boto3
import pytest
from metaflow import metaflow_config

from spin_magic import spin, spin_cards
from spin_magic.engine import storage, storage_client
from spin_magic.errors import TaskError
from tests.conformance.far import far_sha, forget
from tests.conformance.relay import Trouble, free_port

ROOT = "s3://flows/metaflow"
XML = {"Content-Type": "application/xml"}


def refusal(status, code, message):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Trouble(status, body, XML)


TROUBLES = {
    "expired": (
        refusal(400, "ExpiredToken", "The provided token has expired."),
        "the credentials have expired",
        "Renew them (with AWS SSO: `aws sso login`), then spin again.",
    ),
    "wrong key": (
        refusal(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist."),
        "the credentials are not accepted",
        "Check that they are those of this account, then spin again.",
    ),
    "denied": (refusal(403, "AccessDenied", "Access Denied"), "access is denied", "ask for the right to"),
    "bucket gone": (
        refusal(404, "NoSuchBucket", "The specified bucket does not exist"),
        "the bucket is not there",
        "choose a run that is stored elsewhere.",
    ),
    "broken": (refusal(500, "InternalError", "We"), "the storage itself is in trouble", "Wait a little"),
    "connections break": (Trouble(0), "the connection broke, again and again", "Check the endpoint"),
    "slow": (
        Trouble(200, delay=5),
        "no answer came in time",
        "Check the endpoint, the network and the proxy",
    ),
}


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(storage_client, "TO_ANSWER", 0.5)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.02)


def told():
    begun = time.perf_counter()
    with pytest.raises(TaskError) as caught:
        spin("far.py", "gather")
    text = str(caught.value)
    assert ROOT in text
    assert "\n" not in text
    assert time.perf_counter() - begun < 20
    return text


def is_well():
    assert spin("far.py", "gather")["scores"] == [9, 10]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_trouble_is_told_and_gone_when_it_is_over(trouble, far):
    far.servers.storage.trouble, *said = TROUBLES[trouble]
    text = told()
    assert all(words in text for words in said), text
    far.servers.storage.trouble = None
    is_well()


@pytest.mark.parametrize("trouble", TROUBLES)
def test_it_is_told_as_well_when_the_step_reads_an_artifact(trouble, far):
    """The step's own text reads it, when the tasks have long been opened."""
    what, *said = TROUBLES[trouble]
    far.servers.storage.trouble = replace(what, path="/data/")
    body = "self.size = len(self.blob); self.next(self.end_join)"
    with pytest.raises(TaskError) as caught:
        spin("far.py", "right", body=body)
    assert all(words in str(caught.value) for words in said), caught.value
    far.servers.storage.trouble = None
    assert spin("far.py", "right", body=body)["size"] == 500_000


@pytest.mark.parametrize("trouble", ["expired", "denied", "bucket gone"])
def test_it_is_told_as_well_where_the_cards_are(trouble, far):
    """Metaflow lists them in a process of its own."""
    assert spin_cards("far.py", "left")[0].type == "blank"
    far.servers.storage.trouble, *said = TROUBLES[trouble]
    with pytest.raises(TaskError) as caught:
        spin_cards("far.py", "left")
    assert all(words in str(caught.value) for words in said), caught.value


def test_a_dropped_connection_is_asked_again_and_not_told(far):
    far.servers.storage.trouble = trouble = Trouble(0, times=2)
    is_well()
    assert trouble.times == 0


def test_missing_credentials_are_told(far, monkeypatch):
    with monkeypatch.context() as gone:
        gone.delenv("AWS_ACCESS_KEY_ID")
        gone.delenv("AWS_SECRET_ACCESS_KEY")
        text = told()
    assert "there are no credentials (Unable to locate credentials). Provide them (for AWS: a profile" in text
    is_well()


def test_an_endpoint_without_a_server_is_told(far, monkeypatch):
    with monkeypatch.context() as wrong:
        address = f"http://127.0.0.1:{free_port()}"
        wrong.setitem(metaflow_config.DATATOOLS_CLIENT_PARAMS, "endpoint_url", address)
        text = told()
    assert "it cannot be reached (" in text
    assert address in text
    is_well()


def test_a_bucket_that_is_really_not_there_is_told(far):
    elsewhere = storage.open_datastore("FarFlow", "s3", "s3://no-such-bucket/metaflow")
    with pytest.raises(
        TaskError, match=r"s3://no-such-bucket/metaflow cannot be read: the bucket is not there"
    ):
        storage.texts(elsewhere._storage_impl, ["FarFlow/1/start/1/0.data.json"])


def test_an_object_that_is_gone_is_told_by_its_name(far):
    client = boto3.client("s3", endpoint_url=far.servers.storage.url)
    sha = far_sha(far, "blob")
    place = {"Bucket": "flows", "Key": f"metaflow/FarFlow/data/{sha[:2]}/{sha}"}
    kept = client.get_object(**place)
    content = kept["Body"].read()
    client.delete_object(**place)
    forget()
    try:
        with pytest.raises(
            TaskError, match=r"Artifact 'blob' of FarFlow/\d+/\w+/\d+ is missing from the datastore"
        ):
            spin("far.py", "right", body="self.size = len(self.blob); self.next(self.end_join)")
    finally:
        client.put_object(**place, Body=content, Metadata=kept["Metadata"])
        client.close()


def test_boto3_that_is_not_installed_is_told(far, monkeypatch):
    with monkeypatch.context() as lacking:
        lacking.setitem(sys.modules, "boto3", None)
        text = told()
    assert "You need to install 'boto3' in order to use S3." in text
    is_well()


def test_an_interrupt_ends_the_waiting_at_once(far, monkeypatch):
    monkeypatch.setattr(storage_client, "TO_ANSWER", 20)
    far.servers.storage.trouble = Trouble(200, delay=30, times=1)
    threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
    begun = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        spin("far.py", "gather")
    assert time.perf_counter() - begun < 10
    far.servers.storage.trouble = None
    is_well()


def test_metaflows_own_client_keeps_its_patience(far):
    from metaflow.plugins.datastores.s3_storage import S3Storage
    from metaflow.plugins.datatools.s3 import s3

    is_well()
    assert type(S3Storage(ROOT).s3_client) is s3.S3Client
    assert (s3.S3_TRANSIENT_RETRY_COUNT, s3.S3_RETRY_COUNT) == (20, 7)
    assert set(metaflow_config.DATATOOLS_CLIENT_PARAMS) == {"endpoint_url"}
