"""Every documented notebook runs, from top to bottom, in a fresh kernel."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from tests.kernel.harness import run_notebook

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
DOCUMENTED = sorted(each.name for each in NOTEBOOKS.glob("*.ipynb"))
# What the text around the cells says that the reader will see.
SHOWN = {
    "cookbook.ipynb": [
        "1 of 3 splits of `forecast` failed",
        "SpinResults(WeatherFlow/forecast, 3 of 3, ok)",
        "Saved `forecast` in weatherflow.py.",
        "start     1 cloned",
        "SpinResults(WeatherFlow/forecast, 15 of 15, ok)",
        "blank card",
        "self.next(self.advise)",
        "1 passed",
    ],
    "quickstart.ipynb": ["TrainFlow/join  ok", "7 the same", "trainflow.py is as it was: only shown."],
}


def test_there_are_notebooks() -> None:
    assert "quickstart.ipynb" in DOCUMENTED


@pytest.mark.parametrize("name", DOCUMENTED)
def test_notebook_is_committed_without_outputs(name: str) -> None:
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)

    assert [cell.source for cell in notebook.cells if cell.get("outputs")] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTED)
def test_notebook_runs(name: str, tmp_path: Path) -> None:
    folder = shutil.copytree(
        NOTEBOOKS, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*", "__pycache__")
    )
    notebook = nbformat.read(folder / name, as_version=4)
    cells = run_notebook(notebook, folder)

    assert [cell.text for cell in cells if cell.failed] == []
    assert all(cell.executed for cell in cells)
    to_fail = [each.source for each in notebook.cells if "raises-exception" in each.metadata.get("tags", [])]
    assert [cell.source for cell in cells if cell.error] == to_fail
    spins = [cell for cell in cells if cell.source.startswith(("%%spin ", "%spin "))]
    assert spins
    assert [cell.source for cell in spins if not cell.data("text/html")] == []
    seen = "\n".join(cell.text for cell in cells)
    assert [text for text in SHOWN.get(name, []) if text not in seen] == []
