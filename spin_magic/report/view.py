"""The panel where a kernel is: a model without a view, which adds to the HTML in the page what only it can.

The output itself is the HTML. So a notebook that is opened without its kernel shows the panel, where a
widget's view would show an error in its place.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import anywidget  # noqa: TID253  (this module is itself imported late)
import ipywidgets as widgets  # noqa: TID253  (the same)
import traitlets

from spin_magic.cards import Card
from spin_magic.errors import SpinError
from spin_magic.report import answers
from spin_magic.report.cards.hub import hub
from spin_magic.report.guard import attempt
from spin_magic.result import SpinResult

_ID = re.compile(r"spin-(?:panel|splits)-[0-9a-f]{8}")
# What the page draws by itself; anything else is the front end's to draw.
DRAWN = frozenset({"text/plain", "text/html", "text/latex", "text/markdown", "image/png", "image/jpeg"})

Render = Callable[[SpinResult], str]

# The panel on show of each step: showing the next one lets go of the last one's result.
_shown: dict[tuple[str, str], View] = {}
# The tab that somebody chose in the last panel of each step.
_tabs: dict[tuple[str, str], str] = {}
# Panels without a result that may still be seen, until their cell runs again. Of these so many: some cells
# never run again, and some front ends do not say which cell it is.
_retired: list[View] = []
MOST_RETIRED = 64


class PanelWidget(anywidget.AnyWidget):
    """The panel's model: which panel of the page it is, and whether its result is still there to be asked.

    Attributes
    ----------
    panel : str
        Id of the panel in the page.
    html : str
        Another panel in its place; empty for the one that the output has.
    style : str
        Style sheet of what is added.
    live : bool
        Whether the kernel still answers.
    """

    _esm = "\n".join(
        files("spin_magic.report").joinpath(f"static/{name}.js").read_text(encoding="utf-8")
        for name in ("frames", "live", "splits", "panel")
    )
    panel = traitlets.Unicode().tag(sync=True)
    html = traitlets.Unicode().tag(sync=True)
    style = traitlets.Unicode(
        files("spin_magic.report").joinpath("static/live.css").read_text(encoding="utf-8")
    ).tag(sync=True)
    live = traitlets.Bool(default_value=True).tag(sync=True)


def enliven(result: SpinResult, html: str, render: Render) -> None:
    """Make the model of a panel and retire the one that its step had before.

    Parameters
    ----------
    result : SpinResult
        The spin.
    html : str
        Its panel.
    render : callable
        Draws the panel of another result, when the page asks for one.
    """
    view = SpinView(result, html, render)
    show((result.flow, result.step), view)
    if opened(result) == "cards":
        view.send_cards()


def enliven_cards(cards: Sequence[Card], html: str) -> None:
    """Make the model of some cards on show, and retire the one that its cell had before."""
    view = CardsView(cards, html)
    show(("", view.cell), view)


def show(key: tuple[str, str], view: View) -> None:
    """Put a view in the place of the one that its step, or its cell, had before."""
    before = _shown.pop(key, None)
    _shown[key] = view
    if before is not None:
        before.retire()
        _retired.append(before)
    again = [old for old in _retired if old.cell == view.cell and old.message != view.message]
    for old in again or _retired[:-MOST_RETIRED]:
        old.close()
        _retired.remove(old)


def open_at(result: SpinResult, tab: str) -> None:
    """Open the panels of a step at one of their tabs from now on."""
    _tabs[result.flow, result.step] = tab


def opened(result: SpinResult) -> str:
    """Give the tab that a step's panels open at; empty where nobody chose."""
    return _tabs.get((result.flow, result.step), "")


def packed(cards: Sequence[Card], index: int) -> dict[str, Any]:
    """Give the page of one of some cards."""
    if not 0 <= index < len(cards):
        return {"parts": [], "title": "", "file": "", "said": "There is no such card."}
    return hub().packed(cards[index].html, cards[index])


class View:
    """One output on show.

    Parameters
    ----------
    html : str
        The output.
    """

    def __init__(self, html: str) -> None:
        self.cell, self.message = _running()
        named = _ID.search(html)
        self.widget = PanelWidget(panel=named[0] if named else "")
        self.widget.on_msg(self._on_message)
        self._outputs: list[Any] = []

    def retire(self) -> None:
        """Answer no more; what is on show stays there."""
        self.widget.live = False
        _close(self._outputs)

    def close(self) -> None:
        """Close the widget: its cell ran again, and nobody sees it."""
        _close([*self._outputs, self.widget])

    def answer(self, _question: dict[str, Any]) -> dict[str, Any]:
        """Answer what the page asks."""
        return {"said": "The kernel does not know what was asked."}

    def _on_message(self, _widget: Any, question: Any, _buffers: Any) -> None:
        if self.widget.live and isinstance(question, dict):
            self.widget.send({"to": question, **self.answer(question)})


class CardsView(View):
    """Cards on show by themselves.

    Parameters
    ----------
    cards : sequence of Card
        In the order of the output.
    html : str
        The output.
    """

    def __init__(self, cards: Sequence[Card], html: str) -> None:
        super().__init__(html)
        self._cards = cards

    def retire(self) -> None:
        """Let go of the cards too."""
        super().retire()
        self._cards = ()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer what the page asks."""
        match question:
            case {"ask": "card", "index": int(index)}:
                return packed(self._cards, index)
        return super().answer(question)


class SpinView(View):
    """One panel on show.

    Parameters
    ----------
    result : SpinResult
        Kept until the panel retires, for all that its page may ask.
    html : str
        The panel.
    render : callable
        Draws the panel of another result.
    """

    def __init__(self, result: SpinResult, html: str, render: Render) -> None:
        super().__init__(html)
        self._result: SpinResult | None = result
        self._render = render

    def send_cards(self) -> None:
        """Send the pages of the cards before they are asked for."""
        cards = self._result.cards if self._result else []
        for index in range(len(cards)):
            self.widget.send({"to": {"ask": "card", "index": index}, "unasked": True, **packed(cards, index)})

    def retire(self) -> None:
        """Let go of the result too."""
        super().retire()
        self._result = None

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer what the page asks."""
        result = self._result
        if result is None:
            return {}
        match question:
            case {"ask": "display", "name": name}:
                return self._drawable(answers.display(result, name))
            case {"ask": "card", "index": int(index)}:
                return packed(result.cards, index)
            case {"ask": "tab", "tab": str(tab)}:
                open_at(result, tab)
                return {}
            case {"ask": "again", "task": str(task)}:
                return self._replace(result.again, task)
            case {"ask": "compare", "task": str(task)}:
                return self._replace(result.against, task)
        return answers.answer(result, question) or super().answer(question)

    def _drawable(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Have the front end draw what only it can: a chart of vega or plotly, another widget."""
        if set(answer["bundle"]) <= DRAWN:
            return answer
        data = {"output_type": "display_data", "data": answer.pop("bundle"), "metadata": {}}
        output = widgets.Output(outputs=(data,))
        self._outputs.append(output)
        return {**answer, "output": output.model_id}

    def _replace(self, make: Callable[[str], SpinResult] | None, task: str) -> dict[str, Any]:
        """Show another result in this panel's place."""
        if make is None:
            return {"said": "Run the cell again for that."}
        try:
            result = make(task)
        except SpinError as ex:
            return {"said": str(ex)}
        self._result = result
        self.widget.html = self._render(result)
        return {"said": ""}


def _close(made: list[Any]) -> None:
    """Close widgets and the models of their layouts, which `close` leaves open."""
    for widget in made:
        widget.layout.close()
        widget.close()
    made.clear()


def _running() -> tuple[str, str]:
    """Return the ids of the cell that is running and of the message that runs it, as far as is known."""

    def ask() -> tuple[str, str]:
        parent = sys.modules["IPython"].get_ipython().kernel.get_parent()
        return str(parent["metadata"]["cellId"]), str(parent["header"]["msg_id"])

    return attempt(ask, ("", ""))
