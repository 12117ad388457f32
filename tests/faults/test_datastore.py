"""Datastores and metadata that are damaged.

Files of past runs are gone, cut, flipped, swapped, of another shape, or something else in their place.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.damage import GONE, STRANGE, Harm, cuts, flips, harmed, holds
from tests.faults.whole import whole
from tests.kernel.harness import run_flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.kernel.harness import Cell, Kernel

# What a kernel has read stays with it; each case asks the datastore.
FORGET = """
import spin_magic.cache as _cache, spin_magic.engine.blobs as _blobs
_blobs.MEMORY._blobs.clear(); _cache.clear()
"""
# One size for each way to the value: unzipped by Python, by isal; kept as it is, and mapped.
SIZES = {"tiny": 100, "medium": 30_000, "large": 200_000, "mapped": 3_000_000}
SIZED_FLOW = f"""
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
        for name in {list(SIZES)}:
            print("got", hashlib.sha1(bytes(getattr(self, name))).hexdigest())

if __name__ == "__main__":
    SizedFlow()
"""
DAMAGED = "is damaged in the datastore: choose another run with --from."
MISSING = "is missing from the datastore: choose another run with --from."


@pytest.fixture(scope="module")
def sized(project: Path) -> Path:
    """The folder of a task's artifacts, one of each size, in the project of the kernel."""
    (project / "sizedflow.py").write_text(SIZED_FLOW)
    run_flow(Path("sizedflow.py"), project)
    return project


def task_of(project: Path, flow: str, step: str) -> Path:
    (*_, task) = sorted((project / ".metaflow" / flow).glob(f"*/{step}/*"))
    return next(each for each in sorted(task.parent.iterdir()) if each.name.isdigit())


def blob(project: Path, task: Path, name: str) -> Path:
    sha = json.loads((task / "0.data.json").read_text())["objects"][name]
    return task.parents[2] / "data" / sha[:2] / sha


def told(cell: Cell, *words: str) -> None:
    """Check that a cell failed once, in one sentence or two of ours, with these words."""
    assert cell.failed, cell.text
    assert cell.error, cell.text
    assert cell.error["ename"] == "TaskError", cell.text
    assert [each["output_type"] for each in cell.outputs].count("error") == 1
    assert "Traceback" not in cell.text
    assert len(cell.traceback.splitlines()) == 1, cell.traceback
    for word in words:
        assert word in cell.traceback, (word, cell.traceback)


def right_or_told(kernel: Kernel, code: str, right: str, *words: str) -> bool:
    """Check that a cell shows the truth or says why not; tell which."""
    cell = kernel.run(code, timeout=20)
    if not cell.failed:
        assert cell.streams.strip().endswith(right), cell.text
        return True
    told(cell, *words)
    return False


READ = f"{FORGET}%spin SizedFlow end --no-cards"


@pytest.mark.parametrize("name", SIZES)
def test_blobs(kernel: Kernel, sized: Path, fault: Callable[..., None], name: str, *, full: bool) -> None:
    file = blob(sized, task_of(sized, "SizedFlow", "start"), name)
    data = file.read_bytes()
    middle = len(data) // 2
    lengths = range(len(data)) if full and len(data) < 200 else (1, 2, 9, 10, 18, middle, len(data) - 9)
    cut = cuts(data, [*lengths, len(data) - 8, len(data) - 4, len(data) - 1])
    header = [holds(_with(data, at, data[at] ^ 0xFF), f"header byte {at}") for at in range(10)]
    inside = flips(data, 400 if full else 5)
    crc = [holds(_with(data, at, data[at] ^ 1), f"trailer byte {at}") for at in range(-8, 0)]
    other = blob(sized, task_of(sized, "SizedFlow", "start"), "other" if name == "mapped" else "_graph_info")
    swapped = [holds(other.read_bytes(), "another blob")]
    same = "TaskError, or the right value where the bit means nothing"
    fault("a blob that is gone", f"`TaskError`: it {MISSING}")
    fault("a blob that is empty, or cut at any length", f"`TaskError`: it {DAMAGED}", tried=len(cut) + 1)
    fault(
        "a bit of a blob is another: in its header, inside, in its checksum",
        same,
        tried=len(header + inside + crc),
    )
    fault("a blob in the place of another one, of equal shape too", f"`TaskError`: it {DAMAGED}")
    fault(
        "a folder, a pipe, a device or a broken link in a blob's place",
        f"`TaskError`: it {MISSING}",
        tried=len(STRANGE),
    )
    first = kernel.run(READ)
    right = first.streams.strip()
    assert right.count("got ") == len(SIZES), first.text
    with whole(kernel, sized):
        for harm in (GONE, *STRANGE):
            with harmed(file, harm):
                told(kernel.run(READ, timeout=20), f"Artifact {name!r}", MISSING)
        for harm in (holds(b""), *cut, *swapped):
            with harmed(file, harm):
                told(kernel.run(READ, timeout=20), f"Artifact {name!r}", DAMAGED)
        for harm in (*header, *inside, *crc):
            with harmed(file, harm):
                right_or_told(kernel, READ, right, f"Artifact {name!r}", DAMAGED)
        assert kernel.run(READ).streams.strip() == right


def _with(data: bytes, at: int, byte: int) -> bytes:
    made = bytearray(data)
    made[at] = byte
    return bytes(made)
