"""The panel as ipywidgets: the same parts, cards on demand, and each object's own display."""

from __future__ import annotations

import re
import sys
from html import escape
from typing import Any

import ipywidgets as widgets  # noqa: TID253  (this module is itself imported late)
from ipywidgets.widgets.widget_string import HTMLStyle  # noqa: TID253  (the same)

from spin_magic.report.guard import attempt
from spin_magic.report.model import PanelSummary
from spin_magic.report.preview import size_text
from spin_magic.report.render import render_part, tab_titles
from spin_magic.result import SpinResult

MIME = "application/vnd.jupyter.widget-view+json"
CHOOSE = "Look at …"

# The panel on show of each step: showing the next one lets go of the last one's result.
_shown: dict[tuple[str, str], View] = {}
# Panels without a result that may still be seen, until their cell runs again.
_retired: list[View] = []


def show(result: SpinResult, panel: PanelSummary, html: str) -> dict[str, Any]:
    """Make the widget of a result and retire the one that its step had before.

    Parameters
    ----------
    result : SpinResult
        The spin.
    panel : PanelSummary
        What to say of it.
    html : str
        The same as HTML, for the time after the result.

    Returns
    -------
    dict
        The widget's MIME bundle, without a text.
    """
    key = (result.flow, result.step)
    before = _shown.pop(key, None)
    view = View(result, panel, html)
    _shown[key] = view
    if before is not None:
        before.retire()
        _retired.append(before)
    for old in [old for old in _retired if old.cell == view.cell and old.message != view.message]:
        old.close()
        _retired.remove(old)
    return {MIME: {"version_major": 2, "version_minor": 0, "model_id": view.root.model_id}}


class View:
    """One panel on show.

    Parameters
    ----------
    result : SpinResult
        Kept until the panel retires, for its cards and its objects' displays.
    panel : PanelSummary
        What to say of it.
    html : str
        The same as HTML, which takes its place when the result is let go.
    """

    def __init__(self, result: SpinResult, panel: PanelSummary, html: str) -> None:
        self._result: SpinResult | None = result
        self._panel, self._rendered = panel, html
        self.cell, self.message = _running()
        # Each model is a message to the page: all widgets share these two.
        self._layout = widgets.Layout(width="auto", margin="0", padding="0", overflow="hidden")
        self._style = HTMLStyle()
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
            widgets.Tab(
                [panes[key] for key, _ in titles], titles=[title for _, title in titles], layout=self._layout
            )
        )
        self.tabs.observe(self._on_tab, "selected_index")
        self.root = self._box([self._part("head"), self.tabs])
        self.root.add_class("spin-panel")

    def retire(self) -> None:
        """Let go of the result; what can be said without it stays in view, as HTML."""
        self._result = self._cards = None
        made, self._made = self._made, []
        self.root.remove_class("spin-panel")
        self.root.children = [self._html(self._rendered)]
        _close([widget for widget in made if widget is not self.root], keep=(self._layout, self._style))
        self._made.append(self.root)

    def close(self) -> None:
        """Close what is left: its cell ran again, and nobody sees it."""
        _close(self._made)
        self._made = []

    def _keep(self, widget: Any) -> Any:
        self._made.append(widget)
        return widget

    def _box(self, children: list[Any]) -> Any:
        return self._keep(widgets.VBox(children, layout=self._layout))

    def _html(self, text: str) -> Any:
        return self._keep(widgets.HTML(text, layout=self._layout, style=self._style))

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


# Metaflow's pages ask a server on the network for their font; the system's own does as well.
_WEB_FONT = re.compile(r"""@import\s*(?:url\()?["']?https?://[^;"')]*(?:;[^"')]*)?["']?\)?[^;]*;""")


def card_frame(page: str, panel: PanelSummary, index: int) -> str:
    """Give a card's page in a frame of its own: its scripts run, and reach nothing of the notebook."""
    title = escape(f"{panel.cards[index].title}, {size_text(len(page))}", quote=True)
    srcdoc = escape(_WEB_FONT.sub("", page), quote=True)
    return (
        f'<iframe class="spin-card-page" data-test="card-page" title="{title}" '
        f'sandbox="allow-scripts" srcdoc="{srcdoc}"></iframe>'
    )


def _close(made: list[Any], keep: tuple[Any, ...] = ()) -> None:
    """Close widgets and the models of their styles and layouts, which `close` leaves open."""
    models = [part for each in made for part in (getattr(each, "style", None), each.layout, each) if part]
    for model in dict.fromkeys(models):
        if not any(model is kept for kept in keep):
            model.close()


def _running() -> tuple[str, str]:
    """Return the ids of the cell that is running and of the message that runs it, as far as is known."""

    def ask() -> tuple[str, str]:
        parent = sys.modules["IPython"].get_ipython().kernel.get_parent()
        return str(parent["metadata"]["cellId"]), str(parent["header"]["msg_id"])

    return attempt(ask, ("", ""))
