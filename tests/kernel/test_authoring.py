"""Load, edit, spin, save in a real kernel: cells are offered below, and the file has what was spun."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kernel.harness import Cell, Kernel


def offered(cell: Cell) -> list[str]:
    assert not cell.failed, cell.text
    return [
        each["text"] for each in cell.payload if each["source"] == "set_next_input" and not each["replace"]
    ]


def test_a_step_goes_into_the_next_cell_and_back_into_its_file(kernel: Kernel, project: Path) -> None:
    flow = project / "smallflow.py"
    before = flow.read_text()
    loaded = kernel.run("%spin_load SmallFlow work")
    [text] = offered(loaded)
    assert "smallflow.py" in loaded.streams
    assert "self.doubled" not in loaded.streams

    assert "doubled" in kernel.run(text).text
    assert "Nothing to save" in kernel.run("%spin_save").text
    assert flow.read_text() == before

    assert not kernel.run(text.replace("self.doubled =", "self.halved = 1\nself.doubled =")).failed
    saved = kernel.run("%spin_save SmallFlow work")
    assert "+        self.halved = 1" in saved.text
    assert "spin-new-line" in saved.data("text/html")[0]
    assert flow.read_text().replace("        self.halved = 1\n", "") == before
    assert kernel.value("_spin.step") == "'work'"

    failed = kernel.run(text + "\n1 / 0")
    assert failed.failed
    refused = kernel.run("%spin_save")
    assert refused.error["ename"] == "SaveError"
    assert "ZeroDivisionError" in refused.error["evalue"]


def test_a_flow_of_the_notebook_gets_a_new_cell(kernel: Kernel, project: Path) -> None:
    flow = project / "smallflow.py"
    source = flow.read_text().partition('if __name__ == "__main__"')[0]
    flow.rename(project / "elsewhere.txt")
    files = sorted(project.glob("*.py"))
    assert not kernel.run(source).failed
    [text] = offered(kernel.run("%spin_load SmallFlow work"))
    assert not kernel.run(text.replace("self.doubled =", "self.halved = 1\nself.doubled =")).failed
    saved = kernel.run("%spin_save")

    [cell] = offered(saved)
    assert cell.replace("        self.halved = 1\n", "").rstrip() == source.rstrip()
    assert "+        self.halved = 1" in saved.text
    assert sorted(project.glob("*.py")) == files
    assert not kernel.run(cell).failed
    assert "Nothing to save" in kernel.run("%spin_save").text
