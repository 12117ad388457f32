"""Artifacts that misbehave.

As outputs, as inputs, in comparisons, in the panel: what an artifact's own code does there ends nothing.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from tests.faults.odd import HOWS, METHODS, PICKLING, PROPERTIES
from tests.faults.whole import whole
from tests.kernel.harness import run_flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernel.harness import Cell, Kernel

HERE = Path(__file__).parent
SOME = {
    "error": ("__eq__", "__repr__", "__reduce__", "__setstate__"),
    "exit": ("__eq__", "__repr__", "__reduce__", "__setstate__"),
    "memory": ("__reduce__",),
    "deep": ("__reduce__", "__eq__"),
    "hang": ("__eq__", "__repr__", "__reduce__"),
    "interrupt": ("__repr__",),
    "lie": ("__eq__", "__len__", "__class__", "_repr_png_"),
    "large": ("__repr__", "__len__", "_repr_html_"),
    "wrong": ("__repr__", "__eq__", "_repr_mimebundle_"),
    "mutate": ("__eq__", "__getstate__"),
    "print": ("__repr__",),
    "spin": ("__repr__",),
    "chdir": ("__eq__", "__repr__", "__setstate__"),
}
DONE = {
    "error": (
        "raises",
        "the line without its preview, or not compared and why, or a note that it does not pickle",
    ),
    "exit": ("raises SystemExit", "the same: no cell ends, no result is lost"),
    "memory": ("raises MemoryError", "the same"),
    "deep": ("calls itself without end", "the same"),
    "interrupt": ("raises KeyboardInterrupt", "at worst what an interrupt by the keyboard shows"),
    "hang": (
        "never ends",
        "stopped in time: no preview, not compared, or a note that it is not known to pickle",
    ),
    "lie": ("lies", "`changed`, or not compared: a lie by == is named"),
    "large": ("gives what is far too large", "a line and a page of the usual length"),
    "wrong": ("gives what is no such thing", "its line, in the way that is left"),
    "mutate": ("changes its object", "`changed`"),
    "print": ("prints", "what it prints, above the panel"),
    "spin": ("spins another step", "its line as ever"),
    "chdir": ("changes the working directory", "nothing: it is put back"),
}


def name_of(method: str, how: str) -> str:
    return f"{method.strip('_')}_{how}"


@pytest.fixture(scope="module")
def odd(project: Path, full: bool) -> dict[str, tuple[str, ...]]:  # noqa: FBT001 -- as pytest gives it
    """The flow OddFlow with its run, whose artifacts behaved; the methods to try, by how they misbehave."""
    tried = dict.fromkeys(HOWS, METHODS) if full else SOME
    stored = [(m, h) for h in tried for m in tried[h] if m not in (*PROPERTIES, "__getattr__")]
    lines = [f"    {name_of(m, h)!r}: lambda: odd({m!r}, {h!r})(1)," for m, h in stored]
    for file in (HERE / "odd.py", HERE / "flows" / "oddflow.py"):
        shutil.copy(file, project)
    # A hanging __setstate__ is tried as an input; the panel would wait for it with each spin.
    made = "\n".join(["from odd import odd", "", "PAST = {", "    'plain': lambda: 1,", *lines, "}", ""])
    (project / "made.py").write_text(made, encoding="utf-8")
    with mock.patch.dict(os.environ, {"ODD_TAME": "1"}):
        run_flow(Path("oddflow.py"), project)
    return tried


def spun(kernel: Kernel, body: str, line: str = "OddFlow work") -> Cell:
    return kernel.run(f"%%spin {line}\nfrom odd import odd\n{body}\nself.next(self.end)")


def statuses(kernel: Kernel) -> dict[str, tuple[str, str]]:
    """Give what became of each artifact, as the panel was told."""
    rows = "{row.name: (row.status, row.reason) for row in _spin.compare(0.15)}"
    return ast.literal_eval(kernel.value(rows).splitlines()[-1])  # the others are what the artifacts print


@pytest.mark.parametrize("how", HOWS)
def test_an_output_misbehaves(
    kernel: Kernel, project: Path, odd: dict[str, tuple[str, ...]], fault: Callable[..., None], how: str
) -> None:
    fault(f"an artifact's method {DONE[how][0]}", DONE[how][1], tried=len(odd[how]))
    # What takes longer than a second is said by a thread, which has a socket for a while.
    with whole(kernel, project, changed=frozenset({"files"})):
        for method in odd[how]:
            if (method, how) == ("__class__", "hang"):
                continue  # Metaflow itself asks for it, and so would wait `run`
            name = f"out_{name_of(method, how)}"
            cell = spun(kernel, f"self.{name} = odd({method!r}, {how!r})(2)")
            if method == "__class__" and how in ("error", "exit", "memory", "deep", "interrupt"):
                assert cell.failed  # in Metaflow's own code, as in `run`
                continue
            if how == "interrupt":
                assert not cell.failed or "KeyboardInterrupt" in cell.traceback, cell.text
                continue
            assert not cell.failed, (method, cell.text)
            assert cell.seconds < 20, (method, cell.seconds)
            shown(cell, name)
            status, reason = statuses(kernel)[name]
            assert status in ("changed", "not compared", "new"), (method, status)
            assert (status == "not compared") == bool(reason)
            if method in PICKLING and how in ("error", "exit", "memory", "deep"):
                assert f"`{name}` does not pickle (" in cell.text
            if method in PICKLING and how == "hang":
                assert f"It is not known whether `{name}` pickles (it took longer than 2 s)" in cell.text
    if how == "lie":
        spun(kernel, "self.out_eq_lie = odd('__eq__', 'lie')(2)")
        told = ("not compared", "its own == says that it is the same, but what is stored differs")
        assert statuses(kernel)["out_eq_lie"] == told


def shown(cell: Cell, name: str) -> None:
    """Check that the panel has the artifact's row, and no wall of text."""
    # With --full hundreds of others are gone, and stand before what could not be compared.
    assert name in cell.text or re.search(r"and \d{3} more", cell.text)
    panel = cell.data("text/plain")[-1]  # a sign of life may stand before it
    assert len(panel) < 40_000
    assert max(map(len, panel.splitlines())) < 1_100
    assert all(len(html) < 400_000 for html in cell.data("text/html"))


def test_inputs_that_do_not_unpickle(
    kernel: Kernel, project: Path, odd: dict[str, tuple[str, ...]], fault: Callable[..., None]
) -> None:
    del odd
    fault(
        "an input's unpickling raises, exits, never ends",
        "a sentence for each; it stays on self, and the others are bound",
        tried=3,
    )
    past = {f"set_{how}": f"lambda: odd('__setstate__', {how!r})(1)" for how in ("error", "exit", "hang")}
    with other_past(project, past):
        with whole(kernel, project, changed=frozenset({"names", "files"})):
            kernel.run("import spin_magic.namespace as _bind; _kept = _bind.LOADING_SECONDS")
            kernel.run("_bind.LOADING_SECONDS = 0.5")
            cell = kernel.run("%spin_inputs OddFlow work")
            kernel.run("_bind.LOADING_SECONDS = _kept")
            assert not cell.failed, cell.text
            assert "in_set_error could not be loaded: ValueError: odd" in cell.streams
            assert "in_set_exit could not be loaded: SystemExit: odd" in cell.streams
            assert "in_set_hang could not be loaded: took longer than 0.5 s" in cell.streams
            assert "on self  in_set_hang" in cell.text
            assert kernel.value("in_plain, 'in_set_exit' in globals()") == "(1, False)"
            only = kernel.run("%spin_inputs OddFlow work --only in_set_exit")
            assert only.failed
            assert only.text.strip() == "TaskError: --only in_set_exit could not be loaded: SystemExit: odd"
            # A step that reads it ends, as it does in `run`.
            assert spun(kernel, "self.in_set_exit").failed
            assert kernel.value("repr(_spin.error)") == "\"SystemExit('odd')\""
            cell = spun(kernel, "self.out_set_exit = odd('__setstate__', 'exit')(2)")
            assert not cell.failed, cell.text
            assert statuses(kernel)["out_set_exit"] == ("not compared", "loading it raised SystemExit: odd")
            cell = spun(kernel, "self.out_set_hang = odd('__setstate__', 'hang')(2)")
            assert not cell.failed, cell.text
            assert "loading it took longer than 2 s" in cell.text
        kernel.run("del self, in_plain")


class other_past:  # noqa: N801 -- read as a statement
    """Another run of OddFlow for the block, and then that of before."""

    def __init__(self, project: Path, past: dict[str, str]) -> None:
        self.file, self.runs = project / "made.py", project / ".metaflow" / "OddFlow"
        lines = [f"    {name!r}: {made}," for name, made in past.items()]
        made = ["from odd import odd", "", "PAST = {", "    'plain': lambda: 1,", *lines, "}", ""]
        self.text = "\n".join(made)

    def __enter__(self) -> None:
        self.before = self.file.read_text(encoding="utf-8")
        self.file.write_text(self.text, encoding="utf-8")
        shutil.move(self.runs, self.runs.with_name("kept"))
        with mock.patch.dict(os.environ, {"ODD_TAME": "1"}):
            run_flow(Path("oddflow.py"), self.file.parent)

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.runs)
        shutil.move(self.runs.with_name("kept"), self.runs)
        self.file.write_text(self.before, encoding="utf-8")


SHAPES = """
import enum
class Gone: pass
class Slotted:
    def __init__(self): self.a = 1
class Colour(enum.Enum):
    BLUE = 2
class Renamed:
    def __init__(self): self.a = 1
"""
SHAPES_NOW = """
import enum
class Slotted:
    __slots__ = ("b",)
class Colour(enum.Enum):
    RED = 1
class Renamed:
    def __repr__(self): return f"{self.other}"
"""


def test_classes_are_gone_or_changed_since_the_run(
    kernel: Kernel, project: Path, odd: dict[str, tuple[str, ...]], fault: Callable[..., None]
) -> None:
    del odd
    fault(
        "an input's class or module is gone, renamed, has other slots or members since the run",
        "a sentence that names the artifact and what is missing; steps that do not read it run",
        tried=5,
    )
    shapes = project / "shapes.py"
    shapes.write_text(SHAPES, encoding="utf-8")
    made = {"gone": "Gone()", "slotted": "Slotted()", "colour": "Colour.BLUE", "renamed": "Renamed()"}
    past = {name: f"lambda: __import__('shapes').{made}" for name, made in made.items()}
    with other_past(project, past):
        shapes.write_text(SHAPES_NOW, encoding="utf-8")
        (project / "made.py").write_text("PAST = {}\n", encoding="utf-8")
        with whole(kernel, project, changed=frozenset({"names", "files"})):
            cell = kernel.run("%spin_inputs OddFlow work")
            assert not cell.failed, cell.text
            said = cell.streams
            assert "in_gone could not be loaded: AttributeError: Can't get attribute 'Gone' on" in said
            assert "in_slotted could not be loaded: AttributeError: 'Slotted' object has no attribute" in said
            assert "in_colour could not be loaded: ValueError: 2 is not a valid Colour" in said
            assert "(no preview)" in next(line for line in cell.text.splitlines() if "in_renamed" in line)
            assert "Colour  " in next(line for line in cell.text.splitlines() if "on self  in_colour" in line)
            assert not kernel.run("%spin OddFlow work").failed
            cell = spun(kernel, "self.x = self.in_gone")
            assert cell.error
            assert cell.error["ename"] == "AttributeError"
            assert "metaflow" not in cell.traceback
        shapes.unlink()
        cell = kernel.run("%spin_inputs OddFlow work --only in_gone")
        assert cell.text.strip() == (
            "TaskError: --only in_gone could not be loaded: ModuleNotFoundError: No module named 'shapes'"
        )
        kernel.run("del self, in_plain, in_renamed")


def test_what_does_not_pickle(
    kernel: Kernel, project: Path, odd: dict[str, tuple[str, ...]], fault: Callable[..., None]
) -> None:
    del odd
    values = {
        "lock": "threading.Lock()",
        "gen": "(x for x in 'ab')",
        "file": "open(0, closefd=False)",
        "mod": "threading",
        "local": "type('Local', (), {})()",
        "proxy": "types.MappingProxyType({})",
        "frame": "__import__('sys')._getframe()",
        "me": "self",
        "weak": "weakref.ref(threading.Thread)",
    }
    fault(
        "an artifact that does not pickle", "a note that `run` would fail, its row as ever", tried=len(values)
    )
    body = "import threading, types, weakref\n" + "\n".join(f"self.{n} = {v}" for n, v in values.items())
    with whole(kernel, project):
        cell = spun(kernel, body)
        assert not cell.failed, cell.text
        for name in values:
            assert f"`{name}` does not pickle (" in cell.text
        cell = kernel.run("%spin OddFlow end --from spin")
        assert not cell.failed, cell.text
    fault("a function or method set on self", "a note that Metaflow stores none")
    cell = spun(kernel, "self.f = lambda: 1")
    assert "`f` is a function, and Metaflow stores none: no later step finds it." in cell.text
    assert kernel.value("'f' in _spin.artifacts") == "False"


def test_variables_of_the_notebook_that_misbehave(
    kernel: Kernel, project: Path, odd: dict[str, tuple[str, ...]], fault: Callable[..., None]
) -> None:
    del odd
    pairs = [("__class__", "error"), ("__eq__", "hang"), ("__bool__", "error"), ("__hash__", "error")]
    fault("a variable of the notebook misbehaves, is lent, is in Out", "nothing of it", tried=len(pairs))
    kernel.run("from odd import odd")
    for method, how in pairs:
        kernel.run(f"bad = odd({method!r}, {how!r})(1)")
        kernel.run("bad")
        kernel.run("{1: [bad]}")
        with whole(kernel, project):
            cell = spun(kernel, "type(bad)")
            assert not cell.failed, (method, cell.text)
            assert "`bad` comes from this notebook: `run` would not find it." in cell.text
            assert not kernel.run("%spin_inputs OddFlow work --only in_plain").failed
            kernel.run("del in_plain")
    kernel.run("del bad, odd")


def test_workers_bring_what_misbehaves(
    kernel: Kernel,
    project: Path,
    odd: dict[str, tuple[str, ...]],
    fault: Callable[..., None],
    full: bool,  # noqa: FBT001 -- as above
) -> None:
    del odd
    fault("it comes from a worker process (--jobs)", "what could not come is said in its cell", tried=3)
    body = (
        "from odd import odd\nself.doubled = self.input * 2\nself.a = odd('__setstate__', 'exit')(2)\n"
        "self.b = odd('__reduce__', 'exit')(2)\nself.c = odd('__repr__', 'exit')(2)\nself.next(self.join)"
    )
    # The workers stay, for the next spin of many.
    with whole(kernel, project, changed=frozenset({"files", "threads"})):
        cell = kernel.run(f"%%spin SmallFlow work --all-splits --jobs 2\n{body}")
        assert not cell.failed, cell.text
        assert "3 of 3, ok" in cell.text
        assert kernel.value("_spin['a']").startswith("<what cannot be read from its pickle: SystemExit: odd>")
        assert kernel.value("_spin['b']").startswith("<Odd____reduce____exit that does not pickle")
    if full:
        fault("it comes from an isolated process", "its row, without a preview; or that the process ended")
        # The last result keeps the folder that its artifacts are in.
        with whole(kernel, project, changed=frozenset({"files"})):
            cell = kernel.run("%%spin SmallFlow work --isolated\n" + body.replace("self.b = ", "b = "))
            assert not cell.failed, cell.text
            cell = kernel.run(f"%%spin SmallFlow work --isolated\n{body}")
            assert cell.failed
            assert "IsolatedError: The process of `work` ended" in cell.text


def test_values_of_all_kinds_are_what_run_stores(
    kernel: Kernel, project: Path, odd: dict[str, tuple[str, ...]], fault: Callable[..., None]
) -> None:
    del odd
    values = HERE / "flows" / "values.py"
    tried = values.read_text(encoding="utf-8").count('\n    "')
    fault(
        "values of all kinds, of the library, NumPy and pandas", "`same`, as `run` stores them", tried=tried
    )
    with other_past(project, {}):
        shutil.copy(values, project / "made.py")
        shutil.rmtree(project / ".metaflow" / "OddFlow")
        run_flow(Path("oddflow.py"), project)
        # Libraries that the values are of start threads of their own.
        with whole(kernel, project, changed=frozenset({"files", "threads"})):
            cell = kernel.run("%spin OddFlow work", timeout=120)
            assert not cell.failed, cell.text
            assert (
                kernel.value("[(r.name, r.status, r.reason) for r in _spin.diff() if r.status != 'same']")
                == "[]"
            )
            client = "from metaflow import Flow; _task = Flow('OddFlow').latest_run['work'].task"
            kernel.run(client)
            kernel.run("del Flow")
            assert kernel.value("{each.id for each in _task} ^ set(_spin.artifacts)") == "set()"
            assert kernel.value("len(_spin.artifacts)") == str(2 * tried + 1)
            # As something new, each has a row: its texts have no wall, no escape and no lone surrogate.
            body = (
                "from made import PAST\nfor n, make in PAST.items():\n    setattr(self, 'now_' + n, make())"
            )
            kernel.run("%config SpinMagic.panel_rows = 500")
            kernel.run("%config SpinMagic.preview_seconds = 20")
            cell = kernel.run(f"%%spin OddFlow work\n{body}\nself.next(self.end)", timeout=120)
            kernel.run("%config SpinMagic.panel_rows = 64")
            kernel.run("%config SpinMagic.preview_seconds = 0.15")
            assert not cell.failed, cell.text
            rows = [line for line in cell.text.splitlines() if line.startswith("new")]
            assert len(rows) == tried
            assert max(map(len, rows)) < 250
            assert all(character.isprintable() for line in rows for character in line)
            assert not [line for line in rows if "no preview" in line and "own_number" not in line]
            # The next step takes them; of each that a new class has made unreadable a sentence is said.
            cell = kernel.run("%spin OddFlow end --from spin")
            assert not cell.failed, cell.text
