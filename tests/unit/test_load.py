"""Flow files and the modules beside them: their text as it is now, never twice, nothing left behind."""

from __future__ import annotations

import _bisect
import os
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

READ = """
def read(path):
    with open(path) as stream:
        return stream.read()

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


def found(project: Path, top: str, value: str) -> Path:
    """A flow whose `value` is an expression, after some lines on top."""
    path = project / "ltflow.py"
    text = FLOW.format(name="LtFlow", helper="lt_helper").replace("lt_helper.VALUE", value)
    path.write_text(text.replace("class Box", f"{top}\n\nclass Box"))
    return project


def value(project: Path) -> object:
    code = load(ref(project), project)
    assert load(ref(project), project) is code
    return code.cls.value


@pytest.mark.parametrize(
    "expression",
    [
        "read(DATA)",
        "pathlib.Path(DATA).read_text()",
        "os.read(os.open(DATA, os.O_RDONLY), 9).decode()",
        "lt_helper.text(DATA)",
    ],
)
def test_a_file_that_a_module_reads_is_watched(project: Path, expression: str):
    (project / "lt_helper.py").write_text(
        f"import codecs\n{READ.replace('read', 'text', 1).replace('open', 'codecs.open')}"
    )
    data = project / "data.txt"
    data.write_text("1")
    found(project, f"import os, pathlib\n{READ}DATA = {str(data)!r}", expression)
    assert value(project) == "1"
    code = load(ref(project), project)
    data.write_text("1")
    assert load(ref(project), project) is code
    for number in "234":
        data.write_text(number)
        assert value(project) == number
    assert type(open).__name__ == "builtin_function_or_method"


def test_a_file_that_was_missing_and_a_folder_that_was_listed_are_watched(project: Path):
    folder = project / "parts"
    folder.mkdir()
    found(
        project,
        f"import glob\n{READ}try:\n    TEXT = read({str(project / 'late.txt')!r})\n"
        f"except OSError:\n    TEXT = ''\nNAMES = len(glob.glob({str(folder / '*')!r}))",
        "(TEXT, NAMES)",
    )
    assert value(project) == ("", 0)
    (project / "late.txt").write_text("here")
    assert value(project) == ("here", 0)
    (folder / "a").touch()
    assert value(project) == ("here", 1)


def test_what_a_step_itself_reads_is_not_watched(project: Path):
    code = load(ref(project), project)
    data = project / "data.txt"
    data.write_text("1")
    with code.active():
        assert data.read_text() == "1"
    data.write_text("2")
    assert load(ref(project), project) is code


def test_a_module_elsewhere_on_the_path_is_local(project: Path, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("src")
    (other / "lt_outer.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(other))
    import lt_outer

    found(project, "import lt_outer", "lt_outer.VALUE")
    for number in range(1, 4):
        (other / "lt_outer.py").write_text(f"VALUE = {number}\n")
        assert value(project) == number
    assert sys.modules["lt_outer"] is lt_outer
    assert lt_outer.VALUE == 1
    del sys.modules["lt_outer"]


def test_a_module_that_the_flow_does_not_import_stays_the_processs_own(
    project: Path, tmp_path_factory, monkeypatch
):
    other = tmp_path_factory.mktemp("debugger")
    (other / "lt_debugger.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(other))
    import lt_debugger

    with load(ref(project), project).active():
        assert sys.modules["lt_debugger"] is lt_debugger
    del sys.modules["lt_debugger"]


def test_a_package_that_shadows_a_module_is_found(project: Path):
    assert value(project) == 1
    (project / "lt_deep").mkdir()
    (project / "lt_deep" / "__init__.py").write_text("VALUE = 'package'\n")
    assert value(project) == "package"


def test_a_module_that_was_missing_is_found(project: Path, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("later")
    monkeypatch.syspath_prepend(str(other))
    found(project, "try:\n    import lt_fast as m\nexcept ImportError:\n    m = None", "m and m.VALUE")
    assert value(project) is None
    (other / "lt_fast.py").write_text("VALUE = 'elsewhere'\n")
    assert value(project) == "elsewhere"
    (project / "lt_fast.py").write_text("VALUE = 'beside'\n")
    assert value(project) == "beside"


def test_a_module_of_a_package_without_init_is_fresh(project: Path):
    (project / "lt_space").mkdir()
    found(project, "from lt_space import lt_part", "lt_part.VALUE")
    for number in range(1, 4):
        (project / "lt_space" / "lt_part.py").write_text(f"VALUE = {number}\n")
        assert value(project) == number


def test_a_compiled_module_of_a_package_is_found_by_each_load(project: Path):
    (project / "lt_pack").mkdir()
    name = Path(_bisect.__file__).name
    (project / "lt_pack" / name).symlink_to(_bisect.__file__)
    found(project, "import lt_pack", "lt_pack.FOUND")
    try:
        for number in range(1, 3):
            text = f"import lt_pack._bisect\nFOUND = {number}, lt_pack._bisect.bisect_right([1, 2], 1)\n"
            (project / "lt_pack" / "__init__.py").write_text(text)
            assert value(project) == (number, 1)
    finally:
        sys.modules.pop("lt_pack._bisect", None)


def test_the_environment_is_watched(project: Path, monkeypatch):
    found(project, "import os", "os.environ.get('LT_DEBUG')")
    assert value(project) is None
    monkeypatch.setenv("LT_DEBUG", "1")
    assert value(project) == "1"


def test_what_a_module_sets_is_there_in_each_spin(project: Path):
    (project / "below").mkdir()
    (project / "below" / "lt_below.py").write_text("VALUE = 'below'\n")
    found(
        project,
        f"import os, sys\nos.environ['LT_SET'] = '1'\nsys.path.append({str(project / 'below')!r})\n"
        "import lt_below",
        "lt_below.VALUE",
    )
    try:
        load(ref(project), project)
    finally:
        os.environ.pop("LT_SET")  # as the end of a spin does
    code, path = load(ref(project), project), list(sys.path)
    assert load(ref(project), project) is code
    with code.active():
        assert os.environ["LT_SET"] == "1"
        assert sys.path[0] == str(project)
        assert str(project / "below") in sys.path
    assert "LT_SET" not in os.environ
    assert sys.path == path


def test_a_module_that_a_step_imports_is_watched(project: Path):
    code = load(ref(project), project)
    (project / "lazy.txt").write_text("1")
    (project / "lt_lazy.py").write_text(f"{READ}VALUE = read({str(project / 'lazy.txt')!r})\n")
    with code.active():
        import lt_lazy

        assert lt_lazy.VALUE == "1"
    assert load(ref(project), project) is code
    (project / "lazy.txt").write_text("2")
    assert load(ref(project), project) is not code
