"""Inputs that a step reads and hands on: known to be the same without a comparison, or told to be changed."""

from __future__ import annotations

import pytest

from spin_magic import spin, spin_inputs

NO_TIME = 1e-9


@pytest.fixture
def large(run_of, tmp_path, monkeypatch):
    monkeypatch.setenv("SPIN_MAGIC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("spin_magic.cache.entries.SMALL", 2**16)
    return run_of("large")


def statuses(result, budget=None):
    return {row.name: row.status for row in result.diff(budget)}


def test_what_was_only_read_is_the_same_and_takes_no_comparison(run_of):
    run_of("frames")
    # The frame and the model are left out: using them made `run` store them in another form.
    names = ["array", "series", "objects", "structured", "dates"]
    result = spin("frames.py", "predict", body="\n".join(f"self.{name}" for name in names))
    found = statuses(result, NO_TIME)
    assert {name: found[name] for name in names} == dict.fromkeys(names, "same")
    assert not [note for note in result.notes if "changed in place" in note]


def test_what_a_join_takes_from_a_branch_is_the_same(run_of):
    run_of("branches")
    result = spin("branches.py", "join", body="self.only_right = inputs.right.only_right\nself.ab = [0]")
    found = statuses(result, NO_TIME)
    assert (found["only_right"], found["ab"]) == ("same", "not compared")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("array", "self.array[0] = -1.0"),
        ("array", "memoryview(self.array).cast('B')[3] = 255"),
        ("frame", "self.frame.loc[2, 'x'] = -1.0"),
        ("frame", "self.frame.attrs['unit'] = 'm'"),
        ("nested", "self.nested['list'][1].append(2)"),
    ],
)
def test_what_was_changed_in_place_is_told_and_is_fresh_again(large, name, change):
    spun = [spin("large.py", "end", body=change) for _ in range(2)]
    for result in spun:
        told = [note for note in result.notes if "changed in place" in note]
        assert [f"`{name}`" in note for note in told] == [True]
        assert statuses(result)[name] == "changed"
    assert not spin("large.py", "end", body="self.array, self.frame, self.nested").notes


def test_a_change_that_cannot_be_compared_is_told(large):
    deep = "x = []\nfor _ in range(300): x = [x]\n"
    body = f"{deep}self.nested['list'][1][0] = x\nself.array"
    result = spin("large.py", "end", body=body, set={"nested": {"list": [0, [1]]}})
    assert not any("changed in place" in note for note in result.notes)  # a value that was set is the user's
    result = spin("large.py", "end", body=body)
    assert [note for note in result.notes if "`nested` was changed in place" in note]


def test_what_is_read_in_the_notebook_is_held_by_nothing_else(large):
    inputs = spin_inputs("large.py", "end")
    inputs.self.array[0] = -1.0
    assert inputs.self._datastore.loaded == {}
    assert spin("large.py", "end").self._datastore.loaded == {}
