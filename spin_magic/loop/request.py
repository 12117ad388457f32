"""What was asked for, and which flow and which task that means."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spin_magic.engine.metadata import Frame
from spin_magic.engine.prepare import flow_class, is_flow_class
from spin_magic.errors import FlowError, OptionError, check_folder
from spin_magic.flows.load import FlowCode, load
from spin_magic.flows.locate import FlowRef, find_flow
from spin_magic.loop.handover import HandOver
from spin_magic.paths import is_folder, path_of
from spin_magic.runs.history import namespace_or_current
from spin_magic.runs.wanted import Wanted, parse_step

KEEP: Any = object()


@dataclass(frozen=True)
class Request:
    """The arguments of a spin, as they were given.

    With `block` the body runs somewhere else, and `body` is only its text. With `isolated` it runs in a
    process of its own.
    """

    flow: Any
    step: str
    body: str | None = None
    index: int | None = None
    value: Any = None
    run: str | None = None
    namespace: Any = KEEP
    source: str = "run"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    artifacts_module: Any = None
    config: Mapping[str, Any] = field(default_factory=dict)
    config_value: Mapping[str, Any] = field(default_factory=dict)
    cwd: Path | None = None
    notebook: Mapping[str, Any] = field(default_factory=dict)
    filename: Callable[[str], str] | None = None
    place: tuple[Frame, ...] | None = None
    after: tuple[str, ...] = ()
    block: HandOver | None = None
    isolated: bool = False
    environment: str | None = None
    persist: bool | None = None

    @property
    def text(self) -> str | None:
        """Text of the step that could be saved; None where it is the file's, or a block that cannot be."""
        return self.block.block.text if self.block else self.body


def arguments(**given: Any) -> dict[str, Any]:
    """Give the arguments of a `Request` for those of `spin` and its kin, where None keeps the default.

    ``set`` are the overrides, ``cwd`` is a folder of the user's, and ``after`` may be one text.
    """
    always = {"flow", "step", "namespace"}
    read = {name: value for name, value in given.items() if value is not None or name in always}
    if "set" in read:
        read["overrides"] = read.pop("set")
    if "cwd" in read:
        read["cwd"] = path_of(read["cwd"]).resolve()
    if "after" in read:
        read["after"] = step_names(read["after"])
    return read


def step_names(after: str | Iterable[str]) -> tuple[str, ...]:
    """Read the names of steps: one, several with commas between them, or a list of them."""
    given = after.split(",") if isinstance(after, str) else after
    return tuple(name for each in given if (name := each.strip()))


def find_code(request: Request) -> FlowCode:
    """Find and load the flow.

    Raises
    ------
    FlowError
        It cannot be found or loaded.
    """
    if request.cwd is not None and not is_folder(request.cwd):
        msg = f"--cwd {request.cwd}: there is no such folder."
        raise OptionError(msg)
    check_folder()
    return load(_locate(request), Path.cwd())


def _locate(request: Request) -> FlowRef:
    flow = flow_class(request.flow)
    if isinstance(flow, str):
        return find_flow(flow, request.notebook, Path.cwd())
    if isinstance(flow, os.PathLike):
        return find_flow(os.fspath(flow), request.notebook, Path.cwd())
    if not is_flow_class(flow):
        msg = f"{request.flow!r} is no flow: give its name, its file or the FlowSpec class."
        raise FlowError(msg)
    return find_flow(flow.__name__, {flow.__name__: flow}, Path.cwd())


def wanted(request: Request, flow: str) -> Wanted:
    """Read STEP and the options that go with it."""
    for name, value, kind, said in (
        ("step", request.step, str, "text"),
        ("body", request.body, str | None, "text"),
        ("set", request.overrides, Mapping, "a mapping of names to values"),
        ("config", request.config, Mapping, "a mapping of names to files"),
        ("config_value", request.config_value, Mapping, "a mapping of names to values"),
    ):
        if not isinstance(value, kind):
            msg = f"{name} must be {said}, not {value!r}."
            raise OptionError(msg)
    if request.source not in ("run", "spin"):
        msg = f"source must be 'run' or 'spin', not {request.source!r}."
        raise OptionError(msg)
    parsed = parse_step(request.step, flow)
    if request.run and parsed.run and request.run != parsed.run:
        msg = f"{request.step!r} names run {parsed.run}, and --from names run {request.run}: leave one out."
        raise OptionError(msg)
    if request.index is not None and request.value is not None:
        msg = "Give --index or --value, not both."
        raise OptionError(msg)
    if parsed.task is not None and (request.index is not None or request.value is not None):
        option = "--value" if request.index is None else "--index"
        msg = f"{request.step!r} names task {parsed.task} already: leave {option} out, or the task."
        raise OptionError(msg)
    exact = parsed.task is not None and request.step.count("/") == 3
    # Metaflow checks the namespace of no full pathspec.
    everywhere = request.namespace is KEEP and exact
    namespace = None if everywhere else namespace_or_current(request.namespace, KEEP)
    run = parsed.run or request.run
    return Wanted(parsed.step, run, parsed.task, request.index, request.value, namespace, place=request.place)
