"""Where the inputs of a spin come from: past tasks, steps that were spun here, and what the user set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from spin_magic.engine.graph import StepNode
from spin_magic.engine.spun import SpunTask
from spin_magic.errors import OptionError, TaskError
from spin_magic.flows.load import FlowCode
from spin_magic.loop import session
from spin_magic.loop.request import Request
from spin_magic.runs.choose import choose
from spin_magic.runs.history import History
from spin_magic.runs.inputs import read_artifacts_module
from spin_magic.runs.wanted import Choice, Wanted


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
        choice = choose(replace(wanted, preferred=session.promoted(code)), history)
        return choice, [*history.open_all(choice.parents)], _with_root(choice.why, history)
    node = history.graph.nodes[wanted.step]
    parents = [*node.parents, *session.leading_to(code, wanted.step)]
    spun = {p: found for p in parents if (found := session.last(session.key(code, p)))}
    if not spun:
        names = " or ".join(f"`{p}`" for p in dict.fromkeys(parents))
        msg = f"No parent of `{wanted.step}` has been spun here yet: spin {names} first."
        raise TaskError(msg)
    choice = choose(_following(wanted, node, spun), history)
    sources: list[Any] = []
    for task in choice.parents:
        found = spun.get(task.step)
        if found is not None and found.output.foreach_path() == history.path(task):
            label = f"{history.flow}/spin/{task.step}/{task.id}"
            sources.append(SpunTask(label, found.output, code.active))
        else:
            sources.append(history.open(task))
    here = sum(isinstance(source, SpunTask) for source in sources)
    if not here:
        names = ", ".join(f"`{p}`" for p in spun)
        msg = f"What was spun of {names} belongs to another task than was asked for."
        raise TaskError(msg)
    return _with_spun_split(choice, sources[0]), sources, _mixed(choice, here, history)


def _following(wanted: Wanted, node: StepNode, spun: dict[str, session.Spun]) -> Wanted:
    """Stay with the task of the foreach that was spun, where no other was asked for."""
    selected = wanted.index is not None or wanted.value is not None or wanted.task is not None
    if selected or node.joins == "foreach" or node.depth == 0:
        return wanted
    paths = [path for found in spun.values() if len(path := found.output.foreach_path()) == node.depth]
    return replace(wanted, index=paths[0][-1][1]) if paths else wanted


def _with_spun_split(choice: Choice, source: Any) -> Choice:
    """Take the foreach value from the step that opened the foreach, where it was spun."""
    if choice.split_index is None or not isinstance(source, SpunTask):
        return choice
    values = source.get("_foreach_values", [])
    if choice.split_index >= len(values):
        msg = f"Index {choice.split_index} is out of range: what was spun has {len(values)} splits."
        raise TaskError(msg)
    return replace(choice, value=values[choice.split_index])


def _mixed(choice: Choice, here: int, history: History) -> str:
    total = len(choice.parents)
    steps = " and ".join(f"`{s}`" for s in dict.fromkeys(t.step for t in choice.parents))
    rest = f"{total - here} from run {choice.run}, " if total > here else ""
    inputs = "input" if total == 1 else "inputs"
    which = f" for {choice.which}" if choice.which else ""
    return _with_root(f"{total} {inputs} from {steps}{which}: {rest}{here} spun here.", history)


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
    except (OSError, UnicodeDecodeError) as ex:
        msg = f"--artifacts-module {path} cannot be read: {ex}"
        raise OptionError(msg) from None
