"""A process that has imported what tests need, but not spin_magic, and forks for every mutant.

It stands in a copy of the project, with a copy of the real runs. Each line of its input asks for one mutant,
each line of its output says what became of it. Afterwards the copies are as before.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

BROKEN = 70  # this file is, not the mutant
_WARM = (
    "pytest hypothesis IPython jinja2 matplotlib.pyplot metaflow pandas polars pyarrow sklearn.linear_model"
)


def main(place: Path, pristine: Path) -> None:
    """Answer until the input ends. `place` has the copies: ``tree`` and ``runs``."""
    os.chdir(place / "tree")
    _warm_up()
    runs = Kept(place / "runs", pristine)
    for line in sys.stdin:
        print(json.dumps(_try(json.loads(line), place, runs)), flush=True)


def _warm_up() -> None:
    for name in _WARM.split():
        importlib.import_module(name)
    assert "spin_magic" not in sys.modules
    gc.collect()
    gc.freeze()


def _try(asked: dict[str, Any], place: Path, runs: Kept) -> dict[str, Any]:
    file = place / "tree" / asked["module"]
    before, status = file.read_bytes(), file.stat()
    scratch = tempfile.mkdtemp(prefix="mutant_", dir=place)
    told = Path(scratch, "told")
    begun = time.monotonic()
    try:
        file.write_text(asked["source"], encoding="utf-8")
        child = os.fork()
        if not child:
            _test(asked["tests"], scratch, told, place / "runs")
        ended = _wait(child, asked["timeout"])
    finally:
        file.write_bytes(before)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        failed = told.read_text(encoding="utf-8") if told.exists() else ""
        log = Path(scratch, "log")
        text = log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else ""
        shutil.rmtree(scratch, ignore_errors=True)
        touched = runs.restore() if any("conformance" in test for test in asked["tests"]) else 0
    assert ended != BROKEN, text
    return {
        "ended": ended,
        "failed": failed,
        "seconds": time.monotonic() - begun,
        "touched": touched,
        "log": text,
    }


def _test(tests: list[str], scratch: str, told: Path, runs: Path) -> None:
    """Run tests in this process, which is the child, and end it."""
    import pytest

    code = BROKEN
    try:
        os.setsid()
        os.environ["TMPDIR"], tempfile.tempdir = scratch, None
        with Path(scratch, "log").open("w") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        options = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "--runs", str(runs)]
        options += ["-W", "ignore:Module already imported"]  # which is what this is for
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        code = int(pytest.main([*options, *files], plugins=[InOrder(tests, told)]))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


class InOrder:
    """Runs some tests of some files, in the order in which they were asked for, and tells which failed."""

    def __init__(self, tests: list[str], told: Path) -> None:
        self._rank = {_steady(test): rank for rank, test in enumerate(tests)}
        self._told = told

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if _steady(item.nodeid) in self._rank]
        items.sort(key=lambda item: self._rank[_steady(item.nodeid)])

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self._told.write_text(report.nodeid, encoding="utf-8")


def _steady(test: str) -> str:
    """Give the name of a test without the address of an object, which another process has elsewhere."""
    return re.sub(r"0x[0-9a-f]+", "0x", test)


def _wait(child: int, timeout: float) -> int | str:
    """Give the exit code, a signal's name, or "timeout"; nothing that the child started is left."""
    ends = time.monotonic() + timeout
    ended: int | str = "timeout"
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            ended = code if code >= 0 else signal.Signals(-code).name
            break
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if ended == "timeout":
        os.waitpid(child, 0)
    return ended


class Kept:
    """A folder that is put back as it was, by what has another time or size."""

    def __init__(self, folder: Path, pristine: Path) -> None:
        self._folder = folder
        self._pristine = pristine
        self._known = self._seen(pristine)
        self.restore()

    def restore(self) -> int:
        """Put it back and say how many files and folders that took."""
        seen = self._seen(self._folder)
        for name in sorted(seen.keys() - self._known.keys()):
            path = self._folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        wrong = [name for name, state in sorted(self._known.items()) if seen.get(name) != state]
        for name in wrong:
            source, path = self._pristine / name, self._folder / name
            if source.is_dir():
                path.mkdir(exist_ok=True)
            else:
                shutil.copy2(source, path, follow_symlinks=False)
        return len(wrong) + len(seen.keys() - self._known.keys())

    def _seen(self, folder: Path) -> dict[str, tuple[int, int] | None]:
        found: dict[str, tuple[int, int] | None] = {}
        waiting, begin = [str(folder)], len(str(folder)) + 1
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.name == "__pycache__":
                        continue
                    name = entry.path[begin:]
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        found[name] = None
                    else:
                        status = entry.stat(follow_symlinks=False)
                        found[name] = (status.st_size, status.st_mtime_ns)
        return found


if __name__ == "__main__":
    sys.path[0] = str(Path(sys.argv[1], "tree"))
    main(Path(sys.argv[1]), Path(sys.argv[2]))
