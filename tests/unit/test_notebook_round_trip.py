"""Any flow file -> a notebook -> the same bytes; and that notebook again."""

from __future__ import annotations

import ast
from pathlib import Path

import metaflow
import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spin_magic.flows.classes import flows_in, read_file
from spin_magic.notebook.to_flow import flow_bytes
from spin_magic.notebook.to_notebook import make_notebook
from spin_magic.writing.source import read
from spin_magic.writing.tree import parse
from tests.unit.test_writing_property import (
    LAX,
    bodies,
    flow_file,
    flows,
    laid_out,
    load,
    parse_or_skip,
    steps,
)

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "tests", ROOT / "notebooks", Path(metaflow.__file__).parent / "tutorials"]
FILES = sorted(path for folder in FOLDERS for path in folder.rglob("*.py"))
FLOWS = [(path, each.name) for path in FILES for each in flows_in(read_file(path), [path.parent])]

__all__ = ["flow_file"]


def through_json(notebook):
    """What a front end loads of a notebook and saves."""
    return nbformat.reads(nbformat.writes(nbformat.from_dict(notebook)), as_version=4)


def cells_of(notebook, tag="spin:step"):
    return [cell for cell in notebook["cells"] if tag in cell["metadata"].get("tags", ())]


def test_there_are_flows_to_try():
    assert len(FLOWS) > 45
    assert sum("tutorials" in path.parts for path, _ in FLOWS) == 6


@pytest.mark.parametrize(("path", "flow"), FLOWS, ids=[f"{path.stem}-{flow}" for path, flow in FLOWS])
def test_a_flow_file_comes_back_to_the_byte(path, flow):
    source = read(path)
    notebook = make_notebook(source, flow, flow, path.parent)

    made = flow_bytes(through_json(notebook), "x.ipynb")

    assert made.data == path.read_bytes()
    assert made.steps
    assert {f"%%spin {flow} {step}" for step in made.steps} == {
        cell["source"].partition("\n")[0] for cell in cells_of(notebook)
    }
    assert not [cell["id"] for cell in notebook["cells"] if "raw" in cell["metadata"].get("spin_magic", {})]


@LAX
@given(data=flows())
def test_a_made_up_file_comes_back_to_the_byte(flow_file, data):
    source = load(flow_file, data)

    notebook = through_json(make_notebook(source, "F", "F", flow_file.parent))
    made = flow_bytes(notebook, "x.ipynb")

    assert made.data == data
    assert make_notebook(read(flow_file), "F", "F", flow_file.parent) == notebook


@LAX
@given(data=flows(), step=st.sampled_from(["a", "b", "end"]), body=bodies)
def test_an_edited_body_is_the_only_thing_that_changes(flow_file, data, step, body):
    source = load(flow_file, data)
    cell = laid_out(body, "    ")
    wanted = parse_or_skip(cell).body
    notebook = through_json(make_notebook(source, "F", "F", flow_file.parent))
    edited = [each for each in cells_of(notebook) if each["id"] == f"step-{step}"]
    for each in edited:
        each["source"] = f"%%spin F {step} --index 2\n{cell}"

    made = flow_bytes(notebook, "x.ipynb").data

    if edited:
        tree = parse(made)
        node = [one for one in ast.walk(tree) if getattr(one, "name", "") == step][-1]
        assert [ast.dump(one) for one in node.body] == [ast.dump(one) for one in wanted]
        before = parse(data)
        old = [one for one in ast.walk(before) if getattr(one, "name", "") == step][-1]
        node.body = old.body
        assert ast.dump(tree) == ast.dump(before)
        flow_file.write_bytes(made)
        again = make_notebook(read(flow_file), "F", "F", flow_file.parent)
        assert flow_bytes(again, "x.ipynb").data == made


@LAX
@given(data=flows(), new=steps("fresh"), at=st.integers(0, 2))
def test_a_new_cell_is_a_step_where_it_stands(flow_file, data, new, at):
    source = load(flow_file, data)
    text = laid_out(new, "    ").replace("^", "")
    parse_or_skip(text)
    notebook = through_json(make_notebook(source, "F", "F", flow_file.parent))
    tagged = cells_of(notebook)
    if at >= len(tagged):
        return
    place = notebook["cells"].index(tagged[at]) + 1
    cell = nbformat.v4.new_code_cell(f"%%spin F fresh\n{text}", metadata={"tags": ["spin:step"]})
    notebook["cells"].insert(place, cell)

    made = flow_bytes(notebook, "x.ipynb")

    names = [cell["source"].split()[2] for cell in cells_of(notebook)]
    assert list(made.steps) == names
    classes = [node for node in ast.walk(parse(made.data)) if isinstance(node, ast.ClassDef)]
    own = [getattr(node, "name", "") for node in classes[0].body]
    assert [name for name in own if name in names] == names
