"""Places: paths, permissions, full disks.

Odd names and links of folders, folders that may not be written to, no room, no open files, no environment.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.whole import digests, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernel.harness import Cell, Kernel

NAMES = (
    *("with space", "quo'te\"s", "ha#sh", "per%cent", "dol$lar", "new\nline", "ünïcödé 漢字 🎉", "{brace}"),
    *("-dash", "star*", "back\\slash", os.fsdecode(b"raw\xff\xfebytes"), "; rm -rf x"),
    "/".join(5 * ["long" * 40]),
)
SPIN = "r = %spin SmallFlow work\nprint(r['doubled']); del r"
EDITED = "%%spin SmallFlow work\nself.doubled = self.input * 2  # {0}\nself.next(self.join)"
FORGET = """
import spin_magic.cache as _cache, spin_magic.engine.blobs as _blobs
_blobs.MEMORY._blobs.clear(); _cache.clear()
"""


def told(cell: Cell, kind: str, *words: str) -> None:
    assert cell.failed, cell.text
    assert cell.error, cell.text
    assert cell.error["ename"] == kind, cell.text
    assert len(cell.traceback.splitlines()) == 1, cell.traceback
    for word in words:
        assert word in cell.traceback, (word, cell.traceback)


def right(cell: Cell, doubled: int = 2) -> None:
    assert not cell.failed, cell.text
    assert cell.streams.strip().splitlines()[-1] == str(doubled), cell.text


def test_paths(
    kernel: Kernel, project: Path, tmp_path: Path, fault: Callable[..., None], *, full: bool
) -> None:
    fault(
        "folders whose names have blanks, quotes, `#`, `%`, `$`, line ends, no UTF-8; of 800 letters",
        "all works: spin, save, notebook" + ", isolated, kept" * full,
        tried=len(NAMES),
    )
    with whole(kernel, project):
        for number, name in enumerate(NAMES):
            folder = tmp_path / str(number) / name
            shutil.copytree(project, folder)
            kernel.run(f"import os as _os\n_os.chdir({str(folder)!r})")
            right(kernel.run(SPIN))
            assert not kernel.run(EDITED.format(number)).failed
            saved = kernel.run("%spin_save SmallFlow work")
            assert not saved.failed, saved.text
            assert f"# {number}" in (folder / "smallflow.py").read_text()
            made = kernel.run("%spin_notebook SmallFlow")
            assert not made.failed, made.text
            assert (folder / "smallflow.ipynb").stat().st_size > 0
            for option in ("--isolated", "--persist") if full else ():
                cell = kernel.run(f"%spin SmallFlow work {option}")
                assert not cell.failed, cell.text
        kernel.run(f"_os.chdir({str(project)!r})")


def test_links(kernel: Kernel, project: Path, tmp_path: Path, fault: Callable[..., None]) -> None:
    fault(
        "a flow file, its folder and `.metaflow` by links; hard links",
        "the right value; a save keeps the link",
        tried=4,
    )
    folder = tmp_path / "links"
    shutil.copytree(project, tmp_path / "real")
    folder.mkdir()
    (folder / "smallflow.py").symlink_to("../real/smallflow.py")
    (folder / ".metaflow").symlink_to("../real/.metaflow")
    (tmp_path / "hard.py").hardlink_to(tmp_path / "real/smallflow.py")
    (tmp_path / "to_folder").symlink_to("links")
    with whole(kernel, project):
        for number, place in enumerate(("links", "real", "to_folder")):
            kernel.run(f"import os as _os\n_os.chdir({str(tmp_path / place)!r})")
            right(kernel.run(SPIN))
            assert not kernel.run("%spin_load SmallFlow work").failed
            assert not kernel.run(EDITED.format(f"link {number}")).failed
            cell = kernel.run("%spin_save SmallFlow work")
            assert not cell.failed, cell.text
            assert (folder / "smallflow.py").is_symlink()
            assert f"# link {number}" in (tmp_path / "real/smallflow.py").read_text()
            assert "# link" not in (tmp_path / "hard.py").read_text()
        kernel.run(f"_os.chdir({str(project)!r})")


def test_a_flow_file_that_is_replaced(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    fault(
        "a flow file replaced by renaming while its step runs",
        "this spin is of the old text, the next of the new",
    )
    file = project / "smallflow.py"
    text = file.read_text()
    body = f"""%%spin SmallFlow work
import os
self.doubled = self.input * 2
os.replace("new.txt", {str(file)!r})
self.next(self.join)"""
    with whole(kernel, project):
        (project / "new.txt").write_text(text.replace("self.input * 2", "self.input * 9"))
        assert not kernel.run(body).failed
        right(kernel.run(SPIN), 9)
        told(kernel.run("%spin_save SmallFlow work"), "SaveError")
        assert "self.input * 9" in file.read_text()
        file.write_text(text)


def test_other_things_beside_the_flow(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    fault(
        "pipes, devices and broken links with names of Python files beside the flow",
        "the right value",
        tried=4,
    )
    fault(
        "a pipe, a device or a broken link in the place of the flow file",
        "`FlowError`: there is no such flow",
        tried=3,
    )
    beside = [project / f"odd{number}.py" for number in range(4)]
    file = project / "smallflow.py"
    with whole(kernel, project):
        os.mkfifo(beside[0])
        beside[1].symlink_to("/dev/zero")
        beside[2].symlink_to(beside[2].name)
        beside[3].mkdir()
        right(kernel.run(SPIN, timeout=20))
        for place in beside[:3]:
            told(kernel.run(f"%spin {place.name} work", timeout=20), "FlowError", "There is no file")
            file.rename(project / "aside")
            place.rename(file)
            told(kernel.run(SPIN, timeout=20), "FlowError", "There is no flow SmallFlow")
            file.rename(place)
            (project / "aside").rename(file)
        for place in beside:
            place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()


def test_read_only(kernel_without_rights: Kernel, project: Path, fault: Callable[..., None]) -> None:
    kernel = kernel_without_rights
    written = {
        "%spin_save SmallFlow work": ("SaveError", "smallflow.py"),
        "%spin_notebook SmallFlow": ("NotebookError", "cannot be written: Permission denied."),
        "%spin_new OtherFlow": ("SaveError", "cannot be made: Permission denied."),
        "%spin_test SmallFlow work --file test_x.py": ("SaveError", "cannot be made: Permission denied."),
        "%%spin SmallFlow work --isolated\nself.doubled = 3\nself.next(self.join)": (
            "IsolatedError",
            "cannot be written to",
        ),
    }
    fault(
        "flow file, folder and runs read-only: spins",
        "the right value; `--persist` says why nothing is kept",
        tried=4,
    )
    fault(
        "flow file, folder and runs read-only: what writes",
        "one sentence; nothing is left",
        tried=len(written),
    )
    past = digests(project)
    folders = [project, *(each for each in project.rglob("*") if each.is_dir())]
    files = [each for each in project.rglob("*") if each.is_file()]
    with whole(kernel, project):
        try:
            for each in files:
                each.chmod(0o400)
            for each in folders:
                each.chmod(0o500)
            names = sorted(each.name for each in project.iterdir())
            right(kernel.run(f"{FORGET}{SPIN}"))
            assert not kernel.run("%spin_inputs SmallFlow join\ndel inputs, alpha, self").failed
            assert not kernel.run("%spin_flow SmallFlow").failed
            kept = kernel.run("%spin SmallFlow work --persist")
            assert "--persist could not keep the results of `work`" in kept.text
            assert not kernel.run(EDITED.format("read-only")).failed
            for line, (kind, words) in written.items():
                told(kernel.run(line), kind, words)
            assert sorted(each.name for each in project.iterdir()) == names
        finally:
            for each in folders:
                each.chmod(0o755)
            for each in files:
                each.chmod(0o644)
    assert digests(project) == past


def test_no_room(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    written = {
        "%spin_save SmallFlow work": ("SaveError", "There is no room for the new"),
        "%spin_notebook SmallFlow": ("NotebookError", "cannot be written: File too large."),
        "%spin_new OtherFlow": ("SaveError", "cannot be made: File too large."),
        "%spin_test SmallFlow work --file test_x.py": ("SaveError", "cannot be made: File too large."),
        "%spin SmallFlow work --isolated": ("IsolatedError", "Free some room there"),
    }
    fault(
        "no room for files of more than 40 bytes: spins",
        "the right value; `--persist` says why nothing is kept",
        tried=3,
    )
    fault(
        "no room for files: what writes",
        "one sentence; the old file is whole, no new one is left",
        tried=len(written),
    )
    names = sorted(each.name for each in project.iterdir())
    # The thread that writes IPython's history ends when it cannot.
    with whole(kernel, project, changed=frozenset({"threads"})):
        assert not kernel.run("%spin_load SmallFlow work").failed
        kernel.run(
            "import resource as _r, signal as _s\n_before = _s.signal(_s.SIGXFSZ, _s.SIG_IGN)\n"
            "_r.setrlimit(_r.RLIMIT_FSIZE, (40, _r.RLIM_INFINITY))"
        )
        right(kernel.run(f"{FORGET}{SPIN}"))
        kept = kernel.run("%spin SmallFlow work --persist")
        assert "--persist could not keep the results of `work`" in kept.text
        assert not kernel.run(EDITED.format("no room")).failed
        for line, (kind, words) in written.items():
            told(kernel.run(line), kind, words)
        kernel.run("_r.setrlimit(_r.RLIMIT_FSIZE, (_r.RLIM_INFINITY,) * 2)\n_s.signal(_s.SIGXFSZ, _before)")
        shutil.rmtree(project / ".metaflow_spin", ignore_errors=True)
        assert sorted(each.name for each in project.iterdir()) == names
        text = (project / "smallflow.py").read_text()
        saved = kernel.run("%spin_save SmallFlow work")
        assert not saved.failed, saved.text
        assert "# no room" in (project / "smallflow.py").read_text()
        (project / "smallflow.py").write_text(text)


def test_no_files_left(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    fault("no more files may be opened", "the right value, or a sentence that says so", tried=4)
    limit = f"""{FORGET}
import resource as _r, os as _os
_taken = set(map(int, _os.listdir("/proc/self/fd")))
_before = _r.getrlimit(_r.RLIMIT_NOFILE)
_free = [each for each in range(4000) if each not in _taken]
_os.utime("smallflow.py")
_r.setrlimit(_r.RLIMIT_NOFILE, (_free[SPARE] - 1, _before[1]))
"""
    with whole(kernel, project):
        for spare in (0, 1, 2, 4):
            tried = f"try:\n    {SPIN.splitlines()[0]}\n    print(r['doubled'])\n"
            after = "finally:\n    _r.setrlimit(_r.RLIMIT_NOFILE, _before)"
            cell = kernel.run(limit.replace("SPARE", str(spare)) + tried + after)
            if cell.failed:
                assert "Too many open files" in cell.traceback, cell.text
                assert cell.error["ename"] in {"TaskError", "FlowError"}, cell.text
            else:
                right(cell)
        kernel.run("del r")


def test_environment(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    odd = [("HOME", None), ("HOME", "/nowhere"), ("TMPDIR", "/nowhere"), ("XDG_CACHE_HOME", "/dev/null/x"),
           ("LANG", "xx_YY"), ("PWD", "/nowhere")]  # fmt: skip
    fault("HOME, TMPDIR, LANG and others unset or leading nowhere", "the right value", tried=len(odd))
    fault("the working directory is gone", "`FlowError`: it is gone, and to go to another")
    with whole(kernel, project):
        for name, value in odd:
            kernel.run(f"import os as _os\n_was = _os.environ.pop({name!r}, None)")
            if value is not None:
                kernel.run(f"_os.environ[{name!r}] = {value!r}")
            cell = kernel.run(f"{FORGET}{SPIN}")
            kernel.run(f"_os.environ.pop({name!r}, None)\nif _was is not None: _os.environ[{name!r}] = _was")
            right(cell)
        (project / "short").mkdir()
        kernel.run("_os.chdir('short')")
        (project / "short").rmdir()
        told(kernel.run(SPIN), "FlowError", "The working directory is gone", "%cd")
        kernel.run(f"_os.chdir({str(project)!r})")
