"""A test from a spin: a pytest function that spins the step from the same task and asserts what was seen."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spin_magic.engine.prepare import constants_of, parameters_of
from spin_magic.errors import OptionError, SaveError, TaskError
from spin_magic.flows.load import FlowCode
from spin_magic.flows.reads import reads_and_sets
from spin_magic.loop import session
from spin_magic.loop.assertions import assertions, literal
from spin_magic.loop.compare import Incomparable, same_value
from spin_magic.loop.function_text import Call, create, free_name, function_text
from spin_magic.loop.unsaved import spun_otherwise
from spin_magic.printable import quoted
from spin_magic.result import SpinResult
from spin_magic.writing.disk import write
from spin_magic.writing.source import read

LONGEST_SECOND_SPIN = 60.0

Respin = Callable[..., SpinResult]


@dataclass(frozen=True)
class WrittenTest:
    """A test as it was written.

    Attributes
    ----------
    name : str
        Name of the function.
    text : str
        The text that was added, or would have been.
    file : Path or None
        Where to; None where no file was asked for.
    """

    name: str
    text: str
    file: Path | None


def written_test(
    code: FlowCode, step: str, file: Path | None, respin: Respin, *, dry_run: bool
) -> WrittenTest:
    """Write a test of a step's last good spin.

    Parameters
    ----------
    code : FlowCode
        The flow.
    step : str
        The step.
    file : Path or None
        The test file; a test is added to one that is there.
    respin : callable
        Spins once more: called with the arguments of `spin`.
    dry_run : bool
        Write nothing.

    Raises
    ------
    SpinError
        The step was not spun here, or a test could not spin it so.
    """
    if file is not None and file.suffix != ".py":
        # A notebook reads as Python, too: as one large dictionary.
        msg = f"{file.name} is no Python file: its name must end in .py."
        raise SaveError(msg)
    spun = _testable(code, step)
    call = _call(code, spun, file)
    again = _again(step, spun, call, respin)
    lines = _asserted(code, spun, again)
    existing = read(file) if file is not None and file.exists() else None
    name = free_name(code.cls.__name__, step, existing.tree if existing else None)
    text = function_text(name, call, lines, existing.tree if existing else None)
    if file is not None and not dry_run:
        if existing is not None:
            newline = "\r\n" if "\r\n" in existing.text else "\n"
            added = text.replace("\n", newline)
            gap = "" if not existing.text.strip() else newline * 2
            write(existing, existing.text.rstrip() + (newline + gap if gap else "") + added)
        else:
            create(file, text)
    return WrittenTest(name, text, file)


def _testable(code: FlowCode, step: str) -> session.Spun:
    """Give the last good spin, where a test in another process can do the same."""
    flow = code.cls.__name__
    spun = session.last(session.key(code, step))
    if spun is None or spun.request is None:
        msg = f"`{step}` of {flow} has not been spun well here: `%spin {flow} {step}` first."
        raise TaskError(msg)
    if code.path is None:
        msg = f"{flow} is defined in this notebook, where no test finds it: write its cell to a file first."
        raise TaskError(msg)
    if spun_otherwise(code, step):
        msg = (
            f"`{step}` was spun with a text that {code.label} does not have, and a test runs the file's: "
            f"save it first with `%spin_save {flow} {step}`."
        )
        raise TaskError(msg)
    if any(task.split("/")[1] == "spin" for task in spun.result.inputs.tasks):
        msg = (
            f"The inputs of `{step}` were spun in this kernel, where no test finds them: spin the step on "
            "the inputs of a run first."
        )
        raise TaskError(msg)
    return spun


def _call(code: FlowCode, spun: session.Spun, file: Path | None) -> Call:
    result, request = spun.result, spun.request
    assert request is not None and code.path is not None  # noqa: S101, PT018 -- `_testable` has seen to it
    arguments: dict[str, Any] = {}
    if result.origin is not None:
        step = result.origin
    else:
        step = f"{result.inputs.tasks[0].split('/')[1]}/{result.step}"
        arguments |= {"namespace": None}
        arguments |= {"index": result.inputs.index} if result.inputs.index is not None else {}
    values = {"set": request.overrides, "config_value": request.config_value}
    arguments |= {name: dict(value) for name, value in values.items() if value}
    arguments |= {"seed": spun.seed} if spun.seed is not None else {}
    arguments |= {"skip_decorators": True} if spun.skip_decorators else {}
    texts = {name: _literal(name, value) for name, value in arguments.items()}
    # Of a link that leads to itself, too: writing says what is wrong.
    base = Path(os.path.realpath(file)).parent if file is not None else None
    for name, path in (("artifacts_module", request.artifacts_module), ("cwd", request.cwd)):
        if path is not None:
            arguments[name], texts[name] = path, _path(Path(path), base)
    if request.config:
        arguments["config"] = dict(request.config)
        items = (f"{name!r}: {_path(Path(path), base)}" for name, path in request.config.items())
        texts["config"] = f"{{{', '.join(items)}}}"
    flow = _path(code.path, base, f":{code.cls.__name__}")
    arguments["flow"] = f"{code.path}:{code.cls.__name__}"
    return Call(flow, step, arguments, {**texts, "cards": "False"})


def _literal(option: str, value: Any) -> str:
    text = repr(value) if not isinstance(value, dict) else None
    if text is None:
        parts = {name: literal(item) for name, item in value.items()}
        for name, part in parts.items():
            if part is None:
                kind = type(value[name]).__name__
                msg = (
                    f"--{option.replace('_', '-')} {name}: a {kind} cannot be written into a test. "
                    "Make it in a file with a dictionary ARTIFACTS, and spin with --artifacts-module."
                )
                raise OptionError(msg)
        text = f"{{{', '.join(f'{name!r}: {part}' for name, part in parts.items())}}}"
    return text


def _path(path: Path, base: Path | None, end: str = "") -> str:
    """Write a path down so that it holds elsewhere: from the test file on, or from the working directory."""
    relative = os.path.relpath(path.resolve(), base or Path.cwd()).replace(os.sep, "/")
    text = f"{relative}{end}"
    if not base:
        return quoted(text)
    if quoted(text)[0] == '"' and not {*"{}"} & {*text}:
        return f'f"{{Path(__file__).parent}}/{text}"'
    return f'f"{{Path(__file__).parent}}/" {text!r}'


def _again(step: str, spun: session.Spun, call: Call, respin: Respin) -> SpinResult | None:
    """Spin once more as the test will, where that does not take long."""
    if spun.result.seconds > LONGEST_SECOND_SPIN:
        return None
    arguments = dict(call.arguments)
    try:
        return respin(arguments.pop("flow"), call.step, cards=False, **arguments)
    except Exception as ex:
        msg = (
            f"`{step}` fails as a test would spin it, without this notebook's names: "
            f"{type(ex).__name__}: {ex}. Mend it, save it and spin it once more."
        )
        raise TaskError(msg) from ex


def _asserted(code: FlowCode, spun: session.Spun, again: SpinResult | None) -> list[str]:
    lines = [] if again else ["# It took too long to spin it twice: what is another each time fails here."]
    lines.append(f"assert result.next == {spun.result.next!r}")
    for name in _own_names(code, spun):
        value = spun.result[name]
        if again is not None and not _same(value, again.artifacts.get(name)):
            lines.append(f"# {name}: not asserted, for it was another when the step was spun once more.")
        else:
            lines += assertions(name, value)
    return lines


def _own_names(code: FlowCode, spun: session.Spun) -> list[str]:
    """List the outputs that are the step's own work, and not handed on as they came."""
    fixed = {**parameters_of(code.cls), **constants_of(code.cls)}
    sets = reads_and_sets(code.cls, spun.result.step)[1]
    touched = {*sets, *spun.output.mutated}
    # `name` is the flow's, which Metaflow hands on as if it were an artifact.
    names = (name for name in spun.result.artifacts if name not in fixed and name != "name")
    return [name for name in names if name in touched or name not in spun.result.inputs]


def _same(value: Any, other: Any) -> bool:
    try:
        return same_value(value, other)
    except Incomparable:
        return False
