"""An output that is shown anew in its own place."""

from __future__ import annotations

import uuid
from typing import Any


class Display:
    """One output of a cell, which may change.

    Parameters
    ----------
    publish : callable
        The display publisher's ``publish``, as it is now: what is shown later may be recorded.
    """

    def __init__(self, publish: Any) -> None:
        self._publish = publish
        self._transient = {"display_id": f"spin-{uuid.uuid4().hex}"}
        self.shown = False

    def show(self, bundle: dict[str, Any]) -> None:
        """Show a MIME bundle in the place of the one before it."""
        self._publish(bundle, transient=self._transient, update=self.shown)
        self.shown = True

    def clear(self) -> None:
        """Leave nothing to see, where there was something."""
        if self.shown:
            self.show({"text/plain": "", "text/html": ""})
