"""A folder for one benchmark: projects with their runs, caches of their own, and processes to time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tests.bench.scale import Scale

ROOT = Path(__file__).parents[2]
FLOWS = (ROOT / "notebooks" / "flows", Path(__file__).parent / "flows")
INSIDE = Path(__file__).parent / "inside.py"
WARM_UP = "tinyflow.py"
FORKING = ROOT / "tests" / "conformance" / "fork_run.py"


@dataclass
class Place:
    """Where the benchmark works; nothing outside of it is read or written but the code itself."""

    folder: Path
    scale: Scale
    spent: dict[str, float] = field(default_factory=dict)  # on what is made before anything is timed

    def __post_init__(self) -> None:
        for name in [name for name in os.environ if name.startswith(("METAFLOW_", "SPIN_MAGIC_"))]:
            if name != "METAFLOW_USER":
                del os.environ[name]
        # Metaflow refuses to run flows for root without a name.
        os.environ.setdefault("METAFLOW_USER", "spinner")
        os.environ |= {
            "METAFLOW_HOME": str(self.fresh("metaflow_home")),
            "METAFLOW_CLIENT_CACHE_PATH": str(self.fresh("client_cache")),
            "SPIN_MAGIC_CACHE_DIR": str(self.fresh("spin_cache")),
            "IPYTHONDIR": str(self.fresh("ipython")),
        }

    def fresh(self, name: str) -> Path:
        """Give an empty folder that is the user's alone."""
        made = self.folder / name
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        return made

    def project(self, flow: str, *arguments: str, forked: bool = False) -> Path:
        """Give the folder in which a flow has been run once, and the warm-up flow too; make it once."""
        made = self.folder / flow
        if made.exists():
            return made
        begun = time.perf_counter()
        (made / ".metaflow").mkdir(parents=True)  # or one in a folder above would be used
        for file in (WARM_UP, f"{flow}.py"):
            shutil.copy(next(folder / file for folder in FLOWS if (folder / file).exists()), made)
        launcher = [str(FORKING)] if forked else []
        call([sys.executable, WARM_UP, "--no-pylint", "run"], made)
        call([sys.executable, *launcher, f"{flow}.py", "--no-pylint", "run", *arguments], made)
        self.spent[f"the run of {flow}.py"] = time.perf_counter() - begun
        return made


def latest_run(folder: Path, flow: str) -> Path:
    """Give the folder of the newest run of a flow."""
    # The file `latest_run` will not do: Metaflow's own spin leaves its own number there.
    runs = (folder / ".metaflow" / flow).iterdir()
    return max((each for each in runs if each.name.isdigit()), key=lambda each: int(each.name))


def call(command: list[str], folder: Path, **environment: str) -> str:
    """Run a process to its end and give what it printed; one that fails ends the benchmark."""
    env = os.environ | environment
    done = subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def refused(command: list[str], folder: Path) -> str:
    """Give the line in which a command says why it cannot; empty where it can after all."""
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    said = [line.partition("] ")[2].strip() for line in (done.stdout + done.stderr).splitlines()]
    if done.returncode == 0:
        return ""
    return next((line for line in said if "missing" in line.lower() and len(line) > 20), "it failed")


def inside(function: str, folder: Path, environment: dict[str, str] | None = None, **arguments: Any) -> Any:
    """Call a function of `inside.py` in a process of its own and give what it returns."""
    command = [sys.executable, str(INSIDE), function, json.dumps(arguments)]
    return json.loads(call(command, folder, **environment or {}).splitlines()[-1])


def spin_command(folder: Path, file: str, step: str) -> float:
    """Time Metaflow's own spin, a process from start to end."""
    begun = time.perf_counter()
    call([sys.executable, file, "spin", step], folder)
    return time.perf_counter() - begun


def repeat(times: int, what: str, measure: Callable[[], float]) -> list[float]:
    """Measure again and again, with a progress bar."""
    bar = tqdm(range(times), desc=what, leave=False, position=1)
    return [measure() for _ in bar]
