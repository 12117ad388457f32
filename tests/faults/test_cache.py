"""The cache.

Its files are damaged, swapped or gone, its folder is closed or another thing, writers are killed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.damage import GONE, STRANGE, Harm, cuts, flips, harmed, holds
from tests.faults.sized import SIZES, blob, task_of
from tests.faults.whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernel.harness import Kernel

FORGET = "import spin_magic.engine.blobs as _blobs\n_blobs.MEMORY._blobs.clear()\n"
READ = f"{FORGET}%spin SizedFlow end --no-cards"
CLEAR = "import spin_magic.cache as _cache\n_cache.clear()"


def folder() -> Path:
    return Path(os.environ["SPIN_MAGIC_CACHE_DIR"]) / "artifacts"


def entry(project: Path, name: str) -> Path:
    sha = blob(task_of(project, "SizedFlow", "start"), name).name
    return folder() / sha[:2] / sha


def filled(kernel: Kernel) -> str:
    """Fill the cache anew and let its stamps be believed; give what is right."""
    kernel.run(CLEAR)
    for _ in range(3):
        cell = kernel.run(READ)
        time.sleep(0.05)
    right = cell.streams.strip()
    assert right.count("got ") == len(SIZES) + 1, cell.text
    return right


@pytest.mark.parametrize("name", ["large", "mapped"])
def test_entries(kernel: Kernel, sized: Path, fault: Callable[..., None], name: str, *, full: bool) -> None:
    right = filled(kernel)
    file, other = entry(sized, name), entry(sized, "mapped" if name == "large" else "other")
    data = file.read_bytes()
    lengths = [0, 1, 40, len(data) // 2, len(data) - 1]
    hole = Harm("a hole at its end", lambda path: (os.truncate(path, 5000), os.truncate(path, len(data))))
    older = holds(data[:16] + b"\2" + data[17:], "an older form")
    harms = [GONE, *STRANGE, holds(other.read_bytes(), "another entry"), hole, older, holds(b"x" * 5000)]
    harms += [*cuts(data, lengths), *flips(data, 200 if full else 6)]
    fault(
        "an entry of the cache is gone, cut, flipped, sparse, of an older form, another's; a pipe",
        "the right value: it is made anew",
        tried=len(harms),
    )
    fault("a stamp of the cache that says anything", "the right value", tried=6)
    with whole(kernel, sized):
        for harm in harms:
            aside = file.read_bytes()
            harm.do(file)
            cell = kernel.run(READ, timeout=20)
            assert cell.streams.strip() == right, (harm.name, cell.text)
            if file.is_dir():
                file.rmdir()
            if not file.is_file() or file.read_bytes() != aside:
                assert kernel.run(READ).streams.strip() == right
        stamp = file.with_name(f"{file.name}.ok")
        stamp.touch()
        for harm in (*STRANGE[:4], holds(b"{"), holds(b'{"state": [], "at": 1e99}')):
            with harmed(stamp, harm):
                assert kernel.run(READ, timeout=20).streams.strip() == right, harm.name


def test_folders(kernel: Kernel, sized: Path, fault: Callable[..., None]) -> None:
    ways = {
        "gone": lambda place: None,
        "a file": lambda place: place.write_text("x"),
        "a pipe": os.mkfifo,
        "a link elsewhere": lambda place: place.symlink_to("/tmp"),  # noqa: S108 -- what others may write to
        "a link to itself": lambda place: place.symlink_to(place.name),
        "open to others": lambda place: (place.mkdir(), place.chmod(0o777), (place / "theirs").touch()),
    }
    fault(
        "the cache's folder is gone, a file, a pipe, a link, open to others",
        "the right value",
        tried=len(ways),
    )
    right, place, aside = filled(kernel), folder(), folder().with_name("aside")
    with whole(kernel, sized):
        for name, make in ways.items():
            place.rename(aside)
            make(place)
            for _ in range(2):
                assert kernel.run(READ, timeout=20).streams.strip() == right, name
            remove(place)
            aside.rename(place)


def remove(place: Path) -> None:
    if place.is_symlink() or not place.is_dir():
        place.unlink(missing_ok=True)
    else:
        subprocess.run(["rm", "-rf", place], check=True)


def test_a_folder_that_may_not_be_written(
    kernel_without_rights: Kernel, sized: Path, fault: Callable[..., None]
) -> None:
    fault("the cache's folder may not be read, or not be written to", "the right value", tried=3)
    right = filled(kernel_without_rights)
    with whole(kernel_without_rights, sized):
        for mode in (0, 0o500, 0o300):
            folder().chmod(mode)
            try:
                assert kernel_without_rights.run(READ).streams.strip() == right
            finally:
                folder().chmod(0o700)


def test_limits(kernel: Kernel, sized: Path, fault: Callable[..., None]) -> None:
    fault("a limit of nothing, of a byte, of less than an artifact", "the right value", tried=3)
    right = filled(kernel)
    with whole(kernel, sized):
        for limit in ("0", "1 B", "1 MB"):
            set_to = kernel.run(f"%config SpinMagic.cache_limit = {limit!r}")
            assert not set_to.failed, set_to.text
            kernel.run(CLEAR)
            for _ in range(2):
                assert kernel.run(READ).streams.strip() == right, limit
        kernel.run("%config SpinMagic.cache_limit = '20 GB'")


def test_what_another_kernel_removes(kernel: Kernel, sized: Path, fault: Callable[..., None]) -> None:
    fault("entries deleted by another kernel while a value of them is in use", "the value stays as it is")
    right = filled(kernel)
    with whole(kernel, sized, changed=frozenset({"names"})):
        kernel.run("%spin_inputs SizedFlow end\nimport hashlib")
        for file in folder().rglob("*"):
            if file.is_file():
                file.unlink()
        cell = kernel.run("print('got', hashlib.sha1(bytes(mapped)).hexdigest())")
        assert cell.streams.strip() == right.splitlines()[list(SIZES).index("mapped")], cell.text
        assert kernel.run("mapped[0]").data("text/plain") == kernel.run("self.mapped[0]").data("text/plain")


def test_clocks(kernel: Kernel, sized: Path, fault: Callable[..., None]) -> None:
    shifts = (-(10**9), -3600, 3600, 10**9)
    fault(
        "the clock jumps an hour or 30 years, to and fro, between spins", "the right value", tried=len(shifts)
    )
    fault("entries and records whose times are 1970, or in 2100", "the right value", tried=2)
    right = filled(kernel)
    clock = "_t.time, _t.time_ns = (lambda: _time() + {0}), (lambda: _time_ns() + {0} * 10**9)"
    with whole(kernel, sized):
        kernel.run("import time as _t\n_time, _time_ns = _t.time, _t.time_ns")
        for shift in shifts:
            kernel.run(clock.format(shift))
            for code in (READ, CLEAR, READ, READ):
                cell = kernel.run(code)
                assert not cell.failed, cell.text
            assert cell.streams.strip() == right, shift
        kernel.run("_t.time, _t.time_ns = _time, _time_ns")
        files = [
            each
            for each in (*folder().rglob("*"), *(sized / ".metaflow/SizedFlow").rglob("*"))
            if each.is_file()
        ]
        for when in (0, 4102444800):
            for file in files:
                if file.exists():
                    os.utime(file, (when, when))
            assert kernel.run(READ).streams.strip() == right


def test_a_text_of_equal_length_and_time(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    fault("a flow file or a blob changed to another of equal length, with its time set back",
          "what is there now, or that it is damaged", tried=2)  # fmt: skip
    flow = project / "smallflow.py"
    text, times = flow.read_text(), flow.stat()
    spin = f"{FORGET}r = %spin SmallFlow work\nprint(r['doubled']); del r"
    with whole(kernel, project):
        assert kernel.run(spin).streams.strip().endswith("2")
        flow.write_text(text.replace("self.input * 2", "self.input * 7"))
        os.utime(flow, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert kernel.run(spin).streams.strip().endswith("7")
        flow.write_text(text)
        file = blob(task_of(project, "SmallFlow", "start"), "items")
        times, data = file.stat(), file.read_bytes()
        file.write_bytes(data[:-12] + bytes([data[-12] ^ 1]) + data[-11:])
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        cell = kernel.run(spin)
        file.write_bytes(data)
        assert "is damaged in the datastore" in cell.traceback, cell.text


def test_writers_that_are_killed(
    kernel: Kernel, sized: Path, fault: Callable[..., None], *, full: bool
) -> None:
    tried = 200 if full else 2
    fault(
        "a kernel that is killed while it writes to the cache",
        "the right value; what it left goes",
        tried=tried,
    )
    right = filled(kernel)
    script = """
import os, sys
os.chdir(sys.argv[1])
import spin_magic.cache, spin_magic.engine.blobs as blobs
from spin_magic import spin
spin("SizedFlow", "end", cards=False)
print("ready", flush=True)
while True:
    spin_magic.cache.clear()
    blobs.MEMORY._blobs.clear()
    spin("SizedFlow", "end", cards=False)
"""
    chance = random.Random(8)  # noqa: S311 -- when to kill
    with whole(kernel, sized):
        for _ in range(tried):
            writer = subprocess.Popen(
                [sys.executable, "-c", script, str(sized)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            while b"ready" not in writer.stdout.readline():
                assert writer.poll() is None
            time.sleep(chance.random() / 10)
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            writer.stdout.close()
            assert kernel.run(READ).streams.strip() == right
        kernel.run(CLEAR)
        assert [each for each in folder().rglob("*") if each.is_file()] == []
