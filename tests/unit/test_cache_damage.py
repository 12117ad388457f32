"""Damaged entries and those of other versions are rebuilt, not believed."""

from __future__ import annotations

import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spin_magic.cache import Store, layout, origins, stamps
from tests.unit.cached import LARGE, MEDIUM, artifact, assert_rebuilt, path_of, put


def spans(path: Path) -> dict[str, int]:
    """Give an offset in each part of an entry."""
    data = path.read_bytes()
    found = layout.parse(data, len(data))
    return {
        "magic": 3,
        "length": 33,
        "facts": 60,
        "head": found.head[0] + 5,
        "buffer": found.buffers[0][0] + 9,
    }


@pytest.mark.parametrize("n", [LARGE, MEDIUM])
@pytest.mark.parametrize("where", ["magic", "length", "facts", "head", "buffer", "last"])
def test_a_flipped_bit(store, stamped, n, where):
    path = path_of(store, put(store, n))
    at = len(path.read_bytes()) - 1 if where == "last" else spans(path)[where]
    times = path.stat()
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 4]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert_rebuilt(store, n)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 100)


def lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(b"x" * 5000)


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("n", [LARGE, MEDIUM])
@pytest.mark.parametrize("harm", [cut, lengthen, empty, garbage, link])
def test_a_broken_entry_is_rebuilt(store, stamped, n, harm):
    harm(path_of(store, put(store, n)))

    assert_rebuilt(store, n)


def test_a_folder_in_the_place_of_an_entry_is_in_nobodys_way(store):
    sha = put(store)
    make_folder(path_of(store, sha))

    assert store.load(sha) is None
    assert store.adopt(*artifact(LARGE))[0]["n"] == LARGE


@pytest.fixture
def stamped(monkeypatch):
    """Have entries of this size stamped at once."""
    monkeypatch.setattr(stamps, "WORTH_WAITING", 0)


def test_a_large_entry_is_read_whole_only_once(store, stamped, monkeypatch):
    sha = put(store)
    monkeypatch.setattr(layout, "checksum", lambda data: pytest.fail("it was read again"))

    assert store.load(sha)[0]["n"] == LARGE
    assert Store(store.folder).load(sha)[0]["n"] == LARGE


def test_a_lost_stamp_is_made_again(store, stamped, monkeypatch):
    sha = put(store)
    Path(f"{path_of(store, sha)}.ok").unlink()

    assert store.load(sha)[0]["n"] == LARGE
    monkeypatch.setattr(layout, "checksum", lambda data: pytest.fail("it was read again"))
    assert store.load(sha)[0]["n"] == LARGE


def test_one_that_was_just_written_is_checked_and_stamped_later(store):
    sha = put(store)
    stamp = Path(f"{path_of(store, sha)}.ok")
    assert store.load(sha)[0]["n"] == LARGE

    while not stamp.exists():
        assert store.load(sha)[0]["n"] == LARGE
    assert stamps.believed(str(path_of(store, sha)), path_of(store, sha).stat())


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"state": [], "at": "x"}', "\xff"])
def test_a_stamp_that_is_none(store, stamped, text):
    sha = put(store)
    Path(f"{path_of(store, sha)}.ok").write_text(text, encoding="latin-1")

    assert store.load(sha)[0]["n"] == LARGE


def test_a_stamp_of_the_same_instant_is_not_believed(store, stamped):
    path = path_of(store, put(store))
    stamp = Path(f"{path}.ok")
    known = json.loads(stamp.read_text())
    assert stamps.believed(str(path), path.stat())

    stamp.write_text(json.dumps({**known, "at": path.stat().st_ctime_ns + 10**6}))

    assert not stamps.believed(str(path), path.stat())


@pytest.mark.parametrize("n", [LARGE, MEDIUM])
def test_another_version_of_a_package_or_of_python(store, monkeypatch, n):
    sha = put(store, n)
    assert store.load(sha) is not None

    with monkeypatch.context() as other:
        other.setattr(pd, "__version__", "2.9")
        assert_rebuilt(store, n)
    with monkeypatch.context() as other:
        other.setattr(origins, "PYTHON", "cpython-399")
        assert_rebuilt(store, n)
    assert_rebuilt(store, n)


def test_plain_bytes_serve_every_version(store, monkeypatch):
    raw = pickle.dumps(list(range(100_000)), protocol=4)
    store.adopt("ab" * 20, raw)
    monkeypatch.setattr(origins, "PYTHON", "cpython-399")

    assert store.load("ab" * 20)[0][5] == 5


class Kept:
    def __init__(self):
        self.data = np.arange(MEDIUM)


def test_a_class_that_is_gone_fails_as_in_metaflow_and_comes_back(store, monkeypatch):
    raw = pickle.dumps(Kept(), protocol=4)
    store.adopt("cd" * 20, raw)

    with monkeypatch.context() as without:
        without.delattr(sys.modules[__name__], "Kept")
        assert store.load("cd" * 20) is None
        with pytest.raises(AttributeError, match="Kept"):
            store.adopt("cd" * 20, raw)

    assert store.load("cd" * 20)[0].data[3] == 3
