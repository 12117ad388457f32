"""The first spin of a process, interrupted: each try in a fork of a shell that knows nothing of Metaflow.

Run in a folder with the flow: ``python cold.py TRIES SEED``. Prints what was found as JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import sys

from IPython.terminal.interactiveshell import TerminalInteractiveShell

from tests.faults.pressed import Press, state

LINE = "PressedFlow work"
KEPT = (
    "cwd",
    "path",
    "argv",
    "main",
    "signals",
    "alarm",
    "threads",
    "streams",
    "hooks",
    "temporary",
    "limits",
)


def child(shell: TerminalInteractiveShell, moment: int) -> dict[str, object]:
    """Spin for the first time, interrupted; then again, twice as if nothing had been."""
    press = Press([moment])
    before = state(shell)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        error, seconds = press.run(lambda: shell.run_line_magic("spin", LINE))
    wrong = []
    if type(error) is not (KeyboardInterrupt if press.where else type(None)):
        wrong.append(f"ended as {error!r}")
    if press.where and seconds > 3:
        wrong.append(f"took {seconds:.2f} s")
    with contextlib.redirect_stdout(io.StringIO()):
        result = shell.run_line_magic("spin", LINE)
    if not result.ok or {row.status for row in result.diff()} != {"same"}:
        wrong.append(f"next spin: {result.error!r}")
    now = state(shell)
    wrong += [f"{key}: {before[key]} {now[key]}" for key in KEPT if before[key] != now[key]]
    return {
        "where": press.where,
        "moments": press.count,
        "ended": repr(error),
        "seconds": seconds,
        "wrong": wrong,
    }


def tried(shell: TerminalInteractiveShell, moment: int) -> dict[str, object]:
    """Do it in a fork."""
    read, write = os.pipe()
    if not (process := os.fork()):
        try:
            found = child(shell, moment)
        except BaseException as ex:
            found = {"where": [], "ended": "", "wrong": [f"{type(ex).__name__}: {ex}"]}
        os.write(write, json.dumps(found).encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as answer:
        found = json.loads(answer.read() or b'{"wrong": ["the process is gone"]}')
    os.waitpid(process, 0)
    return found


def main(tries: int, seed: int) -> None:
    shell = TerminalInteractiveShell.instance()
    shell.history_manager.enabled = False
    signal.signal(signal.SIGINT, signal.default_int_handler)
    shell.run_line_magic("load_ext", "spin_magic")
    assert "metaflow" not in sys.modules
    rng, whole = random.Random(seed), tried(shell, 2**60)
    found = [tried(shell, rng.randrange(1, whole["moments"])) for _ in range(tries)]
    print("FOUND", json.dumps({"moments": whole["moments"], "tries": [whole, *found]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
