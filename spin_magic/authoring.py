"""A flow written from the notebook: a stub, steps into cells, and cells into the flow file."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from spin_magic.engine.state import in_plain_words, preserved
from spin_magic.errors import FlowError, OptionError, SaveError, SpinError
from spin_magic.flows.locate import find_flow
from spin_magic.loop import kept_texts, session, texts
from spin_magic.loop.loading_text import LoadedStep, load_text
from spin_magic.loop.new_flow import new_flow
from spin_magic.loop.request import Request, find_code, step_names
from spin_magic.loop.saving import How, save_step
from spin_magic.paths import path_of
from spin_magic.runs.wanted import parse_step
from spin_magic.saved import SavedStep

__all__ = ["LoadedStep", "SavedStep", "load_step", "spin_load", "spin_new", "spin_save"]


def spin_load(
    flow: Any,
    step: str,
    whole: bool = False,  # noqa: FBT001, FBT002 -- as the option has it
    *,
    notebook: Mapping[str, Any] | None = None,
) -> str:
    """Give a step of a flow file as the text of a cell.

    Parameters
    ----------
    flow : str or type
        As for `spin`.
    step : str
        Name of the step.
    whole : bool, default False
        Give the whole ``def`` with its decorators. Default: the bare body, where it means the same in a cell.
    notebook : mapping, optional
        Names of the notebook: flows that it defines.

    Returns
    -------
    str
        The cell, with its ``%%spin`` line. Saved as it is, it leaves the file as it is.

    Raises
    ------
    SpinError
        There is no such step, or its text does not mean the same in a cell.
    """
    __tracebackhide__ = True
    return load_step(flow, step, whole=whole, notebook=notebook).text


def load_step(
    flow: Any, step: str, *, whole: bool = False, notebook: Mapping[str, Any] | None = None
) -> LoadedStep:
    """Give a step as the text of a cell, and what is to say of it; as `spin_load`."""
    __tracebackhide__ = True
    request = Request(flow=flow, step=step, notebook=notebook or {})
    with preserved(), in_plain_words(), (code := find_code(request)).active():
        name = parse_step(step, code.cls.__name__).step
        words = flow if isinstance(flow, str) else code.cls.__name__
        return load_text(code, name, f"{_quoted(words)} {step}", whole=whole)


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def spin_save(
    flow: Any = None,
    step: str | None = None,
    *,
    force: bool = False,
    dry_run: bool = False,
    link: bool = False,
    after: str | Collection[str] = (),
    notebook: Mapping[str, Any] | None = None,
) -> SavedStep:
    """Write the last good cell of a step into its flow file.

    Parameters
    ----------
    flow : str or type, optional
        As for `spin`. Default: the step whose cell was spun last.
    step : str, optional
        Name of the step.
    force : bool, default False
        Write even where the file's step is no longer the one that was loaded or first spun.
    dry_run : bool, default False
        Give the change and write nothing.
    link : bool, default False
        For a new step: change what its parents lead to as well.
    after : str or collection of str, optional
        For a new step: the steps that lead to it. Default: those that do, in the file or as they were spun.
    notebook : mapping, optional
        Names of the notebook: flows that it defines.

    Returns
    -------
    SavedStep
        The change as a diff, and whether it was written.

    Raises
    ------
    SaveError
        The file is as it was. The text that was refused stays, and the message says where.
    """
    __tracebackhide__ = True
    if (flow is None) is not (step is None):
        msg = "Give flow and step, or neither for the step that was spun last."
        raise OptionError(msg)
    where = texts.last() if flow is None else None
    if flow is None or step is None:
        if where is None:
            msg = "No cell was spun here yet: `%%spin FLOW STEP` first."
            raise SaveError(msg)
        flow, step = _flow_of(where), where[2]
    how = How(force, dry_run, link, step_names(after))
    with preserved(), in_plain_words():
        try:
            code = find_code(Request(flow=flow, step=step, notebook=notebook or {}))
        except FlowError as ex:
            raise _kept(flow, step, ex) from None
        with code.active():
            name = parse_step(step, code.cls.__name__).step
            return save_step(code, name, how)


def _flow_of(where: session.StepKey) -> str:
    path, flow, _ = where
    return f"{path}:{flow}" if path != str(None) else flow


def _kept(flow: Any, step: str, ex: FlowError) -> SpinError:
    """Keep the text of a step whose flow is not to be had any more, where that can be told."""
    name = getattr(flow, "__name__", str(flow))
    for where, text in reversed(texts.known().items()):
        names = (where[1], Path(where[0]).name, _flow_of(where))
        if where[2] == step and text.good and {name, Path(name.partition(":")[0]).name} & set(names):
            return kept_texts.keep(where, text.good, ex)
    return ex


def spin_new(flow: str, file: str | os.PathLike[str] | None = None) -> Path:
    """Write a flow file to begin with, of a ``start`` and an ``end``; it runs.

    Parameters
    ----------
    flow : str
        Name of its class.
    file : path, optional
        The file. Default: the name in lower case, in the working directory.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SaveError
        The name cannot be that of a class, or the file is there already.
    """
    __tracebackhide__ = True
    return new_flow(flow, path_of(file) if file is not None else None)


def shortest_name(flow: str, file: Path) -> str:
    """Give what to write for FLOW, so that a flow file is found from the working directory."""
    try:
        ref = find_flow(flow, {}, Path.cwd())
    except FlowError:
        ref = None
    if ref is not None and ref.path is not None and ref.path.resolve() == file.resolve():
        return flow
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)
