"""The outputs of a step that was spun in this process, as inputs for the next."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

from spin_magic.artifacts import Artifact
from spin_magic.engine.pickling import copied_or_raise, store_form
from spin_magic.engine.reader import describe
from spin_magic.engine.stores import OutputStore
from spin_magic.errors import TaskError
from spin_magic.foreign import contained, said_of

# Hashing more than this takes longer than it saves.
HASHED_BYTES = 2**16


class SpunTask:
    """The outputs of a step that was spun in this process, as inputs for the next.

    Each reader gets a copy, made by pickling as a run would.

    Parameters
    ----------
    pathspec : str
        What to call it: ``FLOW/spin/STEP/TASK``.
    output : OutputStore
        What the step hands on.
    around : callable
        Gives a context in which the flow's own classes can be pickled.
    """

    def __init__(self, pathspec: str, output: OutputStore, around: Callable[[], Any]) -> None:
        self.pathspec = pathspec
        self._output = output
        self.objects: dict[str, str] = {}
        self.details: dict[str, dict[str, Any]] = {}
        with around():
            for name in output.names():
                self.objects[name], self.details[name] = self._form(name)

    def _form(self, name: str) -> tuple[str, dict[str, Any]]:
        """Give the SHA, or what stands in for it, and the size and type of an output."""
        output = self._output
        if name not in output.live:
            return output._objects[name], output._info[name]
        value = output.live[name]
        size, problem = output.look(name)
        if not problem and size is not None and size <= HASHED_BYTES:
            # It may pickle no more: a module of the flow's was loaded anew, and its class is another.
            with contextlib.suppress(Exception), contained():
                return store_form(name, value)[:2]
        return f"spun {self.pathspec}/{name}", {"type": str(type(value)), "size": size, "encoding": "live"}

    def __contains__(self, name: str) -> bool:
        return name in self.objects

    def get(self, name: str, default: Any = None) -> Any:
        """Give an output, or a default where there is none of that name."""
        return self[name] if name in self.objects else default

    def fetch(self, name: str, _ahead: object = None) -> tuple[Any, None]:
        """Copy an output; nothing tells later whether the copy was changed in place."""
        return self[name], None

    def stored(self, _names: Iterable[str]) -> list[Any]:
        """List what is in a datastore: nothing."""
        return []

    def __getitem__(self, name: str) -> Any:
        if name not in self._output.live:
            return self._output._origins[name][name]
        try:
            with contained():
                return copied_or_raise(self._output.live[name])
        except Exception as ex:
            msg = f"{name!r} of {self.pathspec} does not pickle, so no step can take it: {said_of(ex)}"
            raise TaskError(msg) from ex

    def artifact(self, name: str) -> Artifact:
        """Describe an artifact without loading it."""
        return describe(name, self.details[name], self)
