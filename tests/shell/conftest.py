"""A fresh IPython shell in this process, and an api that answers without Metaflow."""

from __future__ import annotations

import atexit
import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import spin_magic
from spin_magic.artifacts import Artifact, Artifacts, StepInputs
from spin_magic.result import SpinResult


@pytest.fixture
def bare_shell():
    """A shell without the magics, that writes no history."""
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config, colors="nocolor")
    shell.display_pub = CapturingDisplayPublisher(parent=shell)
    yield shell
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(bare_shell):
    """A shell with the magics."""
    bare_shell.run_line_magic("load_ext", "spin_magic")
    return bare_shell


@dataclass
class FakeApi:
    """What the magics call. It runs the body as plain code, on the shell's own thread."""

    artifacts: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    branches: Any = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    error: BaseException | None = None
    locals: dict[str, Any] = field(default_factory=dict)

    def spin(self, flow: str, step: str, **options: Any) -> SpinResult:
        self.calls.append({"flow": flow, "step": step, **options})
        error, locals_ = self.error, dict(self.locals)
        body = options["body"]
        if body is not None:
            try:
                code = compile("\n" + body, options["filename"]("\n" + body), "exec")
                exec(code, {}, locals_)  # noqa: S102 - the body of the test's own cell
            except BaseException as raised:
                error = raised.with_traceback(raised.__traceback__.tb_next)
        inputs = self.step_inputs(flow, step)
        return SpinResult(
            flow=flow,
            step=step,
            ok=error is None,
            error=error,
            seconds=0.0,
            overhead=0.0,
            artifacts=Artifacts({}),
            inputs=inputs,
            origin=None,
            stdout="",
            stderr="",
            cards=[],
            locals=locals_,
            self=object(),
            next=(),
            notes=[],
            render=lambda result, _: {"text/plain": f"panel {result.step}", "text/html": "<p>"},
        )

    def spin_inputs(self, flow: str, step: str, **options: Any) -> StepInputs:
        self.calls.append({"flow": flow, "step": step, **options})
        return self.step_inputs(flow, step)

    def step_inputs(self, flow: str, step: str) -> StepInputs:
        entries = {
            name: Artifact(name, "", self.sizes.get(name), lambda name=name: self.load(name))
            for name in self.artifacts
        }
        return StepInputs(
            entries,
            flow=flow,
            step=step,
            tasks=("F/1/s/1",),
            why="",
            origin=None,
            self_object=self,
            inputs=self.branches,
            render=lambda inputs, _: {"text/plain": f"inputs {inputs.step}"},
        )

    def load(self, name: str) -> Any:
        self.loaded.append(name)
        value = self.artifacts[name]
        if isinstance(value, Exception):
            raise value
        return value


@pytest.fixture
def api(monkeypatch):
    """Put a fake in the place of `spin_magic.api`, and nothing in that of `spin_magic.looking`."""
    fake = FakeApi()
    for name in ("api", "looking"):
        module = ModuleType(f"spin_magic.{name}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(spin_magic, name, module, raising=False)
    spin_magic.api.spin, spin_magic.api.spin_inputs = fake.spin, fake.spin_inputs
    return fake


@pytest.fixture
def shown(shell):
    """What was displayed so far, as plain text."""
    return lambda: [output["data"]["text/plain"] for output in shell.display_pub.outputs]
