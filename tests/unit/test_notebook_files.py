"""Notebooks and flow files on the disk: the command line, and what is in the way."""

from __future__ import annotations

import json
import os
import stat

import metaflow
import nbformat
import pytest

import spin_magic
from spin_magic import cli
from spin_magic.errors import FlowError, NotebookError, OptionError
from spin_magic.notebook import files
from spin_magic.options import NOTEBOOK_HELP, HelpRequested, NotebookOptions, parse_notebook

FLOW = """\
from metaflow import FlowSpec, step


class F(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "f.py").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cells(path):
    return {cell["id"]: "".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]}


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_there_and_back_on_the_command_line(folder, capsys):
    assert cli.main(["notebook", "f.py"]) == 0
    assert cli.main(["flow", "f.ipynb", "-o", "sub.py"]) == 0

    assert capsys.readouterr().out == "Wrote f.ipynb.\nWrote sub.py: start, end.\n"
    assert (folder / "sub.py").read_text() == FLOW
    assert names(folder) == ["f.ipynb", "f.py", "sub.py"]
    notebook = nbformat.read(folder / "f.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert not [cell for cell in notebook.cells if cell.get("outputs")]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((folder / "f.ipynb").stat().st_mode) == 0o666 & ~umask


def test_the_same_notebook_each_time(folder):
    first = files.spin_notebook("F").read_bytes()
    (folder / "f.ipynb").unlink()

    assert files.spin_notebook("f.py").read_bytes() == first
    assert (
        files.spin_notebook("F").read_bytes() == first
    )  # it is there with these bytes: nothing is in the way


def test_the_lines_name_the_flow_as_the_notebooks_folder_finds_it(folder):
    (folder / "notes").mkdir()
    assert cells(files.spin_notebook("f.py"))["flow"] == "%spin_flow F"

    elsewhere = files.spin_notebook("f.py", "notes/f.ipynb")
    assert cells(elsewhere)["step-end"].startswith("%%spin ../f.py end\n")

    (folder / "g g.py").write_text(FLOW)
    second = files.spin_notebook("g g.py")
    assert cells(second)["step-end-inputs"] == "%spin_inputs 'g g.py' end"
    target, made = files.write_flow(second, "h.py")
    assert target.read_text() == FLOW
    assert made.left_out == ()

    (folder / "two.py").write_text(FLOW + FLOW.partition("\n\n\n")[2].replace("class F", "\n\nclass F2"))
    assert cells(files.spin_notebook("two.py:F"))["flow"] == "%spin_flow two.py:F"


def test_a_file_in_the_way_stays_without_force(folder, capsys):
    files.spin_notebook("F", "g.ipynb")
    (folder / "g.py").write_text("# mine\n")

    assert cli.main(["flow", "g.ipynb"]) == 1
    assert "g.py is there already: --force replaces it." in capsys.readouterr().err
    assert (folder / "g.py").read_text() == "# mine\n"

    (folder / "g.py").chmod(0o640)
    assert cli.main(["flow", "g.ipynb", "--force"]) == 0
    assert (folder / "g.py").read_text() == FLOW
    assert stat.S_IMODE((folder / "g.py").stat().st_mode) == 0o640
    (folder / "g.py").unlink()
    (folder / "g.py").symlink_to("real.py")
    assert cli.main(["flow", "g.ipynb"]) == 0
    assert (folder / "real.py").read_text() == FLOW
    assert (folder / "g.py").is_symlink()
    assert names(folder) == ["f.py", "g.ipynb", "g.py", "real.py"]


def test_what_cannot_be_written_says_so_and_leaves_nothing(folder, monkeypatch):
    with pytest.raises(NotebookError, match="is a folder"):
        files.spin_notebook("F", folder, force=True)
    with pytest.raises(NotebookError, match="cannot be written: No such file"):
        files.spin_notebook("F", "gone/f.ipynb")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotebookError, match=r"f.ipynb cannot be written: No space left"):
        files.spin_notebook("F")
    assert names(folder) == ["f.py"]


@pytest.mark.parametrize("force", [True, False])
def test_a_mistake_in_the_notebook_leaves_the_flow_file_as_it_was(folder, capsys, force):
    path = files.spin_notebook("F")
    path.write_text(path.read_text().replace("self.next(self.end)", "self.next("))

    assert cli.main(["flow", "f.ipynb", *["--force"] * force]) == 1

    assert capsys.readouterr().err.startswith(
        "spin-magic: Cell 10 (start) of f.ipynb: The cell has a syntax error"
    )
    assert (folder / "f.py").read_text() == FLOW


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"nbformat": 4}', "\xff", '{"nbformat": 4, "cells": [{}]}']
)
def test_what_is_no_notebook_is_named(folder, text):
    (folder / "x.ipynb").write_text(text, encoding="latin-1")

    with pytest.raises(NotebookError, match=r"^x.ipynb (is|has) no "):
        files.write_flow("x.ipynb")
    with pytest.raises(NotebookError, match=r"y\.ipynb cannot be read: No such file"):
        files.write_flow("y.ipynb")
    assert names(folder) == ["f.py", "x.ipynb"]


def test_flows_that_cannot_be_a_notebook(folder):
    cls = type("Here", (metaflow.FlowSpec,), {"__module__": "__main__"})
    with pytest.raises(NotebookError, match="Here is defined in this notebook"):
        files.spin_notebook("Here", notebook={"Here": cls})
    (folder / "bare.py").write_text("from metaflow import FlowSpec\nclass Bare(FlowSpec): pass\n")
    with pytest.raises(NotebookError, match="no step of its own"):
        files.spin_notebook("bare.py")
    with pytest.raises(FlowError, match="no file"):
        files.spin_notebook("gone.py")


def test_new_steps_without_a_tag_are_named(folder, capsys):
    path = files.spin_notebook("F")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("%%spin F more\npass"))
    nbformat.write(notebook, path)

    assert cli.main(["flow", "f.ipynb"]) == 0
    number = len(notebook.cells)
    assert f"Without cell {number} (more): tag what belongs to the flow spin:step." in capsys.readouterr().out


def test_it_is_a_public_name(folder):
    assert spin_magic.spin_notebook is files.spin_notebook


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("F", NotebookOptions("F")),
        ("'my f.py' -o 'a b.ipynb' --force  # again", NotebookOptions("my f.py", "a b.ipynb", force=True)),
    ],
)
def test_line(line, expected):
    assert parse_notebook(line) == expected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("''", "FLOW must not be empty"),
        ("F train", "'train' is too much"),
        ("F --forse", "mean '--force'"),
        ("F -o", "-o"),
    ],
)
def test_mistake(line, said):
    with pytest.raises(OptionError, match=said):
        parse_notebook(line)


def test_help():
    with pytest.raises(HelpRequested) as raised:
        parse_notebook("--help")
    assert str(raised.value) == NOTEBOOK_HELP
    assert "spin-magic flow NOTEBOOK" in NOTEBOOK_HELP
