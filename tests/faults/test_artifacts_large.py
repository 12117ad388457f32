"""Artifacts that are large.

A gigabyte of text, a million keys, lists of lists, what is nested without end: in time, and in memory.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.faults.whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kernel.harness import Kernel

MEMORY = """
def _memory(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))
with open("/proc/self/clear_refs", "w") as _file:
    _file.write("5")
_before = _memory("VmRSS")
"""
# What it is, how many at most (`--full`), how many in each change, and how large one is in memory.
LARGE = {
    "text": ("'x' * {n}", 10**9, 5 * 10**7, 1),
    "bytes": ("bytes({n})", 10**9, 5 * 10**7, 1),
    "lines": ("'x' + chr(10) * {n}", 10**8, 10**6, 1),
    "no_ascii": ("chr(0x6570) * {n}", 2 * 10**8, 10**7, 2),
    "keys": ("{{i: str(i) for i in range({n})}}", 10**6, 10**5, 180),
    "lists": ("[[i] for i in range({n})]", 10**6, 10**5, 140),
    "set": ("set(range({n}))", 10**6, 10**5, 100),
    "number": ("1 << {n}", 10**8, 10**6, 1),
}
pytestmark = pytest.mark.skipif("not __import__('os').path.exists('/proc/self/clear_refs')")


@pytest.mark.parametrize("what", LARGE)
def test_an_output_is_large(
    kernel: Kernel,
    project: Path,
    fault: Callable[..., None],
    what: str,
    full: bool,  # noqa: FBT001 -- as pytest gives it
) -> None:
    made, most, some, each = LARGE[what]
    count = most if full else some
    fault("a large output: a text, bytes, a million keys, a list of a million lists", "its row, cut short")
    with whole(kernel, project, changed=frozenset({"files"})):
        kernel.run(MEMORY)
        cell = kernel.run(
            f"%%spin SmallFlow work\nself.large = {made.format(n=count)}\nself.next(self.join)", timeout=300
        )
        assert not cell.failed, cell.text
        row = next(line for line in cell.text.splitlines() if line.startswith("new   large"))
        assert len(row) < 250
        seconds, around = ast.literal_eval(kernel.value("(_spin.seconds, _spin.overhead)"))
        # Pickling 32 MB of small objects at most, and two bounds of the panel.
        assert around < 12, (seconds, around)
        grown = int(kernel.value("_memory('VmHWM') - _before"))
        size = count * each
        assert grown < 2.2 * size + 150 * 2**20, (grown, size)
        assert kernel.value("[r.status for r in _spin.diff() if r.name == 'large']") == "['new']"
        kernel.run("%spin SmallFlow work")  # lets go of it
        kernel.run("import gc; gc.collect(); del gc")


def test_the_next_step_takes_what_is_large(
    kernel: Kernel,
    project: Path,
    fault: Callable[..., None],
    full: bool,  # noqa: FBT001 -- as above
) -> None:
    fault("a large output that the next step takes (--from spin)", "a copy of it, as ever")
    size = 10**9 if full else 10**7
    with whole(kernel, project, changed=frozenset({"files"})):
        body = f"self.doubled = 2\nself.large = 'x' * {size}\nself.next(self.join)"
        assert not kernel.run(f"%%spin SmallFlow work\n{body}", timeout=120).failed
        cell = kernel.run("%%spin SmallFlow join --from spin\nself.total = len(inputs[0].large)", timeout=120)
        assert not cell.failed, cell.text
        assert kernel.value("_spin['total']") == str(size)
        kernel.run("%spin SmallFlow work")


@pytest.mark.parametrize("made", ["x = [x]", "x = {'a': x}", "x = (x, x)", "x = [x, 1]"])
def test_an_output_is_nested_without_end(
    kernel: Kernel, project: Path, fault: Callable[..., None], made: str
) -> None:
    fault("an output nested 100,000 levels deep", "a note that it does not pickle; its row, cut short")
    with whole(kernel, project, changed=frozenset({"files"})):
        body = f"x = 1\nfor _ in range(100_000):\n    {made}\nself.deep = x\nself.next(self.join)"
        cell = kernel.run(f"%%spin SmallFlow work\n{body}")
        assert not cell.failed, cell.text
        assert "`deep` does not pickle (RecursionError: maximum recursion depth exceeded" in cell.text
        assert "…" in next(line for line in cell.text.splitlines() if line.startswith("new   deep"))
        kernel.run("%spin SmallFlow work")
