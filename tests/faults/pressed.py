"""The stop button, pressed at an exact moment or at any, and what must be as before after it.

Sent to a kernel as text: it runs there, and imports nothing of ours.

Python looks for signals where a function begins and where a call of compiled code has returned. A profiling
function is called at the same places, so it can press the button at the n-th of them: the same n is the same
moment.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import gc
import inspect
import io
import json
import logging
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

FLOW = Path("pressedflow.py")
EDIT = "self.doubled = int(self.data.sum()) * 3\nself.next(self.join)"
WITH = "import spin_magic\nwith spin_magic.step('PressedFlow', 'work') as self:\n    self.doubled = 3\n"
SECONDS = 2.0
LOCKS = {
    "spin_magic.engine.state": "_turn",
    "spin_magic.recording": "_turn",
    "spin_magic.flows.opened": "_lock",
}
_RESUMES = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Press:
    """Press the button at some of the moments of a call; with `at`, of those at such a place."""

    def __init__(self, moments=(), at=""):
        self._moments, self._at = sorted(moments, reverse=True), at
        self.count = 0
        self.pressed = 0.0
        self.where = []

    def __call__(self, frame, event, _):
        # A generator that is resumed may be thrown into, which is no moment at which Python looks.
        if event != "c_return" and (event != "call" or frame.f_code.co_flags & _RESUMES):
            return
        if self._at and self._at not in place_of(frame):
            return
        self.count += 1
        if self._moments and self.count >= self._moments[-1]:
            self._moments.pop()
            self.where.append(place_of(frame))
            self.pressed = time.monotonic()
            if not self._moments:
                sys.setprofile(None)
            # What it raises is raised in the frame. Python then takes us out.
            signal.getsignal(signal.SIGINT)(signal.SIGINT, frame)

    def run(self, call):
        """Give how the call ended, and how long that took from the last press on."""
        error, self.pressed = None, time.monotonic()
        try:
            sys.setprofile(self)
            call()
        except BaseException as ex:
            error = ex
        finally:
            sys.setprofile(None)
        return error, time.monotonic() - self.pressed


def place_of(frame):
    """Name a place: the innermost of our functions, and what it called, if anything."""
    here = f"{Path(frame.f_code.co_filename).name} {frame.f_code.co_name}"
    at = frame
    while at is not None and "/spin_magic/" not in at.f_code.co_filename:
        at = at.f_back
    if at is None or at is frame:
        return here
    return f"{Path(at.f_code.co_filename).name} {at.f_code.co_name} > {here}"


class Clock:
    """Press the real button after a while, and `more` times again and again, until the call is over."""

    def __init__(self, delay, more=0):
        self._delay, self._more = delay, more
        self._over = threading.Event()
        self.where = []

    def _press(self):
        if self._over.wait(self._delay):
            return
        self.pressed = time.monotonic()
        for _ in range(self._more + 1):
            self.where.append("")
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            if self._over.wait(0.001):
                return

    def run(self, call):
        error, self.pressed = None, time.monotonic()
        thread = threading.Thread(target=self._press)
        while True:
            try:
                if not thread.ident:
                    thread.start()
                    call()
                self._over.set()
                thread.join()
                break
            except BaseException as ex:
                if error is None or not isinstance(ex, KeyboardInterrupt):
                    error = ex
                    ended = time.monotonic()
        return error, (ended if error else time.monotonic()) - self.pressed


class Kinds:
    """The kinds of spins, each as a call."""

    def __init__(self, shell):
        self.shell, self.text, self.edits = shell, FLOW.read_text(), 0
        self._magic = shell.run_line_magic

    def call(self, kind):
        self.edits += 1
        if kind == "loaded anew":
            FLOW.write_text(f"{self.text}# {self.edits} {time.time_ns()}\n")
        if kind in ("saved", "displayed", "compared"):
            self._edited()
        return getattr(self, "_" + kind.replace(" ", "_").replace("-", ""))

    def restore(self):
        """Put the flow file back, and tell whether it was whole."""
        now = FLOW.read_text()
        if now != self.text:
            FLOW.write_text(self.text)
        lines = [line for line in now.splitlines() if not re.fullmatch(r" *# \d+[ \d]*", line)]
        return lines in (self.text.splitlines(), self.text.replace("* 2", "* 3", 1).splitlines())

    def _unedited(self):
        self._magic("spin", "PressedFlow work")

    _loaded_anew = _unedited

    def _edited(self):
        self.shell.run_cell_magic("spin", "PressedFlow work", f"{EDIT}\n# {self.edits}")

    def _failing(self):
        self.shell.run_cell_magic("spin", "PressedFlow work", "raise ValueError('odd')")

    def _join(self):
        self._magic("spin", "PressedFlow join")

    def _with_a_card(self):
        self._magic("spin", "PressedFlow drawn")

    def _allsplits(self):
        self._magic("spin", "PressedFlow work --all-splits")

    def _in_two_processes(self):
        self._magic("spin", "PressedFlow work --all-splits --jobs 2")

    def _isolated(self):
        self.shell.run_cell_magic("spin", "PressedFlow work --isolated", f"{EDIT}\n# {self.edits}")

    def _inputs(self):
        self._magic("spin_inputs", "PressedFlow work")

    def _flow_drawn(self):
        self._magic("spin_flow", "PressedFlow")

    def _saved(self):
        self._magic("spin_save", "PressedFlow work --force")

    def _displayed(self):
        self.shell.display_formatter.format(self.shell.user_ns["_spin"])

    def _compared(self):
        self.shell.user_ns["_spin"].diff()

    def _with_block(self):
        # Rendering the traceback takes longer than all else, and is IPython's.
        self.shell.showtraceback = lambda *_, **__: None
        try:
            done = self.shell.run_cell(WITH, store_history=False)
        finally:
            del self.shell.showtraceback
        done.raise_error()


def count(kinds, kind):
    """Give the number of moments of a spin that is as warm as it gets, and its seconds."""
    for _ in range(2):
        with contextlib.suppress(ValueError):
            kinds.call(kind)()
        kinds.restore()
    begun = time.monotonic()
    with contextlib.suppress(ValueError):
        kinds.call(kind)()
    seconds = time.monotonic() - begun
    press = Press()
    press.run(kinds.call(kind))
    kinds.restore()
    return press.count, seconds


def tried(kinds, kind, press):
    """Press once, and say where it was and all that is not as it must be."""
    noise, wrong = [], []
    call = kinds.call(kind)
    hook = sys.unraisablehook
    before = state(kinds.shell)
    listening = sys.unraisablehook = lambda lost: noise.append(f"{lost.exc_value!r} in {lost.object!r}")
    error, seconds = press.run(call)
    if sys.unraisablehook is not listening:
        wrong.append(f"hook: {sys.unraisablehook}")
    sys.unraisablehook = hook
    ended = type(error).__name__
    where = press.where or [""]
    if isinstance(press, Clock):
        where = [_frames(error)]
    # It may have come when all was over: then the cell has ended as it would have.
    over = ["NoneType", "ValueError"] if not press.where or isinstance(press, Clock) else []
    if ended not in ["KeyboardInterrupt", *over]:
        wrong.append(f"ended as {ended}: {error!r}")
    if seconds > SECONDS and ended == "KeyboardInterrupt":
        wrong.append(f"took {seconds:.2f} s")
    error = None
    if not kinds.restore():
        wrong.append("half a flow file")
    wrong += [f"noise: {each}" for each in noise]
    odd = settled(kinds.shell, before, {"names"} if kind == "inputs" else set())
    wrong += [f"{key}: {was} is {now}" for key, (was, now) in odd.items()]
    wrong += locked() or _next_spin()
    return {"where": where, "ended": ended, "seconds": seconds, "wrong": wrong}


def _next_spin():
    import spin_magic

    with contextlib.redirect_stdout(io.StringIO()):
        result = spin_magic.spin("PressedFlow", "work")
    rows = {row.name: row.status for row in result.diff()}
    good = result.ok and set(rows.values()) == {"same"}
    return [] if good else [f"next spin: {result.error!r} {rows}"]


def _frames(error):
    traceback, found = getattr(error, "__traceback__", None), ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if "/spin_magic/" in code.co_filename and not code.co_filename.endswith("interrupts.py"):
            found = place_of(traceback.tb_frame)
        traceback = traceback.tb_next
    return found


def many(shell, kind, how, tries, seed):
    """Try one kind of spin many times; give what was found as JSON."""
    rng, kinds = random.Random(f"{seed} {kind} {how}"), Kinds(shell)
    total, seconds = count(kinds, kind)
    found = []
    for _ in range(tries):
        if how == "exact":
            press = Press([rng.randrange(1, total + 1)])
        elif how == "twice":
            first = rng.randrange(1, total + 1)
            press = Press([first, first + rng.randrange(1, 80)])
        else:
            press = Clock(rng.uniform(0, seconds), more=9 if how == "ten times" else 0)
        found.append(tried(kinds, kind, press))
    return json.dumps({"moments": total, "seconds": seconds, "tries": found})


def at(shell, kind, place, most):
    """Try every moment at one place."""
    kinds, found = Kinds(shell), []
    count(kinds, kind)
    for moment in range(1, most + 1):
        press = Press([moment], at=place)
        found.append(tried(kinds, kind, press))
        if not press.where:
            break
    return json.dumps({"tries": found})


def state(shell):
    """Give what an interrupt must leave as it was, cheaply enough to ask each time."""
    found = {
        "cwd": os.getcwd(),
        "environ": dict(os.environ),
        "path": list(sys.path),
        "argv": list(sys.argv),
        "main": id(sys.modules["__main__"]),
        "signals": {each: repr(signal.getsignal(each)) for each in signal.valid_signals()},
        "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "alarm": signal.getitimer(signal.ITIMER_REAL)[0],
        "threads": sorted(_threads()),
        "streams": [id(sys.stdin), id(sys.stdout), id(sys.stderr)],
        "hooks": [repr(sys.excepthook), repr(threading.excepthook), repr(sys.unraisablehook)],
        "meta_path": [type(each).__name__ for each in sys.meta_path],
        "opening": [repr(each) for each in (builtins.open, io.open, os.open, os.listdir, os.scandir)],
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), gc.isenabled()],
        "filters": [len(warnings.filters), repr(warnings.showwarning)],
        "logging": [logging.root.level, len(logging.root.handlers)],
        "loop": repr(asyncio._get_running_loop()),
        "publisher": sorted(vars(shell.display_pub)),
        "displayhook": sorted(vars(shell.displayhook)),
        "events": {name: len(each) for name, each in shell.events.callbacks.items()},
        "names": sorted(name for name in shell.user_ns if not name.startswith("_")),
        "children": _children(),
        "files": sorted(filter(None, map(_target, os.listdir("/proc/self/fd")))),
        "temporary": sorted(_left_over()),
    }
    if "metaflow.client.core" in sys.modules and "spin_magic.engine.state" in sys.modules:
        metaflow, core = sys.modules["metaflow"], sys.modules["metaflow.client.core"]
        system = sys.modules["metaflow.system"]
        found["current"] = sorted(map(repr, vars(metaflow.current).items()))
        found["properties"] = sorted(vars(type(metaflow.current)))
        found["client"] = [repr(core.current_namespace), repr(core.current_metadata)]
        found["parameters"] = repr(sys.modules["metaflow.parameters"].context_proto)
        found["storage"] = repr(sys.modules["metaflow.datastore"].FlowDataStore.default_storage_impl)
        found["skipping"] = sys.modules["metaflow.decorators"]._should_skip_decorator_for_spin.__qualname__
        found["sidecars"] = [repr(system._system_logger._logger), repr(system._system_monitor._monitor)]
        found["listening"] = len(sys.modules["spin_magic.flows.opened"]._listening)
    return found


def settled(shell, before, left_out):
    """List what is not as it was, once what is ending has ended."""
    until = time.monotonic() + 2
    while True:
        now = state(shell)
        odd = {
            key: (before[key], now[key])
            for key in before
            if key not in left_out and before[key] != now.get(key)
        }
        if not odd or time.monotonic() > until:
            return odd
        time.sleep(0.1)


def locked():
    """List the locks of ours that are held, seen from another thread."""
    held = []

    def look():
        for module, name in LOCKS.items():
            lock = getattr(sys.modules.get(module), name, None)
            if lock is not None:
                if lock.acquire(blocking=False):
                    lock.release()
                else:
                    held.append(f"locked: {module}.{name}")

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return held


def _threads():
    # Idle workers of --jobs wait for the next cell.
    names = [each.name.partition("-")[0] for each in threading.enumerate()]
    return [name for name in names if name not in ("ExecutorManagerThread", "QueueFeederThread")]


def _children():
    # Idle workers, as above, and what watches over them.
    known = ("resource_tracker", "loky", "<defunct>")
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            words = (folder / "cmdline").read_text().replace("\0", " ")
            if parent == str(os.getpid()) and words and not any(each in words for each in known):
                found.append(words)
    return sorted(found)


def _left_over():
    for folder in (tempfile.gettempdir(), os.getcwd()):
        for name in os.listdir(folder):
            if name.endswith(".spin_save") or ("-spin-" in name and name.startswith(".")):
                yield name
    for folder, _, names in os.walk(os.environ.get("SPIN_MAGIC_CACHE_DIR", os.devnull)):
        yield from (f"{folder}/{name}" for name in names if name.endswith(".tmp"))


def _target(number):
    try:
        target = os.readlink(f"/proc/self/fd/{number}")
    except OSError:  # the listing itself
        return ""
    # What results hold that still live, and what workers are spoken to by.
    ours = (
        "history.sqlite",
        "profile_default",
        "/loky-",
        "spin_isolated_",
        "pipe:",
        "socket:",
        "anon_inode",
        "semaphore",
    )
    return "" if any(word in target for word in ours) else target
