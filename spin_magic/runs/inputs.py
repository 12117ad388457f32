"""The inputs of a step: its parents' artifacts, with what the user set and what the code adds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spin_magic.engine.first import FirstInputs
from spin_magic.engine.pickling import copied
from spin_magic.engine.prepare import Prepared, constants_of, default_of, parameters_of
from spin_magic.engine.stores import InputStore, Source
from spin_magic.errors import OptionError, TaskError

_BRANCH = re.compile(r"(?:(?P<step>\w+)|\[(?P<index>\d+)\])\.(?P<name>\w+)")


def input_stores(
    sources: Sequence[Source],
    prepared: Prepared,
    *,
    join: bool,
    overrides: Mapping[str, Any],
    around: Callable[[], Any],
) -> tuple[list[InputStore], list[str]]:
    """Make the stores that a step reads from.

    Parameters
    ----------
    sources : sequence of Source
        Parent tasks, in order.
    prepared : Prepared
        The flow class.
    join : bool
        True where the step takes ``inputs``.
    overrides : mapping of str to object
        What the user set: ``NAME``, or for a join ``STEP.NAME``, ``[I].NAME``, or the pathspec
        ``RUN/STEP/TASK`` of a branch with a mapping of names, as ``ARTIFACTS`` has them.
    around : callable
        Gives a context in which the flow's own classes can be unpickled.

    Returns
    -------
    stores, notes : list of InputStore, list of str
    """
    added, missing, notes = _from_code(prepared, sources[0])
    if not join:
        known = {*sources[0].objects, *added, *missing}
        unknown = [name for name in overrides if name not in known]
        notes += [f"`{name}` is set, but is no artifact of the inputs: it was added." for name in unknown]
    own = _by_branch(overrides, sources, prepared) if join else [_checked(overrides, prepared)] * len(sources)
    stores = []
    for source, branch in zip(sources, own, strict=True):
        lacking = {name: ex for name, ex in missing.items() if name not in branch}
        stores.append(InputStore(source, {**added, **branch}, around, lacking))
    return stores, notes


def _from_code(prepared: Prepared, source: Source) -> tuple[dict[str, Any], dict[str, Exception], list[str]]:
    """Find what the code gives and the past run lacks: constants as they are now, added parameters."""
    # Copies: a step that changes a constant in place changes it for itself alone.
    added = {
        name: copied(value) for name, value in {**constants_of(prepared.cls), **prepared.configs}.items()
    }
    missing: dict[str, Exception] = {}
    notes = []
    for name, parameter in parameters_of(prepared.cls).items():
        if name in source or name in added:
            continue
        compute = default_of(parameter)
        if compute is None:
            because = (
                "has no default"
                if isinstance(source, FirstInputs)
                else (f"was added since the run of {source.pathspec} and has no default")
            )
            missing[name] = TaskError(f"Parameter {name!r} {because}: give it with --set {name}=...")
            continue
        added[name] = compute()
        notes.append(f"Parameter `{name}` was added since that run: its default {added[name]!r} is used.")
    return added, missing, notes


def _checked(overrides: Mapping[str, Any], prepared: Prepared) -> dict[str, Any]:
    constants = constants_of(prepared.cls)
    for name in overrides:
        if not name.isidentifier():
            msg = f"--set {name}=...: this step is not a join, so give the name of an artifact alone."
            raise OptionError(msg)
        if name in constants:
            msg = f"--set {name}=...: {name} is a constant of the class; change it in the flow file."
            raise OptionError(msg)
    return dict(overrides)


def _by_branch(
    overrides: Mapping[str, Any], sources: Sequence[Source], prepared: Prepared
) -> list[dict[str, Any]]:
    branches: list[dict[str, Any]] = [{} for _ in sources]
    pathspecs = [source.pathspec.partition("/")[2] for source in sources]
    for key, value in overrides.items():
        if key in pathspecs and isinstance(value, Mapping):
            branches[pathspecs.index(key)].update(value)
            continue
        match = _BRANCH.fullmatch(key)
        if match is None:
            if key in parameters_of(prepared.cls):
                for branch in branches:
                    branch[key] = value
                continue
            msg = f"--set {key}=...: this step is a join; say of which input: STEP.{key}=... or [0].{key}=..."
            raise OptionError(msg)
        for index in _chosen(match, sources, key):
            branches[index][match["name"]] = value
    return branches


def _chosen(match: re.Match[str], sources: Sequence[Source], key: str) -> list[int]:
    if match["index"] is not None:
        index = int(match["index"])
        if index >= len(sources):
            msg = f"--set {key}=...: the join has {len(sources)} inputs, [0] to [{len(sources) - 1}]."
            raise OptionError(msg)
        return [index]
    steps = [source.pathspec.split("/")[2] for source in sources]
    found = [index for index, step in enumerate(steps) if step == match["step"]]
    if not found:
        known = ", ".join(dict.fromkeys(steps))
        msg = f"--set {key}=...: no input comes from {match['step']!r}, only from {known}."
        raise OptionError(msg)
    return found


def public_names(stores: Sequence[InputStore], prepared: Prepared, *, join: bool) -> list[str]:
    """List what a step finds on ``self`` when it starts."""
    if join:
        return sorted({*parameters_of(prepared.cls), *constants_of(prepared.cls)})
    return sorted(name for name, _ in stores[0].items() if not name.startswith("_") and name != "name")


def read_artifacts_module(path: str, text: str) -> dict[str, Any]:
    """Run an artifacts module, as ``spin --artifacts-module`` does, and give its ``ARTIFACTS``."""
    namespace: dict[str, Any] = {"__name__": "artifacts_module", "__file__": path}
    try:
        exec(compile(text, path, "exec"), namespace)  # noqa: S102 -- the user's own module
    except (Exception, SystemExit) as ex:
        msg = f"--artifacts-module {path} fails: {type(ex).__name__}: {ex}"
        raise OptionError(msg) from ex
    found = namespace.get("ARTIFACTS")
    if not isinstance(found, dict):
        msg = f"--artifacts-module {path} has no dict called ARTIFACTS."
        raise OptionError(msg)
    return found
