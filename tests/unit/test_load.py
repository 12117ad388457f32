"""Flow files and the modules beside them: their text as it is now, never twice, nothing left behind."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from spin_magic.errors import FlowError
from spin_magic.flows.load import load
from spin_magic.flows.locate import FlowRef

FLOW = """
from metaflow import FlowSpec, step
import {helper}

class Box:
    pass

class {name}(FlowSpec):
    value = {helper}.VALUE

    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    raise SystemExit("the guard must not run")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "lt_helper.py").write_text("import lt_deep\nVALUE = lt_deep.VALUE\n")
    (tmp_path / "lt_deep.py").write_text("VALUE = 1\n")
    (tmp_path / "ltflow.py").write_text(FLOW.format(name="LtFlow", helper="lt_helper"))
    return tmp_path


def ref(project: Path, name: str = "LtFlow") -> FlowRef:
    return FlowRef(name, project / "ltflow.py")


def test_same_text_is_loaded_once(project: Path):
    first = load(ref(project), project)
    (project / "ltflow.py").touch()
    assert load(ref(project), project) is first


@pytest.mark.parametrize("file", ["ltflow.py", "lt_helper.py", "lt_deep.py"])
def test_every_edit_is_seen_even_within_the_same_instant(project: Path, file: str):
    first = load(ref(project), project)
    path = project / file
    stat = path.stat()
    path.write_text(path.read_text().replace("VALUE", "VALUE ", 1))
    import os

    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert load(ref(project), project) is not first


def test_an_edited_helper_gives_new_values_at_once(project: Path):
    assert load(ref(project), project).cls.value == 1
    for number in range(2, 9):
        (project / "lt_deep.py").write_text(f"VALUE = {number}\n")
        assert load(ref(project), project).cls.value == number


def test_modules_and_paths_are_left_as_they_were(project: Path):
    load(ref(project), project)  # third-party modules stay warm
    before = dict(sys.modules), list(sys.path), list(sys.meta_path), list(sys.argv)
    for number in range(5):
        (project / "lt_deep.py").write_text(f"VALUE = {number}\n")
        with load(ref(project), project).active():
            assert "lt_helper" in sys.modules
    assert (dict(sys.modules), list(sys.path), list(sys.meta_path), list(sys.argv)) == before


def test_a_module_of_the_notebook_with_the_same_name_is_kept_apart(
    project: Path, tmp_path_factory, monkeypatch
):
    other = tmp_path_factory.mktemp("other")
    (other / "lt_helper.py").write_text("VALUE = 'the notebook\\'s'\n")
    monkeypatch.syspath_prepend(str(other))
    import lt_helper

    code = load(FlowRef("LtFlow", project / "ltflow.py"), other)
    assert code.cls.value == 1
    assert sys.modules["lt_helper"] is lt_helper
    del sys.modules["lt_helper"]


def test_classes_of_the_file_pickle_as_in_a_run(project: Path):
    code = load(ref(project), project)
    with code.active():
        blob = pickle.dumps(code.module.Box(), protocol=4)
    assert b"__main__" in blob
    with code.active():
        assert type(pickle.loads(blob)) is code.module.Box


def test_the_flow_file_is_main_while_active(project: Path):
    code = load(ref(project), project)
    main = sys.modules["__main__"]
    with code.active():
        assert sys.modules["__main__"] is code.module
        assert sys.argv == [str(project / "ltflow.py")]
        assert sys.path[0] == str(project)
    assert sys.modules["__main__"] is main


def test_two_flows_of_a_file_share_the_module(project: Path):
    path = project / "ltflow.py"
    path.write_text(path.read_text().replace("if __name__", "class Second(LtFlow):\n    pass\n\nif __name__"))
    assert load(ref(project), project).module is load(ref(project, "Second"), project).module


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("class LtFlow(:\n    pass\n", "ltflow.py has a syntax error in line 1"),
        ("x = 1\ny = x / 0\n", r"ltflow.py cannot be loaded: ZeroDivisionError: division by zero \(line 2\)"),
        ("import lt_nosuch\n", "No module named 'lt_nosuch'"),
        ("class LtFlow:\n    pass\n", "LtFlow in ltflow.py is not a flow"),
    ],
)
def test_what_cannot_be_loaded_is_said(project: Path, text: str, says: str):
    (project / "ltflow.py").write_text(text)
    with pytest.raises(FlowError, match=says):
        load(ref(project), project)


def test_a_broken_edit_is_mended_by_the_next(project: Path):
    path = project / "ltflow.py"
    good = path.read_text()
    load(ref(project), project)
    path.write_text("class LtFlow(:\n")
    with pytest.raises(FlowError):
        load(ref(project), project)
    path.write_text(good)
    assert load(ref(project), project).cls.value == 1
