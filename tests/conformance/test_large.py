"""Large inputs: as the run left them on every spin, whatever the spin before did to them."""

from __future__ import annotations

import pytest

from spin_magic import cache, spin
from tests.conformance.compare import compare_artifacts


@pytest.fixture
def large(run_of, tmp_path, monkeypatch):
    monkeypatch.setenv("SPIN_MAGIC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("spin_magic.cache.entries.SMALL", 2**16)  # what is larger is mapped
    return run_of("large")


def test_inputs_are_pristine_whatever_the_last_spin_did(large):
    expected = large.task("end")["artifacts"]
    for _ in range(3):
        result = spin("large.py", "end")
        assert compare_artifacts(expected, result, "end") == []
        assert result.inputs["array"][7] == 7
        assert result.inputs["nested"]["list"][1] == [1]
    assert cache.info().entries == 6  # the model is small enough to stay in memory


def test_without_a_cache_it_is_slower_and_not_different(large, monkeypatch):
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", "0")
    expected = large.task("end")["artifacts"]
    for _ in range(2):
        assert compare_artifacts(expected, spin("large.py", "end"), "end") == []
    assert cache.info().entries == 0


def test_damaged_entries_are_rebuilt(large, tmp_path):
    expected = large.task("end")["artifacts"]
    spin("large.py", "end")
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file() and not path.name.endswith(".ok"):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)

    assert compare_artifacts(expected, spin("large.py", "end"), "end") == []
    assert spin("large.py", "end").inputs["array"].sum() == 19_999 * 10_000
