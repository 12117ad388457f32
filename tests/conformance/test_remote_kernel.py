"""A fresh kernel with the settings of a team: S3, a metadata service, and the whole loop."""

from __future__ import annotations

from tests.kernel.harness import LOAD, run_cells

GATHER = """%%spin FarFlow gather
self.scores = [each.score + 1 for each in inputs]
self.merge_artifacts(inputs, include=["table", "blob"])
self.next(self.share)
"""
CELLS = [
    LOAD,
    "%spin_inputs FarFlow gather",
    "[each.score for each in inputs], factor, sorted(inputs[0].table)",
    GATHER,
    '_spin["scores"], [row.name for row in _spin.diff() if row.status == "changed"], len(_spin["blob"])',
    "%spin FarFlow share --from spin",
    "%spin FarFlow left --from spin",
    '_spin["total"], _spin.cards[0].type',
    "%spin_cards FarFlow left",
    "%spin_flow FarFlow",
    "%%spin FarFlow work --index 1\nself.score = self.input\nself.next(self.gather)",
    '_spin["score"]',
    "%spin_run single_step.py",
    "%spin single_step.py only",
    "_spin.origin.split('/')[0], _spin.diff()[0].status",
]


def test_the_whole_loop(far, monkeypatch):
    for name, value in far.environment().items():
        monkeypatch.setenv(name, value)
    cells = run_cells(CELLS, far.project)
    told = "\n\n".join(f"{cell.source}\n{cell.text}" for cell in cells)
    assert not any(cell.failed for cell in cells), told
    said = {cell.source: cell.text for cell in cells}
    assert said[CELLS[2]].strip() == "([9, 10], 3, ['factor', 'rows'])"
    assert said[CELLS[4]].strip() == "([10, 11], ['scores'], 500000)"
    assert said[CELLS[7]].strip() == "(220, 'blank')"
    assert "Total 218" in "".join(cells[8].data("text/html")) + cells[8].text
    assert all(step in said[CELLS[9]] for step in far.run.steps if step != "_parameters")
    assert said[CELLS[11]].strip() == "'two'"
    assert "finished" in said[CELLS[12]]
    assert said[CELLS[14]].strip() == "('SingleStepFlow', 'same')"
