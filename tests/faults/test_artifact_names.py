"""Artifacts of odd names.

Names of Python's, IPython's and Metaflow's own, of all scripts, and such that only `setattr` can make.
"""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.flows.namesflow import NAMES
from tests.faults.whole import whole
from tests.kernel.harness import run_flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernel.harness import Kernel

FLOW = Path(__file__).parent / "flows" / "namesflow.py"
FREE = {
    "items",
    "inputs",
    "keys",
    "get",
    "values",
    "pop",
    "x",
    "name",
    "task",
    "spin",
    "metadata",
    "objects",
    "info",
}
FREE |= {"lock", "load", "describe", "start", "é", "fi", "数据", "שלום", "n" * 200}


@pytest.fixture(scope="module")
def names(project: Path) -> list[str]:
    """The names, of which a run has artifacts."""
    shutil.copy(FLOW, project)
    run_flow(FLOW, project)
    return NAMES


def test_a_spin_has_the_names_that_run_has(
    kernel: Kernel, project: Path, names: list[str], fault: Callable[..., None]
) -> None:
    fault("an artifact of an odd name is spun, compared and shown", "its row; the name on one line, escaped")
    with whole(kernel, project, changed=frozenset({"files"})):
        cell = kernel.run("%spin NamesFlow work")
        assert not cell.failed, cell.text
        assert kernel.value("[r.name for r in _spin.diff() if r.status != 'same']") == "[]"
        kernel.run("from metaflow import Flow\n_task = Flow('NamesFlow').latest_run['work'].task\ndel Flow")
        assert kernel.value("{each.id for each in _task} ^ set(_spin.artifacts)") == "set()"
        public = {name for name in names if not name.startswith("_")}
        assert set(ast.literal_eval(kernel.value("list(_spin.artifacts)"))) == public | {"name"}
        cell = kernel.run("%%spin NamesFlow work\nself.items = 5\nself.next(self.end)")
        rows = [line for line in cell.text.splitlines() if line.startswith("changed")]
        assert len(rows) == len(public | {"name"}) - 1, cell.text  # all but `name`
        assert max(map(len, rows)) < 200
        assert all(character.isprintable() for line in rows for character in line)
        assert sum(r"a\nb" in line for line in rows) == 1
        assert kernel.value("_spin['items'], _spin['a b'], repr(_spin.artifacts).isprintable()").endswith(
            "True)"
        )


def test_names_are_bound_where_that_breaks_nothing(
    kernel: Kernel, project: Path, names: list[str], fault: Callable[..., None]
) -> None:
    fault(
        "%spin_inputs binds it",
        "bound where the name is free; on self where it is anybody's",
        tried=len(names),
    )
    with whole(kernel, project, changed=frozenset({"names", "files"})):
        cell = kernel.run("x = 'mine'\n%spin_inputs NamesFlow work")
        assert not cell.failed, cell.text
        bound = {n for n in names if kernel.value(f"type(globals().get({n!r})) is int") == "True"}
        assert bound <= FREE
        assert FREE - bound <= {"x", "name"}  # `x` is the notebook's own, `name` Metaflow's
        assert kernel.value("x, callable(print), callable(exit), In[-1][:5], isinstance(Out, dict)") == (
            "('mine', True, True, 'print', True)"
        )
        assert kernel.value("self.items, self.self, getattr(self, 'a b')") == str(
            tuple(names.index(name) for name in ("items", "self", "a b"))
        )
        for name in ("'a b'", "'..'", "print.x"):
            cell = kernel.run(f"%spin_inputs NamesFlow work --only {name}")
            assert cell.text.startswith("\n\nOptionError") or "OptionError: Option --only" in cell.text, (
                cell.text
            )
        cell = kernel.run("%spin NamesFlow end --set items=7 --set é=8 --set self=9")
        assert not cell.failed, cell.text
        assert kernel.value("_spin['items'], _spin['é'], _spin['self']") == "(7, 8, 9)"
        kernel.run(f"for _n in {sorted(bound | {'x', 'self'})!r}:\n    globals().pop(_n, None)")


def test_names_that_run_cannot_store(
    kernel: Kernel, project: Path, names: list[str], fault: Callable[..., None]
) -> None:
    del names
    bad = {"a/b": "a/b", "/": "/", "../x": "../x", "\0": "\\x00", "a\0b": "a\\x00b", "\ud800": "\\ud800"}
    fault("a name that no file can have", "a note that `run` would fail", tried=len(bad) + 1)
    with whole(kernel, project, changed=frozenset({"files"})):
        body = f"for each in {[*bad, 'n' * 10_000]!a}:\n    setattr(self, each, 1)\nself.next(self.end)"
        cell = kernel.run(f"%%spin NamesFlow work\n{body}")
        assert not cell.failed, cell.text
        for shown in bad.values():
            assert f"`{shown}` cannot be in the name of a file, so `run` would fail. Rename it." in cell.text
        assert "n…` is too long for the name of a file: `run` would fail. Rename it." in cell.text
        assert max(map(len, cell.text.splitlines())) < 2_000


def test_run_does_fail_with_them(
    kernel: Kernel,
    project: Path,
    names: list[str],
    fault: Callable[..., None],
    full: bool,  # noqa: FBT001 -- as pytest gives it
) -> None:
    del kernel, names
    every = ("a/b", "\0", "\ud800", "n" * 240)
    tried = every if full else every[:1]
    fault("a real run with such a name", "Metaflow's traceback, as the note says", tried=len(tried))
    text = FLOW.read_text(encoding="utf-8")
    for name in tried:
        (project / "badname.py").write_text(
            text.replace("NamesFlow", "BadName").replace("\n\nclass", f"\nNAMES = [{name!a}]\n\nclass", 1),
            encoding="utf-8",
        )
        with pytest.raises(AssertionError, match="Step failure"):
            run_flow(Path("badname.py"), project)
    (project / "badname.py").unlink()
