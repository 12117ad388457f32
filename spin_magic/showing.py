"""What all results have in common: how they show themselves in notebooks, terminals and to rich."""

from __future__ import annotations

from typing import Any, Literal

Form = Literal["auto", "plain", "coloured"]


class Shows:
    """Shows itself by its ``render``, which somebody else gave it; else by its ``repr``.

    That takes the object and, for text alone, the form that the text should have.
    """

    render: Any

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002
        return self._rendered()

    def __str__(self) -> str:
        return str(self._rendered(form="plain")["text/plain"])

    def __rich__(self) -> Any:
        from rich.text import Text  # noqa: PLC0415 -- it is rich that asks

        return Text.from_ansi(self._rendered(form="coloured")["text/plain"])

    def _rendered(self, **how: Any) -> dict[str, Any]:
        rendered: dict[str, Any] = self.render(self, **how) if self.render else {"text/plain": repr(self)}
        return rendered
