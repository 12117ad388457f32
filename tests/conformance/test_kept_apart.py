"""What was loaded, spun, edited by hand and saved is kept apart, and what is old is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import spin_magic
from spin_magic import spin, spin_load, spin_save, step
from spin_magic.engine.state import preserved
from spin_magic.errors import SaveError
from spin_magic.loop import session
from spin_magic.loop.request import Request, find_code
from spin_magic.loop.unsaved import unsaved

FLOW = """from metaflow import FlowSpec, step


class LineFlow(FlowSpec):
    @step
    def start(self):
        self.a = 1
        self.next(self.b)

    @step
    def b(self):
        self.bb = self.a + 1
        self.next(self.c)

    @step
    def c(self):
        self.cc = self.bb + 1
        self.next(self.end)

    @step
    def end(self):
        self.last = self.cc + 1


if __name__ == "__main__":
    LineFlow()
"""
FILE = "lineflow.py"
END = "\nself.next(self.end)\n"


@pytest.fixture
def flow(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / FILE
    file.write_text(FLOW)
    for name in ("start", "b", "c", "end"):
        spin(FILE, name)
    with preserved():  # a Run points Metaflow's Client at the folder that it is in
        yield file


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_cell_that_was_saved_does_not_undo_an_edit_by_hand(flow: Path) -> None:
    spin(FILE, "c", body="self.cc = 100" + END)
    assert spin_save().written
    edit(flow, "self.cc = 100", "self.cc = 777  # mine")
    assert spin(FILE, "c", source="spin")["cc"] == 777
    with pytest.raises(SaveError, match=r"was saved, and lineflow\.py has another text there since"):
        spin_save(FILE, "c")
    assert "self.cc = 777  # mine" in flow.read_text()
    assert spin_save(FILE, "c", force=True).written


def test_loading_does_not_let_an_older_cell_through(flow: Path) -> None:
    spin(FILE, "c", body="self.cc = 5" + END)
    edit(flow, "self.cc = self.bb + 1", "self.cc = self.bb + 1\n        self.extra = 1")
    spin_load(FILE, "c")
    with pytest.raises(SaveError, match="since it was loaded or first spun here"):
        spin_save(FILE, "c")
    assert "self.extra = 1" in flow.read_text()
    # The next cell was made from what was loaded.
    spin(FILE, "c", body="self.cc = 6\nself.extra = 2" + END)
    assert spin_save(FILE, "c").written


def test_a_block_that_is_no_text_hides_the_cell_before_it(flow: Path) -> None:
    spin(FILE, "c", body="self.cc = 'OLD'" + END)
    for _ in range(1):
        with step(FILE, "c", source="spin") as self:
            self.cc = "NEW"
            self.next(self.end)
            continue
    with pytest.raises(SaveError, match="is not the text of a step"):
        spin_save()
    assert "OLD" not in flow.read_text()


def test_a_good_cell_stays_unsaved_while_the_file_is_spun(flow: Path) -> None:
    spin(FILE, "c", body="self.cc = -5" + END)
    spin(FILE, "c", source="spin")
    assert unsaved(find_code(Request(flow=FILE, step="c"))) == ["c"]
    spin_save(FILE, "c")
    assert unsaved(find_code(Request(flow=FILE, step="c"))) == []


def test_what_stands_on_something_older_is_said_however_far_back(flow: Path) -> None:
    spin(FILE, "start", body="self.a = 100\nself.next(self.b)")
    result = spin(FILE, "end", source="spin")
    assert result["last"] == 4
    assert "`c` was spun before `start` was spun last" in result.inputs.why


def test_a_new_step_takes_the_run_that_came_after(flow: Path) -> None:
    edit(flow, "self.cc = self.bb + 1", "self.cc = self.bb + 1000")
    code = find_code(Request(flow=FILE, step="c"))
    assert not session.promoted_since(code, ["c"])
    spin_magic.spin_run(FILE)
    result = spin(FILE, "late", body="self.n = self.cc" + END, after="c")
    assert result["n"] == 1002
    assert "which this kernel ran last" in result.inputs.why


def test_steps_that_lead_to_a_new_one_may_be_one_text(flow: Path) -> None:
    body = "@step\ndef both(self, inputs):\n    self.next(self.end)"
    with pytest.raises(spin_magic.SpinError) as caught:
        spin(FILE, "both", body=body, after="b, nosuch")
    assert "--after nosuch: flow LineFlow has no such step" in str(caught.value)
    with pytest.raises(spin_magic.SpinError, match="something else called `name`"):
        spin(FILE, "name", body="self.next(self.end)", after="c")
