"""Datastores and metadata that are damaged.

Files of past runs are gone, cut, flipped, swapped, of another shape, or something else in their place.
"""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.damage import GONE, STRANGE, Harm, cuts, flip, flips, harmed, holds
from tests.faults.sized import SIZES, blob, task_of
from tests.faults.whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernel.harness import Cell, Kernel

# What a kernel has read stays with it; each case asks the datastore.
FORGET = """
import spin_magic.cache as _cache, spin_magic.engine.blobs as _blobs
_blobs.MEMORY._blobs.clear(); _cache.clear()
"""
DAMAGED = "is damaged in the datastore: choose another run with --from."
MISSING = "is missing from the datastore: choose another run with --from."


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
    if not full and name in {"tiny", "large"}:
        pytest.skip("with --full: the two others go other ways")
    task = task_of(sized, "SizedFlow", "start")
    file = blob(task, name)
    data = file.read_bytes()
    ends = (1, 9, 10, len(data) // 2, len(data) - 9, len(data) - 8, len(data) - 1)
    cut = cuts(data, range(len(data)) if full and len(data) < 200 else ends)
    fixed = [*range(10), *range(len(data) - 8, len(data))] if full else [0, 3, len(data) - 8, len(data) - 1]
    other = blob(task, "other" if name == "mapped" else "_graph_info").read_bytes()
    damaged = [holds(b"", "empty"), *cut, holds(other, "another blob")]
    flipped = [*flips(data, 400 if full else 4), *(flip(data, 8 * byte) for byte in fixed)]
    fault(
        "a blob that is gone, or a folder, pipe, device or broken link in its place",
        f"`TaskError`: it {MISSING}",
        tried=1 + len(STRANGE),
    )
    fault(
        "a blob that is empty or cut, or another blob in its place",
        f"`TaskError`: it {DAMAGED}",
        tried=len(damaged),
    )
    fault(
        "one bit of a blob is another: in its header, its body, its checksum",
        "the same; the right value where the bit means nothing",
        tried=len(flipped),
    )
    first = kernel.run(READ)
    right = first.streams.strip()
    assert right.count("got ") == len(SIZES) + 1, first.text
    with whole(kernel, sized):
        for harm in (GONE, *STRANGE):
            with harmed(file, harm):
                told(kernel.run(READ, timeout=20), f"Artifact {name!r}", MISSING)
        for harm in damaged:
            with harmed(file, harm):
                told(kernel.run(READ, timeout=20), f"Artifact {name!r}", DAMAGED)
        for harm in flipped:
            with harmed(file, harm):
                right_or_told(kernel, READ, right, f"Artifact {name!r}", DAMAGED)
        assert kernel.run(READ).streams.strip() == right


def test_blobs_that_are_handed_on(kernel: Kernel, sized: Path, fault: Callable[..., None]) -> None:
    name = "large"
    file = blob(task_of(sized, "SizedFlow", "start"), name)
    other = blob(task_of(sized, "SizedFlow", "start"), "tiny").read_bytes()
    harms = {GONE: "missing from", holds(other): "damaged in", holds(b"x"): "damaged in"}
    fault(
        "`--persist` of an input that is handed on, and is gone, swapped or damaged",
        "the result; a note names the artifact that was not kept, and why",
        tried=len(harms),
    )
    with whole(kernel, sized):
        for harm, why in harms.items():
            shutil.rmtree(sized / ".metaflow_spin", ignore_errors=True)
            kernel.run(FORGET)
            with harmed(file, harm):
                cell = kernel.run("%%spin SizedFlow end --persist --no-cards\nprint('got')")
            assert not cell.failed, cell.text
            assert f"`{name}` was not kept: it cannot be stored (it is {why} the datastore)." in cell.text
        shutil.rmtree(sized / ".metaflow_spin")


RECORDS = (
    "_meta/_self.json",
    "start/1/_meta/_self.json",
    "start/1/_meta/sysmeta_attempt_ok_*.json",
    "start/1/0.data.json",
    "start/1/0.DONE.lock",
    "start/1/_meta/sysmeta_ds-type_*.json",
    "work/3/_meta/sysmeta_foreach-execution-path_*.json",
)
SPIN = f"{FORGET}r = %spin SmallFlow work --index 1\nprint(r['doubled'], r.origin); del r"
NEXT_STEP = ("--from", "--namespace", "has no run", "can feed", "Make one first", "damaged")


def test_records(kernel: Kernel, project: Path, fault: Callable[..., None], *, full: bool) -> None:
    (run,) = (each for each in (project / ".metaflow/SmallFlow").iterdir() if each.name.isdigit())
    missed = []
    files = [file for record in RECORDS for file in run.glob(record)]
    assert len(files) == len(RECORDS)
    tried = 0
    first = kernel.run(SPIN)
    right = first.streams.strip().splitlines()[-1]
    assert right.startswith("4 "), first.text
    with whole(kernel, project):
        for file in (*files, run.parent / "latest_run"):
            harms = [GONE, *STRANGE, *wrong_shapes(file.read_bytes())]
            chosen = harms if full else random.Random(file.name).sample(harms, 6)  # noqa: S311 -- which to try
            for harm in chosen:
                tried += 1
                with harmed(file, harm):
                    cell = kernel.run(SPIN, timeout=20)
                if cell.failed:
                    told(cell)
                    if not any(word in cell.traceback for word in NEXT_STEP):
                        missed.append((file.name, harm.name, cell.traceback))
                else:
                    # Of the second split, and of no other one.
                    last = cell.streams.strip().splitlines()[-1]
                    assert last.startswith("4 "), (file.name, harm.name, cell.text)
            assert kernel.run(SPIN).streams.strip().splitlines()[-1] == right
    assert not missed, missed
    fault(
        "a record of a run is gone, empty, cut, no JSON, too deep, of wrong types, without a field; a pipe",
        "the right value, or `TaskError`: which file is damaged, and to choose another run",
        tried=tried,
    )


def wrong_shapes(data: bytes) -> list[Harm]:
    """Give what may stand in the place of a record: half of it, something else, one field of another type."""
    texts = [b"", b"{}", b"[]", b"null", b"7", b'"x"', b"\xff\xfe\x00{", b"NaN", b"[" * 100_000, b"\0" * 100]
    texts += [data[: len(data) // 2], data[:-1], data + b"}", b'{"a":' * 2000]
    try:
        known = json.loads(data)
    except ValueError:
        known = None
    for key in known if isinstance(known, dict) else ():
        others = ({**known, key: value} for value in (None, [], -1, "x", {"a": None}, [["a"]], 1e300))
        without = {name: value for name, value in known.items() if name != key}
        texts += [json.dumps(each).encode() for each in (without, *others)]
    return [holds(text) for text in texts]


def test_left_overs(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    fault(
        "files in a run that are none of Metaflow's: half-written ones, a swap file, odd attempts",
        "the right value",
        tried=7,
    )
    (run,) = (each for each in (project / ".metaflow/SmallFlow").iterdir() if each.name.isdigit())
    left = [
        run / "start/1/_meta/tmpab12",
        run / "start/1/tmpx_y",
        run / "work/.3.swp",
        run.parent / "179.tmp",
        run / "start/1/_meta/sysmeta_attempt_ok_x.json",
        run / "start/1/_meta/sysmeta_attempt_ok_.json",
        run / "work/3/.nfs001",
    ]
    with whole(kernel, project):
        for file in left:
            file.write_text("{")
        cell = kernel.run(SPIN)
        for file in left:
            file.unlink()
    assert cell.streams.strip().splitlines()[-1].startswith("4 "), cell.text


UNREADABLE = (
    ".metaflow",
    ".metaflow/SmallFlow",
    "RUN",
    "RUN/start",
    "RUN/start/1",
    "RUN/start/1/0.data.json",
    "RUN/_meta/_self.json",
    "RUN/start/1/_meta",
    ".metaflow/SmallFlow/data",
)


def test_what_may_not_be_read(
    project: Path, kernel_without_rights: Kernel, fault: Callable[..., None]
) -> None:
    fault(
        "a file or folder of a run that may not be read",
        "`TaskError`: which, and that permission is denied",
        tried=len(UNREADABLE),
    )
    (run,) = (each for each in (project / ".metaflow/SmallFlow").iterdir() if each.name.isdigit())
    with whole(kernel_without_rights, project):
        for name in UNREADABLE:
            place = project / name.replace("RUN", str(run.relative_to(project)))
            mode = place.stat().st_mode
            place.chmod(0)
            cell = kernel_without_rights.run(SPIN)
            place.chmod(mode)
            told(cell, "Permission denied", place.name.removesuffix("data"))
