"""One step on many tasks: some splits, in this process and in others, on the tasks of real runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from pathlib import Path

import pytest

from spin_magic import spin
from spin_magic.errors import SpinError, WorkerError
from spin_magic.settings import SpinMagic
from spin_magic.splits import spin_splits
from tests.conformance.describe import describe

FLOW = "chained.py"
# Prints, fails on one split, hands an input on, makes values of several kinds, and draws by chance.
BODY = """
import random, sys
print("inner", self.inner)
print("to the other stream", file=sys.stderr)
if len(self.inner) == 1:
    raise LookupError("odd one")
self.chance = random.random()
self.same = self.inner
self.pair = (self.input, self.index, lent(self.index))
self.next(self.inner_join)
"""


@pytest.fixture(autouse=True)
def nothing_spun(monkeypatch):
    monkeypatch.setattr("spin_magic.loop.session._spun", {})


@pytest.fixture
def ran(run_of) -> str:
    return run_of("chained").run_id


def lent(number):
    return number + 100


def seen(results) -> list[object]:
    """All that a result says, but for times and objects' addresses."""
    return [
        (
            label,
            each.ok,
            repr(each.error),
            getattr(each.error, "__notes__", None),
            {name: describe(each[name]) for name in each.artifacts},
            {name: each.artifacts.describe(name).size for name in each.artifacts},
            [(row.name, row.status) for row in each.diff()],
            (each.inputs.tasks, each.inputs.index, each.inputs.value, each.origin, each.next),
            (each.stdout, each.stderr, each.notes, [(card.type, card.id) for card in each.cards]),
            describe(each.self._foreach_stack),
        )
        for label, each in zip(results.labels, results, strict=True)
    ]


def test_other_processes_give_the_same_results(ran: str, capsys):
    options = {"body": BODY, "seed": 7, "check": False, "notebook": {"lent": lent}}
    here = spin_splits(FLOW, "leaf", **options)
    said = capsys.readouterr()
    there = spin_splits(FLOW, "leaf", jobs=2, **options)
    assert seen(there) == seen(here)
    assert [each.ok for each in there] == [False, True, True]
    assert all("lent" in each.notes[0] for each in there)
    printed = capsys.readouterr()
    assert sorted(printed.out.splitlines()) == sorted(said.out.splitlines())
    assert sorted(printed.err.splitlines()) == sorted(said.err.splitlines())
    assert spin(FLOW, "inner_join", source="spin", index=1).inputs.why.count("2 spun here") == 1


def test_other_processes_keep_to_what_was_set_here_and_keep_nothing_themselves(
    ran: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    SpinMagic.instance().notes = False
    options = {
        "body": BODY.replace('raise LookupError("odd one")', "pass"),
        "jobs": 2,
        "notebook": {"lent": lent},
        "persist": True,
    }
    results = spin_splits(project / FLOW, "leaf", **options)
    assert [note for each in results for note in each.notes if "Kept as" not in note] == []
    kept = {str(each.persisted).split("/")[1] for each in results}
    assert {path.name for path in Path(".metaflow_spin/ChainedFlow").iterdir() if path.name.isdigit()} == kept
    assert len(kept) == 3


def test_a_failure_there_shows_its_own_line(ran: str):
    shown = []
    for jobs in (1, 2):
        with pytest.raises(LookupError, match="odd one") as caught:
            spin_splits(FLOW, "leaf", body=BODY, index=[0, 1], jobs=jobs, notebook={"lent": lent})
        frames = traceback.extract_tb(caught.value.__traceback__)
        shown.append([(frame.name, frame.lineno, frame.line) for frame in frames][-1])
    assert shown[0] == shown[1]
    assert shown[0][2] == 'raise LookupError("odd one")'


def test_a_process_that_dies_takes_its_task_along_and_no_other(ran: str):
    body = "import os\nif self.index == 1: os._exit(3)\nself.pair = os.getpid()\nself.next(self.inner_join)"
    results = spin_splits(FLOW, "leaf", body=body, jobs=2, check=False)
    assert [each.ok for each in results] == [True, True, False]
    assert isinstance(results[2].error, WorkerError)
    assert "is gone (EXIT(3))" in str(results[2].error)
    assert results[2].inputs.value == "y"
    assert results.errors == {2: results.error}
    assert all(each["pair"] != os.getpid() for each in results[:2])
    again = spin_splits(FLOW, "leaf", body="import os\nself.pair = os.getpid()", jobs=2)
    assert {each["pair"] for each in again} & {results[0]["pair"], results[1]["pair"]}


def test_an_interrupt_keeps_what_is_done(ran: str):
    began = threading.Event()

    def progress(done: int, total: int, failed: int) -> None:
        if done == 1:
            began.set()

    def interrupt():
        assert began.wait(30)
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    body = "import time\ntime.sleep(60 if self.index or len(self.inner) > 1 else 0)\nself.pair = 1"
    results = spin_splits(FLOW, "leaf", body=body, jobs=2, check=False, progress=progress)
    thread.join()
    assert isinstance(results.error, KeyboardInterrupt)
    assert (len(results), results.total, results.ok) == (1, 3, False)
    assert results.waiting == ["1, 0", "1, 1"]
    text = results._repr_mimebundle_()["text/plain"]
    assert "1 of 3, interrupted" in text
    assert text.count("not done") == 2
    assert [row["outcome"] for row in results.table()] == ["ok", "not done", "not done"]


def test_an_interrupt_while_a_task_is_handed_over_leaves_no_worker_at_it(ran: str, monkeypatch):
    """A worker that was counted as idle would do that task before those of the next cell."""
    from spin_magic.jobs import pool

    here = "import os\nself.pair = os.getpid()\nself.next(self.inner_join)"
    spin_splits(FLOW, "leaf", body=here, jobs=2)

    def submit(self, *args):
        submitted(self, *args)
        raise KeyboardInterrupt

    submitted = pool.ProcessPoolExecutor.submit
    with monkeypatch.context() as patch:
        patch.setattr(pool.ProcessPoolExecutor, "submit", submit)
        stopped = spin_splits(FLOW, "leaf", body="import time\ntime.sleep(60)", jobs=2, check=False)
    assert (len(stopped), stopped.interrupted) == (0, True)
    begun = time.monotonic()
    spin_splits(FLOW, "leaf", body=here, jobs=2)
    assert time.monotonic() - begun < 30


def test_workers_are_deaf_to_interrupts_from_their_first_moment(ran: str):
    """A front end's interrupt goes to all of them, also to those that are still importing."""
    body = (
        "import signal\nself.pair = signal.pthread_sigmask(signal.SIG_BLOCK, ())\nself.next(self.inner_join)"
    )
    results = spin_splits(FLOW, "leaf", body=body, jobs=2)
    assert [each["pair"] for each in results] == [{signal.SIGINT}] * 3
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


UNREADABLE = """
class Unreadable:
    def __reduce__(self):
        return bytes.fromhex, ("zz",)

class Refused(Exception):
    def __init__(self, code, why):
        super().__init__(f"{code}: {why}")

if len(self.inner) == 1:
    raise Refused(3, "odd one")
self.pair = Unreadable() if self.index else 1
self.score = 7
self.next(self.inner_join)
"""


def test_what_cannot_be_read_here_takes_nothing_else_along(ran: str):
    results = spin_splits(FLOW, "leaf", body=UNREADABLE, jobs=2, check=False)
    assert [each.ok for each in results] == [False, True, True]
    assert [each["score"] for each in results[1:]] == [7, 7]
    assert "ValueError: non-hexadecimal" in repr(results[2]["pair"])
    assert "Refused: 3: odd one (this exception does not pickle)" in str(results[0].error)
    (*_, last) = traceback.extract_tb(results[0].error.__traceback__)
    assert last.line == 'raise Refused(3, "odd one")'
    leaves = "class Leaves:\n    def __reduce__(self):\n        raise SystemExit(4)\n"
    body = f"{leaves}self.pair = Leaves() if self.index else 1\nself.next(self.inner_join)"
    results = spin_splits(FLOW, "leaf", body=body, jobs=2, check=False)
    assert [each.ok for each in results] == [True, True, True]
    assert "does not pickle: it stayed in its process" in repr(results[2]["pair"])


def test_the_names_of_the_notebook_are_packed_once(ran: str):
    from spin_magic.jobs import orders
    from spin_magic.loop.request import Request, find_code
    from spin_magic.loop.which_tasks import every_split

    large = bytes(1_000_000)
    request = Request(flow=FLOW, step="leaf", body="self.pair = len(large)", notebook={"large": large})
    made = orders.orders_of(every_split(request, find_code(request)), {})
    assert len(made) == 3
    assert len({id(order.request) for order in made}) == 1
    results = spin_splits(FLOW, "leaf", body=request.body, notebook={"large": large}, jobs=2)
    assert [each["pair"] for each in results] == [1_000_000] * 3


def test_workers_end_with_the_process_they_work_for(ran: str, tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import os
        from spin_magic import spin_splits

        if __name__ == "__main__":
            body = "import os\\nself.pair = os.getpid()\\nself.next(self.inner_join)"
            results = spin_splits("chained.py", "leaf", body=body, jobs=2)
            print(*{each["pair"] for each in results}, flush=True)
            os.kill(os.getpid(), 9)
        """)
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    workers = [int(pid) for pid in done.stdout.split()[-2:]]
    assert workers, done.stderr
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"jobs": 0}, "jobs must be a whole number, 1 or more"),
        ({"jobs": 2, "source": "spin"}, "takes what was spun in this kernel, and --jobs takes inputs from"),
        ({"jobs": 2, "set": {"inner": threading.Lock()}}, "`--set inner` is a lock that does not pickle"),
        ({"jobs": 2, "isolated": True}, "--isolated starts a process for each task: leave --jobs out"),
        ({"index": [0, 9]}, "Index 9 is out of range: the splits of `leaf` are 0 to 1"),
        ({"index": [-1]}, "index must be a split index, or several from 0 on"),
    ],
)
def test_what_cannot_be_is_said(ran: str, options, says):
    spin_splits(FLOW, "mid")
    with pytest.raises(SpinError, match=says):
        spin_splits(FLOW, "leaf", **options)


def test_some_splits(ran: str):
    assert [each.inputs.index for each in spin_splits(FLOW, "mid", index=[1])] == [1]
    # In a foreach inside a foreach the index is the inner one's, of each outer split.
    assert spin_splits(FLOW, "leaf", index=(1,)).labels == ["1, 1, input='y'"]
    assert [each.inputs.index for each in spin_splits(FLOW, "leaf", last=1, index=[0])] == [0, 0]


def test_the_table_as_plain_values(ran: str):
    body = "self.pair = (1, 2)\nself.score = self.index / 2\nself.index_of = 'x'\nself.next(self.inner_join)"
    results = spin_splits(FLOW, "leaf", body=body)
    rows = results.table()
    assert [row["score"] for row in rows] == [0.0, 0.0, 0.5]
    assert rows[2]["task"] == "1, 1, input='y'"
    assert rows[2]["changed"] == ["index_of", "pair", "score", "stack"]
    assert list(results.table("pair")[0])[-1] == "pair"
    shown = spin_splits(FLOW, "leaf", body=body, show=["score", "none"])
    text = shown._repr_mimebundle_()["text/plain"]
    assert "No task made `none`." in text
    assert "index_of" not in text.partition("against the run")[0].rpartition("\n")[2]


def test_some_splits_take_the_place_of_their_own_alone(ran: str):
    spin_splits(FLOW, "leaf")
    spin_splits(FLOW, "leaf", body="self.pair = 'again'\nself.next(self.inner_join)", index=[1])
    joined = spin(FLOW, "inner_join", source="spin", index=1)
    assert [getattr(pair, "a", pair) for pair in joined["pairs"]] == ["x", "again"]


def test_an_interrupted_task_has_not_failed(ran: str):
    body = "if self.index: raise KeyboardInterrupt\nassert len(self.inner) > 1\nself.next(self.inner_join)"
    results = spin_splits(FLOW, "leaf", body=body, check=False)
    assert (results.done, results.failed, results.interrupted, results.waiting) == (2, 1, True, [])
    assert repr(results) == "SpinResults(ChainedFlow/leaf, 2 of 3, 1 failed, interrupted)"
    bundle = results._repr_mimebundle_()
    assert "1, 1, input='y'  interrupted" in bundle["text/plain"]
    assert "interrupted, 2 of 3 done, 1 of 3 failed" in bundle["text/html"]
