"""What a save did to a flow file: plain data for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from spin_magic.showing import Draw, Shows


@dataclass(frozen=True)
class SavedStep(Shows):
    """A step as it was saved, or would have been.

    Attributes
    ----------
    flow, step : str
        The flow class and the step.
    path : Path or None
        The file; None for a flow that the notebook defines.
    diff : str
        The change of the file as a unified diff; empty where there was nothing to save.
    written : bool
        Whether the file was changed.
    next_change : str or None
        For a new step, what goes with it: the change of its parents, as a diff.
    notes : tuple of str
        What the user should know, one sentence each.
    cell : str or None
        For a flow that the notebook defines, the new text of its cell.
    """

    flow: str
    step: str
    path: Path | None
    diff: str
    written: bool
    next_change: str | None = None
    notes: tuple[str, ...] = ()
    cell: str | None = field(default=None, repr=False)
    render: Draw | None = field(default=None, repr=False, compare=False)

    @property
    def said(self) -> str:
        """What was done, in a sentence."""
        where = self.path.name if self.path else "the notebook"
        if not self.diff:
            return f"Nothing to save: {where} has `{self.step}` as it was spun last."
        if self.cell is not None:
            return f"{self.flow} is defined in the notebook: run its new cell to save `{self.step}`."
        return f"Saved `{self.step}` in {where}." if self.written else f"{where} is as it was: only shown."
