"""Spins where this Metaflow lacks what the engine drives: isolated, by Metaflow's own ``spin`` as it is."""

from __future__ import annotations

import functools
import json
import pickle
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spin_magic.artifacts import Artifacts, StepInputs
from spin_magic.errors import EngineError, IsolatedError, OptionError
from spin_magic.flows.locate import FlowRef, find_flow
from spin_magic.isolated import client
from spin_magic.isolated.command import Asked, check_environment, variables, words
from spin_magic.isolated.endings import made_anew, process_end, readable
from spin_magic.isolated.place import Place, copy_beside
from spin_magic.isolated.process import started
from spin_magic.paths import is_folder, path_of
from spin_magic.result import SpinResult
from spin_magic.runs.wanted import parse_step
from spin_magic.showing import Form
from spin_magic.writing.edit import replace_step
from spin_magic.writing.source import read

# What takes the engine, and what each is called on the line.
NOT_HERE = {"value": "--value", "seed": "--seed", "after": "--after", "persist": "--persist"}


def spin_function() -> Callable[..., SpinResult]:
    """Give `spin`: the engine's, or the one without it where this Metaflow lacks what it needs."""
    try:
        from spin_magic.api import spin  # noqa: PLC0415 -- whether it can be had is the question
    except EngineError as ex:
        return functools.partial(spin_without_engine, why=str(ex))
    return spin


def spin_without_engine(
    flow: Any,
    step: str,
    *,
    why: str,
    body: str | None = None,
    index: int | None = None,
    run: str | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 -- the option's name
    artifacts_module: Any = None,
    cards: bool = True,
    cwd: Any = None,
    check: bool = True,
    notebook: Mapping[str, Any] | None = None,
    **options: Any,
) -> SpinResult:
    """Run one step by Metaflow's own ``spin``, and read what it left through the Client.

    Parameters
    ----------
    flow, step, body, index, run, set, artifacts_module, cards, cwd, check, notebook
        As `spin` takes them.
    why : str
        Why the engine cannot do it.
    **options
        What else `spin` takes; what cannot be had so is refused.

    Returns
    -------
    SpinResult

    Raises
    ------
    SpinError
        Something is not as it must be.
    """
    __tracebackhide__ = True
    _check(options, cwd, why)
    begun = time.perf_counter()
    ref = _found(flow, notebook, why)
    wanted = parse_step(step, ref.name)
    with _namespace(options):
        past = client.past_task(ref.name, wanted.run or run, wanted.step, wanted.task, index)
        parents = client.parents_of(past)
    place = Place()
    with _flow_file(ref, wanted.step, body) as file:
        asked = Asked(
            past.pathspec,
            options.get("environment"),
            skip_decorators=bool(options.get("skip_decorators")),
            artifacts_module=_values(place, set or {}, artifacts_module, parents),
            config=options.get("config") or {},
            config_value=options.get("config_value") or {},
        )
        remove = [str(place.root), *([str(file)] if body else [])]
        orders = {"log": str(place.log), "remove": remove}
        place.orders.write_text(json.dumps(orders), encoding="utf-8")
        said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        folder = path_of(cwd or Path.cwd())
        error, code = _follow(words(file, place, asked), folder, place, said)
    with client.spun_task(place, ref.name, wanted.step) as now:
        error = error or _error(wanted.step, now, code, place, (str(file), str(ref.path)))
        entries = client.artifacts_of(now) if now is not None else {}
        diff = client.rows(now, past, entries) if now is not None else []
        transition = now["_transition"].data if now is not None and "_transition" in now else None
        made = [*client.cards_of(now)] if now is not None and cards else []
    result = SpinResult(
        flow=ref.name,
        step=wanted.step,
        ok=error is None,
        error=error,
        seconds=time.perf_counter() - begun,
        overhead=0.0,
        artifacts=Artifacts(entries),
        inputs=_inputs(ref.name, wanted.step, past, parents),
        origin=past.pathspec,
        stdout="".join(said["stdout"]),
        stderr="".join(said["stderr"]),
        cards=made,
        locals={},
        self=None,
        next=tuple(transition[0]) if transition else None,
        notes=[f"{why} Until then `spin` runs isolated, by Metaflow's own `spin` and with its limits."],
        compare=lambda _: diff,
        render=_render,
    )
    if check and error is not None:
        raise error
    return result


def _follow(
    command: list[str], folder: Path, place: Place, said: dict[str, list[str]]
) -> tuple[BaseException | None, int]:
    """Run the process to its end; give the interrupt where there was one, and how the process ended."""
    try:
        with started(command, folder, variables(place)) as child:
            return None, child.follow(lambda name, text: _say(said[name], name, text))
    except KeyboardInterrupt as ex:
        return ex.with_traceback(None), 0


def _check(options: Mapping[str, Any], cwd: Any, why: str) -> None:
    asked = [said for name, said in NOT_HERE.items() if options.get(name)]
    if options.get("source") == "spin":
        asked.append("--from spin")
    if asked:
        msg = f"{', '.join(asked)} cannot be had from Metaflow's own `spin`. {why}"
        raise OptionError(msg)
    check_environment(options.get("environment"))
    if cwd is not None and not is_folder(path_of(cwd)):
        msg = f"--cwd {cwd}: there is no such folder."
        raise OptionError(msg)


def _found(flow: Any, notebook: Mapping[str, Any] | None, why: str) -> FlowRef:
    text = flow if isinstance(flow, str) else getattr(flow, "__name__", str(flow))
    ref = find_flow(text, notebook, Path.cwd())
    if ref.path is None:
        msg = f"{ref.name} is defined in this notebook, and an isolated spin needs a file. {why}"
        raise IsolatedError(msg)
    return ref


@contextmanager
def _namespace(options: Mapping[str, Any]) -> Iterator[None]:
    import metaflow  # noqa: PLC0415 -- slow, and wanted last

    if "namespace" not in options:
        yield
        return
    kept = metaflow.get_namespace()
    metaflow.namespace(options["namespace"] or None)
    try:
        yield
    finally:
        metaflow.namespace(kept)


@contextmanager
def _flow_file(ref: FlowRef, step: str, body: str | None) -> Iterator[Path]:
    assert ref.path is not None  # noqa: S101 -- refused before
    if body is None:
        yield ref.path
        return
    source = read(str(ref.path))
    with copy_beside(ref.path, source.encode(replace_step(source, ref.name, step, body))) as copy:
        yield copy


def _values(place: Place, given: Mapping[str, Any], module: Any, parents: list[Any]) -> Path | None:
    """Write what was set as an artifacts module."""
    if not given:
        return path_of(module).resolve() if module else None
    if len(parents) > 1:
        msg = "--set in a join cannot be had from Metaflow's own `spin`: give --artifacts-module."
        raise OptionError(msg)
    try:
        values = pickle.dumps(dict(given))
    except Exception as ex:
        msg = f"What --set gives does not pickle ({ex}), so it cannot go to the process of an isolated step."
        raise OptionError(msg) from ex
    path = place.root / "values.py"
    base = f"runpy.run_path({str(Path(module).resolve())!r})['ARTIFACTS']" if module else "{}"
    text = f"import pickle\nimport runpy\n\nARTIFACTS = {base} | pickle.loads({values!r})\n"
    path.write_text(text, encoding="utf-8")
    return path


def _say(kept: list[str], name: str, text: str) -> None:
    kept.append(text)
    stream = getattr(sys, name)
    stream.write(text)
    stream.flush()


def _error(step: str, now: Any, code: int, place: Place, files: tuple[str, str]) -> BaseException | None:
    if code == 0 and now is not None and now.successful:
        return None
    exception = now.exception if now is not None else None
    if exception is not None:
        stack = readable(str(exception), *files)
        return made_anew(exception.type, exception.exception, stack, {})
    text = place.log.read_text(encoding="utf-8", errors="replace") if place.log.exists() else ""
    last = [line.strip() for line in text.splitlines() if line.strip()][-1:]
    return process_end(step, code, last[0].replace(*files) if last else "")


def _inputs(flow: str, step: str, past: Any, parents: list[Any]) -> StepInputs:
    entries = client.artifacts_of(parents[0]) if len(parents) == 1 else {}
    return StepInputs(
        entries,
        flow=flow,
        step=step,
        tasks=tuple(parent.pathspec for parent in parents),
        why=f"Inputs of {past.pathspec}, as Metaflow's own spin takes them.",
        origin=past.pathspec,
        index=client.index_of(past),
        render=_render_inputs,
    )


def _render(result: SpinResult, form: Form = "auto") -> dict[str, Any]:
    from spin_magic.report import mimebundle  # noqa: PLC0415 -- a spin in a script shows nothing

    return mimebundle(result, form)


def _render_inputs(inputs: StepInputs, form: Form = "auto") -> dict[str, Any]:
    from spin_magic.report import inputs_mimebundle  # noqa: PLC0415 -- as above

    return inputs_mimebundle(inputs, form)
