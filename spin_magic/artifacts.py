"""Artifacts as plain objects: what can be said of one without loading it, and a step's inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from spin_magic.printable import one_line
from spin_magic.showing import Draw, Shows


@dataclass(frozen=True)
class Artifact:
    """One artifact: what can be said of it without loading it, and how to load it.

    Attributes
    ----------
    name : str
        Name of the artifact.
    type_name : str
        Name of its class, for example ``DataFrame``; known without loading.
    size : int or None
        Bytes of its pickle, uncompressed, or None where that is not known yet.
    load : callable
        Gives the value. A stored artifact is unpickled afresh by each call; a live one is
        always the same object.
    live : bool
        True where the value is an object of this process and ``load`` costs nothing.
    """

    name: str
    type_name: str
    size: int | None
    load: Callable[[], Any] = field(repr=False, compare=False)
    live: bool = False


class Artifacts(Mapping[str, Any]):
    """A read-only mapping of artifact name to value. A value is loaded when it is first asked for."""

    def __init__(self, entries: Mapping[str, Artifact]) -> None:
        self._entries = dict(entries)
        self._values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = self._entries[name].load()
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def describe(self, name: str) -> Artifact:
        """Say what is known of an artifact without loading it."""
        return self._entries[name]

    def __repr__(self) -> str:
        return f"Artifacts({one_line(', '.join(self._entries), 1_000)})"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._entries)


class StepInputs(Shows, Artifacts):
    """What a step finds when it starts.

    A mapping of the artifacts, parameters and class constants that the step reads on ``self``.
    For a join these are the parameters and constants; the branches are in ``inputs``.

    Attributes
    ----------
    flow, step : str
        Names of the flow and the step.
    task : str
        Pathspec of the task that the values come from (for a join, of the first branch).
    tasks : tuple of str
        Pathspecs of all tasks that the values come from, in the order the step sees them.
    why : str
        One sentence: which run, its state, which task, and why that one.
    origin : str or None
        Pathspec of the past task of this same step, where there is one.
    index : int or None
        Split index, for a step inside a foreach.
    value : object
        Value of the foreach at that index, as Metaflow abridged it.
    self : object
        The flow object as the step would see it.
    inputs : object or None
        For a join, the branches as the step would see them; else None.
    bound, kept, waiting : tuple of str
        Names that `%spin_inputs` bound, left alone because the user made them, and left on
        ``self`` because of their size.
    """

    def __init__(
        self,
        entries: Mapping[str, Artifact],
        *,
        flow: str,
        step: str,
        tasks: tuple[str, ...],
        why: str,
        origin: str | None,
        index: int | None = None,
        value: Any = None,
        self_object: Any = None,
        inputs: Any = None,
        render: Draw | None = None,
        loading: Callable[[Iterable[str]], AbstractContextManager[object]] | None = None,
    ) -> None:
        super().__init__(entries)
        self.flow = flow
        self.step = step
        self.tasks = tasks
        self.why = why
        self.origin = origin
        self.index = index
        self.value = value
        self.self = self_object
        self.inputs = inputs
        self.bound: tuple[str, ...] = ()
        self.kept: tuple[str, ...] = ()
        self.waiting: tuple[str, ...] = ()
        self.render = render
        self._loading = loading

    @property
    def task(self) -> str:
        """Pathspec of the task that the values come from."""
        return self.tasks[0]

    def loading(self, names: Iterable[str]) -> AbstractContextManager[object]:
        """Give a context in which several values load quicker: each while the one before it is unpickled.

        Parameters
        ----------
        names : iterable of str
            Which, in the order in which they will be asked for.
        """
        return self._loading(names) if self._loading else nullcontext()

    def __repr__(self) -> str:
        return f"StepInputs({self.flow}/{self.step}: {one_line(', '.join(self))}; {one_line(self.why)})"
