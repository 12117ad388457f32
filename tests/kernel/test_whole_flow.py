"""A flow written from an empty folder with the magics alone, saved, and run once on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from tests.kernel.harness import run_flow, run_notebook

STEPS = ("start", "list", "weigh", "gather", "count", "choose", "end")
KEEP = """import json
spun = {}
def keep(step, *results):
    spun[step] = [{name: value for name, value in r.artifacts.items()} for r in results]"""
CELLS = (
    "%load_ext spin_magic",
    KEEP,
    "%spin_new ShopFlow",
    """%%spin ShopFlow start
self.prices = {"tea": 3.0, "jam": 4.5, "rye": 2.0}
self.next(self.list, self.count)""",
    "keep('start', _spin)",
    """%%spin ShopFlow list --after start
self.names = sorted(self.prices)
self.next(self.weigh, foreach="names")""",
    "keep('list', _spin)",
    """%%spin ShopFlow weigh --after list --all-splits -o splits
self.cost = self.prices[self.input] * 2
self.next(self.gather)""",
    "keep('weigh', *splits)",
    """%%spin ShopFlow gather --after weigh
@step
def gather(self, inputs):
    self.costs = {each.input: each.cost for each in inputs}
    self.next(self.choose)""",
    "keep('gather', _spin)",
    """%%spin ShopFlow count --after start
self.many = len(self.prices)
self.next(self.choose)""",
    "keep('count', _spin)",
    """%%spin ShopFlow choose --after gather,count
@step
def choose(self, inputs):
    self.pick = min(inputs.gather.costs, key=inputs.gather.costs.get)
    self.many = inputs.count.many
    self.next(self.end)""",
    "keep('choose', _spin)",
    "%%spin ShopFlow end --from spin\nself.said = f'{self.pick} of {self.many}'",
    "keep('end', _spin)",
    "\n".join(f"%spin_save ShopFlow {step}" for step in STEPS),
    "json.dump(spun, open('spun.json', 'w'))",
)
READ = """import json
from metaflow import Flow, namespace
namespace(None)
run = Flow("ShopFlow").latest_run
found = {}
for step in run:
    tasks = sorted(step, key=lambda task: task.index or 0)
    found[step.id] = [{each.id: each.data for each in task} for task in tasks]
json.dump(found, open('run.json', 'w'))"""


@pytest.mark.slow
def test_what_was_spun_is_what_the_run_makes(tmp_path: Path, metaflow_user: None) -> None:
    made = run_notebook(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS]), tmp_path
    )
    assert [cell.text for cell in made if cell.failed] == []
    assert not (tmp_path / ".metaflow").exists()

    run_flow(Path("shopflow.py"), tmp_path)
    read = run_notebook(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(READ)]), tmp_path)
    assert not read[0].failed, read[0].text
    spun, stored = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("spun", "run"))
    assert set(spun) == set(STEPS)
    assert spun == stored
