"""The stop button, pressed at an exact moment. Sent to a kernel as text: it runs there, and imports nothing of ours.

Python looks for signals where a function begins and where a call of compiled code has returned. A profiling function
is called at the same places, so it can press the button at the n-th of them: the same n is the same moment.
"""

from __future__ import annotations

import gc
import inspect
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

_RESUMES = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Press:
    """Press the button at some of the moments of a call."""

    def __init__(self, moments):
        self._moments = sorted(moments, reverse=True)
        self.count = 0
        self.where = []

    def __call__(self, frame, event, _):
        # A generator that is resumed may be thrown into, which is no moment at which Python looks.
        if event != "c_return" and (event != "call" or frame.f_code.co_flags & _RESUMES):
            return
        self.count += 1
        if self._moments and self.count >= self._moments[-1]:
            self._moments.pop()
            self.where.append(_place(frame))
            self.pressed = time.monotonic()
            handler = signal.getsignal(signal.SIGINT)
            if not self._moments:
                sys.setprofile(None)
            handler(signal.SIGINT, frame)
            # Raised: Python has taken us out, and the next moment counts from here.

    def run(self, call):
        """Give how the call ended, and how long it took from the last press on."""
        error, self.pressed = None, time.monotonic()
        try:
            sys.setprofile(self)
            call()
        except BaseException as ex:
            error = ex
        finally:
            sys.setprofile(None)
        return error, time.monotonic() - self.pressed


def _place(frame):
    here = f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"
    at = frame
    while at is not None and "/spin_magic/" not in at.f_code.co_filename:
        at = at.f_back
    if at is None or at is frame:
        return here
    return f"{at.f_code.co_filename}:{at.f_lineno} {at.f_code.co_name} > {here}"


def state(shell):
    """Give what an interrupt must leave as it was, cheaply enough to ask each time."""
    import builtins
    import io
    import logging
    import warnings

    modules = sys.modules
    found = {
        "cwd": os.getcwd(),
        "environ": dict(os.environ),
        "path": list(sys.path),
        "argv": list(sys.argv),
        "main": id(modules["__main__"]),
        "signals": {n: repr(signal.getsignal(n)) for n in signal.valid_signals()},
        "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "alarm": signal.getitimer(signal.ITIMER_REAL)[0],
        "threads": sorted(_threads()),
        "streams": [id(sys.stdin), id(sys.stdout), id(sys.stderr)],
        "hooks": [id(sys.excepthook), repr(threading.excepthook), repr(sys.unraisablehook)],
        "meta_path": [type(each).__name__ for each in sys.meta_path],
        "opening": [
            type(each).__name__ for each in (builtins.open, io.open, os.open, os.listdir, os.scandir)
        ],
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), gc.isenabled()],
        "filters": len(warnings.filters),
        "showwarning": repr(warnings.showwarning),
        "logging": [logging.root.level, len(logging.root.handlers)],
        "publisher": sorted(vars(shell.display_pub)),
        "displayhook": sorted(vars(shell.displayhook)),
        "events": {name: len(each) for name, each in shell.events.callbacks.items()},
        "names": sorted(name for name in shell.user_ns if not name.startswith("_")),
        "children": _children(),
        "files": sorted(filter(None, map(_target, os.listdir("/proc/self/fd")))),
        "temporary": sorted(_left_over()),
    }
    import asyncio

    found["loop"] = repr(asyncio._get_running_loop())
    if "metaflow.client.core" in modules:
        core, metaflow = modules["metaflow.client.core"], modules["metaflow"]
        current = modules["metaflow.metaflow_current"]
        found["current"] = sorted(map(repr, vars(metaflow.current).items()))
        found["current.properties"] = sorted(vars(current.Current))
        found["client"] = [repr(core.current_namespace), repr(core.current_metadata)]
        found["parameters"] = repr(modules["metaflow.parameters"].context_proto)
        found["storage"] = repr(
            modules["metaflow.datastore.flow_datastore"].FlowDataStore.default_storage_impl
        )
        found["skip"] = modules["metaflow.decorators"]._should_skip_decorator_for_spin.__qualname__
        found["contexts"] = len(modules["metaflow.parameters"].current_flow.__dict__)
        system = modules["metaflow.system"]
        found["sidecars"] = [repr(system._system_logger._logger), repr(system._system_monitor._monitor)]
    if "spin_magic.flows.opened" in modules:
        found["listening"] = len(modules["spin_magic.flows.opened"]._listening)
    return found


def locked():
    """List the locks of ours that are held, seen from another thread."""
    held = []
    names = {
        "spin_magic.engine.state": "_turn",
        "spin_magic.recording": "_turn",
        "spin_magic.flows.opened": "_lock",
    }

    def look():
        for module, name in names.items():
            lock = getattr(sys.modules.get(module), name, None)
            if lock is not None:
                if lock.acquire(blocking=False):
                    lock.release()
                else:
                    held.append(f"{module}.{name}")

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return held


def _threads():
    # Idle workers of --jobs wait for the next cell.
    names = [each.name.partition("-")[0] for each in threading.enumerate()]
    return [name for name in names if name not in ("ExecutorManagerThread", "QueueFeederThread")]


def _children():
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True
    )
    words = ("resource_tracker", "ps -o pid", "loky.backend.popen", "popen_loky")
    return sorted(
        line.split(None, 1)[1] for line in listed.stdout.splitlines() if not any(w in line for w in words)
    )


def _left_over():
    for folder in (tempfile.gettempdir(), os.getcwd()):
        for name in os.listdir(folder):
            if name.endswith(".spin_save") or "-spin-" in name:
                yield name
    for folder, _, names in os.walk(os.environ.get("SPIN_MAGIC_CACHE_DIR", os.devnull)):
        yield from (os.path.join(folder, name) for name in names if name.endswith(".tmp"))


def _target(number):
    try:
        target = os.readlink(f"/proc/self/fd/{number}")
    except OSError:  # the listing itself
        return ""
    # What results hold that still live is counted in the end.
    ours = any(word in target for word in ("history.sqlite", "/loky-", "spin_isolated_"))
    return "" if ours or target.startswith(("pipe:", "socket:", "anon_inode")) else target


def different(before, after):
    """List what is not as it was."""
    return {key: (before.get(key), after[key]) for key in after if before.get(key, after[key]) != after[key]}
