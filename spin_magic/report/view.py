"""The panel where a kernel is: a widget with the same HTML, which asks for displays and cards when opened."""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from typing import Any

import anywidget
import ipywidgets as widgets  # noqa: TID253  (this module is itself imported late)
import traitlets

from spin_magic.report.guard import attempt
from spin_magic.result import SpinResult

MIME = "application/vnd.jupyter.widget-view+json"
# What the page draws by itself; anything else is the front end's to draw.
DRAWN = frozenset({"text/plain", "text/html", "text/latex", "text/markdown", "image/png", "image/jpeg"})
PATIENCE = 60.0

# Metaflow's pages ask a server on the network for their font; the system's own does as well.
_WEB_FONT = re.compile(r"""@import\s*(?:url\()?["']?https?://[^;"')]*(?:;[^"')]*)?["']?\)?[^;]*;""")

# The panel on show of each step: showing the next one lets go of the last one's result.
_shown: dict[tuple[str, str], View] = {}
# Panels without a result that may still be seen, until their cell runs again.
_retired: list[View] = []


class PanelWidget(anywidget.AnyWidget):
    """The panel's model: its HTML, and whether its result is still there to be asked.

    It is one model with one script, since each model is a message that the page waits for.
    """

    _esm = files("spin_magic.report").joinpath("static/panel.js").read_text(encoding="utf-8")
    html = traitlets.Unicode().tag(sync=True)
    live = traitlets.Bool(default_value=True).tag(sync=True)


def show(result: SpinResult, html: str) -> dict[str, Any]:
    """Make the widget of a result and retire the one that its step had before.

    Parameters
    ----------
    result : SpinResult
        The spin.
    html : str
        Its panel.

    Returns
    -------
    dict
        The widget's MIME bundle, without a text.
    """
    key = (result.flow, result.step)
    before = _shown.pop(key, None)
    view = View(result, html)
    _shown[key] = view
    if before is not None:
        before.retire()
        _retired.append(before)
    for old in [old for old in _retired if old.cell == view.cell and old.message != view.message]:
        old.close()
        _retired.remove(old)
    return {MIME: {"version_major": 2, "version_minor": 0, "model_id": view.widget.model_id}}


class View:
    """One panel on show.

    Parameters
    ----------
    result : SpinResult
        Kept until the panel retires, for its cards and its objects' displays.
    html : str
        The panel.
    """

    def __init__(self, result: SpinResult, html: str) -> None:
        self._result: SpinResult | None = result
        self.cell, self.message = _running()
        self.widget = PanelWidget(html=html)
        self.widget.on_msg(self._answer)
        self._outputs: list[Any] = []

    def retire(self) -> None:
        """Let go of the result; what is on show stays there."""
        self._result = None
        self.widget.live = False
        _close(self._outputs)

    def close(self) -> None:
        """Close the widget: its cell ran again, and nobody sees it."""
        _close([*self._outputs, self.widget])

    def _answer(self, _widget: Any, question: Any, _buffers: Any) -> None:
        result = self._result
        if result is None or not isinstance(question, dict):
            return
        if question.get("ask") == "display":
            answer = self._display(result, question.get("name"))
        elif question.get("ask") == "card":
            answer = _card(result, question.get("index"))
        else:
            return
        self.widget.send({"to": question, **answer})

    def _display(self, result: SpinResult, name: Any) -> dict[str, Any]:
        """Give an object's own display, by IPython's formatters."""
        if not isinstance(name, str) or name not in result.artifacts:
            return {"bundle": {"text/plain": f"{name} is no artifact of this spin."}}
        # Asked for by hand, so it may take its time; and as `describe` it leaves nothing behind.
        data = attempt(lambda: _formatted(result.artifacts.describe(name).load()), None, seconds=PATIENCE)
        if data is None:
            return {"name": name, "bundle": {"text/plain": f"{name} cannot be shown."}}
        if set(data) <= DRAWN:
            return {"name": name, "bundle": data}
        output = widgets.Output(outputs=({"output_type": "display_data", "data": data, "metadata": {}},))
        self._outputs.append(output)
        return {"name": name, "output": output.model_id}


def _formatted(value: Any) -> dict[str, Any]:
    data, _ = sys.modules["IPython"].get_ipython().display_formatter.format(value)
    return dict(data)


def _card(result: SpinResult, index: Any) -> dict[str, Any]:
    if not isinstance(index, int) or not 0 <= index < len(result.cards):
        return {"page": "", "title": ""}
    card = result.cards[index]
    title = f"{card.type} card {card.id or ''}".strip()
    return {"page": _WEB_FONT.sub("", card.html), "title": title}


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
