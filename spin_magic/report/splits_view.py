"""The table of many spins where a kernel is: it gives the panel of a row when somebody opens that."""

from __future__ import annotations

from typing import Any

from spin_magic.many import SpinResults
from spin_magic.report.view import Render, SpinView, View, show


def enliven_splits(results: SpinResults, html: str, render: Render) -> None:
    """Make the model of a table, and retire what its step had on show before.

    Parameters
    ----------
    results : SpinResults
        The spins.
    html : str
        The table.
    render : callable
        Draws the panel of one of them.
    """
    show((results.flow, results.step), SplitsView(results, html, render))


class SplitsView(View):
    """One table on show.

    Parameters
    ----------
    results : SpinResults
        Kept until the table retires.
    html : str
        The table.
    render : callable
        Draws the panel of one of them.
    """

    def __init__(self, results: SpinResults, html: str, render: Render) -> None:
        super().__init__(html)
        self._results: SpinResults | None = results
        self._render = render
        self._opened: dict[int, SpinView] = {}

    def retire(self) -> None:
        """Let go of the results, and of the panels that were opened."""
        super().retire()
        self._results = None
        for view in self._opened.values():
            view.retire()

    def close(self) -> None:
        """Close the widgets of the panels too."""
        super().close()
        for view in self._opened.values():
            view.close()
        self._opened.clear()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer what the page asks."""
        match question:
            case {"ask": "open", "at": int(at)} if self._results is not None and 0 <= at < len(self._results):
                return self._open(self._results, at)
        return super().answer(question)

    def _open(self, results: SpinResults, at: int) -> dict[str, Any]:
        before = self._opened.pop(at, None)
        if before is not None:
            before.retire()
            before.close()
        html = self._render(results[at])
        self._opened[at] = SpinView(results[at], html, self._render)
        return {"html": html}
