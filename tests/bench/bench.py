"""`python flow.py spin STEP` against `%spin FLOW STEP`, in one run, on the quickstart flow.

`make bench` calls this. Both sides are timed from outside, as a person waits: a process from start to end,
a cell from sending it until the kernel is idle again.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel
from tqdm import tqdm

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parent / "RESULTS.md"
FLOW = "flows/trainflow.py"
STEPS = {"prepare": "no card", "join": "no card, 3 inputs", "train": "with a card"}
BETWEEN_MARKERS = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)


@dataclass
class Row:
    """The times of one step, in seconds."""

    step: str
    command: list[float]
    cell: list[float]
    spin: list[float]
    body: list[float]

    def __str__(self) -> str:
        command, cell, spin, body = map(statistics.median, (self.command, self.cell, self.spin, self.body))
        ratio = f"**{command / cell:.0f}x**"
        times = f"{command:.2f} s | {1000 * cell:.0f} ms | {1000 * spin:.0f} ms | {1000 * body:.1f} ms"
        return f"| `{self.step}` ({STEPS[self.step]}) | {times} | {ratio} |"


def time_command(step: str, cwd: Path) -> float:
    """Time Metaflow's own spin."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, FLOW, "spin", step], cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - begun


class Cells:
    """A kernel that runs cells and is timed from outside."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def run(self, code: str) -> tuple[float, str]:
        """Give the seconds until the kernel was idle again, and what the cell printed."""
        printed: list[str] = []

        def hook(message: Any) -> None:
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        begun = time.perf_counter()
        reply = self.client.execute_interactive(code, output_hook=hook, timeout=120)
        seconds = time.perf_counter() - begun
        if reply["content"]["status"] != "ok":
            raise SystemExit("\n".join(reply["content"]["traceback"]))
        return seconds, "".join(printed)

    def time_spin(self, step: str) -> tuple[float, float, float]:
        """Time a warm `%spin`: the whole cell, the spin in it without the panel, and the step's body."""
        seconds, _ = self.run(f"%spin TrainFlow {step}")
        body, around = map(float, self.run("print(_spin.seconds, _spin.overhead)")[1].split())
        return seconds, body + around, body


def measure(cwd: Path, commands: int, cells: int) -> list[Row]:
    """Time every step both ways, in one run on one machine."""
    rows = []
    manager, client = start_new_kernel(
        kernel_name="python3", cwd=str(cwd), extra_arguments=["--log-level=ERROR"]
    )
    kernel = Cells(client)
    try:
        kernel.run("%load_ext spin_magic")
        with tqdm(total=len(STEPS) * (commands + cells), unit="spin", leave=False) as progress:
            for step in STEPS:
                kernel.time_spin(step)
                row = Row(step, [], [], [], [])
                for _ in range(commands):
                    row.command.append(time_command(step, cwd))
                    progress.update()
                for _ in range(cells):
                    cell, spin, body = kernel.time_spin(step)
                    row.cell.append(cell)
                    row.spin.append(spin)
                    row.body.append(body)
                    progress.update()
                rows.append(row)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return rows


def table(rows: list[Row], commands: int, cells: int) -> str:
    """Write the table, and below it what it was measured on."""
    machine = (
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"Metaflow {version('metaflow')}, scikit-learn {version('scikit-learn')}."
    )
    how = (
        f"Medians of {commands} commands and {cells} cells, timed from outside until all was done and shown; "
        "the last column compares these."
    )
    lines = [
        "| step | `python trainflow.py spin` | `%spin`, warm | without the panel | the body | |",
        "|---|---:|---:|---:|---:|---:|",
        *map(str, rows),
        "",
        how,
        machine,
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write the table where people look for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=5, help="spins by the command line, for each step")
    parser.add_argument("--cells", type=int, default=30, help="spins in the kernel, for each step")
    parser.add_argument("--dry-run", action="store_true", help="print the table and write nothing")
    options = parser.parse_args()

    # Metaflow refuses to run flows for root without a name.
    os.environ.setdefault("METAFLOW_USER", "spinner")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "notebooks" / "flows", Path(folder, "flows"))
        subprocess.run([sys.executable, FLOW, "run"], cwd=folder, check=True, capture_output=True)
        rows = measure(Path(folder), options.commands, options.cells)

    text = table(rows, options.commands, options.cells)
    print(text)
    if options.dry_run:
        return
    RESULTS.write_text(f"# Spin, two ways\n\nMade by `make bench`.\n\n{text}", encoding="utf-8")
    readme = ROOT / "README.md"
    old = readme.read_text(encoding="utf-8")
    readme.write_text(BETWEEN_MARKERS.sub(lambda _: text, old), encoding="utf-8")


if __name__ == "__main__":
    main()
