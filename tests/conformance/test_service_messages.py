"""What goes wrong with a metadata service: a sentence for each, and all is well when it is over."""

from __future__ import annotations

import time

import metaflow
import pytest
from metaflow.plugins.metadata_providers.service import ServiceMetadataProvider

from spin_magic import spin
from spin_magic.engine import service_metadata, service_requests
from spin_magic.errors import TaskError
from tests.conformance.far import forget
from tests.conformance.relay import Trouble, free_port

HTML = Trouble(200, "<html><body>Sign in</body></html>", {"Content-Type": "text/html"})
TROUBLES = {
    "it fails": (Trouble(500, "psycopg2 went away"), "is in trouble (code 500): psycopg2 went away. Whoever"),
    "it stays overloaded": (Trouble(503, "busy"), "is in trouble (code 503): busy"),
    "no key": (
        Trouble(403, "Forbidden"),
        "refuses to answer (code 403): Forbidden. Check METAFLOW_SERVICE_AUTH",
    ),
    "a web page": (
        HTML,
        "is not a metadata service: it sends a web page (code 200). Check METAFLOW_SERVICE_URL",
    ),
    "another server": (
        Trouble(404, "<h1>Not found</h1>", {"Content-Type": "text/html"}),
        "is not a metadata service: it sends a web page (code 404)",
    ),
    "too old": (
        Trouble(404, "404: Not Found", path="/metadata"),
        "of version 2.5.0, which is too old: it does",
    ),
    "connections break": (Trouble(0), "cannot be reached: the connection broke 3 times"),
    "slow": (Trouble(200, "[]", delay=3), "does not answer: nothing for 0.5 s. Check METAFLOW_SERVICE_URL"),
}


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(service_requests, "PAUSES", (0.02, 0.02))


@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_trouble_is_told_and_gone_when_it_is_over(trouble, far, monkeypatch):
    far.servers.service.trouble, said = TROUBLES[trouble]
    if trouble == "slow":
        monkeypatch.setattr(service_requests, "PATIENCE", 0.5)
    begun = time.perf_counter()
    with pytest.raises(TaskError) as caught:
        spin("far.py", "gather")
    text = str(caught.value)
    assert said in text
    assert far.servers.service.url in text
    assert "\n" not in text
    assert "Traceback" not in "".join(caught.value._render_traceback_())
    assert time.perf_counter() - begun < 15
    far.servers.service.trouble = None
    monkeypatch.setattr(service_requests, "PATIENCE", 30)
    assert spin("far.py", "gather")["scores"] == [9, 10]


@pytest.mark.parametrize(
    "trouble", [Trouble(0, times=1), Trouble(503, times=2)], ids=["dropped", "overloaded"]
)
def test_what_passes_is_asked_again_and_not_told(trouble, far):
    far.servers.service.trouble = trouble
    assert spin("far.py", "gather")["scores"] == [9, 10]
    assert trouble.times == 0


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:{port}", "nothing listens there (Connection refused). Check METAFLOW_SERVICE_URL"),
        ("http://metaflow.invalid", "cannot be reached: its host is not known"),
        ("metaflow.example", "cannot be reached: that is not a URL"),
    ],
    ids=["refused", "unknown host", "no URL"],
)
def test_a_wrong_address_is_told(url, said, far, monkeypatch):
    address = url.format(port=free_port())
    monkeypatch.setattr(ServiceMetadataProvider, "_INFO", address)
    with pytest.raises(TaskError) as caught:
        spin("far.py", "gather")
    assert said in str(caught.value)
    assert address in str(caught.value)
    metaflow.metadata(f"service@{far.servers.service.url}")
    assert spin("far.py", "gather")["scores"] == [9, 10]


def test_a_flow_without_runs_is_told_with_the_address(far):
    with pytest.raises(TaskError) as caught:
        spin("wide.py", "join")
    assert f"WideFlow has no run in the metadata service at {far.servers.service.url}. Make one" in str(
        caught.value
    )


def test_another_provider_is_not_waited_for_without_end(far, monkeypatch):
    """Of a provider that is not Metaflow's own nothing is known but how to ask it."""

    class Provider:
        TYPE = "theirs"

        @classmethod
        def metadata_str(cls):
            return "theirs@somewhere"

        @classmethod
        def get_object(cls, *_):
            time.sleep(2)

    monkeypatch.setattr(service_metadata, "PATIENCE", 0.2)
    with pytest.raises(
        TaskError, match=r"theirs@somewhere does not answer as it should: no answer for 0\.2 s"
    ):
        list(service_metadata.ServiceRuns(Provider, "FarFlow").runs())
    forget()
