"""The cards of a step that is still running: a place in the output, and what is sent to it."""

from __future__ import annotations

import contextvars
import threading
from typing import Any, Self

from spin_magic.cards import CardUpdate
from spin_magic.displays import Display
from spin_magic.report.pages import environment, new_id, style_sheet
from spin_magic.result import SpinResult


class RunningCards:
    """Shows the updates of a step's cards, from the first ``refresh()`` to the panel that takes their place.

    Parameters
    ----------
    publish : callable
        The display publisher's ``publish``.
    what : str
        What is running.
    """

    def __init__(self, publish: Any, what: str) -> None:
        self._publish, self._display = publish, Display(publish)
        self._what = what
        self._context = contextvars.copy_context()  # which says what cell the output belongs to
        self._lock = threading.Lock()
        self._place = ""
        self._ended = False
        self._told: dict[int, dict[str, Any]] = {}

    def __call__(self, update: CardUpdate) -> None:
        """Take an update, from whatever thread it comes."""
        with self._lock:
            if not self._ended:
                self._context.run(self._show, update)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        # Nothing else took their place: the spin ended before there was a result.
        if self._place:
            self._replace({"text/plain": "", "text/html": ""})

    def end(self, result: SpinResult) -> None:
        """Put the panel where the cards were, or at the end where there were none."""
        with self._lock:
            self._ended = True
        if not self._place:
            self._publish(result._repr_mimebundle_())
            return
        from spin_magic.report import view  # noqa: PLC0415  (it imports ipywidgets)

        view.open_at(result, "cards")
        self._replace(result._repr_mimebundle_())

    def _replace(self, bundle: dict[str, Any]) -> None:
        from spin_magic.report.cards.hub import hub  # noqa: PLC0415  (it imports ipywidgets)

        hub().tell({"ended": self._place})
        self._display.show(bundle)
        self._place = ""

    def _show(self, update: CardUpdate) -> None:
        from spin_magic.report.cards.hub import hub, title_of  # noqa: PLC0415  (it imports ipywidgets)

        if not self._place:
            self._place = new_id("cards")
            html = (
                environment()
                .get_template("running.html.j2")
                .render(uid=self._place, what=self._what, css=style_sheet("panel.css", "live.css"))
            )
            said = {"text/plain": f"{self._what}: cards, as they come", "text/html": html}
            self._display.show(said)
        if update.page is not None:
            self._told[update.index] = {}
        message = {"place": self._place, "index": update.index, "data": self._news(update)}
        named = {"title": title_of(update)}
        page = hub().packed(update.page, update) if update.page is not None else named
        hub().tell(message | page)

    def _news(self, update: CardUpdate) -> dict[str, Any] | None:
        """Leave out what the page has: a chart weighs more than the bar beside it that moves."""
        parts = update.data and update.data.get("data")
        if not isinstance(parts, dict):
            return update.data
        told = self._told.setdefault(update.index, {})
        news = {name: part for name, part in parts.items() if name not in told or told[name] != part}
        told.update(news)
        return {**(update.data or {}), "data": news}
