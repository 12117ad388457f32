"""A flow with an artifact for each way that a value goes, and a cell that reads them all anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Unzipped by Python, by isal; kept as it is, and mapped.
SIZES = {"tiny": 100, "medium": 30_000, "large": 200_000, "mapped": 3_000_000}
FLOW = f"""
import hashlib
import random
import numpy
from metaflow import FlowSpec, step

class SizedFlow(FlowSpec):
    @step
    def start(self):
        for name, size in {SIZES!r}.items():
            setattr(self, name, random.Random(size).randbytes(size))
        self.mapped = numpy.frombuffer(self.mapped, numpy.uint8)
        self.other = self.mapped + numpy.uint8(1)
        self.next(self.end)

    @step
    def end(self):
        for name in {[*SIZES, "other"]}:
            print("got", hashlib.sha1(bytes(getattr(self, name))).hexdigest())

if __name__ == "__main__":
    SizedFlow()
"""


def task_of(project: Path, flow: str, step: str) -> Path:
    """Give the folder of a task of the latest run."""
    (*_, task) = sorted((project / ".metaflow" / flow).glob(f"*/{step}/[0-9]*"))
    return task


def blob(task: Path, name: str) -> Path:
    """Give the file that holds an artifact of a task."""
    sha = json.loads((task / "0.data.json").read_text())["objects"][name]
    return task.parents[2] / "data" / sha[:2] / sha
