"""Real runs: start them, wait for them, and read them with the oracle."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.cases import Case

HERE = Path(__file__).parent
FLOWS = HERE.parent / "flows"


@dataclass
class RealRun:
    """A finished run: its pathspec, what it printed, and what the oracle read."""

    case: Case
    run_id: str
    log: str
    steps: dict[str, list[dict[str, Any]]] = field(repr=False)

    @property
    def pathspec(self) -> str:
        return f"{self.case.flow_class}/{self.run_id}"

    def tasks(self) -> list[tuple[str, dict[str, Any]]]:
        return [(step, task) for step, tasks in self.steps.items() for task in tasks]

    def task(self, step: str, index: int = 0) -> dict[str, Any]:
        return next(t for t in self.steps[step] if t["index"] in (index, None))


def make_project(folder: Path) -> Path:
    """Copy the flows into an empty folder."""
    shutil.copytree(FLOWS, folder, ignore=shutil.ignore_patterns("__pycache__", ".metaflow*"))
    (folder / ".metaflow").mkdir()  # two first runs at once would race for it
    return folder


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """Give the environment of a run: local, and independent of the user's own settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("METAFLOW", "PYTHON"))}
    return {
        **kept,
        "METAFLOW_USER": "tester",
        "METAFLOW_DEFAULT_METADATA": "local",
        "METAFLOW_DEFAULT_DATASTORE": "local",
        **(extra or {}),
    }


def run(project: Path, case: Case, launcher: Path | None = None) -> tuple[str, str]:
    """Run the flow and give the run id and the log. An unforeseen outcome is an error."""
    id_file = project / f"{case.id}.run_id"
    program = [str(launcher), case.file] if launcher else [case.file]
    options = ["--run-id-file", str(id_file), "--max-workers", "2"]
    done = subprocess.run(
        [sys.executable, *program, "run", *options, *case.arguments],
        cwd=project,
        env=environment(case.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if (done.returncode == 0) is not case.ok:
        msg = f"{case.id}: `python {case.file} run` ended with {done.returncode}:\n{done.stdout[-4000:]}"
        raise RuntimeError(msg)
    return id_file.read_text(encoding="utf-8").strip(), done.stdout


def read(project: Path, case: Case, run_id: str, steps: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read a run in another process, with Metaflow's Client."""
    out = project / f"{case.id}.pickle"
    subprocess.run(
        [
            sys.executable,
            str(HERE / "oracle.py"),
            f"{case.flow_class}/{run_id}",
            case.file,
            str(out),
            *([",".join(steps)] if steps else []),
        ],
        cwd=project,
        env=environment(case.env),
        check=True,
    )
    return pickle.loads(out.read_bytes())["steps"]


class Runner:
    """Runs each case once, two at a time, ahead of the tests that ask for them."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self._pool = ThreadPoolExecutor(2)
        self._runs: dict[str, Future[RealRun]] = {}

    def start(self, case: Case) -> Future[RealRun]:
        if case.id not in self._runs:
            self._runs[case.id] = self._pool.submit(self._run, case)
        return self._runs[case.id]

    def get(self, case: Case) -> RealRun:
        return self.start(case).result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _run(self, case: Case) -> RealRun:
        finished = self.project / f"{case.id}.real_run"
        if not finished.exists():
            run_id, log = run(self.project, case)
            real_run = RealRun(case, run_id, log, read(self.project, case, run_id))
            finished.write_bytes(pickle.dumps(real_run))
        return pickle.loads(finished.read_bytes())
