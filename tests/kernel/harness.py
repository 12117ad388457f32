"""Fresh kernels for the tests: a notebook run from top to bottom, or a kernel to talk to."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

ANSI = re.compile(r"\x1b\[[0-9;]*m")
LOAD = "%load_ext spin_magic"


def plain(text: str) -> str:
    """Give the text without its colours."""
    return ANSI.sub("", text)


def run_flow(file: Path, cwd: Path, *arguments: str) -> None:
    """Run a flow for real, as a user would."""
    command = [sys.executable, str(file), "--no-pylint", "run", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class Cell:
    """What one cell did.

    It may have failed without an error output: IPython prints a usage error to stderr.
    """

    source: str
    count: int | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    failed: bool = False
    payload: list[dict[str, Any]] = field(default_factory=list)

    @property
    def executed(self) -> bool:
        return self.count is not None

    @property
    def error(self) -> dict[str, Any] | None:
        return next((each for each in self.outputs if each["output_type"] == "error"), None)

    @property
    def traceback(self) -> str:
        return plain("\n".join(self.error["traceback"])) if self.error else ""

    @property
    def streams(self) -> str:
        return plain("".join(each["text"] for each in self.outputs if each["output_type"] == "stream"))

    def data(self, mime: str) -> list[Any]:
        return [each["data"][mime] for each in self.outputs if mime in each.get("data", {})]

    @property
    def text(self) -> str:
        """All that a reader without HTML sees."""
        return "\n".join([self.streams, *map(plain, self.data("text/plain")), self.traceback])


def run_notebook(notebook: nbformat.NotebookNode, cwd: Path, timeout: float = 300) -> list[Cell]:
    """Run all code cells in a fresh kernel and stop at the first that fails, as Run All does."""
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(cwd)}},
    )
    failed = False
    try:
        client.execute()
    except CellExecutionError:
        failed = True
    cells = [
        Cell(each.source, each.execution_count, list(each.outputs))
        for each in notebook.cells
        if each.cell_type == "code"
    ]
    if failed:
        [*_, last] = (each for each in cells if each.executed)
        last.failed = True
    return cells


def run_cells(cells: Iterable[str], cwd: Path, timeout: float = 120) -> list[Cell]:
    """Run these cells, top to bottom, in a fresh kernel; see `run_notebook`."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    return run_notebook(notebook, cwd, timeout)


class Kernel:
    """A kernel to which cells are sent one at a time, with a keyboard: answers and interrupts."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager = manager
        self.client = client

    def run(
        self,
        code: str,
        *,
        answers: Sequence[str] = (),
        on_text: Callable[[str], None] | None = None,
        on_wait: Callable[[], None] | None = None,
        timeout: float = 60,
        cell_id: str | None = None,
    ) -> Cell:
        """Run one cell; type `answers` where it asks.

        `on_text` is called with each text as it arrives, `on_wait` when nothing has arrived for a moment.
        With `cell_id` it is a cell of a notebook, which a front end names.
        """
        cell = Cell(code)
        typed = iter(answers)
        begun = time.monotonic()
        request = self._send(code, cell_id, asks=bool(answers))
        while True:
            if answers:
                with contextlib.suppress(queue.Empty):
                    self.client.get_stdin_msg(timeout=0.01)
                    self.client.input(next(typed, "q"))
            try:
                message = self.client.get_iopub_msg(timeout=0.05)
            except queue.Empty:
                assert time.monotonic() - begun < timeout, f"still running after {timeout} s: {code}"
                if on_wait:
                    on_wait()
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                break
            if kind in {"stream", "display_data", "execute_result", "error"}:
                cell.outputs.append({"output_type": kind, **content})
            if kind == "stream" and on_text:
                on_text(content["text"])
        reply = self._reply(request, timeout)
        cell.count = reply["execution_count"]
        cell.failed = reply["status"] != "ok"
        cell.payload = reply.get("payload", [])
        cell.seconds = time.monotonic() - begun
        return cell

    def run_and_interrupt(self, code: str, mark: str, delay: float = 0.2) -> tuple[Cell, float]:
        """Run a cell, interrupt it soon after it has printed `mark`; say how long it took to stop."""
        begun: list[float] = []
        pressed: list[float] = []

        def on_text(text: str) -> None:
            if mark in text:
                begun.append(time.monotonic())

        def on_wait() -> None:
            if begun and not pressed and time.monotonic() - begun[0] > delay:
                pressed.append(time.monotonic())
                self.manager.interrupt_kernel()

        cell = self.run(code, on_text=on_text, on_wait=on_wait)
        assert pressed, f"the cell ended before it was interrupted: {cell.text}"
        return cell, time.monotonic() - pressed[0]

    def _send(self, code: str, cell_id: str | None, *, asks: bool) -> str:
        if cell_id is None:
            return self.client.execute(code, allow_stdin=asks)
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": asks}
        message = self.client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell_id}
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def complete(self, code: str, cursor: int | None = None, timeout: float = 60) -> dict[str, Any]:
        """Press Tab, at the end where nothing else is said; give the reply."""
        reply = self._reply(self.client.complete(code, len(code) if cursor is None else cursor), timeout)
        assert reply["status"] == "ok", reply
        return reply

    def _reply(self, request: str, timeout: float) -> dict[str, Any]:
        """Wait for the reply to a request, past late ones to what was asked while the kernel started."""
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == request:
                return reply["content"]

    def value(self, expression: str) -> str:
        """Give the repr of an expression, as the kernel sees it."""
        cell = self.run(f"print(repr(({expression})))")
        assert not cell.failed, cell.text
        return cell.streams.strip()


@contextlib.contextmanager
def fresh_kernel(
    cwd: Path, python: str = sys.executable, environment: dict[str, str] | None = None
) -> Iterator[Kernel]:
    """Start a kernel in a folder and end it afterwards."""
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = python
    manager.start_kernel(
        cwd=str(cwd), env=environment or dict(os.environ), extra_arguments=["--log-level=ERROR"]
    )
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        client.context.term()
