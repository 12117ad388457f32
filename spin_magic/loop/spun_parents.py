"""What was spun of the steps that lead to a step: where in the foreach, and what of it the step needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spin_magic.engine.metadata import TaskInfo
from spin_magic.flows.load import FlowCode
from spin_magic.loop import session
from spin_magic.loop.session import Place, Spun
from spin_magic.runs.history import History

# A step and where in the foreach it stands.
Spot = tuple[str, Place]
# The name of a step, and its task: spun here, or of a run.
Input = tuple[str, Spun | TaskInfo]


class SpunParents:
    """The steps that lead to a step, as they were spun here.

    Parameters
    ----------
    step : str
        The step.
    history : History
        The runs of the flow; only its graph is used.
    code : FlowCode
        The flow.

    Attributes
    ----------
    node : StepNode
        The step.
    parents : list of str
        The steps that lead to it.
    spun : dict of str to dict
        Those that were spun, by their places in the foreach.
    opens : str or None
        The parent that opens the foreach which the step stands in.
    """

    def __init__(self, step: str, history: History, code: FlowCode) -> None:
        self.code, self.graph = code, history.graph
        self.node = history.graph.nodes[step]
        leading = session.leading_to(code, step)
        parents = dict.fromkeys([*self.node.parents, *([] if history.graph.grown else leading)])
        # A recursive step feeds itself only once it has led to itself.
        self.parents = [p for p in parents if p != step or p in leading]
        self.spun = {p: found for p in self.parents if (found := self.places_of(p))}
        self.opens = self.node.foreach if self.node.foreach in self.node.parents else None
        if self.node.type != "join" and any(p in leading for p in self.spun):
            # The others were spun to lead elsewhere.
            self.spun = {p: found for p, found in self.spun.items() if p in leading}

    def places_of(self, step: str) -> dict[Place, Spun]:
        """Give what was spun of a step, by its places in the foreach."""
        return session.places(session.key(self.code, step))

    @property
    def complete(self) -> bool:
        """Tell whether all parents that the step needs were spun here."""
        needed = self.parents if self.node.type == "join" and self.node.joins != "foreach" else ()
        return bool(self.spun) and all(p in self.spun for p in needed)

    def places(self) -> list[Place]:
        """List where in the foreach the step can stand, by what was spun of its parents."""
        node, found = self.node, [place for each in self.spun.values() for place in each]
        if node.joins == "foreach":
            found = [*self.places_of(str(node.joined)), *(place[:-1] for place in found)]
        elif self.opens:
            openers = self.spun.get(self.opens, {}).items()
            found = [(*at, (node.name, i)) for at, each in openers for i in range(splits_of(each)[0])]
        fitting = dict.fromkeys(place for place in found if len(place) == node.depth)
        return sorted(fitting, key=lambda place: [index for _, index in place])

    def every_place(self) -> list[Place]:
        """List the places of the whole foreach, those too whose parents were not spun."""
        places = self.places()
        if self.node.depth:
            around = {place[:-1]: self.splits_at(place)[0] for place in places}
            wide = (((*at, (places[0][-1][0], i))) for at, count in around.items() for i in range(count))
            places = list(dict.fromkeys([*places, *wide]))
        return sorted(places, key=lambda place: [index for _, index in place])

    def splits_at(self, place: Place) -> tuple[int, list[str], Any]:
        """Give number, noted values and items of the foreach around a place."""
        opener = self.spun.get(self.opens or "", {}).get(place[:-1])
        if opener is not None:
            return (*splits_of(opener), opener.output.known(opener.output.known("_foreach_var") or ""))
        found = (
            each for spun in self.spun.values() for at, each in spun.items() if at[: len(place)] == place
        )
        around = next(found, None)
        if around is None or not place:
            return 0, [], None
        frame = around.output.known("_foreach_stack")[len(place) - 1]
        values = [""] * frame.num_splits
        values[frame.index] = frame.value if frame.value is not None else ""
        return frame.num_splits, values, None

    def value(self, place: Place) -> Any:
        """Give the foreach value at a place."""
        _, values, _ = self.splits_at(place)
        return values[place[-1][1]] if place[-1][1] < len(values) else None

    def width(self, place: Place) -> int:
        """Give the number of splits that a foreach join at a place needs, as it was spun last."""
        opener = self.places_of(str(self.node.joined)).get(place)
        known = [(opener.when, splits_of(opener)[0])] if opener else []
        inside = (each for found in self.spun.values() for at, each in found.items() if at[:-1] == place)
        known += [(each.when, each.width) for each in inside if each.width]
        return max(known, default=(0.0, 0))[1]

    def needed(self, place: Place) -> Iterator[list[Spot]]:
        """List what the step needs: for each input, the tasks of which one is enough."""
        node = self.node
        if node.joins == "foreach":
            child = self.graph.nodes[str(node.joined)].next[0]
            for index in range(self.width(place)):
                yield [(parent, (*place, (child, index))) for parent in self.parents]
        elif node.type == "join":
            yield from ([(parent, place)] for parent in self.parents)
        elif self.opens:
            yield [(self.opens, place[:-1])]
        else:
            yield [(parent, place) for parent in self.parents]

    def enough(self, spots: list[list[Spot]]) -> int:
        """Give how many of the inputs a step needs."""
        if self.node.type == "join" and self.node.joins == "split":
            return len(self.graph.nodes[str(self.node.joined)].next)
        return max(1, len(spots))

    def spun_at(self, spots: list[Spot], place: Place) -> Input | None:
        """Find what was spun last of the tasks of which one is enough."""
        width = self.width(place) if self.node.joins == "foreach" else None
        found = [(step, each) for step, at in spots if (each := self.spun.get(step, {}).get(at))]
        # A split of another list, spun before the one that is there now.
        found = [(step, each) for step, each in found if width is None or each.width == width]
        return max(found, key=lambda pair: pair[1].when, default=None)

    def older(self, inputs: list[Input]) -> list[tuple[str, str]]:
        """List the steps among the inputs that were spun before what they stand on was spun last."""
        found = {
            (step, below): None
            for step, each in inputs
            if isinstance(each, Spun)
            for below in self._ancestors(step)
            for at, spun in self.places_of(below).items()
            if spun.when > each.when and _near(at, each.place)
        }
        return list(found)

    def _ancestors(self, step: str) -> list[str]:
        """List the steps that a step stands on, the nearest first."""
        found: dict[str, None] = {}
        ahead = [step]
        while ahead:
            nearer = [p for s in ahead if s in self.graph.nodes for p in self.graph.nodes[s].parents]
            ahead = [p for p in dict.fromkeys(nearer) if p not in found and p != step]
            found |= dict.fromkeys(ahead)
        return list(found)


def _near(one: Place, other: Place) -> bool:
    """Tell whether two tasks stand in the same place of the foreach, one perhaps further in."""
    return all(a == b for a, b in zip(one, other, strict=False))


def splits_of(opener: Spun) -> tuple[int, list[str]]:
    """Give the number of splits that a spun step opened, and their values as Metaflow notes them."""
    known = opener.output.known
    return int(known("_foreach_num_splits") or 0), list(known("_foreach_values") or [])
