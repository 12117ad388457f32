"""A real kernel, timed from outside: from sending a cell until the kernel is idle and all is shown."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

LOAD = "%load_ext spin_magic"


@dataclass
class Shown:
    """What came of one cell."""

    seconds: float = 0.0
    printed: str = ""
    outputs: list[Any] = field(default_factory=list)
    widgets: list[Any] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)


class Kernel:
    """A running kernel; each cell is sent as a front end sends it, with the cell's id."""

    def __init__(self, manager: Any, client: Any) -> None:
        self._manager = manager
        self._client = client

    @property
    def resident(self) -> int:
        """Bytes of the kernel's memory that are resident."""
        status = Path(f"/proc/{self._manager.provisioner.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return 1024 * int(line.split()[1])

    def run(self, code: str, cell: str = "a-cell") -> Shown:
        """Run a cell to its end; one that fails ends the benchmark."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = self._client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell}
        shown = Shown()
        begun = time.perf_counter()
        self._client.shell_channel.send(message)
        self._listen(message["header"]["msg_id"], shown)
        reply = self._client.get_shell_msg(timeout=600)["content"]
        shown.seconds = time.perf_counter() - begun
        if reply["status"] != "ok":
            raise SystemExit("\n".join([code, shown.printed, *reply["traceback"]]))
        return shown

    def complete(self, code: str) -> tuple[float, list[str]]:
        """Press Tab at the end of a cell, and give the seconds and what was offered."""
        begun = time.perf_counter()
        request = self._client.complete(code, len(code))
        while (reply := self._client.get_shell_msg(timeout=600))["parent_header"].get("msg_id") != request:
            pass  # a late answer to what was asked while the kernel started
        return time.perf_counter() - begun, reply["content"]["matches"]

    def panel(self, code: str, cell: str = "a-cell") -> float:
        """Run a spin, make sure that its panel was shown and made live, and give the seconds."""
        shown = self.run(code, cell)
        named = [each["panel"] for each in shown.widgets if each.get("panel")]
        panels = [data["text/html"] for data in shown.outputs if "text/html" in data and "text/plain" in data]
        if not any(name in panel for name in named for panel in panels):
            raise SystemExit(f"No live panel was shown by: {code}")
        return shown.seconds

    def value(self, expression: str) -> Any:
        """Give a number or a text of the kernel's."""
        return eval(self.run(f"print(repr({expression}))", "asked").printed)  # noqa: S307 - a repr of our own

    def _listen(self, request: str, shown: Shown) -> None:
        while True:
            message = self._client.get_iopub_msg(timeout=600)
            if message["parent_header"].get("msg_id") != request:
                continue
            shown.messages.append(message)
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return
            if kind == "stream":
                shown.printed += content["text"]
            if kind == "comm_open":
                shown.widgets.append(content["data"]["state"])
            if kind in {"display_data", "execute_result"}:
                shown.outputs.append(content["data"])


@contextlib.contextmanager
def fresh_kernel(folder: Path, **environment: str) -> Iterator[Kernel]:
    """Start a kernel with the magics in a folder, and end it afterwards."""
    manager, client = start_new_kernel(
        kernel_name="python3",
        cwd=str(folder),
        extra_arguments=["--log-level=ERROR"],
        env=os.environ | environment,
    )
    try:
        kernel = Kernel(manager, client)
        kernel.run(LOAD)
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
