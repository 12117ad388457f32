"""Endurance.

Thousands of spins in one kernel, of every kind: what stays of them.
"""

from __future__ import annotations

import collections
import os
import shutil
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spin_magic.report.view import MOST_RETIRED
from tests.faults.inside import count
from tests.faults.session import FLOW, KINDS, LONG, cells, drawn_kinds
from tests.faults.whole import digests, look
from tests.kernel.harness import LOAD, Kernel, fresh_kernel, run_flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEED = 8
FLOW_FILE = "enduringflow.py"
# The session is looked at after each; the first two are left out, for some kinds come seldom.
PARTS = 8
# What may grow in 1,000 spins. IPython itself keeps the text of each cell, and more of each that fails.
BOUNDS = {
    "memory": 8.0,
    "files": 0,
    "mappings": 8,
    "threads": 0,
    "children": 0,
    "sys.modules": 0,
    "modules": 2,
    "flow classes": 4,
    "results": 2,
    "texts": 4,
    "temporary files": 0,
    "cached files": 0,
    "outputs": 2,
}
# And what may at any time: it goes up and down with what was spun last.
ROOM = {
    "memory": 16,  # what is let go of lies between what is not
    "files": 4,
    "mappings": 16,
    "modules": 6,
    "flow classes": 6,
    "results": 6,
    "texts": 6,
    "outputs": 4,
}
SLOWER = 1.3

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="Linux counts memory and files here"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of its own flow, run once."""
    folder = tmp_path_factory.mktemp("enduring") / "project"
    folder.mkdir()
    shutil.copy(Path(__file__).parent / FLOW_FILE, folder)
    run_flow(Path(FLOW_FILE), folder)
    return folder


@pytest.fixture(scope="module")
def kernel(project: Path) -> Iterator[Kernel]:
    """A kernel whose temporary files and cache are its own."""
    named = {"TMPDIR": "tmp", "SPIN_MAGIC_CACHE_DIR": "cache", "IPYTHONDIR": "ipython"}
    folders = {name: project.parent / folder for name, folder in named.items()}
    for folder in folders.values():
        folder.mkdir()
    with fresh_kernel(project, environment=os.environ | {k: str(v) for k, v in folders.items()}) as running:
        assert not running.run(LOAD).failed
        yield running


class Session:
    """A kernel in which cells of all kinds are run.

    Attributes
    ----------
    seconds : dict of str to list of float
        Of each kind of cell, the processor's time that each took; a machine that is busy with other things
        does not change it much.
    """

    def __init__(self, kernel: Kernel, file: Path) -> None:
        self.kernel, self.file = kernel, file
        self.seconds: dict[str, list[float]] = collections.defaultdict(list)

    def run(self, kinds: list[str], seed: int) -> None:
        for said in cells(self.file, kinds, seed):
            before = self._busy()
            cell = self.kernel.run(said.code, cell_id=said.cell)
            self.seconds[said.kind].append(self._busy() - before)
            fails = KINDS[said.kind].fails
            assert cell.failed is (fails is not None), (said, cell.text)
            assert (fails or "") in cell.text

    def _busy(self) -> float:
        threads = Path(f"/proc/{self.kernel.manager.provisioner.pid}/task").glob("*/schedstat")
        return sum(int(each.read_text(encoding="utf-8").split()[0]) for each in threads) / 1e9


@pytest.fixture
def spins(full) -> int:
    return 2000 if full else 112


@pytest.mark.timeout(7200)
def test_a_long_session(kernel: Kernel, project: Path, spins: int, fault: Callable[..., None]) -> None:
    session = Session(kernel, project / FLOW_FILE)
    # What the first of each kind imports, opens and keeps, stays; so does the last panel of each cell.
    assert not kernel.run(LONG).failed
    session.run([*KINDS, *KINDS], SEED)
    state, past = look(kernel), digests(project)
    session.seconds.clear()
    counts, kinds = [], drawn_kinds(spins, SEED)
    for part in range(PARTS):
        session.run(kinds[part * spins // PARTS : (part + 1) * spins // PARTS], SEED + 1 + part)
        counts.append(count(kernel))

    first, last = counts[1], counts[-1]
    thousands = spins * (PARTS - 2) / PARTS / 1000
    grown = {name: last[name] - each for name, each in first.items() if isinstance(each, int | float)}
    kinds_grown = collections.Counter(last["kinds of objects"])
    kinds_grown.subtract(first["kinds of objects"])
    slower = _slower(session.seconds)
    print({name: round(each / thousands, 1) for name, each in grown.items()}, f"{slower:.2f}x")
    print({name: [round(each[name]) for each in counts] for name in BOUNDS})
    print(sorted({*last["names of modules"]} - {*first["names of modules"]}))
    print(kinds_grown.most_common(20))

    most = {name: bound * thousands + ROOM.get(name, 0) for name, bound in BOUNDS.items()}
    assert {name: grown[name] for name in most if grown[name] > most[name]} == {}
    assert last["widgets"] <= 2 * (MOST_RETIRED + 2 * len(KINDS))
    assert slower < (SLOWER if spins > 1000 else 2)  # of some kinds there are but few
    _is_whole(kernel, project, state, past)

    per = {name: f"{max(each, 0) / thousands:.0f}" for name, each in grown.items()}
    seen = (
        f"after 1,000 more: {per['memory']} MB of memory more, {per['files']} open files, {per['threads']} "
        f"threads, {per['sys.modules']} modules, {per['texts']} texts in `linecache`, "
        f"{per['temporary files']} temporary files; a spin takes {slower:.2f} of the time"
    )
    fault(f"spins of {len(KINDS)} kinds in one kernel, seed {SEED}", seen, tried=spins)
    for name, kind in KINDS.items():
        if kind.fails:
            fault(
                f"of these: {name}", f"`{kind.fails}`, and the next spin as before", tried=kinds.count(name)
            )


def _slower(seconds: dict[str, list[float]]) -> float:
    """Compare the last quarter with the second, kind by kind; give the median of the ratios."""
    ratios = []
    for taken in seconds.values():
        quarter = len(taken) // 4
        if quarter:
            early, late = taken[quarter : 2 * quarter], taken[-quarter:]
            ratios.append(statistics.median(late) / statistics.median(early))
    return statistics.median(ratios)


def _is_whole(kernel: Kernel, project: Path, state: dict, past: dict[str, str]) -> None:
    after = look(kernel)
    # Files were counted after a collection: the sockets by which threads told of a card go with it.
    different = {name: (state[name], after[name]) for name in state if state[name] != after[name]}
    assert {name: both for name, both in different.items() if name != "files"} == {}
    assert digests(project) == past
    told = f"import spin_magic as _s\n{{each.status for each in _s.spin('{FLOW}', 'work').compare(None)}}"
    assert kernel.run(told).data("text/plain") == ["{'same'}"]
