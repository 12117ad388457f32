"""What other users plant.

Files, folders, links and pipes that another user of the machine puts where ours are made: with real users,
for which the tests must be root's.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spin_magic.isolated import place as places
from spin_magic.writing.disk import write
from spin_magic.writing.source import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534
ROOT = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")

# One small and one large artifact, kept and read again: what was unpickled, and what the folder looks like.
KEEP = """
import hashlib, json, os, pickle, sys
os.umask(int(sys.argv[1], 8))
import numpy
from spin_magic import cache
found = []
for value in ("small", numpy.arange(300_000)):
    raw = pickle.dumps(value, protocol=4)
    sha = hashlib.sha1(raw).hexdigest()
    store = cache.store()
    store.adopt(sha, raw)
    again = store.load(sha)
    found.append([sha, again is not None and bool(numpy.all(again[0] == value))])
print(json.dumps([found, cache.info().problem, cache.info().folder]))
"""


class Evil:
    """Leaves a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.mark),))


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that everybody may write into, as /tmp, but not sticky: others may rename and remove too."""
    folder = Path("/tmp") / f"spin-shared-{os.getpid()}-{time.monotonic_ns()}"  # noqa: S108 -- others get there
    folder.mkdir()
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def nobody(command: str, *words: str) -> str:
    """Run a command of the shell as another user, with words as its ``$1``, ``$2``."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"set -e; {command}", "sh", *words],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def python(code: str, *arguments: str, cache: Path) -> str:
    """Run Python with a cache of its own."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SPIN_MAGIC_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def kept(folder: Path, umask: str = "022") -> tuple[list[tuple[str, bool]], str, Path]:
    """Keep two artifacts in a cache below a folder."""
    said = python(KEEP, umask, cache=folder)
    found, problem, place = json.loads(said)
    return [(sha, ok) for sha, ok in found], problem, Path(place)


def entry(folder: Path, sha: str) -> Path:
    return folder / sha[:2] / sha


@needs_root
@pytest.mark.parametrize("umask", ["000", "022", "077"])
def test_nobody_else_reads_the_cache(shared: Path, umask: str, fault: Callable[..., None]) -> None:
    fault("the cache under umask 000, 022, 077", "folders 0700, files 0600, in any folder")
    found, problem, folder = kept(shared / "mine", umask)
    assert problem == ""
    assert [ok for _, ok in found] == [True, True]
    assert {stat.S_IMODE(each.stat().st_mode) & 0o077 for each in (folder, *folder.rglob("*"))} == {0}
    assert nobody('ls "$1" 2>/dev/null || echo refused', str(folder)) == "refused\n"


@needs_root
def test_a_cache_of_somebody_else_is_refused(shared: Path, fault: Callable[..., None]) -> None:
    what = "another user's folder, or a link to one's own, in the cache's place"
    fault(what, "a sentence; nothing is kept")
    nobody('mkdir -p "$1"; mkdir -m 700 "$1/artifacts"', str(shared / "x"))
    found, problem, folder = kept(shared / "x")
    assert "is not a folder of this user's own, so it is not used." in problem
    assert [ok for _, ok in found] == [False, False]
    assert list(folder.iterdir()) == []

    own = shared / "own"
    own.mkdir(mode=0o700)
    nobody('mkdir "$1"; ln -s "$2" "$1/artifacts"', str(shared / "y"), str(own))
    _, problem, _ = kept(shared / "y")
    assert "is not a folder of this user's own" in problem
    assert list(own.iterdir()) == []


@needs_root
@pytest.mark.parametrize("planted", ["pickle", "link", "hard link", "pipe", "folder", "stamp"])
def test_what_is_planted_in_the_cache_is_not_unpickled(
    shared: Path, tmp_path: Path, planted: str, fault: Callable[..., None]
) -> None:
    """As where the folder was swapped between its check and the reading of a file in it."""
    fault("pickles, links, pipes of another user in the cache's folder", "nothing: the datastore is read")
    found, _, folder = kept(shared / "x")
    mark = tmp_path / "pwned"
    (sha, _), (large, _) = found
    # An entry as it should be, but for what it holds and whose it is.
    evil = shared / "evil"
    made = kept_evil(evil, mark, sha)
    assert not mark.exists()
    target = entry(folder, sha)
    target.unlink()
    if planted == "pickle":
        shutil.copy(made, target)
        os.chown(target, NOBODY, NOBODY)
    elif planted == "link":
        target.symlink_to(made)
    elif planted == "hard link":
        os.chown(made, NOBODY, NOBODY)
        target.hardlink_to(made)
    elif planted == "pipe":
        os.mkfifo(target)
    elif planted == "folder":
        target.mkdir()
    else:
        stamp = entry(folder, large).with_suffix(".ok")
        stamp.unlink(missing_ok=True)
        os.mkfifo(stamp)
    again, _, _ = kept(shared / "x")
    assert not mark.exists()
    # Both are kept anew, or read as they were; where a folder is in the way, never.
    assert again[1] == (large, True)
    assert again[0] == (sha, planted != "folder")


def kept_evil(folder: Path, mark: Path, sha: str) -> Path:
    """Make a cache entry that does harm when it is unpickled, whole in all its sums."""
    (folder / "raw").parent.mkdir()
    (folder / "raw").write_bytes(pickle.dumps(Evil(mark), protocol=4))
    code = """
    import pathlib, pickle, sys
    from spin_magic import cache
    raw = pathlib.Path(sys.argv[1]).read_bytes()
    cache.store()._put(sys.argv[2], [raw], {"plain": True}, lambda: None)
    """
    python(code, str(folder / "raw"), sha, cache=folder)
    return entry(folder / "artifacts", sha)


@needs_root
def test_a_value_is_compared_with_one_s_own_file_alone(
    shared: Path, tmp_path: Path, fault: Callable[..., None]
) -> None:
    fault("an entry that is swapped while its value is in use", "nothing: it counts as changed, or not known")
    mark = tmp_path / "pwned"
    (sha, _), _ = kept(shared / "x")[0]
    made = kept_evil(shared / "evil", mark, sha)
    code = """
    import os, shutil, sys
    from spin_magic import cache
    target, made, sha, user = sys.argv[1:]
    value, loaded = cache.store().load(sha)
    os.unlink(target)
    shutil.copy(made, target)
    os.chown(target, int(user), int(user))
    value = [value]
    print(loaded.untouched(value))
    """
    target = entry(shared / "x" / "artifacts", sha)
    said = python(code, str(target), str(made), sha, str(NOBODY), cache=shared / "x")
    assert said == "None\n"
    assert not mark.exists()


@needs_root
def test_an_isolated_step_leaves_what_others_planted(
    shared: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[..., None]
) -> None:
    what = "folders, links and pipes named as an isolated step's in /tmp"
    fault(what, "nothing: only one's own are removed")
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    kept_file = shared / "precious"
    kept_file.write_text("mine")
    plant = """
    cd "$1"
    mkdir spin_isolated_999999_a spin_isolated_999999_b
    ln -s /dev/zero spin_isolated_999999_a/held
    mkfifo spin_isolated_999999_b/held spin_isolated_999999_d
    ln -s "$2" spin_isolated_999999_c
    touch spin_isolated_999999_e
    touch -d @0 spin_isolated_999999_a spin_isolated_999999_b spin_isolated_999999_e
    """
    nobody(plant, str(shared), str(kept_file))
    # And one of this user's own, which goes: its name comes last.
    own = shared / "spin_isolated_999999_z"
    own.mkdir(mode=0o700)
    (own / "held").write_text("")
    made = places.Place()
    assert stat.S_IMODE(made.root.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) & 0o077 for each in made.root.glob("held")} == {0}
    assert sorted(each.name[-1] for each in shared.glob("spin_isolated_999999_*")) == list("abcde")
    assert kept_file.read_text() == "mine"


def test_the_copy_of_a_flow_is_nobody_else_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "flow.py"
    file.write_text("secret")
    file.chmod(0o600)
    before = os.umask(0)
    try:
        with places.copy_beside(file, b"text") as copy:
            assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    finally:
        os.umask(before)
    # A link under its very name is not written through.
    monkeypatch.setattr("secrets.token_hex", lambda _: "00000000")
    (tmp_path / f".flow-spin-{os.getpid()}-00000000.py").symlink_to(file)
    with pytest.raises(Exception, match="cannot be written to"), places.copy_beside(file, b"text"):
        pass
    assert file.read_text() == "secret"


@needs_root
def test_a_save_among_others_files(
    shared: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[..., None]
) -> None:
    fault(
        "a link under the name of a save's temporary file, in a folder of everybody's",
        "the save, or a sentence; what the link leads to is as it was",
    )
    flow, precious = shared / "flow.py", shared / "precious"
    flow.write_text("x = 1\n")
    precious.write_text("mine")
    monkeypatch.setattr("secrets.token_hex", lambda _: "0" * 8)
    name = f".{flow.name}.{os.getpid()}-00000000.spin_save"
    nobody('ln -s "$1" "$2"', str(precious), str(shared / name))
    write(read(flow), "x = 2\n")
    assert flow.read_text() == "x = 2\n"
    assert not flow.is_symlink()
    assert precious.read_text() == "mine"


def test_no_port_is_opened(tmp_path: Path, fault: Callable[..., None]) -> None:
    if not Path("/proc/net/tcp").exists():
        pytest.skip("only Linux lists them so")
    fault("ports that a spin, its processes or its cards open", "none")
    code = """
    import glob, os
    from spin_magic.jobs.pool import _new
    from spin_magic.isolated.place import Place

    def ports(process):
        mine = {os.stat(each).st_ino for each in glob.glob(f"/proc/{process}/fd/*") if os.path.exists(each)}
        lines = [line.split() for kind in ("tcp", "tcp6", "udp", "udp6")
                 for line in open(f"/proc/{process}/net/{kind}").readlines()[1:]]
        return [line[1] for line in lines if int(line[9]) in mine]

    if __name__ == "__main__":
        worker = _new(1)
        place = Place()
        other = worker.submit(os.getpid).result()
        print(ports(os.getpid()), ports(other), other != os.getpid())
        worker.shutdown(kill_workers=True)
    """
    script = tmp_path / "ports.py"
    script.write_text(textwrap.dedent(code))
    said = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout == "[] [] True\n", said.stderr
