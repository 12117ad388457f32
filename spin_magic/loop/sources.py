"""Where the inputs of a spin come from: past tasks, steps that were spun here, and what the user set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spin_magic.engine.stores import SpunTask
from spin_magic.errors import OptionError, TaskError
from spin_magic.flows.load import FlowCode
from spin_magic.loop import session
from spin_magic.loop.request import Request
from spin_magic.runs.choose import Choice, Wanted, choose
from spin_magic.runs.history import History
from spin_magic.runs.inputs import read_artifacts_module


def find_sources(
    request: Request, wanted: Wanted, history: History, code: FlowCode
) -> tuple[Choice, list[Any], str]:
    """Choose the task, open what feeds it, and say in a sentence what that is.

    Raises
    ------
    TaskError
        Nothing can feed the step.
    """
    if request.source != "spin":
        choice = choose(wanted, history)
        return choice, [history.open(task) for task in choice.parents], _with_root(choice.why, history)
    node = history.graph.nodes[wanted.step]
    parents = [*node.parents, *session.leading_to(code, wanted.step)]
    spun = {p: found for p in parents if (found := session.last(session.key(code, p)))}
    if not spun:
        names = " or ".join(f"`{p}`" for p in dict.fromkeys(parents))
        msg = f"No parent of `{wanted.step}` has been spun here yet: spin {names} first."
        raise TaskError(msg)
    choice = choose(wanted, history)
    sources: list[Any] = []
    here = 0
    for task in choice.parents:
        found = spun.get(task.step)
        path = history.path(task)
        fits = found is not None and (node.joins != "foreach" or found.result.inputs.index == path[-1][1])
        if found is not None and fits:
            here += 1
            label = f"{history.flow}/spin/{task.step}/{task.id}"
            sources.append(SpunTask(label, found.output, code.active))
        else:
            sources.append(history.open(task))
    return choice, sources, _mixed(choice, here, history)


def _mixed(choice: Choice, here: int, history: History) -> str:
    total = len(choice.parents)
    steps = " and ".join(f"`{s}`" for s in dict.fromkeys(t.step for t in choice.parents))
    rest = f"{total - here} from run {choice.run}, " if total > here else ""
    inputs = "input" if total == 1 else "inputs"
    return _with_root(f"{total} {inputs} from {steps}: {rest}{here} spun here.", history)


def _with_root(why: str, history: History) -> str:
    metadata = history.metadata
    if metadata.root and len(metadata.searched) > 1 and metadata.root != metadata.searched[0]:
        return f"{why} The runs are in {metadata.root}."
    return why


def artifacts_module(request: Request) -> dict[str, Any]:
    """Give the values of ``--artifacts-module``."""
    if request.artifacts_module is None:
        return {}
    path = Path(request.artifacts_module)
    try:
        return read_artifacts_module(str(path), path.read_text(encoding="utf-8"))
    except OSError as ex:
        msg = f"--artifacts-module {path} cannot be read: {ex.strerror}."
        raise OptionError(msg) from None
