"""A notebook that was made of a flow file runs, and gives the file back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from spin_magic.notebook.files import spin_notebook, write_flow
from tests.kernel.harness import run_notebook

if TYPE_CHECKING:
    from tests.kernel.harness import Kernel


@pytest.mark.slow
def test_run_all_and_back(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    path = spin_notebook("SmallFlow")
    notebook = nbformat.read(path, as_version=4)

    cells = run_notebook(notebook, project)
    nbformat.write(notebook, path)  # with its outputs

    assert [cell.text for cell in cells if cell.failed] == []
    assert all(cell.executed for cell in cells)
    panels = [cell for cell in cells if cell.source.startswith("%%spin SmallFlow ")]
    assert len(panels) == 4
    assert all(cell.data("text/html") for cell in panels)
    assert write_flow(path, "back.py")[0].read_bytes() == (project / "smallflow.py").read_bytes()


def test_the_magic_writes_it(kernel: Kernel, project: Path) -> None:
    cell = kernel.run("%spin_notebook SmallFlow")
    assert not cell.failed, cell.text
    assert "smallflow.ipynb" in cell.streams
    assert write_flow(project / "smallflow.ipynb")[0] == project / "smallflow.py"

    (project / "smallflow.ipynb").write_text("mine")
    again = kernel.run("%spin_notebook SmallFlow")
    assert again.failed
    assert "--force" in again.text
    assert (project / "smallflow.ipynb").read_text() == "mine"
    assert not kernel.run("%spin_notebook SmallFlow --force").failed
