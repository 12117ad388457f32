"""What all results have in common: how they show themselves in notebooks, terminals and to rich."""

from __future__ import annotations

from typing import Any, Literal, Protocol

Form = Literal["auto", "plain", "coloured"]


class Draw(Protocol):
    """Draws an object."""

    def __call__(self, value: Any, /, form: Form = "auto") -> dict[str, Any]:
        """Give a MIME bundle; in a form other than ``auto`` of text alone."""


class Shows:
    """Shows itself by its ``render``, which somebody else gave it; else by its ``repr``."""

    render: Draw | None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        return self._rendered()

    def __str__(self) -> str:
        return str(self._rendered("plain")["text/plain"])

    def __rich__(self) -> Any:
        from rich.text import Text  # noqa: PLC0415 -- it is rich that asks

        return Text.from_ansi(self._rendered("coloured")["text/plain"])

    def _rendered(self, form: Form = "auto") -> dict[str, Any]:
        return self.render(self, form) if self.render else {"text/plain": repr(self)}
