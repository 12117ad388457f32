from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from spin_magic.errors import IsolatedError, OptionError
from spin_magic.isolated.command import Asked, variables, words
from spin_magic.isolated.endings import StepError, made_anew, process_end, readable
from spin_magic.isolated.place import Place, copy_beside
from spin_magic.isolated.process import started
from spin_magic.options import parse_spin


@pytest.fixture
def place():
    return Place()


def test_options_stand_where_the_command_line_wants_them(tmp_path, place):
    asked = Asked(
        "F/1/s/2", "pypi", skip_decorators=True, config={"c": "c.json"}, config_value={"v": {"n": 1}}
    )
    found = words(tmp_path / "flow.py", place, asked)
    verb = found.index("spin")
    assert found[verb - 8 : verb] == [
        *("--environment", "pypi", "--config", "c", str(Path("c.json").resolve())),
        *("--config-value", "v", '{"n": 1}'),
    ]
    assert found[verb + 1 : verb + 3] == ["F/1/s/2", "--persist"]
    assert found[-1] == "--skip-decorators"


def test_what_a_step_writes_is_private(place, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    found = variables(place)
    assert "MPLBACKEND" not in found
    private = [name for name, value in found.items() if value.startswith(str(place.root))]
    assert set(private) == {
        "METAFLOW_DATASTORE_SYSROOT_SPIN",
        "METAFLOW_CARD_LOCALROOT",
        "METAFLOW_CLIENT_CACHE_PATH",
    }
    monkeypatch.setenv("MPLBACKEND", "agg")
    assert variables(place)["MPLBACKEND"] == "agg"


def test_the_folder_goes_with_the_last_who_reads_from_it():
    root = Place().root
    assert not root.exists()
    kept = Place()
    assert kept.root.exists()


def test_a_copy_is_hidden_and_goes_with_what_killed_kernels_left(tmp_path):
    flow = tmp_path / "flow.py"
    flow.write_text("x = 1\n")
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    stale = tmp_path / f".flow-spin-{done.pid}-00000000.py"
    living = tmp_path / f".flow-spin-{os.getppid()}-00000000.py"
    young = tmp_path / f".flow-spin-{done.pid}-11111111.py"
    for path in (stale, living, young, tmp_path / ".other-spin-x.py"):
        path.touch()
        if path != young:
            os.utime(path, (0, 0))
    with copy_beside(flow, b"x = 2\n") as copy:
        assert copy.read_bytes() == b"x = 2\n"
        assert copy.parent == tmp_path
        assert copy.name.startswith(".flow-spin-")
        assert not stale.exists()
    assert {path.name for path in tmp_path.iterdir()} == {
        *("flow.py", ".other-spin-x.py"),
        *(living.name, young.name),
    }


def test_folders_of_killed_kernels_go(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stale, living = tmp_path / "spin_isolated_999999999_ab", tmp_path / f"spin_isolated_{os.getpid()}_ab"
    for folder in (stale, living):
        folder.mkdir()
        (folder / "orders.json").touch()
        os.utime(folder, (0, 0))
    kept = Place()
    assert {path.name for path in tmp_path.iterdir()} == {living.name, kept.root.name}


def test_the_folder_of_a_kernel_that_was_killed_after_its_spin_goes_with_the_next(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    program = (
        "import os; from spin_magic.isolated.place import Place; kept = Place(); os.kill(os.getpid(), 9)"
    )
    environ = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], env=environ, check=False)
    assert len([*tmp_path.iterdir()]) == 1
    kept = Place()
    assert [path.name for path in tmp_path.iterdir()] == [kept.root.name]


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path):
    with pytest.raises(IsolatedError, match="cannot be written to"), copy_beside(tmp_path / ("x" * 250), b""):
        pass


def test_both_streams_come_as_they_are_and_in_this_thread():
    program = "import sys; print('  out'); print('é', file=sys.stderr); print('no end', end='')"
    said = []
    with started([sys.executable, "-c", program], ".", {**os.environ, "PYTHONIOENCODING": "utf-8"}) as child:
        code = child.follow(lambda name, text: said.append((name, text)))
    assert code == 0
    assert "".join(text for name, text in said if name == "stdout") == "  out\nno end"
    assert "".join(text for name, text in said if name == "stderr") == "é\n"


def test_what_was_started_ends_with_the_block():
    children = []

    def fails() -> None:
        with started(["sleep", "60"], ".", dict(os.environ)) as child:
            children.append(child)
            raise ZeroDivisionError

    begun = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        fails()
    assert children[0]._process.returncode in (-signal.SIGINT, -signal.SIGTERM)
    assert time.monotonic() - begun < 4


class PickyError(Exception):
    def __new__(cls, one, two):
        return super().__new__(cls, one)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("builtins.KeyError", KeyError),
        ("builtins.UnicodeDecodeError", UnicodeDecodeError),
        ("builtins.FileNotFoundError", FileNotFoundError),
        ("json.decoder.JSONDecodeError", ValueError),
        ("__main__.Own", RuntimeError),
        ("__main__.PickyError", StepError),
        ("nowhere.Gone", StepError),
        ("os.path", StepError),
    ],
)
def test_exceptions_are_of_their_class_where_it_is_here(name, kind):
    own = type("Own", (RuntimeError,), {"__init__": lambda self, a, b, c: None})
    made = made_anew(name, "what it said", "Traceback\n  its lines", {"Own": own, "PickyError": PickyError})
    assert isinstance(made, kind)
    assert type(made).__name__ == name.rpartition(".")[2]
    assert str(made) == "what it said"
    assert made._render_traceback_() == ["Traceback", "  its lines"]


def test_tracebacks_name_the_flow_file_and_leave_metaflow_out():
    stack = (
        'Traceback (most recent call last):\n  File "/x/metaflow/task.py", line 1, in run\n    step()\n'
        '    ^^^^^^\n  File "/home/metaflow/.flow-spin-1-a.py", line 2, in train\n'
        "    1 / 0\nZeroDivisionError: x"
    )
    assert readable(stack, "/home/metaflow/.flow-spin-1-a.py", "/home/metaflow/flow.py") == (
        'Traceback (most recent call last):\n  File "/home/metaflow/flow.py", line 2, in train\n'
        "    1 / 0\nZeroDivisionError: x"
    )


def test_tracebacks_name_the_cell_where_a_line_is_its():
    copy = "/x/.flow-spin-1-a.py"
    stack = f'  File "{copy}", line 7, in train\n    1 / 0\nZeroDivisionError: in {copy}'
    assert readable(stack, copy, "/x/flow.py", lambda line: ("<cell>", line - 4)) == (
        '  File "<cell>", line 3, in train\n    1 / 0\nZeroDivisionError: in /x/flow.py'
    )


def test_ends_of_processes_in_words():
    assert "memory" in str(process_end("s", -signal.SIGKILL, ""))
    assert "Segmentation fault" in str(process_end("s", -signal.SIGSEGV, ""))
    assert "exit state 3" in str(process_end("s", 3, "oh"))
    assert str(process_end("s", 3, "oh")).endswith("Its last words: oh")


def test_the_line():
    options = parse_spin("F s --isolated --environment uv --persist")
    assert (options.isolated, options.environment, options.persist) == (True, "uv", True)
    assert parse_spin("F s").persist is None
    assert parse_spin("F s --no-persist").persist is False
    with pytest.raises(OptionError, match="--locals"):
        parse_spin("F s --isolated --locals")
