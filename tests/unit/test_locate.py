from __future__ import annotations

import sys
import time
from types import SimpleNamespace

import pytest

from spin_magic.errors import FlowError
from spin_magic.flows.files import python_files
from spin_magic.flows.locate import find_flow
from spin_magic.kept import TICK_NS

STEPS = """
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass
"""
FLOW = "from metaflow import FlowSpec, step\n\nclass {name}(FlowSpec):" + STEPS


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def flow(name):
    return FLOW.format(name=name)


def refused(text, cwd, notebook=None):
    with pytest.raises(FlowError) as caught:
        find_flow(text, notebook, cwd)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("TrainFlow", None),
        ("flows/train.py", None),
        ("./flows/train.py:TrainFlow", None),
        ("flows.train:TrainFlow", "flows.train"),
        ("  TrainFlow ", None),
    ],
)
def test_every_form_leads_to_the_file_the_class_and_its_line(tmp_path, text, module):
    write(tmp_path, {"flows/train.py": flow("TrainFlow"), "other.py": "class TrainFlows: pass"})
    ref = find_flow(text, {}, tmp_path)
    assert (ref.name, ref.module, ref.line, ref.cls) == ("TrainFlow", module, 3, None)
    assert ref.path == tmp_path / "flows" / "train.py"
    assert ref.path.is_absolute()


def test_the_working_directory_is_the_default(tmp_path, monkeypatch):
    write(tmp_path, {"train.py": flow("TrainFlow")})
    monkeypatch.chdir(tmp_path)
    assert find_flow("TrainFlow").path == tmp_path / "train.py"
    assert find_flow("train.py").path == tmp_path / "train.py"


def test_an_absolute_path_and_a_home_path_are_taken_as_they_are(tmp_path, monkeypatch):
    write(tmp_path, {"train.py": flow("TrainFlow")})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_flow(f"{tmp_path}/train.py", {}, elsewhere).path == tmp_path / "train.py"
    assert find_flow("~/train.py:TrainFlow", {}, elsewhere).path == tmp_path / "train.py"


def test_modules_are_found_on_sys_path_without_being_imported(tmp_path, monkeypatch):
    write(
        tmp_path / "lib",
        {
            "pack/__init__.py": "raise RuntimeError('imported')",
            "pack/inner/__init__.py": "from .train import *",
            "pack/inner/train.py": flow("TrainFlow"),
            "space/deep/train.py": flow("TrainFlow"),
        },
    )
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    before = set(sys.modules)
    ref = find_flow("pack.inner.train:TrainFlow", {}, tmp_path / "lib" / "space")
    assert (ref.path, ref.module) == (tmp_path / "lib/pack/inner/train.py", "pack.inner.train")
    assert find_flow("pack.inner:TrainFlow", {}, tmp_path).path == tmp_path / "lib/pack/inner/train.py"
    assert find_flow("pack.inner:TrainFlow", {}, tmp_path).module == "pack.inner.train"
    assert find_flow("space.deep.train:TrainFlow", {}, tmp_path).module == "space.deep.train"
    assert not {name for name in set(sys.modules) - before if "pack" in name or "space" in name}


def test_a_file_inside_a_package_says_its_module(tmp_path):
    write(
        tmp_path,
        {
            "top/__init__.py": "",
            "top/sub/__init__.py": flow("InitFlow"),
            "top/sub/train.py": flow("TrainFlow"),
        },
    )
    assert find_flow("TrainFlow", {}, tmp_path).module == "top.sub.train"
    assert find_flow("sub/train.py", {}, tmp_path / "top").module == "top.sub.train"
    assert find_flow("InitFlow", {}, tmp_path).module == "top.sub"


@pytest.mark.parametrize(
    "text",
    [
        "import metaflow\nclass F(metaflow.FlowSpec):\n    pass\n",
        "import metaflow as mf\nclass F(mf.FlowSpec):\n    @mf.step\n    def start(self): pass\n",
        "from metaflow import FlowSpec as Spec\nclass F(Spec): pass\n",
        "from metaflow import *\nclass F(FlowSpec): pass\n",
        "from metaflow import FlowSpec\nclass Base(FlowSpec): pass\nclass F(Base): pass\n",
        "from company import CompanyFlowSpec\nclass F(CompanyFlowSpec): pass\n",
        "from company import Base, step\nclass F(Base):\n    @step\n    def start(self): pass\n",
        "from company import Base, step\nclass F(Base):\n    @step(start=True)\n    def go(self): pass\n",
        "from metaflow import FlowSpec\nclass Mixin: pass\nclass F(Mixin, FlowSpec): pass\n",
        "try:\n    from metaflow import FlowSpec\n    class F(FlowSpec): pass\nfinally:\n    pass\n",
        "from company import Base\nclass F(Base[int]):\n    @card\n    @step\n    def a(self): pass\n",
        "from company import make, step\nclass F(make()):\n    @step\n    def a(self): pass\n",
    ],
)
def test_classes_that_are_flows(tmp_path, text):
    write(tmp_path, {"flow.py": text})
    assert find_flow("F", {}, tmp_path).path == tmp_path / "flow.py"
    assert find_flow("flow.py:F", {}, tmp_path).name == "F"


@pytest.mark.parametrize(
    "text",
    [
        "class F: pass",
        "class F(dict): pass",
        "from metaflow import step\nclass F:\n    @step\n    def start(self): pass\n",
        "from torch.nn import Module\nclass F(Module):\n    def forward(self): pass\n",
        "class F(G): pass\nclass G(F): pass",
    ],
)
def test_classes_that_are_not(tmp_path, text):
    write(tmp_path, {"flow.py": text})
    expected = "The class F in flow.py is not a flow: it does not inherit from FlowSpec."
    assert refused("F", tmp_path) == expected
    assert refused("flow.py:F", tmp_path) == expected


@pytest.mark.parametrize(
    "line",
    [
        "from base import Base",
        "from base import *",
        "from base import Base as Base",
        "from .base import Base",
        "from again import Base",
        "import base\nBase = None\nclass F(base.Base): pass\nclass Unused(Base): pass",
        "from pack import base\nBase = 0\nclass F(base.Base): pass\nclass Unused(Base): pass",
    ],
)
def test_bases_are_followed_through_local_modules(tmp_path, line):
    text = line if "class F" in line else f"{line}\nclass F(Base): pass"
    write(
        tmp_path,
        {
            "jobs/flow.py": text,
            "jobs/base.py": flow("Base"),
            "jobs/again.py": "from base import Base\nfrom again import Base as Twice",
            "jobs/pack/__init__.py": "",
            "jobs/pack/base.py": "from base import Base",
        },
    )
    assert find_flow("F", {}, tmp_path).path == tmp_path / "jobs" / "flow.py"


def test_a_module_may_hand_on_a_flow_that_another_file_defines(tmp_path):
    write(tmp_path, {"jobs.py": "from parts.train import TrainFlow", "parts/train.py": flow("TrainFlow")})
    assert find_flow("jobs:TrainFlow", {}, tmp_path).path == tmp_path / "parts" / "train.py"
    assert find_flow("jobs.py:TrainFlow", {}, tmp_path).path == tmp_path / "parts" / "train.py"
    assert "no flow in jobs.py" in refused("jobs.py", tmp_path)


def test_a_mixin_beside_the_flow_leaves_the_file_one_flow(tmp_path):
    mixin = "from metaflow import FlowSpec, step\nclass Common:" + STEPS
    write(tmp_path, {"flow.py": mixin + "class F(FlowSpec, Common): pass\n"})
    assert find_flow("flow.py", {}, tmp_path).name == "F"


def test_folders_that_hold_nobodys_own_code_are_skipped(tmp_path):
    text = flow("TrainFlow")
    write(
        tmp_path,
        {
            ".hidden/train.py": text,
            ".train.py": text,
            "env/pyvenv.cfg": "",
            "env/train.py": text,
            "node_modules/train.py": text,
            "__pycache__/train.py": text,
            "x/site-packages/train.py": text,
            "big.py": text + "#" * 1_000_001,
            "train.txt": text,
            "good/train.py": text,
        },
    )
    assert find_flow("TrainFlow", {}, tmp_path).path == tmp_path / "good" / "train.py"
    assert find_flow("big.py", {}, tmp_path).name == "TrainFlow"


def test_gitignore_is_read_in_each_folder_and_above(tmp_path):
    write(
        tmp_path,
        {
            ".git/HEAD": "",
            ".gitignore": "# made\n/build/\n*_gen.py\nout*/deep\n**/old/**\n!keep_gen.py\n/ignored/no.py\n",
            "work/.gitignore": "local.py\n[xy].py\n[z-a].py\n",
            "work/build/a.py": "",
            "work/a_gen.py": "",
            "work/keep_gen.py": "",
            "ignored/no.py": "",
            "work/local.py": "",
            "work/x.py": "",
            "work/z.py": "",
            "work/sub/local.py": "",
            "work/old/c.py": "",
            "build/b.py": "",
            "out1/deep/d.py": "",
            "local.py": "",
        },
    )
    below_work = {path.relative_to(tmp_path).as_posix() for path in python_files(tmp_path / "work")}
    assert below_work == {"work/build/a.py", "work/keep_gen.py", "work/z.py"}
    assert {path.relative_to(tmp_path).as_posix() for path in python_files(tmp_path)} == {
        *below_work,
        "local.py",
    }


def test_links_are_followed_once_and_a_linked_file_is_no_second_flow(tmp_path):
    write(tmp_path, {"jobs/train.py": flow("TrainFlow")})
    (tmp_path / "jobs" / "up").symlink_to(tmp_path)
    (tmp_path / "alias").symlink_to(tmp_path / "jobs")
    (tmp_path / "same.py").symlink_to(tmp_path / "jobs" / "train.py")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert len(list(python_files(tmp_path))) == 2
    assert find_flow("TrainFlow", {}, tmp_path).path.resolve() == tmp_path / "jobs" / "train.py"


def test_two_flows_of_a_name_are_an_error_that_names_both(tmp_path):
    write(tmp_path, {"a.py": flow("TrainFlow"), "b/c.py": flow("TrainFlow"), "d.py": "class TrainFlow: pass"})
    message = refused("TrainFlow", tmp_path)
    assert message == (
        "There are 2 flows TrainFlow: a.py:TrainFlow and b/c.py:TrainFlow. Write one of these instead."
    )
    assert find_flow("b/c.py:TrainFlow", {}, tmp_path).path == tmp_path / "b" / "c.py"


def test_a_file_with_several_flows_names_them(tmp_path):
    write(tmp_path, {"two.py": flow("OneFlow") + flow("TwoFlow")})
    expected = "There are 2 flows in two.py: OneFlow, TwoFlow. Choose one, as in two.py:OneFlow."
    assert refused("two.py", tmp_path) == expected
    assert find_flow("two.py:TwoFlow", {}, tmp_path).name == "TwoFlow"


def test_an_unknown_flow_lists_what_there_is_and_the_nearest(tmp_path):
    write(tmp_path, {"jobs/train.py": flow("TrainFlow"), "score.py": flow("ScoreFlow")})
    message = refused("TranFlow", tmp_path)
    assert "There is no flow TranFlow" in message
    assert "Did you mean 'TrainFlow'?" in message
    assert "ScoreFlow (score.py), TrainFlow (jobs/train.py)." in message
    assert "Did you mean score.py?" in refused("score", tmp_path)
    assert "Did you mean jobs.train:TrainFlow?" in refused("jobs.train.TrainFlow", tmp_path)
    assert "Did you mean 'ScoreFlow'?" in refused("score.py:scoreFlow", tmp_path)


def test_a_long_list_is_cut(tmp_path):
    write(tmp_path, {f"f{i:02}.py": flow(f"Flow{i:02}") for i in range(11)})
    assert refused("Quite", tmp_path).endswith("Flow07 (f07.py) and 3 more.")


def test_an_empty_folder_says_which_forms_there_are(tmp_path):
    message = refused("TrainFlow", tmp_path)
    assert "nor any flow below" in message
    assert "path/to/file.py:FlowName" in message


@pytest.mark.parametrize("text", ["", ":", "Train Flow", "train.py:", ":TrainFlow", "train.py:a b", "a-b"])
def test_a_text_that_names_no_flow_is_told_the_forms(tmp_path, text):
    assert "does not name a flow. Give it as FlowName" in refused(text, tmp_path)


def test_files_and_modules_that_are_not_there(tmp_path):
    write(tmp_path, {"jobs/train.py": flow("TrainFlow")})
    assert "There is no file jobs/tran.py" in refused("jobs/tran.py", tmp_path)
    assert "Did you mean 'jobs/train.py'?" in refused("jobs/tran.py:TrainFlow", tmp_path)
    assert refused("jobs/", tmp_path).startswith("jobs/ is a folder; name a flow file in it")
    assert "There is no Python module jobs.tran" in refused("jobs.tran:TrainFlow", tmp_path)
    assert "There is no Python module zlib" in refused("zlib:TrainFlow", tmp_path)
    assert "no flow TrainFlow in" in refused("json:TrainFlow", tmp_path)


def test_a_syntax_error_says_its_line_where_the_flow_is_in_that_file(tmp_path):
    write(tmp_path, {"bad.py": flow("TrainFlow") + "def broken(:\n    pass\n", "good.py": flow("GoodFlow")})
    expected = "Syntax error in bad.py, line 11: invalid syntax: def broken(:"
    assert refused("bad.py", tmp_path) == expected
    assert refused("TrainFlow", tmp_path) == expected
    assert find_flow("GoodFlow", {}, tmp_path).name == "GoodFlow"
    write(tmp_path, {"null.py": b"class NullFlow: pass\0"})
    assert "Syntax error in null.py" in refused("NullFlow", tmp_path)


def test_a_syntax_error_is_told_in_a_few_words(tmp_path):
    write(tmp_path, {"long.py": f"x = [{'1, ' * 2000}\n", "deep.py": "x = " + "-" * 20_000 + "1\n"})
    assert len(refused("long.py", tmp_path)) < 250
    assert not refused("deep.py", tmp_path).endswith(": ")


def test_names_of_any_alphabet_are_found(tmp_path):
    write(tmp_path, {"a.py": flow("Флоу"), "b.py": flow("流れ")})
    assert find_flow("Флоу", {}, tmp_path).path == tmp_path / "a.py"
    assert find_flow("流れ", {}, tmp_path).path == tmp_path / "b.py"


def test_encodings_are_read_as_python_reads_them(tmp_path):
    latin = ("# -*- coding: latin-1 -*-\n# é\n" + flow("LatinFlow")).encode("latin-1")
    write(tmp_path, {"latin.py": latin, "bom.py": b"\xef\xbb\xbf" + flow("BomFlow").encode()})
    write(
        tmp_path,
        {
            "wrong.py": b"# \xe9\n" + flow("WrongFlow").encode(),
            "dos.py": flow("DosFlow").replace("\n", "\r\n"),
        },
    )
    assert find_flow("LatinFlow", {}, tmp_path).line == 5
    assert find_flow("BomFlow", {}, tmp_path).line == 3
    assert find_flow("DosFlow", {}, tmp_path).line == 3
    assert "Syntax error in wrong.py" in refused("WrongFlow", tmp_path)


def test_an_edited_file_is_read_again(tmp_path):
    write(tmp_path, {"train.py": flow("OldFlow")})
    assert find_flow("train.py", {}, tmp_path).name == "OldFlow"
    write(tmp_path, {"train.py": "\n\n" + flow("NewFlow")})
    assert find_flow("train.py", {}, tmp_path).line == 5
    assert find_flow("NewFlow", {}, tmp_path).name == "NewFlow"
    assert "There is no flow OldFlow" in refused("OldFlow", tmp_path)


@pytest.fixture
def flow_class():
    """Make classes as Metaflow's would look, without it."""
    spec = type("FlowSpec", (), {"__module__": "metaflow.flowspec"})

    def make(name, module):
        def start(self):
            pass

        return type(name, (spec,), {"__module__": module, "start": start})

    return make


def test_a_class_of_the_notebook_comes_before_files(tmp_path, flow_class):
    write(tmp_path, {"train.py": flow("TrainFlow")})
    cls = flow_class("TrainFlow", "__main__")
    ref = find_flow("TrainFlow", {"TrainFlow": cls}, tmp_path)
    assert (ref.cls, ref.path, ref.module) == (cls, None, None)
    assert ref.line > 0
    assert find_flow("Alias", {"Alias": cls}, tmp_path).name == "TrainFlow"
    mutated = type("FlowMutator", (), {"_flow_cls": cls})()
    assert find_flow("Mutated", {"Mutated": mutated}, tmp_path).cls is cls
    assert "Did you mean 'Alias'?" in refused("Alios", tmp_path, {"Alias": cls})


def test_names_of_the_notebook_that_are_no_flows_do_not_hide_files(tmp_path):
    write(tmp_path, {"train.py": flow("TrainFlow")})
    for value in (3, int, object(), type("TrainFlow", (), {})):
        assert find_flow("TrainFlow", {"TrainFlow": value}, tmp_path).path == tmp_path / "train.py"


def test_an_imported_class_refers_to_its_file(tmp_path, monkeypatch, flow_class):
    write(tmp_path, {"jobs/train.py": flow("TrainFlow"), "other.py": flow("TrainFlow")})
    module = SimpleNamespace(__file__=str(tmp_path / "jobs" / "train.py"))
    monkeypatch.setitem(sys.modules, "spin_test_train", module)
    cls = flow_class("TrainFlow", "spin_test_train")
    ref = find_flow("Mine", {"Mine": cls}, tmp_path)
    assert (ref.path, ref.cls, ref.name) == (tmp_path / "jobs" / "train.py", None, "TrainFlow")


def test_looking_again_among_many_files_is_quick(tmp_path, monkeypatch):
    write(tmp_path, {f"d{i % 10}/f{i}.py": "x = 1\nclass Thing: pass\n" for i in range(300)})
    write(tmp_path, {"train.py": flow("TrainFlow")})
    time.sleep(2 * TICK_NS / 1e9)  # files that changed only just now are read again
    find_flow("TrainFlow", {}, tmp_path)

    def read_again(path):
        raise AssertionError(path)

    monkeypatch.setattr("pathlib.Path.read_bytes", read_again)
    monkeypatch.setattr("os.scandir", read_again)
    assert find_flow("TrainFlow", {}, tmp_path).name == "TrainFlow"


@pytest.mark.parametrize("pause", [0, 2 * TICK_NS / 1e9])
def test_what_changes_between_two_looks_is_seen(tmp_path, pause):
    def pausing(found):
        time.sleep(pause)
        return found

    text = flow("TrainFlow")
    write(tmp_path, {"a/train.py": text, "b/other.py": "x = 1\n", ".gitignore": "nothing\n"})
    find = lambda: pausing(find_flow("TrainFlow", {}, tmp_path))  # noqa: E731
    assert find().line == 3

    write(tmp_path, {"a/train.py": "# moved down\n" + text})
    assert find().line == 4
    write(tmp_path, {"b/other.py": text})
    assert "a/train.py:TrainFlow and b/other.py:TrainFlow" in refused("TrainFlow", tmp_path)
    time.sleep(pause)
    write(tmp_path, {".gitignore": "a\n"})
    assert find().path == tmp_path / "b" / "other.py"
    (tmp_path / "b" / "other.py").unlink()
    assert "no flow TrainFlow" in refused("TrainFlow", tmp_path)
    time.sleep(pause)
    (tmp_path / "a").rename(tmp_path / "c")
    assert find().path == tmp_path / "c" / "train.py"
    write(tmp_path, {"c/below/deeper/second.py": text})
    assert "There are 2 flows TrainFlow" in refused("TrainFlow", tmp_path)


def test_a_link_that_is_turned_elsewhere_is_followed(tmp_path):
    write(tmp_path, {"outside/one/train.py": flow("TrainFlow"), "outside/two/train.py": flow("TestFlow")})
    work = tmp_path / "work"
    (work / "near").mkdir(parents=True)
    turned = tmp_path / "turned"
    turned.symlink_to(tmp_path / "outside" / "one")
    (work / "near" / "flows").symlink_to(turned)
    time.sleep(2 * TICK_NS / 1e9)
    assert find_flow("TrainFlow", {}, work).name == "TrainFlow"

    turned.unlink()
    turned.symlink_to(tmp_path / "outside" / "two")
    assert find_flow("TestFlow", {}, work).name == "TestFlow"
    assert "no flow TrainFlow" in refused("TrainFlow", work)
