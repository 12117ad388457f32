"""Where the def of a step stands: its class, its file, and the text there."""

from __future__ import annotations

import inspect
import linecache
from dataclasses import dataclass
from pathlib import Path

from spin_magic.engine.prepare import step_function
from spin_magic.flows.load import FlowCode, read_text
from spin_magic.writing.lines import content
from spin_magic.writing.place import find_step
from spin_magic.writing.source import Source, read, unsaved_source


@dataclass(frozen=True)
class Home:
    """Where a step stands.

    Attributes
    ----------
    owner : str
        The class that defines it: the flow's own, or one that it inherits from.
    file : str
        The file; for a cell of the notebook, the name that stands for it.
    text : str
        The text of all of it, when this was found out.
    line : int
        The first line of the step.
    """

    owner: str
    file: str
    text: str
    line: int

    @property
    def path(self) -> Path | None:
        """The file; None for a cell."""
        return Path(self.file) if Path(self.file).is_file() else None

    def source(self) -> Source:
        """Read the file as it is now, or take the cell as it was run."""
        return read(self.file) if self.path else unsaved_source(f"the cell of {self.owner}", self.text)

    def lines(self, source: Source, step: str) -> list[str]:
        """Give the lines of the step in what was the text when this was found out."""
        place = find_step(source.with_text(self.text), self.owner, step, self.line)
        return [content(line) for line in place.source.lines[place.comments : place.end]]


def home_of(code: FlowCode, step: str) -> Home | None:
    """Find out where a step stands; None where the flow has no such step.

    Parameters
    ----------
    code : FlowCode
        The flow.
    step : str
        Name of the step.
    """
    owner = next((cls for cls in code.cls.__mro__ if step in vars(cls)), None)
    function = step_function(getattr(code.cls, step, None))
    if owner is None or not hasattr(function, "is_step"):
        return None
    compiled = inspect.unwrap(function).__code__
    return Home(
        owner.__name__, compiled.co_filename, _text(code, compiled.co_filename), compiled.co_firstlineno
    )


def _text(code: FlowCode, file: str) -> str:
    if file == str(code.path):
        return code.text
    return read_text(Path(file)) if Path(file).is_file() else "".join(linecache.getlines(file))
