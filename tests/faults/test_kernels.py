"""Kernels that meet.

Several kernels spin, clear the cache, and save the same flow file at once.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest
from jupyter_core.utils import ensure_event_loop

from tests.faults.whole import digests, whole
from tests.kernel.harness import LOAD, Kernel, fresh_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FORGET = "import spin_magic.engine.blobs as _blobs\n_blobs.MEMORY._blobs.clear()\n"


@pytest.fixture(scope="module")
def others(project: Path, sized: Path, *, full: bool) -> Iterator[list[Kernel]]:
    """Kernels in the same project: ten with `--full`."""
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(fresh_kernel(project)) for _ in range(10 if full else 3)]
        for each in running:
            assert not each.run(LOAD).failed
        yield running


def at_once(works: list[Callable[[], None]]) -> None:
    """Do all of it at once, and raise what one of them has raised."""
    wrong: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as ex:
            wrong.append(ex)
        finally:
            ensure_event_loop().close()  # the client's own, one for each thread

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]


def test_spins_at_once(
    others: list[Kernel], project: Path, fault: Callable[..., None], *, full: bool
) -> None:
    rounds = 100 if full else 8
    fault(
        "kernels that spin the same runs at once, and clear the one cache meanwhile",
        "the right value",
        tried=rounds * len(others),
    )
    read = f"{FORGET}%spin SizedFlow end --no-cards"
    (right,) = {each.run(read, timeout=120).streams.strip() for each in others}
    assert right.count("got ") == 5

    def spins(kernel: Kernel, number: int) -> None:
        for each in range(rounds):
            if each % 3 == number % 3:
                kernel.run("import spin_magic.cache as _cache\n_cache.clear()")
            cell = kernel.run(read, timeout=120)
            assert cell.streams.strip() == right, cell.text

    with whole(others[0], project):
        at_once([lambda each=each, number=number: spins(each, number) for number, each in enumerate(others)])


def test_saves_at_once(
    others: list[Kernel], project: Path, fault: Callable[..., None], *, full: bool
) -> None:
    rounds = 40 if full else 4
    fault(
        "kernels that save the same step at once",
        "the first is written; the others are refused, and keep their text",
        tried=rounds,
    )
    fault(
        "kernels that save different steps of a file at once",
        "each is written, or refused and written the next time: none is lost",
        tried=rounds,
    )
    flow = project / "smallflow.py"
    text = flow.read_text()
    past = digests(project)
    same = "%%spin SmallFlow work\nself.doubled = self.input * 2  # {0}\nself.next(self.join)"
    steps = {
        "start": "%%spin SmallFlow start\nself.items = [1, 2, 3]  # {0}\n"
        "self.next(self.work, foreach='items')",
        "join": "%%spin SmallFlow join\nself.total = sum(each.doubled for each in inputs)  # {0}\n"
        "self.next(self.end)",
        "end": "%%spin SmallFlow end\nprint('total', self.total)  # {0}",
    }
    try:
        for each in range(rounds):
            for number, kernel in enumerate(others):
                kernel.run("%spin_load SmallFlow work")
                cell = kernel.run(same.format(f"mark{each}-{number}"))
                assert not cell.failed, cell.text
            saved: list[str] = []
            at_once(
                [
                    lambda mark=f"mark{each}-{number}", kernel=kernel, saved=saved: (
                        saved.append(mark) if saves(kernel, "work") else None
                    )
                    for number, kernel in enumerate(others)
                ]
            )
            assert len(saved) == 1
            assert flow.read_text().count(f"# {saved[0]}") == 1
            assert flow.read_text().count("# mark") == 1
        for each in range(rounds):
            pairs = list(zip(others, steps.items(), strict=False))
            for kernel, (step, code) in pairs:
                kernel.run(f"%spin_load SmallFlow {step}")
                cell = kernel.run(code.format(f"other{each}"))
                assert not cell.failed, cell.text
            at_once([lambda k=k, s=s: saves(k, s) for k, (s, _) in pairs])
            for kernel, (step, _) in pairs:
                if not saves(kernel, step):
                    assert saves(kernel, step)
            assert flow.read_text().count(f"# other{each}") == len(pairs), flow.read_text()
    finally:
        flow.write_text(text)
    assert digests(project) == past


def saves(kernel: Kernel, step: str) -> bool:
    """Save; tell whether it was, and check that the refusal is a sentence that keeps the text."""
    cell = kernel.run(f"%spin_save SmallFlow {step}", timeout=120)
    if cell.failed:
        assert cell.error, cell.text
        assert cell.error["ename"] == "SaveError", cell.text
        assert "since it was" in cell.traceback, cell.traceback
        assert "The cell's text stays in this kernel" in cell.traceback
    return not cell.failed
