"""Steps out of real flow files into cells, and back: only their own lines change, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from spin_magic import SpinError, spin, spin_load, spin_new, spin_save
from spin_magic.errors import OptionError, SaveError
from spin_magic.loop import texts
from spin_magic.loop.unsaved import unsaved
from tests.conformance.runs import FLOWS, environment

FLOW = '''\
from metaflow import FlowSpec, step, retry


class SaveFlow(FlowSpec):
    @step
    def start(self):
        self.items = [1, 2]
        self.next(self.work, foreach="items")

    # tries twice
    @retry(
        times=1,  # no more
    )
    @step
    def work(self):
        """One item."""
        self.square = self.input**2  # squared

        self.text = """as
  it is"""
        self.next(self.join)

    @step
    def join(self, inputs):
        self.total = sum(i.square for i in inputs)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    SaveFlow()
'''
CUBED = "self.square = self.input**3\nself.text = 'cubed'\nself.next(self.join)\n"


def run(file: str, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, file, "run"], cwd=cwd, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    (folder / "saveflow.py").write_text(FLOW, encoding="utf-8")
    for name in ("inherit.py", "inherit_base.py"):
        shutil.copy(FLOWS / name, folder)
    run("saveflow.py", folder)
    run("inherit.py", folder)
    return folder


@pytest.fixture
def file(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The flow file, in a copy of the folder, which is the working directory."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("metaflow.metaflow_config.USER", "tester")
    place = shutil.copytree(ran, tmp_path / "project")
    monkeypatch.chdir(place)
    return place / "saveflow.py"


def body_of(cell: str) -> str:
    line, _, body = cell.partition("\n")
    assert line.startswith("%%spin ")
    return body


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("step", ["start", "work", "join", "end"])
def test_load_spin_save_without_an_edit_changes_nothing(file: Path, step: str, *, whole: bool):
    before = file.stat()
    cell = spin_load("SaveFlow", step, whole)

    assert cell.startswith(f"%%spin SaveFlow {step}\n")
    assert (f"def {step}(" in cell) is whole
    assert spin("SaveFlow", step, body=body_of(cell)).ok
    saved = spin_save()
    assert (saved.written, saved.diff, saved.path) == (False, "", file)
    assert "Nothing to save" in saved.said
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_saved_text_is_what_run_then_runs(file: Path):
    spun = [spin(str(file), "work", index=i, body=CUBED) for i in (0, 1)]
    shown = spin_save("SaveFlow", "work", dry_run=True)
    assert not shown.written
    assert file.read_text() == FLOW
    saved = spin_save("SaveFlow", "work")

    assert saved.written
    assert saved.diff == shown.diff
    assert saved.diff.startswith("--- saveflow.py\n+++ saveflow.py\n@@")
    old, new = FLOW.split("\n"), file.read_text().split("\n")
    assert new[: old.index("    def work(self):") + 1] == old[: old.index("    def work(self):") + 1]
    assert new[new.index("    @step", 14 + 3) :][1:3] == ["    def join(self, inputs):", old[24]]
    again = spin_save("SaveFlow", "work")
    assert (again.written, again.diff) == (False, "")
    assert [spin(str(file), "work", index=i)["square"] for i in (0, 1)] == [r["square"] for r in spun]
    # The spins of before the save still feed what follows.
    assert spin("SaveFlow", "work", index=0, body=CUBED).ok
    assert "spun" in spin("SaveFlow", "join", source="spin").inputs.why
    run(file.name, file.parent)
    assert spin("SaveFlow", "join").inputs.self is not None
    assert spin("SaveFlow", "join")["total"] == 9


def test_a_saved_step_is_no_longer_unsaved(file: Path):
    from spin_magic.loop.request import Request, find_code

    spin("SaveFlow", "end", body="self.done = True\n")
    assert unsaved(find_code(Request("SaveFlow", ""))) == ["end"]
    spin_save()
    assert unsaved(find_code(Request("SaveFlow", ""))) == []


def test_a_whole_def_brings_its_decorators_along(file: Path):
    cell = body_of(spin_load("SaveFlow", "work", whole=True)).replace("times=1", "times=0")
    spin("SaveFlow", "work", body=cell)
    spin_save()

    assert file.read_text() == FLOW.replace("times=1", "times=0")


@pytest.mark.parametrize("loaded", [True, False])
def test_a_step_that_somebody_else_changed_is_not_overwritten(file: Path, *, loaded: bool):
    if loaded:
        spin_load("SaveFlow", "work")
    else:
        spin("SaveFlow", "work", body=CUBED)
    theirs = FLOW.replace("self.input**2", "self.input**5")
    file.write_text(theirs)
    spin("SaveFlow", "work", body=CUBED)

    with pytest.raises(
        SaveError, match=r"`work` was changed in saveflow.py .* `%spin_save --force`"
    ) as caught:
        spin_save()
    assert file.read_text() == theirs
    assert caught.value.text == CUBED
    kept = Path(str(caught.value).rpartition(" in ")[2].removesuffix("."))
    assert kept.read_text() == f"# %%spin SaveFlow work\n{CUBED}"
    assert kept.parent.stat().st_mode & 0o077 == 0
    assert "self.input**5" in spin_save(force=True).diff
    assert "self.input**3" in file.read_text()


def test_two_notebooks_keep_both_their_steps(file: Path):
    spin("SaveFlow", "work", body=CUBED)
    other = FLOW.replace("        pass\n", "        self.others = 1\n").replace(
        "class Save", "\n\nclass Save"
    )
    file.write_text(other)
    spin_save()

    text = file.read_text()
    assert "self.others = 1" in text
    assert "self.input**3" in text
    assert text.replace("\n\nclass Save", "class Save").startswith(FLOW[:200])


def test_what_was_loaded_again_can_be_saved(file: Path):
    spin("SaveFlow", "work", body=CUBED)
    file.write_text(FLOW.replace("self.input**2", "self.input**5"))
    cell = spin_load("SaveFlow", "work")
    spin("SaveFlow", "work", body=body_of(cell).replace("**5", "**6"))

    assert spin_save().written
    assert file.read_text() == FLOW.replace("self.input**2", "self.input**6")


@pytest.mark.parametrize("body", ["1 / 0", "self.x = = 1"])
def test_a_cell_whose_last_spin_failed_is_not_saved(file: Path, body: str):
    spin("SaveFlow", "end", body="self.done = 1")
    with pytest.raises(Exception):  # noqa: B017, PT011 -- two kinds
        spin("SaveFlow", "end", body=body)

    for force in (False, True):
        with pytest.raises(SaveError, match=r"The last cell of `end` .*spin it well"):
            spin_save(force=force)
    assert file.read_text() == FLOW
    spin("SaveFlow", "end", body="self.done = 2")
    assert spin_save().written


def test_the_file_s_own_step_spun_in_between_does_not_lose_the_cell(file: Path):
    spin("SaveFlow", "end", body="self.done = 1")
    spin("SaveFlow", "end")
    spin("SaveFlow", "start")

    assert spin_save().step == "end"
    assert file.read_text() == FLOW.replace("        pass\n", "        self.done = 1\n")


def test_nothing_spun_and_half_a_name(file: Path):
    with pytest.raises(SaveError, match="No cell of `join` of SaveFlow was spun here yet"):
        spin_save("SaveFlow", "join")
    with pytest.raises(OptionError):
        spin_save("SaveFlow")


def refused(text: str, **options) -> str:
    """Save, and give what is said; the text is kept."""
    with pytest.raises(SpinError) as caught:
        spin_save("SaveFlow", "end", **options)
    kept = Path(str(caught.value).rpartition(" in ")[2].removesuffix("."))
    assert kept.read_text().endswith(text)
    return str(caught.value)


def test_a_file_that_cannot_be_written_stays_and_the_text_is_kept(file: Path):
    text = "self.done = 3"
    spin("SaveFlow", "end", body=text)
    file.chmod(0o444)
    assert "read-only" in refused(text)
    file.chmod(0o644)
    file.write_text(FLOW + "\ndef (\n")
    assert "line 36" in refused(text, force=True)
    assert file.read_text() == FLOW + "\ndef (\n"
    file.write_text(FLOW.replace("        pass", "        pass").replace("def end", "def finish"))
    assert "saveflow.py has no step `end` any more" in refused(text)
    file.unlink()
    assert "no flow SaveFlow" in refused(text)
    (file.parent / "else.py").write_text(FLOW)
    file.symlink_to("else.py")
    assert "SaveFlow is now in" in refused(text)
    assert (file.parent / "else.py").read_text() == FLOW
    file.unlink()
    (file.parent / "else.py").unlink()
    file.write_text(FLOW)
    assert spin_save("SaveFlow", "end").written


def test_a_disk_that_is_full(file: Path, monkeypatch: pytest.MonkeyPatch):
    spin("SaveFlow", "end", body="self.done = 3")
    monkeypatch.setattr(
        "spin_magic.writing.disk._write_all", lambda *_: (_ for _ in ()).throw(OSError(28, "full"))
    )
    assert "no room" in refused("self.done = 3")
    assert file.read_text() == FLOW
    assert [each.name for each in file.parent.iterdir() if "spin_save" in each.name] == []


def test_an_inherited_step_is_saved_where_it_is_defined(file: Path):
    base = file.with_name("inherit_base.py")
    before, flow = base.read_text(), file.with_name("inherit.py").read_text()
    cell = spin_load("inherit.py", "start")
    assert "self.values = [1, 2, 3]" in cell
    spin("inherit.py", "start", body=body_of(cell).replace("[1, 2, 3]", "[4]"))
    saved = spin_save()

    assert saved.path == base
    assert "InheritFlow inherits `start` from BaseFlow in inherit_base.py" in saved.notes[0]
    assert base.read_text() == before.replace("[1, 2, 3]", "[4]")
    assert file.with_name("inherit.py").read_text() == flow
    assert spin("inherit.py", "start")["values"] == [4]


def test_what_cannot_be_loaded(file: Path):
    with pytest.raises(SaveError, match=r"SaveFlow has no step 'wrok'.*Did you mean 'work'"):
        spin_load("SaveFlow", "wrok")
    file.write_text(FLOW.replace("        self.items", "        x = y = \\\n            1; self.items"))
    assert spin_load("SaveFlow", "start").count("\n") > 2


def test_spin_new_writes_a_flow_that_runs(file: Path):
    made = spin_new("FreshFlow")
    assert made == file.parent / "freshflow.py"
    run("freshflow.py", file.parent)
    cell = spin_load("FreshFlow", "start")
    spin("FreshFlow", "start", body=body_of(cell).replace("self.next", "self.x = 1\nself.next"))
    assert spin_save().written
    assert '"""What the flow begins with."""\n        self.x = 1\n' in made.read_text()


@pytest.mark.parametrize(
    ("name", "path", "said"),
    [
        ("SaveFlow", "saveflow.py", "is there already"),
        ("class", None, "cannot be the name"),
        ("My-Flow", None, "cannot be the name"),
        ("FlowSpec", None, "cannot be the name"),
        ("Other", "other.txt", "must end in .py"),
        ("Other", "nowhere/other.py", "cannot be made"),
    ],
)
def test_what_spin_new_refuses(file: Path, name: str, path: str | None, said: str):
    before = sorted(each.name for each in file.parent.iterdir())
    with pytest.raises(SaveError, match=said):
        spin_new(name, path)
    assert sorted(each.name for each in file.parent.iterdir()) == before
    assert file.read_text() == FLOW


@pytest.fixture
def new_step(file: Path):
    """A function that notes the cell of a step which the file does not have, as a spin would."""

    def note(step: str, body: str, after: tuple[str, ...] = ()) -> None:
        text = texts.of((str(file), "SaveFlow", step))
        text.good, text.after, text.begun = body, after, True

    return note


def test_a_new_step_goes_behind_its_parent_and_shows_what_leads_to_it(file: Path, new_step):
    new_step("check", "self.checked = self.total > 0\nself.next(self.end)\n", after=("join",))
    shown = spin_save("SaveFlow", "check", dry_run=True)
    assert file.read_text() == FLOW
    assert "+    def check(self):" in shown.diff
    assert "self.next" in shown.diff
    assert "-        self.next(self.end)\n+        self.next(self.check)" in shown.next_change
    assert "--link" in shown.notes[0]
    saved = spin_save("SaveFlow", "check", link=True)

    assert (saved.written, saved.diff, saved.next_change) == (True, shown.diff, shown.next_change)
    run(file.name, file.parent)
    assert spin("SaveFlow", "end").inputs["checked"] is True
    # The step that was linked is as its user has seen it.
    spin("SaveFlow", "join", body="self.total = 1\nself.next(self.check)")
    assert spin_save().written


def test_a_new_step_without_link_leaves_its_parent_alone(file: Path, new_step):
    new_step("check", "self.next(self.end)\n")
    saved = spin_save("SaveFlow", "check", after="join")

    assert saved.written
    assert (
        file.read_text().replace("    @step\n    def check(self):\n        self.next(self.end)\n\n", "")
        == FLOW
    )


@pytest.mark.parametrize(
    ("step", "after", "said"),
    [
        ("check", (), "nothing leads to it"),
        ("check", ("jion",), "Did you mean 'join'"),
        ("check", ("other",), "`other` is not in saveflow.py yet"),
        ("class", ("join",), "a word of Python"),
        ("merge_artifacts", ("join",), "already"),
    ],
)
def test_a_new_step_that_cannot_go_in(file: Path, new_step, step: str, after: tuple[str, ...], said: str):
    new_step("other", "self.next(self.end)")
    new_step(step, "self.next(self.end)")
    with pytest.raises(SaveError, match=said):
        spin_save("SaveFlow", step, after=after)
    assert file.read_text() == FLOW


def test_a_new_step_that_somebody_else_has_added_meanwhile(file: Path, new_step):
    new_step("check", "self.next(self.end)\n", after=("join",))
    theirs = FLOW.replace(
        "    @step\n    def end",
        "    @step\n    def check(self):\n        self.theirs = 1\n        self.next(self.end)\n\n"
        "    @step\n    def end",
    )
    theirs = theirs.replace("inputs)\n        self.next(self.end)", "inputs)\n        self.next(self.check)")
    file.write_text(theirs)
    with pytest.raises(SaveError, match=r"`check` was added in saveflow.py"):
        spin_save("SaveFlow", "check")
    assert file.read_text() == theirs


@pytest.fixture
def leads(monkeypatch: pytest.MonkeyPatch):
    """A function that lets the last spin of steps lead where it is told, and the others nowhere."""

    def lead(**targets: str) -> None:
        spun = {name: SimpleNamespace(result=SimpleNamespace(next=(to,))) for name, to in targets.items()}
        monkeypatch.setattr("spin_magic.loop.session.last", lambda where: spun.get(where[2]))

    return lead


def test_a_parent_whose_own_cell_leads_to_the_new_step_is_saved_with_it(file: Path, new_step, leads):
    spin("SaveFlow", "join", body="self.total = 1\nself.next(self.end)")
    texts.of((str(file), "SaveFlow", "join")).good = "self.total = 7\nself.next(self.check)"
    new_step("check", "self.next(self.end)\n", after=("join",))
    leads(join="check", check="end")
    saved = spin_save("SaveFlow", "check", link=True)

    assert "+        self.total = 7\n+        self.next(self.check)" in saved.next_change
    assert "self.total = 7\n        self.next(self.check)\n" in file.read_text()
    assert not spin_save("SaveFlow", "join").diff


def test_a_parent_that_somebody_else_changed_keeps_the_change(file: Path, new_step, leads):
    spin("SaveFlow", "join", body="self.total = 1\nself.next(self.end)")
    texts.of((str(file), "SaveFlow", "join")).good = "self.total = 7\nself.next(self.check)"
    new_step("check", "self.next(self.end)\n", after=("join",))
    leads(join="check", check="end")
    file.write_text(FLOW.replace("self.total = sum", "self.total = 1 + sum"))
    saved = spin_save("SaveFlow", "check", link=True)

    assert saved.written
    assert saved.next_change is None
    assert "`join` was changed in saveflow.py" in saved.notes[0]
    assert "self.total = 1 + sum" in file.read_text()


BRANCH = """\
from metaflow import FlowSpec, step


class BranchFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.one, self.two)

    @step
    def one(self):
        self.next(self.both)

    @step
    def two(self):
        self.next(self.both)

    @step
    def both(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.mark.parametrize(
    ("after", "to", "changed"),
    [
        (("start",), "both", [("self.one, self.two)", "self.one, self.two, self.three)")]),
        (("start",), "two", [("self.one, self.two)", "self.one, self.three)")]),
        (("one", "two"), "both", [("self.next(self.both)", "self.next(self.three)")]),
        (("both",), "end", [("self.next(self.end)", "self.next(self.three)")]),
    ],
)
def test_where_a_new_step_stands_says_what_gives_way_to_it(file: Path, leads, after, to, changed):
    branch = file.with_name("branchflow.py")
    branch.write_text(BRANCH)
    texts.of((str(branch), "BranchFlow", "three")).good = f"self.next(self.{to})"
    leads(three=to)
    spin_save("BranchFlow", "three", after=after, link=True)

    [(old, new)] = changed
    step = f"    @step\n    def three(self):\n        self.next(self.{to})\n\n"
    text = branch.read_text()
    assert text.count(step) == 1
    assert text.replace(step, "") == BRANCH.replace(old, new)
    assert text.index(f"def {after[-1]}(") < text.index("def three(") < text.index("def end(")
