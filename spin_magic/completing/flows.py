"""FLOW and what its text tells: names, files, steps, parameters. Nothing of a flow is imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from spin_magic.completing.candidate import Asked, Candidate
from spin_magic.completing.files import files
from spin_magic.flows.classes import flows_in, read_file
from spin_magic.flows.files import find_module
from spin_magic.flows.leads import Leads
from spin_magic.flows.locate import FlowRef, find_flow, flow_classes, flows_below, module_roots
from spin_magic.flows.outline import Outline, outline
from spin_magic.loop import session
from spin_magic.paths import is_file, path_of
from spin_magic.runs.wanted import parse_step


def flows(asked: Asked) -> Iterator[Candidate]:
    """Offer flows: of the notebook, of the files below the working directory, of the file that is named."""
    where, colon, _ = asked.text.rpartition(":")
    if colon:
        yield from _flows_of(where, asked.cwd)
        return
    for name in flow_classes(asked.notebook):
        yield Candidate(name, "in this notebook")
    found = [(_shown(path, asked.cwd), text.name) for path, text in flows_below(asked.cwd)]
    count = Counter(name for _, name in found)
    for file, name in found:
        yield Candidate(name, file) if count[name] == 1 else Candidate(f"{file}:{name}", "one of several")
    in_file: dict[str, list[str]] = {}
    for file, name in found:
        in_file.setdefault(file, []).append(name)
    for file, names in in_file.items():
        yield Candidate(file, ", ".join(names), whole=len(names) == 1)
    if asked.text.startswith((".", "/", "~")):
        yield from files(asked, ".py")


def _flows_of(where: str, cwd: Path) -> Iterator[Candidate]:
    path: Path | None = cwd / path_of(where)
    roots = module_roots(cwd / "any.py", cwd)
    if not (path and is_file(path)):
        path = find_module(where, roots)
    if path:
        for text in flows_in(read_file(path), module_roots(path, cwd)):
            yield Candidate(f"{where}:{text.name}", _shown(path, cwd))


def _shown(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)


def flow_of(asked: Asked) -> tuple[FlowRef, Outline]:
    """Find the flow that the line names.

    Raises
    ------
    FlowError
        There is none.
    """
    ref = find_flow(asked.flow, asked.notebook, asked.cwd)
    return ref, outline(ref, asked.cwd)


def steps(asked: Asked) -> Iterator[Candidate]:
    """Offer the steps of the flow, and those that were spun here and are not in it yet."""
    ref, text = flow_of(asked)
    for name in text.in_order():
        step = text.steps[name]
        yield Candidate(name, step.doc or _kind(step.leads, join=step.join))
    for name in spun_steps(ref):
        if name not in text.steps:
            yield Candidate(name, "spun here, not in the file yet")


def is_step(asked: Asked, word: str) -> bool:
    """Tell whether a word is STEP of the flow, and not a flow itself."""
    ref, text = flow_of(asked)
    return word in text.steps or word in spun_steps(ref) or ("/" in word and not word.endswith(".py"))


def _kind(leads: Leads, *, join: bool) -> str:
    kind = "join" if join else "step"
    if leads.how == "foreach":
        return f"{kind}, opens a foreach"
    return f"{kind}, leads to {', '.join(leads.to)}" if leads.to else f"{kind}, the last"


def spun_steps(ref: FlowRef) -> dict[str, session.Spun]:
    """Give what was spun last in this kernel of each step of a flow."""
    return session.of(str(ref.path.resolve()) if ref.path else "None", ref.name)


def parameters(asked: Asked) -> Iterator[Candidate]:
    """Offer the parameters of the flow as options of the command line."""
    for name, said in flow_of(asked)[1].parameters.items():
        yield Candidate(f"--{name}", said or "a parameter of the flow")


def run_options(asked: Asked) -> Iterator[Candidate]:
    """Offer the parameters of the flow, and the options of Metaflow's command line."""
    from spin_magic.engine.promote import run_options as known  # noqa: PLC0415 -- late: it imports Metaflow

    yield from parameters(asked)
    for name, said in known().items():
        yield Candidate(name, said.partition(". ")[0].rstrip("."))


def configs(asked: Asked) -> Iterator[Candidate]:
    """Offer the configs of the flow."""
    for name, said in flow_of(asked)[1].configs.items():
        yield Candidate(name, said or "a config of the flow")


def card_types(asked: Asked) -> Iterator[Candidate]:
    """Offer the types of the cards that the step declares."""
    for kind, _ in _cards(asked):
        yield Candidate(kind, "a card of this step")


def card_ids(asked: Asked) -> Iterator[Candidate]:
    """Offer the ids of the cards that the step declares."""
    for kind, name in _cards(asked):
        if name:
            yield Candidate(name, f"a {kind} card of this step")


def _cards(asked: Asked) -> tuple[tuple[str, str], ...]:
    ref, text = flow_of(asked)
    step = text.steps.get(parse_step(asked.step, ref.name).step)
    return step.cards if step else ()
