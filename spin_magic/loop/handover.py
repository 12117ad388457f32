"""A spin that stops where its body would run, lets a block of other code run there, and goes on."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from spin_magic.errors import CellError
from spin_magic.flows.with_block import WithBlock

if TYPE_CHECKING:
    from greenlet import greenlet


class HandOver:
    """The place between a spin, in a greenlet of its own, and the block that is its body.

    A greenlet has a stack of its own in the same thread, so that signals, alarms and all else that
    belongs to a thread reach the block as they would reach a step. It must not be held from here: its
    stack holds this object, and the collector does not see into stacks.

    Parameters
    ----------
    block : WithBlock
        What is known of the block.

    Attributes
    ----------
    there : greenlet
        Where the block runs.
    reached : bool
        Did the spin come to its body.
    error : BaseException or None
        What the block raised.
    locals : dict
        What it bound.
    """

    def __init__(self, block: WithBlock) -> None:
        self.block = block
        self.there: greenlet | None = None
        self.reached = False
        self.error: BaseException | None = None
        self.locals: dict[str, Any] = {}
        self._traceback: TracebackType | None = None

    def check(self, step: str, arguments: tuple[str, ...]) -> None:
        """Compare the names that follow ``as`` with the arguments of the step.

        Raises
        ------
        CellError
            They are not the same.
        """
        if self.block.target not in (None, arguments):
            names = ", ".join(arguments)
            shown = f"({names})" if len(arguments) > 1 else names
            msg = f"Step {step!r} takes {names}: write `with spin_magic.step(...) as {shown}:`."
            raise CellError(msg)

    def run(self, *arguments: Any) -> None:
        """Give the arguments of the step to the block, wait for its end, and raise what it raised."""
        if self.reached or self.there is None:
            msg = "A decorator runs the step twice, which a `with` block cannot: use `%%spin`."
            raise CellError(msg)
        self.reached = True
        self.there.switch(arguments[0] if len(arguments) == 1 else arguments)
        if self.error is not None:
            raise self.error

    def ended(self, error: BaseException | None) -> None:
        """Say how the block has ended."""
        self.error = error
        self._traceback = error.__traceback__ if error is not None else None

    def mend(self, error: BaseException | None) -> None:
        """Let the block's own exception begin in the block, after its way through the spin."""
        if error is not None and error is self.error:
            error.__traceback__ = self._traceback
