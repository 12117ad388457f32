"""A step that its flow file does not have yet: where it goes, and what leads to it then."""

from __future__ import annotations

from dataclasses import dataclass

from spin_magic.engine.graph import graph_of
from spin_magic.errors import SaveError, nearest
from spin_magic.flows.load import FlowCode
from spin_magic.loop import session
from spin_magic.loop.homes import Home, home_of
from spin_magic.loop.texts import Text, of
from spin_magic.writing.edit import replace_step
from spin_magic.writing.insert import insert_step
from spin_magic.writing.link import link, next_steps
from spin_magic.writing.place import find_step
from spin_magic.writing.source import Source


@dataclass(frozen=True)
class Insertion:
    """A new step in its file.

    Attributes
    ----------
    home : Home
        Where the parent stands that it goes behind.
    source : Source
        The file as it is.
    text : str
        The file with the step.
    linked : str or None
        The same with its parents leading to it; None where they do, or cannot be made to.
    parents : tuple of str
        The steps that are to lead to it.
    parents_saved : tuple of str
        Those of them whose own cells do, and are in `linked`.
    said : tuple of str
        Why some parent does not lead to it.
    step : str
        The step.
    """

    home: Home
    source: Source
    text: str
    linked: str | None
    parents: tuple[str, ...]
    parents_saved: tuple[str, ...]
    said: tuple[str, ...]
    step: str

    def notes(self, *, link: bool) -> tuple[str, ...]:
        """Say what is left to do, or what was done besides."""
        if self.linked is None:
            return self.said
        if link:
            return ("With the second change its parents lead to it.", *self.said)
        return (f"Nothing leads to `{self.step}` yet: --link makes the second change too.", *self.said)


def insertion(code: FlowCode, step: str, text: Text, after: tuple[str, ...]) -> Insertion:
    """Put a new step behind its parents.

    Parameters
    ----------
    code : FlowCode
        The flow.
    step : str
        Name of the new step.
    text : Text
        Its cell.
    after : tuple of str
        The steps that are to lead to it; none for those that do, in the file or as they were spun.

    Raises
    ------
    SaveError
        There is no such parent, or the step cannot go there.
    """
    parents = _parents(code, step, after)
    homes = {parent: home_of(code, parent) for parent in parents}
    last = max(homes.values(), key=lambda home: home.line if home else 0)
    assert last is not None  # noqa: S101 -- `_parents` has seen to it
    behind = next(parent for parent, home in homes.items() if home == last)
    source = last.source()
    with_step = insert_step(
        source,
        code.cls.__name__,
        text.good or "",
        step,
        after=behind,
        taken=set(dir(code.cls)) - set(vars(code.cls)),
        line=last.line,
    )
    linked, said, saved = with_step, [], []
    # From below, so that the lines above stay where they are.
    for parent in sorted(parents, key=lambda name: -(homes[name] or last).line):
        try:
            now = _led(code, source.with_text(linked), parent, step, homes[parent] or last)
        except SaveError as ex:
            said.append(str(ex))
            continue
        if _cell_leading_to(code, parent, step) is not None:
            saved.append(parent)
        linked = now
    changed = linked if linked != with_step else None
    return Insertion(last, source, with_step, changed, parents, tuple(saved), tuple(said), step)


def _parents(code: FlowCode, step: str, after: tuple[str, ...]) -> tuple[str, ...]:
    nodes = graph_of(code.cls).nodes
    flow = code.cls.__name__
    leading = [name for name, node in nodes.items() if step in node.next]
    parents = after or tuple(dict.fromkeys([*leading, *session.leading_to(code, step)]))
    if not parents:
        msg = (
            f"`{step}` is new, and nothing leads to it: say what is to, by "
            f"`%spin_save {flow} {step} --after PARENT`."
        )
        raise SaveError(msg)
    for parent in parents:
        if parent in nodes:
            continue
        if of(session.key(code, parent)).waiting:
            msg = f"`{parent}` is not in {code.label} yet: `%spin_save {flow} {parent}` first."
        else:
            msg = f"--after {parent}: the steps of {flow} are {', '.join(nodes)}.{nearest(parent, nodes)}"
        raise SaveError(msg)
    return parents


def _cell_leading_to(code: FlowCode, parent: str, step: str) -> str | None:
    """Give the cell of a parent where it leads to the step and is not saved."""
    where = session.key(code, parent)
    text, spun = of(where), session.last(where)
    leads = spun is not None and step in (spun.result.next or ())
    return text.good if leads and text.waiting and text.failure is None else None


def _led(code: FlowCode, source: Source, parent: str, step: str, home: Home) -> str:
    """Give the text in which a parent leads to the new step."""
    cell = _cell_leading_to(code, parent, step)
    if cell is not None:
        _check_parent(code, parent, home)
        return replace_step(source, home.owner, parent, cell, home.line)
    place = find_step(source, home.owner, parent, home.line)
    instead_of, also = _place_in_flow(code, step, next_steps(place))
    return link(source, home.owner, parent, step, instead_of=instead_of, also=also, line=home.line)


def _check_parent(code: FlowCode, parent: str, home: Home) -> None:
    seen, source = of(session.key(code, parent)).home, home.source()
    if seen is None or seen.lines(source, parent) != home.lines(source, parent):
        msg = f"`{parent}` was changed in {source.name} since it was first spun here: save it by itself."
        raise SaveError(msg)


def _place_in_flow(code: FlowCode, step: str, targets: tuple[str, ...]) -> tuple[str | None, bool]:
    """Tell which of a parent's next steps gives way to a new one, and whether none does: a branch."""
    nodes = graph_of(code.cls).nodes
    spun = session.last(session.key(code, step))
    leads = set(spun.result.next or ()) if spun else set()
    between = [target for target in targets if target in leads]
    if between:
        return between[0], False
    beside = all(target in nodes and leads & set(nodes[target].next) for target in targets)
    return None, bool(targets) and beside
