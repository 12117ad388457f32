"""What a step mentions is fetched while it reads the first of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from spin_magic.engine import blobs, foresight


class Source:
    def stored(self, names):
        return [("store", name) for name in names if name != "lacking"]


class Ahead:
    def __init__(self):
        self.wanted, self.closed = [], False

    def want(self, pairs):
        self.wanted.append(pairs)

    def close(self):
        self.closed = True


@pytest.fixture
def looks(monkeypatch):
    monkeypatch.setattr(foresight, "Ahead", Ahead)
    monkeypatch.setattr(foresight, "is_local", lambda store: True)
    return foresight.Foresight([Source()], ["a", "lacking", "b", "c"])


def test_all_but_the_first_is_fetched_once(looks):
    with looks:
        looks.begin("b")
        looks.begin("c")
    assert looks.ahead.wanted == [[("store", "a"), ("store", "c")]]
    assert looks.ahead.closed


def test_tiny_ones_of_elsewhere_come_in_one_request(looks, monkeypatch):
    asked = []
    monkeypatch.setattr(foresight, "is_local", lambda store: False)
    monkeypatch.setattr(foresight, "read_tiny", asked.append)
    with looks:
        looks.begin("b")
    assert asked == [[("store", "b"), ("store", "a"), ("store", "c")]]


def test_nothing_is_fetched_for_a_step_that_has_ended(looks):
    with looks:
        pass
    looks.begin("a")
    assert looks.ahead.wanted == []


def test_what_a_function_mentions_is_in_its_order():
    def step(self):
        self.first = self.second
        return [self.third for _ in self.fourth]

    names = list(foresight.mentioned(step.__code__))
    assert set(names) >= {"second", "third", "fourth"}
    assert len(names) == len(set(names))


def test_what_is_elsewhere_is_asked_for_by_its_size(monkeypatch):
    asked = []
    monkeypatch.setattr(blobs, "is_near", lambda storage: False)
    monkeypatch.setattr(blobs, "read_in_parts", lambda *about: asked.append(about[2:]) or [])
    contents = SimpleNamespace(_storage_impl=None)
    store = SimpleNamespace(
        _ca_store=contents, _objects={"a": "sha1", "b": "sha2"}, _info={"a": {"size": 5}, "b": {}}
    )
    assert list(blobs.read(store, ["sha1", "sha2", "unknown"])) == []
    assert asked == [(["sha1", "sha2", "unknown"], 5)]
