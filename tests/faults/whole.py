"""What must be whole after any fault: the kernel's state, the flow file, the past runs, and the next spin."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kernel.harness import Kernel

# In a function, and without a name left in the notebook.
_LOOK = """
def _look():
    import builtins, gc, json, locale, logging, os, random, signal, sys, tempfile, threading, warnings
    folder = "/proc/self/fd"
    umask = os.umask(0o22)
    os.umask(umask)
    handlers = (signal.SIGINT, signal.SIGALRM, signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1)
    state = {
        "cwd": os.getcwd(), "environ": dict(os.environ), "sys.path": list(sys.path), "umask": umask,
        "signals": [repr(signal.getsignal(each)) for each in handlers],
        "alarm": signal.getitimer(signal.ITIMER_REAL)[0],
        "threads": sorted(each.name for each in threading.enumerate() if each.is_alive()),
        "files": sorted(filter(None, map(_target, os.listdir(folder)))) if os.path.isdir(folder) else [],
        "streams": [id(sys.stdout), id(sys.stderr), id(sys.stdin)],
        "hooks": [
            f"{getattr(each, '__module__', '')} {getattr(each, '__qualname__', type(each).__qualname__)}"
            for each in (sys.excepthook, sys.displayhook, threading.excepthook, sys.unraisablehook)
        ],
        "tracing": [repr(sys.gettrace()), repr(sys.getprofile())],
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), gc.isenabled()],
        "builtins": [repr(each).split(" at 0x")[0] for each in (print, open, input, builtins.__import__)],
        "argv": list(sys.argv), "main": id(sys.modules["__main__"]),
        "filters": len(warnings.filters), "showwarning": id(warnings.showwarning),
        "logging": [logging.root.level, len(logging.root.handlers), logging.root.manager.disable],
        "locale": locale.setlocale(locale.LC_ALL), "random": hash(random.getstate()),
        "names": sorted(name for name in get_ipython().user_ns if not name.startswith("_")),
    }
    if "numpy" in sys.modules:
        state["numpy.random"] = repr(sys.modules["numpy"].random.get_state()[1:3])
    if "matplotlib" in sys.modules:
        state["matplotlib"] = hash(repr(dict(sys.modules["matplotlib"].rcParams)))
    return json.dumps(state)

def _target(number):
    import os
    try:
        target = os.readlink(f"/proc/self/fd/{number}")
    except OSError:  # the listing itself
        return ""
    # The kernel's own threads open and close these: that of IPython's history, and zmq's.
    passing = ("history.sqlite", "/profile_default", "[eventfd]")
    return "" if any(each in target for each in passing) else target
print(_look())
del _look, _target
"""
_SPIN = """
import spin_magic as _sm
_r = _sm.spin("SmallFlow", "work")
print(_r.ok, {each.status for each in _r.compare(None)})
del _r, _sm
"""


def look(kernel: Kernel) -> dict:
    """Give the state of a kernel that a spin must leave as it was."""
    cell = kernel.run(_LOOK)
    assert not cell.failed, cell.text
    return json.loads(cell.streams.strip().splitlines()[-1])


def digests(folder: Path) -> dict[str, str]:
    """Give the contents of each file of the past runs and of each flow file."""
    files = [*folder.glob("*.py"), *(folder / ".metaflow").rglob("*")]
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def _difference(before: object, after: object) -> object:
    if not isinstance(before, list) or not isinstance(after, list):
        return before, after
    gone, new = Counter(map(str, before)), Counter(map(str, after))
    return {"gone": list((gone - new).elements()), "new": list((new - gone).elements())}


@contextlib.contextmanager
def whole(kernel: Kernel, project: Path, *, changed: frozenset[str] = frozenset()) -> Iterator[None]:
    """Check that the block leaves all of it whole, apart from the parts of the state that are named."""
    # What a first spin imports and opens is not what a fault leaves behind.
    kernel.run("%spin SmallFlow work")
    before, past = look(kernel), digests(project)
    yield
    after = look(kernel)
    if after["files"] != before["files"]:  # a thread of the kernel may be in the middle of something
        time.sleep(0.3)
        after["files"] = look(kernel)["files"]
    different = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
    unasked = {key: value for key, value in different.items() if key not in changed}
    assert not unasked, {key: _difference(*value) for key, value in unasked.items()}
    assert digests(project) == past
    again = kernel.run(_SPIN)
    assert again.streams.strip() == "True {'same'}", again.text
