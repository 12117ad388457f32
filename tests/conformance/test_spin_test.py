"""A test that is written from a spin: it passes in another process, and fails when the step is another."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spin_magic import spin, spin_test
from spin_magic.errors import OptionError, SaveError, TaskError
from tests.conformance.runs import environment

FLOW = "asserted.py"


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the flow has been run once."""
    folder = tmp_path_factory.mktemp("asserted")
    shutil.copy(Path(__file__).parent.parent / "flows" / FLOW, folder)
    command = [sys.executable, FLOW, "run"]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
    return folder


@pytest.fixture
def folder(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, as the working directory."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("metaflow.metaflow_config.USER", "tester")
    place = shutil.copytree(ran, tmp_path / "project")
    monkeypatch.chdir(place)
    return place


def pytest_run(folder: Path, file: str) -> tuple[int, str]:
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file],
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(root), "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_it_passes_in_another_process_and_fails_when_the_step_is_another(folder: Path):
    spin(FLOW, "work", index=1, set={"alpha": 5})
    (folder / "tests").mkdir()
    made = spin_test(FLOW, "work", file="tests/test_flow.py")

    assert made.name == "test_asserted_flow_work"
    assert (folder / "tests/test_flow.py").read_text() == made.text
    assert 'assert result["whole"] == 15' in made.text
    assert 'assert result["part"] == pytest.approx(0.30000000000000004)' in made.text
    assert 'assert len(result["long"]) == 500' in made.text
    assert 'assert list(result["frame"].columns) == [' in made.text
    assert "# unique: not asserted, for it was another when the step was spun once more." in made.text
    assert 'assert type(result["thing"]).__qualname__ == "Thing"' in made.text
    assert "handed_on" not in made.text
    assert str(folder) not in made.text
    code, said = pytest_run(folder, "tests/test_flow.py")
    assert code == 0, said

    flow = folder / FLOW
    for old, new in (
        ("self.index * 10", "self.index * 11"),
        ("np.arange(1000.0)", "np.arange(1000.0)[::-1]"),
    ):
        text = flow.read_text()
        flow.write_text(text.replace(old, new))
        code, said = pytest_run(folder, "tests/test_flow.py")
        assert code == 1, said
        assert "AssertionError" in said
        flow.write_text(text)


def test_it_is_added_to_a_file_whose_tests_stay(folder: Path):
    spin(FLOW, "join")
    own = "import pytest\r\n\r\nspin = None\r\n\r\n\r\n"
    own += "def test_asserted_flow_join():\r\n    assert spin is None"
    file = folder / "test_own.py"
    file.write_bytes(own.encode())

    first = spin_test(FLOW, "join", file=file, dry_run=True)
    assert file.read_bytes() == own.encode()
    made = [spin_test(FLOW, "join", file=file) for _ in range(2)]

    assert first.text == made[0].text
    assert [each.name for each in made] == ["test_asserted_flow_join_2", "test_asserted_flow_join_3"]
    now = file.read_bytes().decode()
    assert now.startswith(own)
    assert "\n" not in now.replace("\r\n", "")
    code, said = pytest_run(folder, "test_own.py")
    assert code == 0, said
    assert "3 passed" in said


def test_printed_it_holds_from_the_working_directory(folder: Path):
    spin(FLOW, "end")

    text = spin_test(FLOW, "end").text

    assert f'"{FLOW}:AssertedFlow"' in text
    (folder / "test_printed.py").write_text(text)
    assert pytest_run(folder, "test_printed.py")[0] == 0


def test_what_a_test_could_not_spin_is_refused(folder: Path):
    with pytest.raises(TaskError, match="`start` of AssertedFlow has not been spun well here"):
        spin_test(FLOW, "start")

    spin(FLOW, "end", body="self.more = 1")
    with pytest.raises(TaskError, match=r"asserted.py does not have, .* `%spin_save AssertedFlow end`"):
        spin_test(FLOW, "end")

    spin(FLOW, "work", set={"handed_on": object()}, check=True)
    with pytest.raises(OptionError, match="--set handed_on: a object cannot be written"):
        spin_test(FLOW, "work")

    spin(FLOW, "join")
    spin(FLOW, "end", source="spin")
    with pytest.raises(TaskError, match="were spun in this kernel, where no test finds them"):
        spin_test(FLOW, "end")

    (folder / "test_broken.py").write_text("def broken(:\n")
    with pytest.raises(SaveError):
        spin_test(FLOW, "join", file="test_broken.py")
    assert (folder / "test_broken.py").read_text() == "def broken(:\n"


def test_a_step_that_lives_on_the_notebook_s_names_is_refused(folder: Path):
    flow = folder / FLOW
    flow.write_text(flow.read_text().replace("        pass", "        self.more = only_here"))
    spin(FLOW, "end", notebook={"only_here": 1})

    with pytest.raises(TaskError, match="NameError: name 'only_here' is not defined"):
        spin_test(FLOW, "end")


def test_the_user_s_spin_stays_the_last_one(folder: Path):
    spin(FLOW, "join", set={"[0].whole": 100})
    spin_test(FLOW, "join")

    assert spin(FLOW, "end", source="spin")["total"] == 112
