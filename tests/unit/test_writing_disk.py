"""Flow files written to the disk: whole or not at all, and never over the change of somebody else."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import threading

import pytest

from spin_magic.errors import SaveError
from spin_magic.writing import disk
from spin_magic.writing.disk import diff, write
from spin_magic.writing.source import read

CRASHES = pathlib.Path(__file__).with_name("writing_crashes.py")


@pytest.fixture
def flow(tmp_path):
    path = tmp_path / "flow.py"
    path.write_bytes(b"x = 1\r\n")
    return path


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read_again(flow):
    new = write(read(flow), "x = 'é'\r\n")
    assert flow.read_bytes() == "x = 'é'\r\n".encode()
    assert new == read(flow)
    assert left_in(flow.parent) == ["flow.py"]
    write(new, "x = 3")
    assert flow.read_bytes() == b"x = 3"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"\xef\xbb\xbfx = '\xc3\xa9'\n", "utf-8"),
        (b"# coding: latin-1\r\nx = '\xe9'", "iso-8859-1"),
        (b"#!/usr/bin/python\r# -*- coding: cp1252 -*-\rx = '\x80'\r", "cp1252"),
        (b"#!/usr/bin/python\r\n# vim: set fileencoding=koi8-r :\r\nx = '\xc1'\r\n\f\r\n", "koi8-r"),
        (b"", "utf-8"),
        (b"\n# line 2\n# coding: latin-1\nx = '\xc3\xa9'", "utf-8"),
    ],
)
def test_the_text_gives_back_the_bytes(flow, data, encoding):
    flow.write_bytes(data)
    source = read(flow)
    assert (source.data, source.encoding) == (data, encoding)
    write(source, source.text + "# more")
    assert flow.read_bytes() == data + b"# more"


def test_mode_and_owner_are_kept(flow):
    flow.chmod(0o754)
    if os.geteuid() == 0:
        os.chown(flow, 12, 34)
    before = flow.stat()
    write(read(flow), "x = 2")
    after = flow.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino


def test_a_link_stays_and_its_file_is_changed(flow, tmp_path):
    link = tmp_path / "folder" / "link.py"
    link.parent.mkdir()
    link.symlink_to("../second.py")
    (tmp_path / "second.py").symlink_to("flow.py")
    source = read(link)
    assert source.is_link
    assert not read(flow).is_link
    write(source, "x = 2")
    assert (link.is_symlink(), flow.is_symlink(), flow.read_bytes()) == (True, False, b"x = 2")


def change_text(flow):
    flow.write_bytes(b"x = 9\r\n")


def replace_by_link(flow):
    flow.rename(flow.with_name("other.py"))
    flow.symlink_to("other.py")


def make_read_only(flow):
    flow.chmod(0o444)


def make_folder(flow):
    flow.unlink()
    flow.mkdir()


def remove_folder(flow):
    flow.unlink()
    flow.parent.rmdir()


def make_pipe(flow):
    flow.unlink()
    os.mkfifo(flow)


def make_loop(flow):
    flow.unlink()
    flow.symlink_to(flow.name)


@pytest.mark.parametrize(
    ("happens", "message"),
    [
        (change_text, "has been changed since it was read"),
        (pathlib.Path.unlink, "is gone"),
        (remove_folder, "is gone"),
        (replace_by_link, "now leads to .*other.py, not to .*flow.py"),
        (make_read_only, r"is read-only: make it writable \(chmod u\+w\)"),
        (make_folder, "is a folder"),
        (make_pipe, "is no ordinary file"),
        (make_loop, "leads back to itself"),
    ],
)
def test_a_save_that_cannot_be_leaves_all_as_it_is_and_keeps_the_text(flow, happens, message):
    source = read(flow)
    happens(flow)
    before = left_in(flow.parent) if flow.parent.exists() else None
    data = flow.read_bytes() if flow.is_file() else None
    with pytest.raises(SaveError, match=message) as ex:
        write(source, "x = 2")
    assert ex.value.text == "x = 2"
    assert str(ex.value).count(". ") <= 1
    assert (left_in(flow.parent) if flow.parent.exists() else None) == before
    assert (flow.read_bytes() if flow.is_file() else None) == data


def test_a_relative_path_stays_the_same_file_in_another_folder(flow, monkeypatch):
    monkeypatch.chdir(flow.parent)
    source = read("flow.py")
    monkeypatch.chdir("/")
    write(source, "x = 2")
    assert flow.read_bytes() == b"x = 2"


def test_a_touched_file_is_no_other_file(flow):
    source = read(flow)
    os.utime(flow, (1, 1))
    assert write(source, "x = 2").text == "x = 2"


@pytest.mark.parametrize(
    ("call", "number", "message"),
    [
        ("write", errno.ENOSPC, "no room"),
        ("fsync", errno.EDQUOT, "no room"),
        ("fsync", errno.EIO, "Input/output error"),
        ("fchown", errno.EPERM, "belongs to another user"),
    ],
)
def test_a_failing_disk_leaves_the_old_file(flow, monkeypatch, call, number, message):
    source = read(flow)
    if call == "fchown":
        if os.geteuid():
            pytest.skip("only root can give a file away")
        os.chown(flow, 12, 34)

    def fail(*arguments):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(SaveError, match=message):
        write(source, "x = 2")
    assert flow.read_bytes() == b"x = 1\r\n"
    assert left_in(flow.parent) == ["flow.py"]


def in_child(act):
    """Run something in a process of its own, and give what it returned or raised as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            answer = act() or "done"
        except BaseException as ex:
            answer = f"{type(ex).__name__}: {ex}"
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    return answer


def test_a_file_that_may_not_grow_stays_whole(flow):
    source = read(flow)

    def act():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        write(source, "#" * 5000)

    assert in_child(act).startswith("SaveError: There is no room for the new")
    assert flow.read_bytes() == b"x = 1\r\n"
    assert left_in(flow.parent) == ["flow.py"]


@pytest.mark.skipif(os.geteuid() != 0, reason="takes on another user")
def test_a_folder_of_somebody_else_is_said():
    # Not in tmp_path, which nobody else may enter.
    folder = pathlib.Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    flow = folder / "flow.py"
    try:
        flow.write_bytes(b"x = 1")
        flow.chmod(0o666)
        source = read(flow)

        def act():
            os.setgid(65534)
            os.setuid(65534)
            write(source, "x = 2")

        assert "cannot be written to, as a save must: change its permissions" in in_child(act)
        folder.chmod(0o777)
        assert "belongs to another user or group" in in_child(act)
        assert flow.read_bytes() == b"x = 1"
        assert left_in(folder) == ["flow.py"]
    finally:
        flow.unlink()
        folder.rmdir()


def test_of_two_that_save_at_once_one_is_refused(flow):
    for turn in range(30):
        source = read(flow)
        together = threading.Barrier(3)
        answers = []

        def save(text, source=source, together=together, answers=answers):
            together.wait()
            try:
                answers.append(write(source, text).text)
            except SaveError as ex:
                answers.append(f"refused {ex.text}")

        texts = [f"x = {turn} + {i}" for i in range(3)]
        threads = [threading.Thread(target=save, args=[text]) for text in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = flow.read_text()
        assert won in texts
        assert sorted(answers) == sorted([won, *(f"refused {text}" for text in texts if text != won)])


def test_a_save_right_before_the_replacement_is_seen(flow, monkeypatch):
    source = read(flow)
    take_over = disk._take_over

    def saved_meanwhile(*arguments):
        take_over(*arguments)
        flow.write_bytes(b"x = 'editor'")

    monkeypatch.setattr(disk, "_take_over", saved_meanwhile)
    with pytest.raises(SaveError, match="by an editor or another notebook"):
        write(source, "x = 2")
    assert flow.read_bytes() == b"x = 'editor'"
    assert left_in(flow.parent) == ["flow.py"]


def test_a_folder_that_stays_locked_is_said(flow, monkeypatch):
    monkeypatch.setattr(disk, "_LOCK_SECONDS", 0.05)
    with disk._turn(flow.parent) as alone:
        assert alone
        with pytest.raises(SaveError, match="Another process keeps saving"):
            write(read(flow), "x = 2")
    write(read(flow), "x = 2")


def test_a_file_system_without_locks_is_written_to(flow, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.EBADF, "no locks")

    monkeypatch.setattr(disk.fcntl, "flock", fail)
    write(read(flow), "x = 2")
    assert flow.read_bytes() == b"x = 2"


def test_what_a_killed_save_has_left_goes_with_the_next(flow):
    mine = flow.with_name(".flow.py.123-0123abcd.spin_save")
    others = [flow.with_name(".flow.py.swp"), flow.with_name(".other.py.123-0123abcd.spin_save")]
    for path in (mine, *others):
        path.touch()
    write(read(flow), "x = 2")
    assert left_in(flow.parent) == sorted([*(path.name for path in others), "flow.py"])


def test_a_thousand_killed_saves_leave_the_old_file_or_the_new_one(tmp_path):
    done = subprocess.run(
        [sys.executable, str(CRASHES), str(tmp_path), "1000"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kills, old, new, left = map(int, done.stdout.split())
    assert kills == 1000
    assert min(old, new, left) > 50, "kills hit before and after the replacement, and in between"
    assert left_in(tmp_path) == ["flow.py"]


def test_the_diff_is_one_that_patch_takes(tmp_path):
    old, new = "a\r\nb\r\nc\nd", "a\r\nB\r\nc\nd\n"
    (tmp_path / "flow.py").write_bytes(old.encode())
    patch = diff(old, new, "flow.py")
    assert patch.startswith("--- flow.py\n+++ flow.py\n@@")
    assert "\\ No newline at end of file\n" in patch
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(
            ["patch", "--binary", "flow.py"],
            input=patch.encode(),
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
        assert (tmp_path / "flow.py").read_bytes() == new.encode()
    assert diff(old, old, "flow.py") == ""


def test_a_file_with_other_names_is_left_to_them(flow):
    os.link(flow, flow.with_name("copy.py"))
    write(read(flow), "x = 2")
    assert flow.with_name("copy.py").read_bytes() == b"x = 1\r\n"
    assert stat.S_ISREG(flow.stat().st_mode)


def test_bytes_that_are_no_text_are_refused(flow):
    flow.write_bytes(b"x = 1\n# \xff\n")
    with pytest.raises(SaveError, match=r"Line 2 of flow\.py is not utf-8"):
        read(flow)
    flow.write_bytes(b"# coding: none-such\n")
    with pytest.raises(SaveError, match="declares an encoding that Python does not know"):
        read(flow)
    flow.write_bytes(b"# coding: utf-7\nx = '+AGE-'")
    with pytest.raises(SaveError, match="gives back other bytes"):
        read(flow)
