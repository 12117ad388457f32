"""The Tab key by the kernel's protocol, on a flow that has been run."""

from __future__ import annotations

import re
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.kernel.harness import LOAD, Kernel, fresh_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TYPES = "_jupyter_types_experimental"
# As long as it takes, however busy the machine is.
PATIENT = f"{LOAD}\n%config SpinMagic.tab_seconds = 60"
# Notes which artifacts are loaded.
READS = """
from spin_magic.engine import artifacts
read, fetch = [], artifacts.fetch
artifacts.fetch = lambda store, name, *more: read.append(name) or fetch(store, name, *more)
"""
IN_NOTEBOOK = """
from metaflow import FlowSpec, step
class CellFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.only)
    @step
    def only(self):
        "Does it all."
        self.next(self.end)
    @step
    def end(self):
        pass
"""


@pytest.fixture(scope="module")
def tabbed(ran: Path) -> Iterator[Kernel]:
    """A kernel with the magics, which only looks."""
    with fresh_kernel(ran) as running:
        assert not running.run(PATIENT).failed
        yield running


def types(reply: dict[str, Any]) -> dict[str, str]:
    return {
        each["text"]: each["type"].replace("\N{NO-BREAK SPACE}", " ") for each in reply["metadata"][TYPES]
    }


@pytest.fixture(scope="module")
def run(ran: Path) -> str:
    return next(path.name for path in (ran / ".metaflow" / "SmallFlow").iterdir() if path.name.isdigit())


def test_flows_files_and_steps(tabbed: Kernel) -> None:
    assert tabbed.complete("%spin S")["matches"] == ["SmallFlow", "smallflow.py"]
    assert tabbed.complete("%%spin SmallFlow w")["matches"] == ["work"]
    assert tabbed.complete("%spin_load smallflow.py j")["matches"] == ["join"]


def test_runs_say_how_they_ended(tabbed: Kernel, run: str) -> None:
    ended = re.compile(r"run finished (just now|\d+ \w+ ago)")
    of_spins = types(tabbed.complete("%spin SmallFlow work --from "))
    of_cards = types(tabbed.complete("%spin_cards SmallFlow work --from "))

    assert list(of_spins) == ["spin", run]
    assert list(of_cards) == [run]
    assert ended.fullmatch(of_spins[run])
    assert ended.fullmatch(of_cards[run])


def test_pathspecs(tabbed: Kernel, run: str) -> None:
    assert tabbed.complete("%spin SmallFlow ")["matches"] == ["start", "work", "join", "end", f"{run}/"]
    steps = types(tabbed.complete(f"%spin SmallFlow {run}/"))
    assert list(steps) == [f"{run}/{step}" for step in ("start", "work", "join", "end")]
    assert steps[f"{run}/work"] == "3 tasks"
    tasks = types(tabbed.complete(f"%spin SmallFlow SmallFlow/{run}/work/"))
    assert [each.partition(", fin")[0] for each in tasks.values()] == [
        "index 0, input=1",
        "index 1, input=2",
        "index 2, input=3",
    ]
    assert all(each.startswith(f"SmallFlow/{run}/work/") for each in tasks)


@pytest.mark.parametrize("how", ["work", "{run}/work", "work --from {run}", 'work --namespace ""'])
def test_splits_have_their_values(tabbed: Kernel, run: str, how: str) -> None:
    line = f"%spin SmallFlow {how.format(run=run)} --"

    assert types(tabbed.complete(line + "index ")) == {"0": "input=1", "1": "input=2", "2": "input=3"}
    assert types(tabbed.complete(line + "value=")) == {
        "--value=1": "index 0",
        "--value=2": "index 1",
        "--value=3": "index 2",
    }


def test_inputs_of_a_step_and_of_a_join(tabbed: Kernel) -> None:
    assert types(tabbed.complete("%spin SmallFlow work --set ")) == {"alpha=": "float", "items=": "list"}
    assert tabbed.complete("%spin SmallFlow join --set ")["matches"] == [
        "work.",
        "[0].",
        "[1].",
        "[2].",
        "alpha=",
    ]
    assert tabbed.complete("%spin SmallFlow join --set [1].d")["matches"] == ["[1].doubled="]
    assert tabbed.complete("%spin SmallFlow join --set work.d")["matches"] == ["work.doubled="]
    assert tabbed.complete("%spin SmallFlow work --all-splits --show d")["matches"] == ["doubled"]
    assert tabbed.complete("%spin_inputs SmallFlow end --only alpha,t")["matches"] == ["alpha,total"]


def test_what_a_set_value_may_be_is_python(tabbed: Kernel) -> None:
    tabbed.run("my_number = 3")

    assert "my_number" in tabbed.complete("%spin SmallFlow work --set alpha=my_n")["matches"]


def test_another_namespace_has_no_runs(tabbed: Kernel) -> None:
    assert tabbed.complete("%spin SmallFlow work --namespace user:nobody --from 1")["matches"] == []
    assert tabbed.complete("%spin SmallFlow work --namespace ")["matches"][0] == '""'


@pytest.mark.parametrize(
    ("before", "word", "after"),
    [
        ("%spin SmallFlow ", "wo", ""),
        ("%spin SmallFlow ", "wo", "rk"),
        ("%%spin SmallFlow ", "wo", " --index 1\nself.next(self.join)"),
        ("x = 1\nfor y in range(3):\n    r = %spin SmallFlow ", "wo", "\nprint(r)"),
        ("%spin SmallFlow \\\n    ", "wo", ""),
        ("spin SmallFlow ", "wo", ""),
    ],
)
def test_the_cursor_range_is_the_word_up_to_the_cursor(
    tabbed: Kernel, before: str, word: str, after: str
) -> None:
    cursor = len(before + word)
    reply = tabbed.complete(before + word + after, cursor)

    assert reply["matches"] == ["work"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (len(before), cursor)


def test_quotes_belong_to_the_range(tabbed: Kernel) -> None:
    reply = tabbed.complete("%spin 'smallf")

    assert reply["matches"] == ["'SmallFlow'", "'smallflow.py'"]
    assert reply["cursor_start"] == len("%spin ")


@pytest.mark.parametrize(
    "code", ["%spin NoFlow ", "%spin SmallFlow work --seed ", "%spin SmallFlow nostep --index ", "%spin_new "]
)
def test_nothing_else_is_mixed_in(tabbed: Kernel, code: str) -> None:
    tabbed.run("import os, sys")

    assert tabbed.complete(code)["matches"] == []


@pytest.mark.parametrize("code", ["%%spin SmallFlow work\nimport o", "%%time\n%spin SmallF", "spin_ = o"])
def test_other_lines_are_left_to_ipython(tabbed: Kernel, code: str) -> None:
    offered = types(tabbed.complete(code))

    assert not {"SmallFlow", "work"} & set(offered)


def test_a_flow_of_the_notebook(tabbed: Kernel) -> None:
    assert not tabbed.run(IN_NOTEBOOK).failed

    assert types(tabbed.complete("%spin Cell")) == {"CellFlow": "in this notebook"}
    assert types(tabbed.complete("%spin CellFlow on")) == {"only": "Does it all."}


def test_it_leaves_no_trace(ran: Path) -> None:
    """A kernel of its own, that has done nothing else."""
    with fresh_kernel(ran) as kernel:
        kernel.run(PATIENT)
        kernel.run("import sys, metaflow.client.core as core")
        kernel.run(READS)
        state = "core.current_namespace, core.current_metadata, [n for n in dir() if not n.startswith('_')]"
        before = kernel.value(state)
        for line in ("", "SmallFlow ", "SmallFlow work --index ", "SmallFlow join --set [0]."):
            assert kernel.complete(f"%spin {line}")["matches"]
        assert kernel.run("print('only this')").streams == "only this\n"
        assert kernel.value(state) == before
        assert kernel.value("{name for name in read if not name.startswith('_')}") == "set()"
        assert kernel.value("len(read) > 0") == "True"
        assert kernel.value("{'smallflow', 'spin_magic.flows.load'} & set(sys.modules)") == "set()"


@pytest.fixture
def silent_service(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A metadata service that takes requests and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("METAFLOW_DEFAULT_METADATA", "service")
        monkeypatch.setenv("METAFLOW_SERVICE_URL", address)
        yield address


def test_a_service_that_hangs_is_not_waited_for(ran: Path, silent_service: str) -> None:
    with fresh_kernel(ran) as kernel:
        kernel.run(LOAD)
        kernel.run("import spin_magic.api")
        for _ in range(3):
            begun = time.monotonic()
            offered = kernel.complete("%spin SmallFlow ")["matches"]
            # The service would be asked for 15 s and more.
            assert time.monotonic() - begun < 10
        assert offered == ["start", "work", "join", "end"]
        assert kernel.complete("%spin SmallFlow work --se")["matches"] == ["--set", "--seed"]
        assert kernel.run("print('usable')").streams == "usable\n"


def test_what_was_spun_is_offered(project: Path) -> None:
    with fresh_kernel(project) as kernel:
        kernel.run(PATIENT)
        spun = kernel.run("%%spin SmallFlow extra --after work\nself.fresh = 1\nself.next(self.join)")
        assert not spun.failed, spun.text

        assert types(kernel.complete("%spin SmallFlow ex")) == {"extra": "spun here, not in the file yet"}
        assert "alpha=" in kernel.complete("%spin SmallFlow extra --after work --set ")["matches"]
        kernel.run("%unload_ext spin_magic")
        assert "SmallFlow" not in kernel.complete("%spin Small")["matches"]
