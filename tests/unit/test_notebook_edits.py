"""Notebooks that people have edited, on their way back into a flow file."""

from __future__ import annotations

import nbformat
import pytest

from spin_magic.errors import NotebookError
from spin_magic.notebook.to_flow import flow_bytes
from spin_magic.notebook.to_notebook import make_notebook
from spin_magic.writing.source import read

FLOW = '''\
"""A flow."""
import os
from metaflow import FlowSpec, retry, step

LIMIT = 3


class F(FlowSpec):
\t"""Counts."""

\t@step
\tdef start(self):
\t\t"""Begin."""
\t\tself.n = 1
\t\tif self.n:
\t\t\tself.text = """one
  two"""
\t\tself.next(self.middle)

\tdef helper(self):
\t\treturn 1

\t# why three
\t@retry(times=3)
\t@step
\tdef middle(self):
\t\tself.next(self.end)

\t@step
\tdef end(self): pass  # over


if __name__ == "__main__":
\tF()
'''


@pytest.fixture
def notebook(tmp_path):
    (tmp_path / "f.py").write_text(FLOW)
    made = make_notebook(read(tmp_path / "f.py"), "F", "F", tmp_path)
    return nbformat.from_dict(made)


def cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def added(notebook, behind, source, tag):
    at = next(row for row, cell in enumerate(notebook.cells) if cell.id == behind)
    notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(source, metadata={"tags": [tag]}))


def back(notebook):
    return flow_bytes(notebook, "f.ipynb").data.decode()


def test_what_the_notebook_shows(notebook):
    assert {each.id: each.cell_type for each in notebook.cells} == {
        "title": "markdown",
        "load": "code",
        "flow": "code",
        "head-title": "markdown",
        "head": "code",
        "class-title": "markdown",
        "class": "raw",
        "step-start-title": "markdown",
        "step-start-inputs": "code",
        "step-start": "code",
        "class-after-start": "raw",
        "step-middle-title": "markdown",
        "step-middle-inputs": "code",
        "step-middle": "code",
        "step-end-title": "markdown",
        "step-end-inputs": "code",
        "step-end": "code",
        "tail-title": "markdown",
        "tail": "raw",
    }
    assert cell(notebook, "title").source == "# F\n\nCounts.\n\n```text\nstart -> middle -> end\n```"
    assert cell(notebook, "step-start-title").source == "## start: Begin."
    assert cell(notebook, "step-start").source.startswith(
        '%%spin F start\n"""Begin."""\nself.n = 1\nif self.n:\n\t'
    )
    assert cell(notebook, "step-middle").source == (
        "%%spin F middle\n# why three\n@retry(times=3)\n@step\ndef middle(self):\n\tself.next(self.end)"
    )
    assert back(notebook) == FLOW


def test_an_edited_body_is_indented_as_the_file_is(notebook):
    edited = cell(notebook, "step-start")
    edited.source = edited.source.replace(
        "self.n = 1\n", "for i in range(2):\n    self.n = i  # four spaces\n"
    )

    assert back(notebook) == FLOW.replace(
        "\t\tself.n = 1\n", "\t\tfor i in range(2):\n\t\t\tself.n = i  # four spaces\n"
    )


def test_options_of_the_line_and_a_pathspec_play_no_part(notebook):
    edited = cell(notebook, "step-start")
    edited.source = edited.source.replace("F start", "f.py 17/start --set 'n=3' --seed 7  # once more")

    assert back(notebook) == FLOW


def test_a_bare_body_in_the_place_of_a_def_keeps_the_decorators(notebook):
    cell(notebook, "step-middle").source = "%%spin F middle\nself.x = 1\nself.next(self.end)"

    # The comment is not in the cell any more.
    assert back(notebook) == FLOW.replace("\t# why three\n", "").replace(
        "def middle(self):\n", "def middle(self):\n\t\tself.x = 1\n"
    )


def test_a_def_without_decorators_keeps_those_of_the_file(notebook):
    cell(notebook, "step-middle").source = "%%spin F middle\ndef middle(self):\n  self.next(self.end)"

    assert back(notebook) == FLOW.replace("\t# why three\n", "")


def test_other_decorators_replace_those_of_the_file(notebook):
    edited = cell(notebook, "step-middle")
    edited.source = edited.source.replace("@retry(times=3)", "@retry(times=5)")

    assert back(notebook) == FLOW.replace("times=3", "times=5")


def test_a_step_is_renamed_in_the_line(notebook):
    for name in ("step-start", "step-end"):
        edited = cell(notebook, name)
        edited.source = edited.source.replace("F end", "F finish").replace("def end", "def finish")
    edited = cell(notebook, "step-middle")
    edited.source = edited.source.replace("self.end", "self.finish")

    assert back(notebook) == FLOW.replace("self.end", "self.finish").replace("def end", "def finish")


def test_a_bare_body_takes_the_new_name_of_its_line(notebook):
    edited = cell(notebook, "step-start")
    edited.source = edited.source.replace("F start", "F begin")

    assert back(notebook) == FLOW.replace("def start", "def begin")


def test_a_new_step_stands_where_its_cell_stands(notebook):
    added(
        notebook,
        "step-middle",
        "%%spin F both\nself.m = [i.m for i in inputs]\nself.next(self.end)\n",
        "spin:step",
    )

    both = (
        "\t@step\n\tdef both(self, inputs):\n\t\tself.m = [i.m for i in inputs]\n\t\tself.next(self.end)\n\n"
    )
    assert back(notebook) == FLOW.replace("\t@step\n\tdef end", f"{both}\t@step\n\tdef end")


def test_a_new_step_below_the_tail_comes_last_in_the_class(notebook):
    added(notebook, "tail", "%%spin F extra\n@step\ndef extra(self):\n    self.next(self.end)", "spin:step")

    assert back(notebook) == FLOW.replace(
        "pass  # over\n", "pass  # over\n\n\t@step\n\tdef extra(self):\n\t\tself.next(self.end)\n"
    )


def test_steps_change_places_with_what_stands_above_them(notebook):
    middle, end = cell(notebook, "step-middle"), cell(notebook, "step-end")
    notebook.cells.remove(end)
    notebook.cells.insert(notebook.cells.index(middle), end)

    text = back(notebook)

    end_text = "\n\t@step\n\tdef end(self): pass  # over\n"
    assert text == FLOW.replace(end_text, "").replace("\n\t# why three", f"{end_text}\n\t# why three")


def test_helpers_go_below_the_imports(notebook):
    added(notebook, "flow", "def double(n):\n    return 2 * n\n", "spin:helper")
    added(notebook, "tail", "import math", "spin:helper")

    text = back(notebook)

    assert text == FLOW.replace(
        "step\n\nLIMIT", "step\n\n\ndef double(n):\n    return 2 * n\n\n\nimport math\n\nLIMIT", 1
    )


def test_other_parts_are_edited_too(notebook):
    cell(notebook, "head").source += "\nMORE = 4"
    cell(notebook, "class").source += "\n\tx = 1"
    cell(notebook, "tail").source = cell(notebook, "tail").source.replace("F()", "F(use_cli=True)")

    assert back(notebook) == FLOW.replace("LIMIT = 3\n", "LIMIT = 3\nMORE = 4\n").replace(
        'Counts."""\n', 'Counts."""\n\tx = 1\n'
    ).replace("F()\n", "F(use_cli=True)\n")


def test_windows_lines_and_spaces_at_their_ends_survive_an_edit(tmp_path):
    data = (
        b"from metaflow import FlowSpec, step\r\n\r\nclass F(FlowSpec):\r\n  @step\r\n  def start(self):\r\n"
        b"    self.x = 1  \r\n   \r\n\r\n    self.next(self.end)\r\n\n  @step\r\n  def end(self): pass"
    )
    (tmp_path / "f.py").write_bytes(data)
    notebook = nbformat.from_dict(make_notebook(read(tmp_path / "f.py"), "F", "F", tmp_path))
    edited = cell(notebook, "step-start")
    edited.source = edited.source.replace("self.x = 1", "self.w = 0\nself.x = 1")

    assert flow_bytes(notebook, "f.ipynb").data == data.replace(
        b"    self.x", b"    self.w = 0\r\n    self.x"
    )


def test_the_encoding_that_the_head_declares_is_kept(tmp_path):
    head = "# coding: latin-1\nfrom metaflow import FlowSpec, step\n"
    data = f"{head}class F(FlowSpec):\n  @step\n  def start(self): 'é'\n"
    (tmp_path / "f.py").write_bytes(data.encode("latin-1"))
    notebook = nbformat.from_dict(make_notebook(read(tmp_path / "f.py"), "F", "F", tmp_path))
    assert flow_bytes(notebook, "f.ipynb").data == data.encode("latin-1")

    cell(notebook, "step-start").source += "  # 中"
    with pytest.raises(NotebookError, match=r"'中', which .*latin.*1"):
        flow_bytes(notebook, "f.ipynb")
    cell(notebook, "head").source = cell(notebook, "head").source.replace("latin-1", "utf-8")
    assert flow_bytes(notebook, "f.ipynb").data.decode() == data.replace("latin-1", "utf-8")[:-1] + "  # 中\n"


@pytest.mark.parametrize(
    ("head", "decorator"),
    [("from metaflow import FlowSpec, step as s", "s"), ("import metaflow as m", "m.step")],
)
def test_step_goes_by_the_name_that_the_file_has_for_it(tmp_path, head, decorator):
    text = f"{head}\nclass F(m.FlowSpec):\n    @{decorator}\n    def start(self):\n        pass\n"
    (tmp_path / "f.py").write_text(text)
    notebook = nbformat.from_dict(make_notebook(read(tmp_path / "f.py"), "F", "F", tmp_path))
    assert cell(notebook, "step-start").source == "%%spin F start\npass"
    assert back(notebook) == text

    added(notebook, "step-start", "%%spin F more\npass", "spin:step")
    assert f"    @{decorator}\n    def more(self):" in back(notebook)


@pytest.mark.parametrize("name", ["größe", "a" * 80])
def test_any_name_of_a_step_makes_a_valid_notebook(tmp_path, name):
    text = f"from metaflow import *\nclass F(FlowSpec):\n    @step\n    def {name}(self): pass\n    x = 1\n"
    (tmp_path / "f.py").write_text(text, encoding="utf-8")
    notebook = nbformat.from_dict(make_notebook(read(tmp_path / "f.py"), "F", "F", tmp_path))

    nbformat.validate(notebook)
    assert [each.source for each in notebook.cells if each.source.startswith(f"%%spin F {name}\n")]
    assert back(notebook) == text


def test_other_flows_of_the_file_stay_in_its_head_and_tail(tmp_path):
    one = "class One(FlowSpec):\n    @step\n    def start(self): pass\n\n\n"
    three = "# of Three\nclass Three(Two): pass\n"
    text = f"from metaflow import FlowSpec, step\n\n\n{one}{one.replace('One', 'Two')}{three}"
    (tmp_path / "f.py").write_text(text)
    notebook = nbformat.from_dict(make_notebook(read(tmp_path / "f.py"), "Two", "f.py:Two", tmp_path))

    assert "class One" in cell(notebook, "head").source
    assert cell(notebook, "tail").source == "# of Three\nclass Three(Two): pass"
    assert back(notebook) == text


@pytest.mark.parametrize(
    "head",
    [
        "from . import other\nfrom metaflow import *",
        "HERE = __file__",
        "if __name__ == '__main__':\n    Other()",
        "import beside",
        "if True:",
    ],
)
def test_a_head_that_would_fail_or_do_harm_in_a_notebook_is_not_run(tmp_path, head):
    (tmp_path / "beside.py").touch()
    indent = "    " if head.endswith("True:") else ""
    text = f"{head}\n{indent}class F(FlowSpec):\n{indent}    @step\n{indent}    def start(self): pass\n"
    (tmp_path / "f.py").write_text(text)
    notebook = nbformat.from_dict(make_notebook(read(tmp_path / "f.py"), "F", "F", tmp_path / "elsewhere"))

    assert cell(notebook, "head").cell_type == "raw"
    assert back(notebook) == text


def drop(name):
    return lambda notebook: notebook.cells.remove(cell(notebook, name))


def write(name, source):
    return lambda notebook: cell(notebook, name).update(source=source)


def tag(name, *tags):
    return lambda notebook: cell(notebook, name).metadata.update(tags=list(tags))


MISTAKES = {
    "no head": (drop("head"), "no cell tagged spin:head"),
    "no class": (
        lambda notebook: [tag(name)(notebook) for name in ("class", "class-after-start")],
        "spin:class",
    ),
    "the class text alone": (drop("class"), r"Cell 9 \(start\).* above the class"),
    "no class line": (write("class", "if True:"), r"Cell 7 \(spin:class\).* no `class` line"),
    "no steps": (
        lambda notebook: [drop(f"step-{name}")(notebook) for name in ("start", "middle", "end")],
        "no cell tagged spin:step",
    ),
    "no tags": (
        lambda notebook: [each.metadata.update(tags=[]) for each in notebook.cells],
        "no cell that is tagged",
    ),
    "a lost step": (drop("step-middle"), "lost the cell of 'middle', but 'start' leads there"),
    "two tags": (tag("head", "spin:head", "spin:tail"), "tagged spin:head and spin:tail"),
    "an unknown tag": (
        tag("head", "spin:heads"),
        r"Cell 5 of f.ipynb is tagged spin:heads.* mean 'spin:head'",
    ),
    "broken code": (
        write("step-start", "%%spin F start\nself.x = ("),
        r"Cell 10 \(start\) of f.ipynb: .*line 2",
    ),
    "an empty cell": (write("step-start", "%%spin F start"), r"Cell 10 \(start\).* empty"),
    "a magic": (write("step-start", "%%spin F start\n!ls"), "IPython's own syntax"),
    "a broken head": (
        write("head", "import os\n%matplotlib inline"),
        r"Cell 5 \(spin:head\).*%matplotlib inline",
    ),
    "a broken class": (write("class", "class F(FlowSpec"), r"Cell 7 \(spin:class\)"),
    "a class that ends": (write("class-after-start", "x = 1"), r"Cell 14 \(middle\)|Cell 11"),
    "no magic": (
        write("step-end", "self.x = 1"),
        "Cell 17 of f.ipynb is tagged spin:step, but does not begin",
    ),
    "no step": (
        write("step-end", "%%spin --seed 3\npass"),
        "first line of cell 17 .* leaves FLOW and STEP out",
    ),
    "no name": (write("step-end", "%%spin F 1a\npass"), "'1a' is not the name of a step"),
    "another def": (write("step-end", "%%spin F end\n@step\ndef other(self): pass"), "defines 'other'"),
    "no @step": (write("step-end", "%%spin F end\n@retry\ndef end(self): pass"), "but no @step"),
    "twice": (
        write("step-end", "%%spin F start\npass"),
        "Cells 10 and 17 of f.ipynb are all the step 'start'",
    ),
    "a broken helper": (lambda notebook: added(notebook, "flow", "def f(:", "spin:helper"), "spin:helper"),
    "a step above the class": (
        lambda notebook: added(notebook, "load", "%%spin F new\npass", "spin:step"),
        r"Cell 3 \(new\) of f.ipynb stands above the class",
    ),
    "an unknown encoding": (write("head", "# coding: klingon\nimport os"), "klingon"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named(notebook, mistake):
    make, said = MISTAKES[mistake]
    make(notebook)

    with pytest.raises(NotebookError, match=said):
        flow_bytes(notebook, "f.ipynb")


def test_a_notebook_made_by_hand_needs_only_the_tags():
    cells = [
        ("from metaflow import FlowSpec, step", "spin:head"),
        ("class H(FlowSpec):\n    pass", "spin:class"),
        ("%%spin H start\nself.next(self.end)", "spin:step"),
        ("%%spin H end\nprint('done')\n", "spin:step"),
    ]
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text, metadata={"tags": [tag]}) for text, tag in cells]
    )

    assert back(made) == (
        "from metaflow import FlowSpec, step\n\n\nclass H(FlowSpec):\n    pass\n\n"
        "    @step\n    def start(self):\n        self.next(self.end)\n\n"
        "    @step\n    def end(self):\n        print('done')\n"
    )


def test_a_new_step_without_a_tag_is_left_out_and_named(notebook):
    for source in ("%%spin F start --index 2\npass", "%%spin F score\npass", "%%spin\npass"):
        notebook.cells.append(nbformat.v4.new_code_cell(source))

    made = flow_bytes(notebook, "f.ipynb")

    assert made.data.decode() == FLOW
    assert made.left_out == ("cell 21 (score)",)
