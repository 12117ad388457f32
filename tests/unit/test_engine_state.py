"""What a step may change of the process is as before once its spin is over."""

from __future__ import annotations

import asyncio
import cProfile
import os
import random
import signal
import sys
import textwrap
import time
import tracemalloc
import warnings
from pathlib import Path

import metaflow
import numpy as np
import pytest
from metaflow import parameters
from metaflow.client import core
from metaflow.datastore.flow_datastore import FlowDataStore
from metaflow.exception import MetaflowException
from metaflow.metaflow_current import Current, current
from metaflow.plugins import DATASTORES, METADATA_PROVIDERS
from metaflow.system import _system_logger, _system_monitor

from spin_magic.engine import process, state
from spin_magic.errors import EngineError


def see():
    return {
        "environ": dict(os.environ),
        "cwd": Path.cwd(),
        "path": (sys.path, list(sys.path)),
        "argv": (sys.argv, list(sys.argv)),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "handler": signal.getsignal(signal.SIGTERM),
        "filters": list(warnings.filters),
        "current": dict(vars(current)),
        "properties": dict(vars(Current)),
        "client": (core.current_namespace, core.current_metadata),
        "context": parameters.context_proto,
        "storage": vars(FlowDataStore).get("default_storage_impl"),
        "roots": [vars(each).get("datastore_root", "none") for each in DATASTORES],
        "folders": [vars(each).get("_INFO", "none") for each in METADATA_PROVIDERS],
        "sidecars": (dict(vars(_system_logger)), dict(vars(_system_monitor))),
    }


def point_away():
    metaflow.namespace("user:other")
    core.current_metadata = "other"
    parameters.context_proto = "other"
    FlowDataStore.default_storage_impl = "other"
    for each in DATASTORES:
        each.datastore_root = "other"
    for each in METADATA_PROVIDERS:
        each._INFO = "other"


def other_paths():
    sys.path.append("other")
    sys.argv[:] = ["other"]
    sys.path, sys.argv = [*sys.path], []


def other_current():
    current._step_name = "other"
    current.added = 1
    Current.added_property = property(lambda _: 1)
    Current.is_parallel = None


def other_sidecars():
    assert _system_logger._logger is not None
    assert _system_monitor._monitor is not None
    _system_logger._logger = _system_monitor._monitor = _system_logger._flow_name = "other"


CHANGES = {
    "environ": lambda: (os.environ.update(OTHER="1"), os.environ.pop("PATH")),
    "cwd": lambda: os.chdir("/"),
    "paths": other_paths,
    "streams": lambda: [setattr(sys, name, None) for name in ("stdin", "stdout", "stderr")],
    "handler": lambda: signal.signal(signal.SIGTERM, lambda *_: None),
    "filters": lambda: warnings.simplefilter("ignore"),
    "current": other_current,
    "client": point_away,
    "sidecars": other_sidecars,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_is_put_back_after_good_steps_and_bad(change):
    before = see()
    with state.preserved():
        change()
        assert see() != before
    assert see() == before

    def interrupted():
        with state.preserved():
            change()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert see() == before


def test_a_folder_that_is_gone_is_left(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with state.preserved():
        os.chdir(tmp_path)
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize(
    ("own", "of_the_step", "left"),
    [((0, 0), 60, 0), ((300, 7), 60, 300), ((300, 7), 400, 300), ((300, 7), 0, 300), ((300, 7), None, 300)],
)
def test_an_alarm_of_one_s_own_goes_on_and_no_other(own, of_the_step, left):
    before = signal.setitimer(signal.ITIMER_REAL, *own)
    try:
        with state.preserved():
            if of_the_step is not None:
                signal.setitimer(signal.ITIMER_REAL, of_the_step)
            time.sleep(0.1)
        seconds, interval = signal.getitimer(signal.ITIMER_REAL)
        # Not from the beginning: the time that the step took is gone.
        assert left - 60 < seconds <= max(left - 0.1, 0)
        assert interval == own[1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)


@pytest.mark.parametrize("of_the_step", [None, 60])
def test_an_alarm_that_was_due_during_a_step_rings_once(of_the_step):
    rung = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    before = signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with state.preserved():
            if of_the_step:
                signal.setitimer(signal.ITIMER_REAL, of_the_step)
            time.sleep(0.3)
        time.sleep(0.1)
        assert len(rung) == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)
        signal.signal(signal.SIGALRM, handler)


@pytest.mark.parametrize("which", [signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF])
@pytest.mark.parametrize("of_the_step", [(60, 60), (60, 0)])
def test_a_timer_that_a_step_leaves_is_taken_down(which, of_the_step):
    # Its handler goes too, and without one its signal ends the process.
    before = signal.getitimer(which)
    try:
        with state.preserved():
            signal.setitimer(which, *of_the_step)
        assert signal.getitimer(which)[1] == before[1]
        assert bool(signal.getitimer(which)[0]) == bool(before[0])
    finally:
        signal.setitimer(which, *before)


def test_a_timer_about_to_ring_that_a_step_leaves_is_taken_down():
    rung = []
    handler = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    before = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        with state.preserved():
            signal.setitimer(signal.ITIMER_REAL, state.SAME_ALARM * 0.8)
        time.sleep(state.SAME_ALARM)
        assert not rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)
        signal.signal(signal.SIGALRM, handler)


@pytest.mark.parametrize("which", [signal.ITIMER_REAL, signal.ITIMER_PROF])
@pytest.mark.parametrize("of_the_step", [(0, 0), (60, 0), (60, 60), None])
def test_a_timer_that_rings_again_and_again_goes_on(which, of_the_step):
    number = signal.SIGALRM if which == signal.ITIMER_REAL else signal.SIGPROF
    handler = signal.signal(number, lambda *_: None)
    before = signal.setitimer(which, 0.02, 0.03)
    try:
        with state.preserved():
            begun = time.process_time()
            while time.process_time() - begun < 0.06:  # it has rung by now
                pass
            if of_the_step is not None:
                signal.setitimer(which, *of_the_step)
        left, again = signal.getitimer(which)
        assert 0 < left <= 0.03 + 0.01  # as the system's ticks are
        assert again == pytest.approx(0.03, abs=0.005)
    finally:
        signal.setitimer(which, *before)
        signal.signal(number, handler)


@pytest.mark.usefixtures("no_loop")
def test_a_step_may_run_a_loop_and_the_kernel_s_goes_on():
    async def kernel():
        running = asyncio.get_running_loop()
        with state.preserved():
            assert asyncio.run(asyncio.sleep(0, "done")) == "done"
        assert asyncio.get_running_loop() is running
        assert asyncio.get_event_loop() is running

    asyncio.run(kernel())


@pytest.mark.usefixtures("no_loop")
def test_a_loop_that_is_set_and_does_not_run_is_there_afterwards():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        with state.preserved():
            assert asyncio.run(asyncio.sleep(0, "done")) == "done"
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_cprofile_goes_on_where_a_step_profiles_itself():
    profile = cProfile.Profile()
    profile.enable()
    with process.put_back():
        sys.setprofile(None)
    textwrap.dedent(" afterwards")
    profile.disable()
    profile.create_stats()
    assert "dedent" in {name for _, _, name in profile.stats}
    assert sys.getprofile() is None


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="it came with Python 3.12")
def test_a_profiler_that_a_step_leaves_makes_room_for_the_next():
    monitoring = getattr(sys, "monitoring")  # noqa: B009 -- of a Python newer than the type checker's
    seen = []
    with process.put_back():
        cProfile.Profile().enable()
        monitoring.use_tool_id(3, "the step's")
        monitoring.register_callback(3, monitoring.events.PY_START, lambda code, _: seen.append(code))
        monitoring.set_events(3, monitoring.events.PY_START)
    assert monitoring.get_tool(monitoring.PROFILER_ID) is None
    assert monitoring.get_tool(3) is None
    seen.clear()
    textwrap.dedent(" afterwards")
    assert not seen
    with cProfile.Profile() as profile:
        textwrap.dedent(" afterwards")
    assert profile.getstats()


@pytest.mark.parametrize("frames", [0, 7])
def test_allocations_are_traced_as_deeply_as_before(frames):
    if frames:
        tracemalloc.start(frames)
    try:
        with process.put_back():
            tracemalloc.stop()
            tracemalloc.start(3)
        assert tracemalloc.is_tracing() == bool(frames)
        assert tracemalloc.get_traceback_limit() == frames or not frames
    finally:
        tracemalloc.stop()


def seed(number):
    random.seed(number)
    np.random.seed(number % 2**32)  # noqa: NPY002 -- the global generators are what this is about


def draw():
    return random.random(), np.random.random()  # noqa: NPY002, S311


def test_random_states_are_given_and_put_back():
    kept = state.random_states()
    assert kept.keys() >= {"random", "numpy"}
    drawn = draw()
    state.restore_random_states(kept)
    assert draw() == drawn


def test_a_seed_holds_for_the_block_alone():
    seed(2**32 + 5)
    of_the_step = draw()
    seed(1)
    expected = draw()
    seed(1)
    for _ in range(2):
        with state.seeded(2**32 + 5, None):
            assert draw() == of_the_step
    assert draw() == expected


def test_states_that_a_module_left_are_where_a_step_begins():
    seed(7)
    module = state.random_states()
    expected = draw()
    with state.seeded(None, module):
        assert draw() == expected
    seed(3)
    of_the_step = draw()
    seed(8)
    with state.seeded(3, module):
        assert draw() == of_the_step
    with state.seeded(None, None):
        drawn = draw()
    seed(8)
    assert drawn == draw()


class Torch:
    """Quacks as torch's generator: the library is large."""

    def __init__(self):
        self.state = 0

    def get_rng_state(self):
        return self.state

    def set_rng_state(self, state):
        self.state = state

    manual_seed = set_rng_state


def test_torch_is_seeded_where_it_is_loaded(monkeypatch):
    torch = Torch()
    monkeypatch.setitem(sys.modules, "torch", torch)
    torch.state = 11
    module = state.random_states()
    torch.state = 22
    with state.seeded(5, None):
        assert torch.state == 5
    assert torch.state == 22
    with state.seeded(None, module):
        assert torch.state == 11
    assert torch.state == 22


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (MetaflowException("no  such\n thing"), "Metaflow says: no such thing"),
        (MetaflowException(), "Metaflow says:"),
    ],
)
def test_what_metaflow_raises_is_one_sentence(raised, said):
    with pytest.raises(EngineError) as told, state.in_plain_words():
        raise raised
    assert str(told.value).strip() == said
    assert told.value.__cause__ is None
