"""The graph of a flow as lines of text, read from its file without running it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spin_magic.flows.leads import Leads


def graph_text(steps: Mapping[str, Leads]) -> str:
    """Draw a graph as text: a line for each stretch without a branch.

    Parameters
    ----------
    steps : mapping of str to Leads
        The steps in the order of the file.

    Returns
    -------
    str
        ``start -> prepare -> train (foreach) -> join -> end``.
    """
    led_to = {to for way in steps.values() for to in way.to}
    pending = [name for name in steps if name not in led_to][:1]
    drawn: set[str] = set()
    lines = []
    while pending:
        name = pending.pop(0)
        if name not in drawn:
            words, last = _stretch(name, steps, drawn)
            lines.append(" -> ".join(words))
            pending.extend(to for to in last if to in steps)
        pending = pending or [name for name in steps if name not in drawn][:1]
    return "\n".join(line for line in lines if line)


def _stretch(name: str, steps: Mapping[str, Leads], drawn: set[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    words = [name]
    while name in steps and name not in drawn:
        drawn.add(name)
        way = steps[name]
        how = f" ({way.how})" if way.how else ""
        if way.to:
            words.append(", ".join(way.to) + how)
        if len(way.to) != 1:
            return words, way.to
        [name] = way.to
    return words, ()
