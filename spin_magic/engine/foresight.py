"""What a step's text mentions, fetched from the datastore while the first of it is used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Self

from spin_magic.engine.ahead import Ahead
from spin_magic.engine.artifacts import is_local, read_tiny

if TYPE_CHECKING:
    from spin_magic.engine.stores import Source


def mentioned(code: CodeType) -> list[str]:
    """List the names that a function may read as attributes, those of its inner functions too."""
    inner = [name for each in code.co_consts if isinstance(each, CodeType) for name in mentioned(each)]
    return list(dict.fromkeys([*code.co_names, *inner]))


class Foresight:
    """Fetches the inputs that a step is going to read, from when it reads the first of them.

    Nothing is fetched for a step that reads nothing, and what is not used in the end is forgotten.

    Parameters
    ----------
    sources : sequence of Source
        The inputs.
    names : iterable of str
        What the step's text mentions, in the order in which it may ask for it.
    """

    def __init__(self, sources: Sequence[Source], names: Iterable[str]) -> None:
        self._sources = sources
        self._names = list(names)
        self._begun = False
        self.ahead = Ahead()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: object, ___: TracebackType | None) -> None:
        # Who reads later, through the flow object, reads for itself.
        self._begun = True
        self.ahead.close()

    def begin(self, first: str) -> None:
        """Start fetching, once, beginning with the artifact that is read first."""
        if self._begun:
            return
        self._begun = True
        names = [first, *(name for name in self._names if name != first)]
        pairs = [pair for source in self._sources for pair in source.stored(names)]
        if pairs and not is_local(pairs[0][0]):
            read_tiny(pairs)
        self.ahead.want(pairs[1:])
