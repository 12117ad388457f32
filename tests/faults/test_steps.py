"""Steps that misbehave.

What a body does to the kernel it runs in: what is restored, what is reported, what is the user's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kernel.harness import Kernel

# ruff: noqa: E501 -- bodies
PARAMETER = "    alpha = Parameter"
HEAD = "class SmallFlow"
BODY = "self.doubled = self.input * 2"
NEXT = "self.next(self.join)"

# What is tried, where in the flow's text, the text there, and what the cell then says.
PHASES = {
    "the flow file raises while it is loaded": [
        (HEAD, "raise ValueError('odd')", "smallflow.py cannot be loaded: ValueError: odd (line 14)"),
        (HEAD, "class Own(BaseException): pass\nraise Own('odd')", "cannot be loaded: Own: odd (line 15)"),
        (
            HEAD,
            "class Own(Exception):\n    def __str__(self): return 1 / 0\nraise Own",
            "smallflow.py cannot be loaded: Own: (it cannot be shown) (line 16)",
        ),
        (HEAD, "import sys\nsys.exit(3)", "smallflow.py ends the process while it is loaded"),
        (HEAD, "def deep(): deep()\ndeep()", "cannot be loaded: RecursionError"),
    ],
    "a parameter, `__init__` or a mutator raises": [
        (
            PARAMETER,
            "    beta = Parameter('beta', default=lambda context: 1 / 0)",
            "ZeroDivisionError: division by zero",
        ),
        (PARAMETER, "    beta = Parameter('beta', default='x', type=int)", "x is not a valid integer"),
        (
            PARAMETER,
            "    def __init__(self, *args, **kwargs):\n        raise ValueError('odd')",
            "Flow SmallFlow cannot be set up: ValueError: odd (smallflow.py, line 16)",
        ),
    ],
}
EXCEPTIONS = {
    "an exception that is no `Exception`": [
        "class Own(BaseException): pass\nraise Own('odd')",
        "raise GeneratorExit('odd')",
        "raise KeyboardInterrupt('odd')",
        "import asyncio\nraise asyncio.CancelledError('odd')",
    ],
    "`sys.exit`, `exit()`, `quit()`": [
        "import sys\nsys.exit('odd')",
        "raise SystemExit(['odd'])",
        "exit('odd')",
        "quit('odd')",
    ],
    "an exception that does not let itself be looked at": [
        "class Own(Exception):\n    def __bool__(self): raise TypeError\nraise Own('odd')",
        "class Own(Exception):\n    def __eq__(self, other): raise TypeError\n    __hash__ = None\nraise Own('odd')",
        "class Own(Exception):\n    def __reduce__(self): raise TypeError\nraise Own('odd')",
        "class Own(Exception):\n    def add_note(self, note): raise TypeError\nraise Own('odd')",
        "class Own(Exception):\n    def with_traceback(self, tb): raise TypeError\nraise Own('odd')",
        "class Own(Exception):\n    @property\n    def message(self): raise TypeError\nraise Own('odd')",
        "import sys\nerror = ValueError('odd')\nerror.frame = sys._getframe()\nerror.me = self\nraise error",
    ],
    "exceptions that cause each other in a circle, or 300 of them": [
        "a, b = ValueError('odd'), KeyError('b')\na.__cause__, b.__cause__ = b, a\nraise a",
        "error = ValueError('odd')\nerror.__cause__ = error\nraise error",
        "error = None\nfor n in range(300):\n    last, error = error, ValueError('odd')\n    error.__cause__ = last\nraise error",
    ],
    "`StopIteration`, groups of exceptions, errors of IPython's and ours": [
        "raise StopIteration('odd')",
        "raise ExceptionGroup('odd', [ValueError(1), TypeError(2)])",
        "from IPython.core.error import UsageError\nraise UsageError('odd')",
        "from spin_magic.errors import SpinError\nraise SpinError('odd')",
        "from metaflow.exception import MetaflowException\nraise MetaflowException('odd')",
    ],
    "recursion without end": [
        "def odd(): odd()\nodd()",
        "class Odd:\n    def __getattr__(self, name): return self.other\nOdd().x",
    ],
    "`MemoryError`": ["raise MemoryError('odd')", "odd = bytearray(10**15)"],
    "a message of 1 MB": ["raise ValueError('odd ' * 250_000)"],
}
STRANGE = {
    "an exception whose text raises": [
        ("class Own(Exception):\n    def __str__(self): raise ValueError('text')\nraise Own", "ValueError"),
        ("class Own(Exception):\n    def __str__(self): raise SystemExit('text')\nraise Own", "SystemExit"),
    ],
    "the flow's own class or object taken apart in the body": [
        ("SmallFlow.extra = SmallFlow.join", None),
        ("SmallFlow.work = None", None),
        ("SmallFlow.extra = 5", "TaskError"),
        ("self.__class__ = type('Other', (), {'next': print, 'join': 1})", "TaskError"),
        ("self.__dict__.clear()", "RecursionError"),
        ("del self.input", "AttributeError"),
        ("self.next(self.join)", "InvalidNextException"),
    ],
    "artifacts that do not pickle, for depth or by raising": [
        ("deep = []\nfor _ in range(100_000): deep = [deep]\nself.deep = deep\ndel deep", None),
        ("class Own:\n    def __reduce__(self): raise SystemExit(3)\nself.own = Own()", None),
    ],
}
INSIDE = {
    "IPython and spins used within a body": [
        ("get_ipython().run_cell('2 / 1')", None),
        ("get_ipython().run_line_magic('spin', 'SmallFlow join')", None),
        ("get_ipython().run_cell_magic('spin', 'SmallFlow work', 'raise KeyError(3)')", "KeyError"),
        ("import spin_magic\nself.there = spin_magic.spin('SmallFlow', 'join')['total']", None),
    ],
}


def spun(text: str) -> str:
    return f"%%spin SmallFlow work\n{BODY}\n{text}\n{NEXT}"


@pytest.mark.parametrize("what", PHASES)
def test_raising_before_the_body(
    kernel: Kernel, project: Path, fault: Callable[..., None], what: str
) -> None:
    fault(what, "one sentence, with the line of the flow file where it has one", tried=len(PHASES[what]))
    file = project / "smallflow.py"
    text = file.read_text(encoding="utf-8")
    with whole(kernel, project):
        for place, added, said in PHASES[what]:
            file.write_text(text.replace(place, f"{added}\n\n\n{place}", 1), encoding="utf-8")
            cell = kernel.run("%spin SmallFlow work")
            file.write_text(text, encoding="utf-8")
            assert cell.failed
            assert said in cell.text
            assert "line 1" not in cell.traceback.replace("line 14", "").replace("line 15", "").replace(
                "line 16", ""
            )
            assert len(cell.traceback.splitlines()) <= 2, cell.traceback


@pytest.mark.parametrize("what", EXCEPTIONS)
def test_a_body_raises(
    kernel: Kernel, project: Path, fault: Callable[..., None], request: pytest.FixtureRequest, what: str
) -> None:
    bodies = EXCEPTIONS[what] if request.getfixturevalue("full") else EXCEPTIONS[what][:2]
    fault(f"the body raises: {what}", "the error itself, at the step's own line", tried=len(bodies))
    # Long messages go out by a thread that zmq begins then, and keeps.
    with whole(kernel, project, changed=frozenset({"threads", "files"})):
        for body in bodies:
            cell = kernel.run(spun(body))
            assert cell.failed, cell.text
            # What it set before stays to be looked at.
            assert kernel.value("_spin.ok, _spin.self.doubled") == "(False, 2)"
            assert "cell In[" in cell.text, cell.text
            assert "/spin_magic/" not in cell.traceback, cell.traceback


@pytest.mark.parametrize("what", [*STRANGE, *INSIDE])
def test_a_body_does_what_no_body_should(
    kernel: Kernel, project: Path, fault: Callable[..., None], what: str
) -> None:
    tries = (STRANGE | INSIDE)[what]
    fault(what, "the error that `run` has too, or none, with a note", tried=len(tries))
    with whole(kernel, project):
        for body, error in tries:
            cell = kernel.run(spun(body))
            name = cell.error["ename"] if cell.error else None
            assert name == error, (body, cell.text)
            assert "/spin_magic/" not in cell.traceback, cell.traceback


def test_loop_without_end(kernel: Kernel, project: Path, fault: Callable[..., None]) -> None:
    loops = (
        "while True: pass",
        "while True:\n    try: pass\n    except Exception: pass",
        "import signal\nsignal.pthread_sigmask(signal.SIG_UNBLOCK, [2])\nimport time\ntime.sleep(60)",
    )
    fault("a loop without end, interrupted", "KeyboardInterrupt at the step's own line", tried=len(loops))
    with whole(kernel, project):
        for body in loops:
            cell, seconds = kernel.run_and_interrupt(spun(f"print('on', flush=True)\n{body}"), mark="on")
            assert cell.error, cell.text
            assert cell.error["ename"] == "KeyboardInterrupt"
            assert seconds < 5
