"""Several kernels, killed ones, and machines that have run out of something."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from spin_magic import cache
from spin_magic.cache import Store, folder
from tests.unit.cached import LARGE, MEDIUM, artifact, assert_rebuilt, files, put


def test_a_full_disk(store, monkeypatch):
    monkeypatch.setattr(folder.shutil, "disk_usage", lambda path: os.terminal_size((0, 0)) and _Usage())
    sha = put(store)

    assert store.load(sha) is None
    assert files(store) == []


class _Usage:
    free = 10**9


def run(code: str, store: Store, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import tests.unit.test_cache_processes as t\n" + textwrap.dedent(code),
            *arguments,
        ],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "SPIN_MAGIC_CACHE_DIR": str(Path(store.folder).parent)},
        capture_output=True,
        text=True,
        check=False,
    )


HELD = """
    import os, signal, threading, time
    from concurrent.futures import Future
    from types import SimpleNamespace
    from spin_magic import forked, kept
    from spin_magic.engine import ahead, blobs

    fetching, one = ahead.Ahead(), kept.Kept(len, 8)
    fetching._known["a" * 40] = (Future(), 1)
    fetching._known["a" * 40][0].set_running_or_notify_cancel()
    blobs.MEMORY.keep("b", b"blob")

    def hold(lock, held):
        with lock:
            held.set()
            time.sleep(600)

    for lock in (fetching._lock, one._lock, blobs.MEMORY._lock):
        held = threading.Event()
        threading.Thread(target=hold, args=(lock, held), daemon=True).start()
        held.wait()

    child = os.fork()
    if not child:
        signal.alarm(20)
        fetching.want([(None, "x")])
        assert fetching.take("a" * 40) is None
        fetching.close()
        assert blobs.MEMORY.get("b") == b"blob"
        assert one.get(__file__) == len(__file__)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    os._exit(1 if status else 0)
    """


def test_a_forked_process_waits_for_no_thread_that_it_lacks(store):
    done = run(HELD.replace("__file__", "os.__file__"), store)

    assert done.returncode == 0, done.stderr


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))


def test_a_quota_in_the_middle_of_a_write(store):
    code = """
    from spin_magic import cache
    t.limit_file_size()
    sha = t.put(cache.store())
    assert cache.store().load(sha) is None
    t.put(cache.store(), t.MEDIUM)
    assert cache.info().entries == 1
    """
    done = run(code, store)

    assert done.returncode == 0, done.stderr
    assert len(files(store)) == 1


def test_a_tiny_file_system(store, tmp_path, monkeypatch):
    place = tmp_path / "tiny"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", place], check=False
    ).returncode:
        pytest.skip("no right to mount; the test above has a quota instead")
    try:
        tiny = Store(str(place / "cache"))
        monkeypatch.setattr(folder, "SPARE_BYTES", -(10**12))
        assert tiny.load(put(tiny)) is None
        assert tiny.load(put(tiny, MEDIUM)) is not None
        assert len([item for item in place.rglob("*") if item.is_file()]) == 1
    finally:
        subprocess.run(["umount", place], check=True)


def limit_memory() -> None:
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 20 * 2**20, resource.RLIM_INFINITY))


def test_no_address_space_left(store):
    sha = put(store, 10 * 2**20)
    code = """
    import resource, sys
    from spin_magic import cache
    t.limit_memory()
    assert cache.store().load(sys.argv[1]) is None
    small = t.put(cache.store(), t.MEDIUM)
    assert cache.store().load(small)[0]["n"] == t.MEDIUM
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert cache.store().load(sys.argv[1])[0]["n"] == 10 * 2**20
    """
    done = run(code, store, sha)

    assert done.returncode == 0, done.stderr


def die_at_the_second_write() -> None:
    real, calls = os.write, []

    def write(descriptor: int, data: object) -> int:
        calls.append(1)
        if len(calls) == 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(descriptor, data)

    os.write = write


def test_a_killed_writer(store):
    code = """
    from spin_magic import cache
    t.die_at_the_second_write()
    t.put(cache.store())
    """
    done = run(code, store)
    sha, _ = artifact(LARGE)

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(list(Path(store.folder).rglob("*.tmp"))) == 1
    assert store.load(sha) is None
    put(store, seed=1)
    assert list(Path(store.folder).rglob("*.tmp")) == []
    assert_rebuilt(store, LARGE)


def test_what_a_living_writer_writes_is_let_be(store):
    put(store)
    shelf = next(item for item in Path(store.folder).iterdir())
    written = shelf / f"{shelf.name}{'0' * 38}.1.ab.tmp"
    with written.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        cache.clear()
        assert written.exists()
    cache.clear()
    assert not written.exists()


def fill(rounds: int) -> None:
    """Fill the cache past its limit, and use it, again and again."""
    store = cache.store()
    for turn in range(rounds):
        for seed in range(8):
            sha, raw = artifact(MEDIUM if seed % 2 else LARGE, seed)
            value, _ = store.load(sha) or store.adopt(sha, raw)
            assert value["frame"]["x"].iloc[-1] == value["n"] - 1 + seed, (turn, seed)
            value["frame"].loc[:, "x"] = -1
        if turn == rounds // 2:
            cache.clear()


def test_two_kernels_fill_it_at_once(store, monkeypatch):
    monkeypatch.setenv("SPIN_MAGIC_CACHE_LIMIT", "8MB")
    command = [sys.executable, "-c", "import tests.unit.test_cache_processes as t; t.fill(12)"]
    root = Path(__file__).parents[2]

    both = [subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [one.communicate()[1] for one in both]

    assert [one.returncode for one in both] == [0, 0], errors
    assert cache.info().bytes <= 8 * 10**6 + 3 * 10**6
    assert list(Path(store.folder).rglob("*.tmp")) == []
