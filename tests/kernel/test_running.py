"""What a body may do in a kernel, and what it finds there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kernel.harness import Kernel


def test_asyncio_run_works_beside_the_kernel_s_loop(kernel: Kernel) -> None:
    done = kernel.run(
        "%%spin SmallFlow work\nimport asyncio\nasync def get():\n    await asyncio.sleep(0)\n    return 42\n"
        "self.doubled = asyncio.run(get())\nself.next(self.join)"
    )

    assert not done.failed, done.text
    assert kernel.value("_spin['doubled']") == "42"
    awaited = kernel.run("import asyncio\nawait asyncio.sleep(0, 'the loop still runs')")
    assert "the loop still runs" in awaited.text


def test_prints_arrive_while_the_body_runs(kernel: Kernel) -> None:
    arrived: list[tuple[float, str]] = []
    done = kernel.run(
        "%%spin SmallFlow work\nimport time\nprint('first', flush=True)\ntime.sleep(1.5)\nprint('second')\n"
        "self.doubled = 1\nself.next(self.join)",
        on_text=lambda text: arrived.append((time.monotonic(), text)),
    )

    assert not done.failed, done.text
    first = next(when for when, text in arrived if "first" in text)
    second = next(when for when, text in arrived if "second" in text)
    assert second - first > 1
    assert kernel.value("_spin.stdout") == r"'first\nsecond\n'"


def test_inputs_are_pristine_on_every_spin(kernel: Kernel) -> None:
    cell = (
        "%%spin SmallFlow work\nself.items.append(99)\nself.doubled = len(self.items)\nself.next(self.join)"
    )
    kernel.run(cell)
    kernel.run(cell)

    assert kernel.value("_spin['doubled']") == "4"


def test_spinning_does_not_read_what_inputs_bound(kernel: Kernel) -> None:
    kernel.run("%spin_inputs SmallFlow work")
    kernel.run("items.append(99)\nself.items.append(98)")
    kernel.run("%%spin SmallFlow work\nself.doubled = len(self.items)\nself.next(self.join)")

    assert kernel.value("_spin['doubled']") == "3"


def test_cells_may_run_in_any_order(kernel: Kernel) -> None:
    join = "%%spin SmallFlow join\nself.total = [each.doubled for each in inputs]\nself.next(self.end)"
    kernel.run(join)
    assert kernel.value("_spin['total']") == "[2, 4, 6]"
    kernel.run("%%spin SmallFlow work --index 2\nself.doubled = 'edited'\nself.next(self.join)")
    kernel.run(join)
    assert kernel.value("_spin['total']") == "[2, 4, 6]"


def test_an_edit_of_the_file_is_seen_at_the_next_spin(kernel: Kernel, project: Path) -> None:
    kernel.run("%spin SmallFlow work")
    file = project / "smallflow.py"
    file.write_text(file.read_text().replace("self.input * 2", "self.input * 5"))
    kernel.run("r = %spin SmallFlow work --index 1")

    assert kernel.value("r['doubled']") == "10"
    assert kernel.value("[(row.name, row.status) for row in r.diff() if row.name == 'doubled']") == (
        "[('doubled', 'changed')]"
    )


def test_a_lent_name_is_said(kernel: Kernel) -> None:
    kernel.run("factor = 21")
    done = kernel.run("%%spin SmallFlow work\nself.doubled = factor * 2\nself.next(self.join)")

    assert not done.failed, done.text
    assert kernel.value("_spin['doubled']") == "42"
    assert any("factor" in note for note in kernel.value("_spin.notes").split("', '"))


def test_spinning_leaves_the_run_s_files_alone(kernel: Kernel, project: Path) -> None:
    def files() -> dict[str, int]:
        root = project / ".metaflow"
        return {str(each.relative_to(root)): each.stat().st_mtime_ns for each in root.rglob("*")}

    before = files()
    kernel.run("%spin SmallFlow work")
    kernel.run("%%spin SmallFlow join\nself.total = 0\nself.next(self.end)")
    kernel.run("%%spin SmallFlow work\nraise ValueError")

    assert files() == before
    assert not (project / ".metaflow_spin").exists()
