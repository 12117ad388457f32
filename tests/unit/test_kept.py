from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from spin_magic.kept import COARSE_TICK_NS, TICK_NS, Kept, settled, stamp

AFTER_A_TICK = 2 * TICK_NS / 1e9


class Counted:
    """Reads files, and notes which."""

    def __init__(self) -> None:
        self.reads: list[str] = []

    def __call__(self, path: str) -> str:
        self.reads.append(path)
        return Path(path).read_text(encoding="utf-8")


def test_what_stays_is_read_once(tmp_path):
    file, read = tmp_path / "file", Counted()
    file.write_text("one")
    time.sleep(AFTER_A_TICK)
    kept = Kept(read, 8)

    assert [kept.get(str(file)) for _ in range(3)] == ["one"] * 3
    assert read.reads == [str(file)]


@pytest.mark.parametrize("pause", [0, AFTER_A_TICK])
def test_changes_are_seen(tmp_path, pause):
    file, kept = tmp_path / "file", Kept(Counted(), 8)
    file.write_text("one")
    time.sleep(pause)
    assert kept.get(str(file)) == "one"
    file.write_text("two")
    time.sleep(pause)
    assert kept.get(str(file)) == "two"
    file.unlink()
    with pytest.raises(FileNotFoundError):
        kept.get(str(file))


def test_a_change_of_equal_length_that_hides_its_time_is_seen(tmp_path):
    file, kept = tmp_path / "file", Kept(Counted(), 8)
    file.write_text("one")
    time.sleep(AFTER_A_TICK)
    assert kept.get(str(file)) == "one"
    before = file.stat()
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept.get(str(file)) == "two"


def test_what_changed_within_the_tick_is_read_again(tmp_path):
    # Of two writes within one tick, the second leaves no trace in the stamp: nothing is kept of the first.
    file, read = tmp_path / "file", Counted()
    kept = Kept(read, 8)
    file.write_text("one")
    os.utime(file, ns=(0, time.time_ns() + 60 * 10**9))
    assert [kept.get(str(file)), kept.get(str(file))] == ["one", "one"]
    assert len(read.reads) == 2
    assert len(kept) == 0


def test_ticks_of_whole_seconds_are_given_more_time():
    fine, coarse = (10**18 + 1,) * 2 + (0, 0), (10**18,) * 2 + (0, 0)
    assert settled(fine, 10**18 + TICK_NS + 2)
    assert not settled(fine, 10**18 + TICK_NS)
    assert not settled(coarse, 10**18 + TICK_NS + 2)
    assert settled(coarse, 10**18 + COARSE_TICK_NS + 1)


def test_the_least_recently_used_go_first(tmp_path):
    read = Counted()
    kept = Kept(read, 2)
    files = [tmp_path / name for name in "abc"]
    for file in files:
        file.write_text(file.name)
    time.sleep(AFTER_A_TICK)
    a, b, c = map(str, files)
    for path in (a, b, a, c):
        kept.get(path)
    read.reads.clear()
    for path in (a, c, b):
        kept.get(path)
    assert read.reads == [b]
    assert len(kept) == 2


def test_folders_change_with_their_names(tmp_path):
    before = stamp(str(tmp_path))
    time.sleep(AFTER_A_TICK)
    (tmp_path / "new").touch()
    assert stamp(str(tmp_path)) != before
