"""A `with` block is the body of a step: what it leaves behind, how it ends, and what it does not touch."""

from __future__ import annotations

import asyncio
import gc
import inspect
import linecache
import math
import os
import runpy
import signal
import textwrap
import threading
import time
import traceback
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from metaflow import current, namespace
from metaflow.cards import ProgressBar
from metaflow.plugins.timeout_decorator import TimeoutException

from spin_magic import SpinError, spin, step
from spin_magic.cards import CardUpdate
from spin_magic.loop import session
from tests.conformance.bodies import read_steps
from tests.conformance.cases import ONE_BY_NAME
from tests.conformance.compare import compare_artifacts, compare_private
from tests.conformance.runs import RealRun
from tests.conformance.test_untouched import same, snapshot

EQUAL = ["branches", "foreach", "nested", "switch_big", "params", "daily", "cards"]
each_equal = pytest.mark.parametrize("case", [ONE_BY_NAME[name] for name in EQUAL], ids=lambda c: c.id)


@pytest.fixture
def daily(run_of) -> RealRun:
    return run_of("daily")


def last_text(name: str) -> str | None:
    """Give the text under which the last spin of a step is remembered."""
    return session.last(next(key for key in session._spun if key[1:] == ("DailyFlow", name))).request.body


def run_block(names: dict[str, object], block: object, target: str, body: str) -> None:
    """Execute a block as the text of a file would be, with the step's own text in it."""
    text = f"with block as {target}:\n" + textwrap.indent(body, "    ")
    filename = f"<block {hash(text)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), names | {"block": block})  # noqa: S102


@each_equal
def test_it_leaves_behind_what_the_run_did(case, real_run: RealRun, project: Path, monkeypatch):
    bodies = {name: text.body for name, text in read_steps(project, case.flow_class).items()}
    flow = runpy.run_path(case.file)
    joins = {
        name: list(inspect.signature(getattr(flow[case.flow_class], name)).parameters)[1:] for name in bodies
    }
    wrong = []
    for name, task in real_run.tasks():
        block = step(case.flow, task["pathspec"].partition("/")[2])
        target = ", ".join(["self", *joins[name]])
        run_block(flow, block, f"({target})" if joins[name] else target, bodies[name])
        wrong += compare_artifacts(task["artifacts"], block.result, task["pathspec"])
        wrong += compare_private(task["private"], block.result, task["pathspec"])
        if block.result.origin != task["pathspec"]:
            wrong.append(f"{task['pathspec']}: its origin is said to be {block.result.origin}")
    assert wrong == []


def test_it_is_the_same_spin_as_that_of_its_text(daily: RealRun):
    block = step("daily.py", "train", index=1, set={"alpha": 4})
    with block as self:
        # A comment at the beginning,
        rounded = math.floor(1.5)
        self.score = self.index * self.alpha + rounded
        self.text = """
    at its own column"""
        print("said")

        self.next(self.join)
        # and one at the end.
    text = last_text("train")
    assert text.splitlines()[0] == "# A comment at the beginning,"
    assert text.splitlines()[-1] == "# and one at the end."
    spun = spin("daily.py", "train", index=1, set={"alpha": 4}, body=text)
    found = [{k: v for k, v in result.artifacts.items() if k != "box"} for result in (block.result, spun)]
    assert found[0] == found[1]
    assert block.result["score"] == 5
    for name in ("stdout", "locals", "next", "notes", "origin"):
        assert getattr(block.result, name) == getattr(spun, name), name
    assert block.result.locals == {"rounded": 1}
    assert [card.type for card in block.result.cards] == ["blank"]


def test_the_next_step_follows_it(daily: RealRun):
    with step("daily.py", "train", index=1) as self:
        self.score = 100
        self.next(self.join)
    joined = step("daily.py", "join", source="spin")
    with joined as (self, inputs):
        self.scores = [each.score for each in inputs]
    assert self.scores == [1.0, 100, 2.0]
    assert "1 spun here" in joined.result.inputs.why


def test_a_step_that_the_file_does_not_have_follows_too(daily: RealRun):
    with step("daily.py", "train", index=1) as self:
        self.score = 5
        self.next(self.join)
    block = step("daily.py", "fresh", after="train", source="spin")
    with block as self:
        self.seen = (self.score, self.index)
        self.next(self.join)
    spun = spin("daily.py", "fresh", after="train", source="spin", body=last_text("fresh"))
    assert block.result["seen"] == spun["seen"] == (5, 1)
    assert block.result.next == ("join",)
    assert block.result.notes == spun.notes


def test_its_cards_are_live(run_of):
    run_of("cards_live")
    seen: list[CardUpdate] = []
    block = step("cards_live.py", "start", on_card=seen.append)
    with block as self:
        bar = ProgressBar(max=10)
        current.card.append(bar)
        current.card.refresh()
        time.sleep(0.3)
        assert seen[0].page is not None
        self.next(self.end)
    assert {update.type for update in seen} == {"default"}
    assert sorted(card.type for card in block.result.cards) == ["blank", "default"]
    assert not hasattr(current, "card")


def test_an_alarm_of_a_decorator_reaches_the_block(project: Path, daily: RealRun):
    text = (project / "daily.py").read_text(encoding="utf-8")
    timed = text.replace("import FlowSpec", "import timeout, FlowSpec")
    timed = timed.replace("    @card(", "    @timeout(seconds=1)\n    @card(")
    (project / "timed.py").write_text(timed, encoding="utf-8")
    block = step("timed.py:DailyFlow", "train")
    with pytest.raises(TimeoutException), block:
        time.sleep(10)
    assert block.result.seconds < 5
    assert [frame.filename for frame in traceback.extract_tb(block.result.error.__traceback__)] == [__file__]


def test_names_that_run_would_not_find_are_noted(daily: RealRun):
    factor = 2
    SEEN = ["mine"]  # noqa: N806
    block = step("daily.py", "train")
    with block as self:
        self.score = factor * len(SEEN) + math.floor(1.5)
        weakref.ref(Path)
        self.next(self.join)
    notes = "\n".join(block.result.notes)
    assert "`factor` comes from this notebook" in notes
    assert "Add `import weakref` to daily.py" in notes
    assert "`SEEN` is another one here" in notes
    assert "math" not in notes


def test_a_name_of_the_flow_file_has_to_be_imported(daily: RealRun):
    with pytest.raises(NameError) as caught, step("daily.py", "train") as self:
        self.box = Box(1)  # noqa: F821
    assert "import `Box` from daily.py" in caught.value.__notes__[0]


def test_a_failure_is_the_block_s_own_and_ends_in_its_line(daily: RealRun):
    block = step("daily.py", "train")
    error = KeyError("mine")
    with pytest.raises(KeyError) as caught, block as self:  # noqa: PT012
        self.before = 1
        raise error
    assert caught.value is error is block.result.error
    assert not block.result.ok
    assert block.result.self.before == 1
    frames = traceback.extract_tb(error.__traceback__)
    assert [frame.filename for frame in frames] == [__file__]
    assert frames[0].line == "raise error"
    assert error.__context__ is None


def test_a_failure_inside_of_metaflow_ends_in_the_block_s_line(daily: RealRun):
    with pytest.raises(Exception, match="transition") as caught, step("daily.py", "train") as self:
        self.next(self.join, self.join, foreach="x")
    assert [f.filename for f in traceback.extract_tb(caught.value.__traceback__)][-1] == __file__


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(2), ValueError("x")])
def test_everything_is_as_before(daily: RealRun, project: Path, error: BaseException):
    block = step("daily.py", "train")

    def use(*, fails: bool) -> None:
        with block as self:
            assert os.environ["DAILY"] == "yes"
            os.environ["LEFT"] = "behind"
            os.chdir("/")
            signal.signal(signal.SIGTERM, lambda *_: None)
            signal.alarm(60)
            warnings.simplefilter("ignore")
            namespace("user:left")
            if fails:
                raise error
            self.score = 1
            self.next(self.join)

    use(fails=False)
    before = snapshot(project)
    use(fails=False)
    assert same(before, snapshot(project)) == []
    with pytest.raises(type(error)):
        use(fails=True)
    assert block.result.error is error
    assert same(before, snapshot(project)) == []


def test_it_may_be_left_by_any_way(daily: RealRun, project: Path):
    block = step("daily.py", "train")

    def returns() -> int:
        with block as self:
            self.score = 1
            return 7

    assert returns() == 7
    assert block.result["score"] == 1
    before = snapshot(project)
    for index in range(3):
        with step("daily.py", "train", index=index) as self:
            if index == 1:
                break
            self.score = index
            continue
    assert (index, self.index) == (1, 1)
    assert returns() == 7
    assert same(before, snapshot(project)) == []


def test_what_cannot_be_a_step_s_text_runs_and_is_noted(daily: RealRun):
    block = step("daily.py", "train")
    for _ in range(1):
        with block as self:
            self.score = 1
            break
    assert "cannot be saved as the step: 'break' outside loop" in block.result.notes[0]
    assert last_text("train") is None


@pytest.mark.parametrize("how", ["closed", "dropped", "never exited"])
def test_a_block_that_is_never_left_ends_when_it_is_dropped(daily: RealRun, project: Path, how: str):
    @contextmanager
    def training():
        with step("daily.py", "train") as self:
            yield self

    def generate():
        with step("daily.py", "train") as self:
            yield self

    def enter() -> weakref.ref[object]:
        block = step("daily.py", "train")
        block.__enter__()
        assert os.environ["DAILY"] == "yes"
        return weakref.ref(block)

    with training() as self:
        assert self.letters == ["a", "b", "c"]
    before = snapshot(project)
    if how == "never exited":
        assert enter()() is None
    else:
        generator = generate()
        next(generator)
        assert os.environ["DAILY"] == "yes"
        if how == "closed":
            generator.close()
        else:
            del generator
    assert same(before, snapshot(project)) == []
    with step("daily.py", "train") as self:
        self.score = 1


def test_an_error_before_the_block_keeps_it_from_running(daily: RealRun, project: Path):
    spin("daily.py", "train")
    before = snapshot(project)
    ran = []
    for wrong, said in (
        (lambda: step("daily.py", "nosuch"), "no step"),
        (lambda: step("nosuch.py", "train"), "nosuch"),
        (lambda: step("daily.py", "train", index=9), "Index 9"),
    ):
        with pytest.raises(SpinError, match=said), wrong():
            ran.append(1)
    with pytest.raises(SpinError, match=r"write `with spin_magic.step\(...\) as \(self, inputs\):`"):  # noqa: SIM117
        with step("daily.py", "join") as self:
            ran.append(self)
    with pytest.raises(SpinError, match="has not ended yet"), step("daily.py", "train"):  # noqa: SIM117
        with step("daily.py", "train"):
            ran.append(1)
    assert ran == []
    assert same(before, snapshot(project)) == []


def test_decorators_of_the_user_s_own_have_their_say(run_of):
    run_of("user_decorators")
    block = step("user_decorators.py", "swallowing")
    with block as self:
        self.half = "made here"
        raise ValueError("caught by the decorator")
    assert (block.result["half"], block.result["swallowed"]) == ("made here", "caught by the decorator")
    block = step("user_decorators.py", "mutated")
    with block as self:
        self.added = os.environ["SPIN_ADDED"]
    assert block.result["added"] == "added"
    for name in ("skipping", "replaced"):
        with pytest.raises(SpinError, match="skips its body"), step("user_decorators.py", name):
            pytest.fail("it ran")


def test_spinning_inside_of_it_works(daily: RealRun):
    block = step("daily.py", "train")
    with block as self:
        self.score = spin("daily.py", "train", index=2)["score"]
    assert block.result["score"] == 2.0


def test_it_may_stand_in_an_exit_stack_and_beside_others(daily: RealRun):
    block = step("daily.py", "train")
    with ExitStack() as stack:
        self = stack.enter_context(block)
        self.score = 3
    assert block.result["score"] == 3
    assert "its text is not to be had" in block.result.notes[0]
    with warnings.catch_warnings(), block as self, ExitStack():
        self.score = 4
        self.next(self.join)
    assert block.result["score"] == 4
    assert block.result.notes == []


def test_it_may_run_an_event_loop_but_not_await(daily: RealRun):
    async def work() -> int:
        await asyncio.sleep(0)
        return 3

    async def cell() -> object:
        block = step("daily.py", "train")
        with block as self:
            self.score = asyncio.run(work())
        await asyncio.sleep(0)
        return block.result["score"]

    async def awaiting() -> None:
        with step("daily.py", "train") as self:
            self.score = await work()

    # In a thread: that of the tests has a loop already, where the browser's tests have run before.
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(SpinError, match=r"uses `await` inside the block"):
            pool.submit(lambda: asyncio.run(awaiting())).result()
        assert pool.submit(lambda: asyncio.run(cell())).result() == 3


def test_it_must_end_in_the_thread_in_which_it_began(daily: RealRun, project: Path):
    spin("daily.py", "train")
    before = snapshot(project)
    stack = ExitStack()
    stack.enter_context(step("daily.py", "train"))

    def leave(stack: ExitStack) -> str:
        try:
            stack.close()
        except SpinError as ex:
            return str(ex)
        return ""

    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(leave, stack.pop_all()).result()
    assert "in the thread in which it began" in said
    with step("daily.py", "train") as self:
        self.score = 1
    assert same(before, snapshot(project)) == []


def test_threads_wait_for_one_another(daily: RealRun):
    found: dict[int, float] = {}

    def work(index: int) -> None:
        with step("daily.py", "train", index=index) as self:
            self.score = self.index
        found[index] = self.score

    threads = [threading.Thread(target=work, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0: 0, 1: 1, 2: 2}


def test_results_do_not_pile_up(daily: RealRun):
    class Witness:
        pass

    alive: weakref.WeakSet[object] = weakref.WeakSet()

    def use(*, fails: bool) -> None:
        with step("daily.py", "train") as self:
            self.score = Witness()
            alive.add(self.score)
            if fails:
                1 / 0  # noqa: B018

    gc.collect()
    for fails in (False, True):
        for _ in range(6):
            with suppress(ZeroDivisionError):
                use(fails=fails)
        assert len(alive) <= 3
