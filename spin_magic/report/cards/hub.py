"""What shows cards in the page: one model a kernel, which is sent what pages have in common, once."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import anywidget  # noqa: TID253  (this module is itself imported late)
import traitlets

from spin_magic.cards import Card, CardUpdate
from spin_magic.report.cards.packing import pack, zipped

# Zipped, for a page that is loaded again; Metaflow's own script has 0.3 MB.
KEPT = 16_000_000


class CardsWidget(anywidget.AnyWidget):
    """The model: what has been sent to the page so far.

    Attributes
    ----------
    sent : list of str
        Keys of texts. A page that does not have them asks for them.
    """

    _esm = "\n".join(
        files("spin_magic.report").joinpath(f"static/{name}.js").read_text(encoding="utf-8")
        for name in ("frames", "cards")
    )
    sent = traitlets.List(traitlets.Unicode()).tag(sync=True)


class Hub:
    """The model and what it has sent."""

    def __init__(self) -> None:
        self.widget = CardsWidget()
        self.widget.on_msg(self._on_message)
        self._texts: dict[str, bytes] = {}

    @property
    def alive(self) -> bool:
        """Whether nobody has closed the model."""
        return self.widget.comm is not None

    def packed(self, page: str, card: Card | CardUpdate) -> dict[str, Any]:
        """Give a card's page as the model's script puts it together, and send what that takes."""
        packed = pack(page)
        for key, text in packed.texts.items():
            if key not in self._texts:
                self._texts[key] = zipped(text)
                self._send(key)
                self._forget()
        self.widget.sent = list(self._texts)
        return {"parts": packed.parts, "title": title_of(card), "file": file_name(card)}

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message to the script."""
        self.widget.send(message)

    def _send(self, key: str) -> None:
        self.widget.send({"text": key}, buffers=[self._texts[key]])

    def _forget(self) -> None:
        """Let go of the oldest texts: of cards that carry long scripts of their own."""
        while len(self._texts) > 1 and sum(map(len, self._texts.values())) > KEPT:
            del self._texts[next(iter(self._texts))]

    def _on_message(self, _widget: Any, question: Any, _buffers: Any) -> None:
        match question:
            case {"ask": "texts", "keys": [*keys]}:
                for key in keys:
                    if key in self._texts:
                        self._send(key)


_hub: Hub | None = None


def hub() -> Hub:
    """Give the kernel's hub."""
    global _hub  # noqa: PLW0603  -- one a kernel
    if _hub is None or not _hub.alive:
        _hub = Hub()
    return _hub


def title_of(card: Card | CardUpdate) -> str:
    """Call a card by its type and id."""
    return f"{card.type} card {card.id or ''}".strip()


def file_name(card: Card | CardUpdate) -> str:
    """Suggest a name for the card's file."""
    name = "-".join(filter(None, ("card", card.type, card.id)))
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name) + ".html"
