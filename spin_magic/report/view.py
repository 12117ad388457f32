"""The panel as ipywidgets: the same parts, cards on demand, and each object's own display."""

from __future__ import annotations

import sys
from html import escape
from typing import Any

import ipywidgets as widgets  # noqa: TID253  (this module is itself imported late)

from spin_magic.report.guard import attempt
from spin_magic.report.model import PanelSummary
from spin_magic.report.preview import size_text
from spin_magic.report.render import render_html, render_part, tab_titles
from spin_magic.result import SpinResult

MIME = "application/vnd.jupyter.widget-view+json"
CHOOSE = "Look at …"

# The panel on show of each step: showing the next one lets go of the last one's result.
_shown: dict[tuple[str, str], View] = {}


def show(result: SpinResult, panel: PanelSummary) -> dict[str, Any]:
    """Make the widget of a result and retire the one that its step had before.

    Parameters
    ----------
    result : SpinResult
        The spin.
    panel : PanelSummary
        What to say of it.

    Returns
    -------
    dict
        The widget's MIME bundle, without a text.
    """
    key = (result.flow, result.step)
    before = _shown.pop(key, None)
    view = View(result, panel)
    _shown[key] = view
    if before is not None:
        before.retire(vanished=before.cell is not None and before.cell == view.cell)
    return {MIME: {"version_major": 2, "version_minor": 0, "model_id": view.root.model_id}}


class View:
    """One panel on show.

    Parameters
    ----------
    result : SpinResult
        Kept until the panel retires, for its cards and its objects' displays.
    panel : PanelSummary
        What to say of it.
    """

    def __init__(self, result: SpinResult, panel: PanelSummary) -> None:
        self._result: SpinResult | None = result
        self._panel = panel
        self.cell = _cell_id()
        self._layout = widgets.Layout(width="auto", margin="0", padding="0", overflow="hidden")
        self._made: list[Any] = []
        self._cards: Any = None
        titles = tab_titles(panel)
        panes = {
            "outputs": self._box([self._part("outputs"), *self._chooser()]),
            "cards": self._card_pane(),
            "logs": self._part("logs"),
            "inputs": self._part("inputs"),
        }
        self.tabs = self._keep(
            widgets.Tab([panes[key] for key, _ in titles], titles=[title for _, title in titles])
        )
        self.tabs.observe(self._on_tab, "selected_index")
        self.root = self._box([self._part("head"), self.tabs])

    def retire(self, *, vanished: bool) -> None:
        """Let go of the result.

        Parameters
        ----------
        vanished : bool
            Whether its cell ran again, so that nobody sees it. Else what can be seen without the
            result stays, as HTML.
        """
        self._result = None
        if not vanished:
            self.root.children = [widgets.HTML(render_html(self._panel))]
        for widget in self._made:
            if widget is not self.root or vanished:
                widget.close()
        if vanished:
            self._layout.close()
        self._made = []

    def _keep(self, widget: Any) -> Any:
        self._made.append(widget)
        return widget

    def _box(self, children: list[Any]) -> Any:
        return self._keep(widgets.VBox(children, layout=self._layout))

    def _html(self, text: str) -> Any:
        return self._keep(widgets.HTML(text, layout=self._layout))

    def _part(self, part: str) -> Any:
        return self._html(render_part(self._panel, part))

    # -- objects' own displays

    def _chooser(self) -> list[Any]:
        names = [row.name for row in self._panel.outputs.rows if row.status != "gone"]
        names += self._panel.outputs.same
        if not names:
            return []
        margin = widgets.Layout(margin="8px")
        self.choice = self._keep(widgets.Dropdown(options=[CHOOSE, *names], layout=margin))
        self.looking = self._keep(widgets.Output(layout=self._layout))
        self.choice.observe(self._on_choice, "value")
        return [self.choice, self.looking]

    def _on_choice(self, change: Any) -> None:
        self.looking.outputs = ()
        result, name = self._result, change["new"]
        if result is None or name == CHOOSE:
            return
        if name not in result.artifacts:
            return
        # Asked for by hand, so it may take its time; and as `describe` it leaves nothing behind.
        nothing: list[Any] = []
        loaded = attempt(lambda: [result.artifacts.describe(name).load()], nothing, seconds=60)
        if loaded:
            attempt(lambda: self.looking.append_display_data(loaded[0]), None, seconds=60)
        else:
            self.looking.append_stdout(f"{name} cannot be loaded.")

    # -- cards

    def _card_pane(self) -> Any:
        cards = self._panel.cards
        if not cards:
            return self._part("cards")
        pages = [self._html("") for _ in cards]
        if len(cards) == 1:
            self._cards = self._box(pages)
        else:
            titles = [f"{card.type} {card.id}".strip() for card in cards]
            self._cards = self._keep(widgets.Tab(pages, titles=titles, layout=self._layout))
            self._cards.observe(self._on_tab, "selected_index")
        return self._cards

    def _on_tab(self, _change: Any) -> None:
        """Draw the card that is now in front."""
        result = self._result
        if result is None or tab_titles(self._panel)[self.tabs.selected_index or 0][0] != "cards":
            return
        chosen = getattr(self._cards, "selected_index", 0) or 0
        if chosen < len(result.cards) and not self._cards.children[chosen].value:
            self._cards.children[chosen].value = card_frame(result.cards[chosen].html, self._panel, chosen)


def card_frame(page: str, panel: PanelSummary, index: int) -> str:
    """Give a card's page in a frame of its own: its scripts run, and reach nothing of the notebook."""
    title = escape(f"{panel.cards[index].title}, {size_text(len(page))}", quote=True)
    srcdoc = escape(page, quote=True)
    return (
        f'<iframe class="spin-card-page" data-test="card-page" title="{title}" '
        f'sandbox="allow-scripts" srcdoc="{srcdoc}"></iframe>'
    )


def _cell_id() -> str | None:
    """Return the id of the cell that is running, where the front end tells it."""

    def ask() -> str | None:
        shell = sys.modules["IPython"].get_ipython()
        found = shell.kernel.get_parent()["metadata"].get("cellId")
        return found if isinstance(found, str) else None

    return attempt(ask, None)
