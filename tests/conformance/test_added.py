"""A flow that has grown since its run: a step, a parameter, another graph."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spin_magic import spin

LINEAR = """
    @step
    def extra(self):
        self.doubled = 2 * self.span
        self.next(self.end)

"""
FOREACH = """
    @step
    def extra(self, inputs):
        self.all_squares = [i.square for i in inputs]
        self.next(self.join)

"""
WORK = "self.square = self.input**2\n        self.next(self.{})"
WORK_THEN_EXTRA = (WORK.format("join"), WORK.format("extra"))
JOIN = "    def join(self, inputs):\n        self.squares = [i.square for i in inputs]"
NO_JOIN = "    def join(self):\n        self.squares = self.all_squares"
PARAMETER = '    added = Parameter("added", default=11)\n'


@pytest.fixture
def edited(run_of, tmp_path: Path, project: Path):
    """A function that edits a copy of the flow file beside the original's runs."""
    real_run = run_of("added")
    folder = tmp_path / "copy"
    folder.mkdir()
    shutil.copytree(project / ".metaflow" / "AddedFlow", folder / ".metaflow" / "AddedFlow")
    file = folder / "added.py"

    def edit(*changes: tuple[str, str]) -> tuple[str, str]:
        text = (project / "added.py").read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
        return str(file), real_run.run_id

    return edit


@pytest.fixture
def inside(edited, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path / "copy")
    return edited


def test_step_after_a_join(inside):
    flow, run = inside(
        ("        self.next(self.end)\n", "        self.next(self.extra)\n"),
        ("    # a step is added here\n", LINEAR),
    )

    result = spin(flow, f"{run}/extra")

    assert result["doubled"] == 8
    assert result["span"] == 4
    assert result.origin is None
    assert result.inputs.task.split("/")[2] == "both"
    assert result.next == ("end",)


def test_step_inside_a_foreach(inside):
    each = LINEAR.replace("2 * self.span", "(self.index, self.input, self.square)")
    each = each.replace("self.next(self.end)", "self.next(self.join)")
    flow, run = inside(
        WORK_THEN_EXTRA,
        ("    # a step is added here\n", each),
    )

    assert spin(flow, f"{run}/extra")["doubled"] == (0, 0, 0)
    assert spin(flow, f"{run}/extra", index=2)["doubled"] == (2, 2, 4)


def test_join_of_a_foreach(inside):
    flow, run = inside(
        WORK_THEN_EXTRA,
        (JOIN, NO_JOIN),
        ("    # a step is added here\n", FOREACH),
    )

    result = spin(flow, f"{run}/extra")

    assert result["all_squares"] == [0, 1, 4]
    assert len(result.inputs.tasks) == 3


def test_step_whose_parent_is_a_split(inside):
    other = LINEAR.replace("2 * self.span", "sum(self.squares)").replace("(self.end)", "(self.both)")
    flow, run = inside(
        ("self.next(self.left, self.right)", "self.next(self.left, self.right, self.extra)"),
        ("    # a step is added here\n", other),
    )

    result = spin(flow, f"{run}/extra")

    assert result["doubled"] == 5
    assert result.inputs.task.split("/")[2] == "split"


def test_parameter_gets_its_default(inside):
    flow, run = inside(
        ("    # a parameter is added here\n", PARAMETER),
        ("        self.over = True\n", "        self.over = self.added + self.n\n"),
    )

    result = spin(flow, f"{run}/end")

    assert result["over"] == 14
    assert any("added" in note for note in result.notes)


def test_edit_of_the_file_is_seen(inside):
    flow, run = inside()
    assert spin(flow, f"{run}/end")["over"] is True

    inside(("self.over = True", "self.over = 'edited'"))

    assert spin(flow, f"{run}/end")["over"] == "edited"
