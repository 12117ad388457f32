"""Two warm processes, each with copies of the project and of the real runs, and the fates of the mutants."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from tests.mutants.mutants import Mutant
from tests.mutants.rooms import ROOT
from tests.mutants.tests_of import Covering

# How much longer than without a mutation tests may take, and what the start of pytest may.
SLOWER, START = 6, 40
# How pytest ends where nothing failed, or no test was left.
PASSED = (0, 5)


@dataclass
class Fate:
    """What became of a mutant.

    Attributes
    ----------
    by : str
        The test that failed, or "timeout", or how the process ended; empty where the mutant survived.
    tests : int
        How many tests cover the change.
    """

    module: str
    line: int
    kind: str
    was: str
    now: str
    by: str
    tests: int
    seconds: float

    @property
    def name(self) -> tuple[str, str, str, str]:
        return self.module, self.kind, self.was, self.now


class Warm:
    """One such process."""

    def __init__(self, place: Path, runs: Path) -> None:
        tree = place / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        files = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in files.stdout.splitlines():
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, tree / name)
        if not (place / "runs").exists():
            shutil.copytree(runs, place / "runs", symlinks=True)
        environment = {"PYTHONPATH": str(tree), "METAFLOW_USER": "tester", "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run([sys.executable, "-m", "compileall", "-q", "spin_magic"], cwd=tree, check=True)
        self._process = subprocess.Popen(
            [sys.executable, str(tree / "tests" / "mutants" / "warm.py"), str(place), str(runs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def ask(self, what: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def try_all(mutants: Iterable[Mutant], covering: Covering, place: Path, runs: Path, results: Path) -> None:
    """Try mutants in two processes and write a line about each."""
    waiting: SimpleQueue[Mutant] = SimpleQueue()
    for mutant in mutants:
        waiting.put(mutant)
    lock = threading.Lock()

    def work(number: int) -> None:
        warm = Warm(place / f"warm{number}", runs)
        while True:
            try:
                mutant = waiting.get_nowait()
            except Empty:
                break
            fate = _try(mutant, covering, warm)
            with lock, results.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(fate)) + "\n")
        warm.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _try(mutant: Mutant, covering: Covering, warm: Warm) -> Fate:
    by, seconds, count = "", 0.0, len(covering.tests(mutant))
    for tests, expected in covering.rounds(mutant):
        asked = {"module": mutant.module, "source": mutant.source, "tests": tests}
        answer = warm.ask({**asked, "timeout": START + SLOWER * expected})
        seconds += answer["seconds"]
        if answer["ended"] not in PASSED:
            by = answer["failed"] or str(answer["ended"])
            covering.killed_by(mutant, by)
            break
    return Fate(mutant.module, mutant.line, mutant.kind, mutant.was, mutant.now, by, count, round(seconds, 1))


def read(results: Path) -> list[Fate]:
    """Read what is known already; of a mutant that was tried again, the last word."""
    if not results.exists():
        return []
    fates = [Fate(**json.loads(line)) for line in results.read_text(encoding="utf-8").splitlines()]
    return list({(fate.line, *fate.name): fate for fate in fates}.values())
