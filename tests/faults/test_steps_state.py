"""Steps that change the process.

What docs/state.md says of each: restored, reported, or the user's own business.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.whole import whole
from tests.kernel.harness import LOAD, fresh_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernel.harness import Kernel

DOCS = Path(__file__).parents[2] / "docs" / "state.md"

# By the row of docs/state.md. A body a string, however many lines of the file it takes.
# ruff: noqa: ISC004, E501
RESTORED = {
    "working directory, umask": [
        "import os, tempfile\nfolder = tempfile.mkdtemp()\nos.chdir(folder)\nos.rmdir(folder)",
        "import os\nos.umask(0o77)",
        "import os\nos.chdir('/')",
    ],
    "environment": [
        "import os\nos.environ['X'] = '1'\ndel os.environ['PATH']",
        "import os\nos.environ.clear()",
        "import os\nos.environ = {}",
    ],
    "`sys.path`, `sys.argv`, import hooks": [
        "import sys\nsys.path.clear()\nsys.path = ['/nowhere']",
        "import sys\nsys.path = sys.argv = None",
        "import sys\ndel sys.path, sys.argv",
        "import sys\nsys.path[:] = [5, None]",
        "import sys\nsys.meta_path.clear()\nsys.path_hooks.clear()",
    ],
    "modules taken out of `sys.modules` or replaced there": [
        "import sys\nfor name in list(sys.modules):\n    if name[0] != '_': del sys.modules[name]",
        "import sys\nsys.modules.clear()",
        "import sys\nsys.modules = {}",
        "import sys\nsys.modules['metaflow'] = sys.modules['spin_magic.engine.task'] = None",
        "import sys\nsys.modules['__main__'] = None",
    ],
    "`sys.stdout`, `sys.stderr`, `sys.stdin`": [
        "import sys, io\nsys.stdout = io.StringIO()\nsys.stderr = sys.stdin = None",
        "import sys\ndel sys.stdout, sys.stderr",
        "import sys\nsys.stdout.close()\nsys.stderr.close()",
    ],
    "`excepthook` and the other hooks of `sys` and `threading`, trace and profile functions": [
        "import sys, threading\n"
        "sys.excepthook = sys.displayhook = sys.unraisablehook = threading.excepthook = print",
        "import sys\nsys.settrace(lambda *a: None)\nsys.setprofile(lambda *a: None)",
        "import threading\nthreading.settrace(lambda *a: None)\nthreading.setprofile(lambda *a: None)",
        "import tracemalloc\ntracemalloc.start()",
    ],
    "recursion limit, switch interval, garbage collection": [
        "import sys\nsys.setrecursionlimit(100_000)\nsys.setswitchinterval(1)",
        "import sys\nsys.setrecursionlimit(200)",
        "import gc\ngc.disable()\ngc.set_threshold(5, 5, 5)",
    ],
    "warning filters, the root logger, `logging.disable`": [
        "import warnings\nwarnings.simplefilter('error')",
        "import warnings\nwarnings.filters.clear()\nwarnings.showwarning = None",
        "import logging\nlogging.basicConfig(level=1, force=True)\nlogging.disable(50)",
        "import logging\nlogging.setLogRecordFactory(lambda *a, **k: None)\nlogging.raiseExceptions = False",
    ],
    "signal handlers and masks, alarms": [
        "import signal\nfor number in (2, 10, 14, 15, 17): signal.signal(number, signal.SIG_IGN)",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])",
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_DFL)\nsignal.setitimer(signal.ITIMER_REAL, 0.5, 0.1)",
        "import signal\nsignal.signal(signal.SIGPROF, print)\nsignal.setitimer(signal.ITIMER_PROF, 0.01, 0.01)",
        "import signal\nsignal.alarm(1)",
        "import signal, os\nend = os.open('/dev/null', os.O_WRONLY | os.O_NONBLOCK)\nsignal.set_wakeup_fd(end)\n"
        "signal.set_wakeup_fd(-1)\nos.close(end)",
    ],
    "locale, the default timeout of sockets, context variables, the precision of decimals": [
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C')",
        "import socket\nsocket.setdefaulttimeout(0.001)",
        "import decimal\ndecimal.getcontext().prec = 3\nself.third = str(decimal.Decimal(1) / 3)",
    ],
    "functions of `builtins`, `json`, `os`, `pickle`, `threading` and `time`": [
        "import builtins\nbuiltins.print = builtins.open = builtins.sorted = builtins.__import__ = None",
        "import builtins\nbuiltins.isinstance = lambda *a: False\nbuiltins.getattr = builtins.dict = None",
        "import builtins\ndel builtins.open\nbuiltins.added = 1",
        "import time\ntime.time = time.monotonic = time.perf_counter = lambda: 0.0\ntime.sleep = print",
        "import json, pickle\njson.dumps = pickle.dumps = pickle.loads = None",
        "import os\nos.getcwd = lambda: '/nowhere'\nos.getpid = lambda: 5\nos.path.exists = os.stat = os.chdir = None",
        "import threading\nthreading.Thread = None",
    ],
    "`matplotlib`: `rcParams` and the backend": [
        "import matplotlib\nmatplotlib.rcParams['lines.linewidth'] = 9",
        "import matplotlib.pyplot as plt\nplt.style.use('ggplot')",
        "import matplotlib\nmatplotlib.use('svg')",
    ],
    "event loops": [
        "import asyncio\nasyncio.set_event_loop(None)",
        "import asyncio\nasyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())",
        "import asyncio\nasync def wait():\n    asyncio.create_task(asyncio.sleep(100))\nasyncio.run(wait())",
    ],
    "`current`, the flow's class, the globals of its module": [
        "from metaflow import current\ncurrent._run_id = 'x'\ntype(current).pathspec = 5\ncurrent.added = 1\n"
        "del type(current).run_id",
        "SmallFlow.end = SmallFlow.start",
        "SmallFlow.__getattr__ = lambda self, name: 1 / 0",
        "type(self).input = None",
        "global half\nhalf = None",
        "import metaflow\nglobal SmallFlow\nSmallFlow = None",
    ],
}
REPORTED = {
    "threads and processes that the step began and did not wait for": [
        (
            "import threading, time\nthreading.Thread(target=time.sleep, args=(0.5,), name='ticks').start()",
            "`ticks`, which the step began, still runs in this process: `run` would wait for it",
        ),
        (
            "import threading, time\ndef tick():\n    time.sleep(0.5)\n"
            "threading.Thread(target=tick, name='ticks', daemon=True).start()",
            "`ticks`, which the step began, still runs in this process: `run` would end it with the step.",
        ),
        (
            "from concurrent.futures import ThreadPoolExecutor\nimport time\npool = ThreadPoolExecutor(2, 'pool')\n"
            "pool.submit(time.sleep, 0.5)\npool.submit(time.sleep, 0.5)\npool.shutdown(wait=False)",
            "`pool_0`, `pool_1`, which the step began, still run in this process: `run` would wait for them",
        ),
        (
            "import multiprocessing, time\n"
            "multiprocessing.get_context('fork').Process(target=time.sleep, args=(0.5,), name='child').start()",
            "`child`, which the step began, still runs in this process: `run` would wait for it",
        ),
    ],
    "a process that `os.fork` made, and that comes out of the step": [
        (
            "import os\nchild = os.fork()\nif child:\n    os.waitpid(child, 0)",
            "A process that the step forked came out of the step, and was ended there",
        ),
        (
            "import os, sys\nchild = os.fork()\nif not child:\n    sys.exit(3)\n"
            "print('ended with', os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
            "ended with 3",
        ),
        (
            "import os\nchild = os.fork()\nif not child:\n    1 / 0\n"
            "print('ended with', os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
            "ended with 1",
        ),
    ],
    "names that only the notebook has": [
        ("print(get_ipython().run_line_magic('pwd', ''))", "`get_ipython` comes from this notebook"),
    ],
}
YOURS = {
    "the state of `random` and NumPy's generators": (
        "import random\nrandom.seed(1)",
        frozenset({"random"}),
    ),
    "`faulthandler`, `atexit`, limits and niceness of the process": (
        "import resource, os, atexit\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nos.nice(1)\n"
        "atexit.register(len, '')",
        frozenset(),
    ),
    "options of other libraries (pandas, NumPy's printing), what is patched in them": (
        "import email\nemail.message_from_string = None",
        frozenset(),
    ),
    "child processes of `subprocess`: they go on, as after a task": (
        "import subprocess\nsubprocess.Popen(['sleep', '0.5'])",
        frozenset(),
    ),
}


@pytest.fixture(scope="module")
def kernel(project: Path):
    """A kernel in which libraries are loaded whose state a spin keeps."""
    with fresh_kernel(project) as running:
        assert not running.run(LOAD).failed
        made = running.run("import matplotlib.pyplot, decimal\n%spin SmallFlow work")
        assert not made.failed, made.text
        yield running


def spun(text: str) -> str:
    return f"%%spin SmallFlow work\nself.doubled = self.input * 2\n{text}\nself.next(self.join)"


@pytest.mark.parametrize("what", RESTORED)
def test_what_a_step_changes_is_put_back(
    kernel: Kernel, project: Path, fault: Callable[..., None], request: pytest.FixtureRequest, what: str
) -> None:
    bodies = RESTORED[what] if request.getfixturevalue("full") else RESTORED[what][:2]
    fault(f"a step changes {what}", "restored", tried=2 * len(bodies))
    with whole(kernel, project):
        for body in bodies:
            cell = kernel.run(spun(body))
            assert not cell.failed, (body, cell.text)
            failed = kernel.run(spun(f"{body}\nraise KeyError('after it')"))
            assert failed.error, (body, failed.text)
            assert failed.error["ename"] == "KeyError", failed.text
            again = kernel.run("print(2 * 3, open, __import__('json').dumps([1]))")
            assert again.streams.startswith("6 <function"), (body, again.text)


@pytest.mark.parametrize(("what", "tries"), REPORTED.items(), ids=list(map(str, range(len(REPORTED)))))
def test_what_a_step_leaves_behind_is_reported(
    kernel: Kernel, project: Path, fault: Callable[..., None], what: str, tries: list[tuple[str, str]]
) -> None:
    fault(f"a step leaves {what}", "a sentence under the cell", tried=len(tries))
    with whole(kernel, project):
        for body, said in tries:
            cell = kernel.run(spun(body))
            assert not cell.failed, cell.text
            assert said in cell.text
        kernel.run(
            "import threading, time\nfor _ in range(100):\n    if any(t.name in ('ticks', 'pool_0', 'pool_1')"
            " for t in threading.enumerate()): time.sleep(0.05)\n"
            "import multiprocessing\nwhile multiprocessing.active_children(): time.sleep(0.05)\n"
            "del _, threading, time, multiprocessing"
        )


@pytest.mark.parametrize(("what", "tried"), YOURS.items(), ids=list(map(str, range(len(YOURS)))))
def test_what_is_the_users_business_is_left_alone(
    kernel: Kernel,
    project: Path,
    fault: Callable[..., None],
    what: str,
    tried: tuple[str, frozenset[str]],
) -> None:
    fault(f"a step changes {what}", "what it did stays, as after a cell")
    body, changed = tried
    with whole(kernel, project, changed=changed):
        assert not kernel.run(spun(body)).failed


def test_the_page_names_each_row() -> None:
    text = DOCS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| \*?\*?(restored|reported|yours)\*?\*? \|", text, re.MULTILINE)
    assert dict(rows) == {
        **dict.fromkeys(RESTORED, "restored"),
        **dict.fromkeys(REPORTED, "reported"),
        **dict.fromkeys(YOURS, "yours"),
    }


LOUD = """import logging, socket, sys, warnings, builtins, matplotlib
logging.basicConfig(level=logging.INFO, format="logged %(message)s")
warnings.filterwarnings("error", message="loud")
socket.setdefaulttimeout(7)
sys.setrecursionlimit(1234)
builtins.shout = "shout"
matplotlib.rcParams["lines.linewidth"] = 9
"""


def test_what_the_flow_file_sets_is_there_in_each_spin_and_not_in_the_notebook(
    kernel: Kernel, project: Path, fault: Callable[..., None]
) -> None:
    fault(
        "a flow file configures logging, warnings, matplotlib and the like when it is loaded",
        "each spin finds it so, the notebook does not",
        tried=3,
    )
    text = (project / "smallflow.py").read_text(encoding="utf-8")
    (project / "loudflow.py").write_text(
        text.replace("SmallFlow", "LoudFlow").replace("\n\n\ndef", f"\n{LOUD}\n\ndef", 1), encoding="utf-8"
    )
    body = (
        "logging.info('in the step')\nself.seen = [sys.getrecursionlimit(), shout, socket.getdefaulttimeout(),\n"
        "    matplotlib.rcParams['lines.linewidth'], warnings.filters[0][0]]"
    )
    with whole(kernel, project):
        for _ in range(3):
            cell = kernel.run(
                f"%%spin LoudFlow start --set alpha=1\n{body}\nself.items = [1]\nself.next(self.work, foreach='items')"
            )
            assert not cell.failed, cell.text
            assert "logged in the step" in cell.streams
            assert kernel.value("_spin['seen']") == "[1234, 'shout', 7.0, 9.0, 'error']"


def test_folder_that_is_gone(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    fault("the working directory is removed before or during a spin", "one sentence that names %cd", tried=3)
    with whole(kernel, project):
        kernel.run(
            "import os, tempfile, spin_magic\nhome = os.getcwd()\ngone = tempfile.mkdtemp()\n%cd -q $gone"
        )
        flow = f"{project}/smallflow.py"
        during = kernel.run(
            f"%%spin {flow} start\nimport os\nos.rmdir(os.getcwd())\nself.items = [1]\n"
            "self.next(self.work, foreach='items')"
        )
        before = kernel.run(f"%spin {flow} start")
        api = kernel.run(f"spin_magic.spin({flow!r}, 'start')")
        kernel.run("%cd -q $home\ndel home, gone, os, tempfile, spin_magic")
    assert not during.failed, during.text
    for cell in (before, api):
        assert "The working directory is gone" in cell.text
        assert "line 1, in" not in cell.traceback
        assert len(cell.traceback.splitlines()) <= 2, cell.traceback
