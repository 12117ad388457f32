"""The panel of a spin: summarize (values -> plain data) -> render (data -> text, HTML) -> view (widgets)."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from spin_magic.artifacts import StepInputs
from spin_magic.many import SpinResults
from spin_magic.progress import RunProgress
from spin_magic.report.cards.shown import card_html, card_text, past_html, past_text
from spin_magic.report.render import render_html, render_inputs_html, render_inputs_text, render_text
from spin_magic.report.summarize import summarize_inputs, summarize_result
from spin_magic.result import Card, PastCards, SpinResult

T = TypeVar("T")

__all__ = [
    "card_mimebundle",
    "cards_mimebundle",
    "inputs_mimebundle",
    "mimebundle",
    "progress_mimebundle",
    "splits_mimebundle",
    "summarize_inputs",
    "summarize_result",
]


def mimebundle(result: SpinResult) -> dict[str, Any]:
    """Show a spin as text and as HTML, which a widget without a view makes live where there is a kernel.

    Parameters
    ----------
    result : SpinResult
        The spin.

    Returns
    -------
    dict
        A MIME bundle. Never raises: what cannot be shown falls back to the ``repr``.
    """
    bundle: dict[str, Any] = {"text/plain": _plain(result)}
    try:
        panel = summarize_result(result)
        bundle = {"text/plain": render_text(panel)}
        if not _has_comms():
            return bundle | {"text/html": render_html(panel)}
        # Late: importing ipywidgets takes a while, and a plain script never needs it.
        from spin_magic.report import view  # noqa: PLC0415

        bundle["text/html"] = render_html(panel, view.opened(result))
        view.enliven(
            result,
            bundle["text/html"],
            lambda other: render_html(summarize_result(other), view.opened(other)),
        )
    except Exception as error:  # noqa: BLE001  (a panel may not break a spin that went well)
        bundle.setdefault("text/plain", "")
        bundle["text/plain"] += f"\n(the panel could not be drawn whole: {type(error).__name__})"
    return bundle


def inputs_mimebundle(inputs: StepInputs) -> dict[str, Any]:
    """Show the inputs of a step as text and as HTML.

    Parameters
    ----------
    inputs : StepInputs
        The inputs.

    Returns
    -------
    dict
        A MIME bundle. Never raises: what cannot be shown falls back to the ``repr``.
    """
    try:
        summary = summarize_inputs(inputs)
        return {"text/plain": render_inputs_text(summary), "text/html": render_inputs_html(summary)}
    except Exception:  # noqa: BLE001  (the same)
        return {"text/plain": _plain(inputs)}


def cards_mimebundle(past: PastCards) -> dict[str, Any]:
    """Show the cards of a past task as text, and in the page as the panel shows those of a spin.

    Parameters
    ----------
    past : PastCards
        The cards.

    Returns
    -------
    dict
        A MIME bundle. Never raises: what cannot be shown falls back to the ``repr``.
    """
    return _cards(past, past_text, past_html)


def card_mimebundle(card: Card) -> dict[str, Any]:
    """Show one card; as `cards_mimebundle`."""
    return _cards(card, card_text, card_html)


def splits_mimebundle(results: SpinResults) -> dict[str, Any]:
    """Show many spins of a step as a table, whose rows open to their own panels where there is a kernel.

    Parameters
    ----------
    results : SpinResults
        The spins.

    Returns
    -------
    dict
        A MIME bundle. Never raises: what cannot be shown falls back to the ``repr``.
    """
    bundle: dict[str, Any] = {"text/plain": _plain(results)}
    try:
        # Late: most spins are of one task.
        from spin_magic.report.splits import splits_html, splits_text, summarize_splits  # noqa: PLC0415

        splits = summarize_splits(results)
        bundle = {"text/plain": splits_text(results, splits), "text/html": splits_html(results, splits)}
        if _has_comms():
            from spin_magic.report.splits_view import enliven_splits  # noqa: PLC0415  (as above)

            enliven_splits(results, bundle["text/html"], lambda one: render_html(summarize_result(one)))
    except Exception as error:  # noqa: BLE001  (a table may not break spins that went well)
        bundle["text/plain"] += f"\n(the table could not be drawn whole: {type(error).__name__})"
    return bundle


def progress_mimebundle(progress: RunProgress) -> dict[str, Any]:
    """Show how a run of the whole flow is getting on.

    Parameters
    ----------
    progress : RunProgress
        The run as it stands.

    Returns
    -------
    dict
        A MIME bundle. Never raises: what cannot be shown falls back to the ``repr``.
    """
    try:
        from spin_magic.report.running import run_mimebundle  # noqa: PLC0415 -- only where a flow is run

        return run_mimebundle(progress)
    except Exception:  # noqa: BLE001  (a display may not end a run)
        return {"text/plain": _plain(progress)}


def _cards(value: T, text: Callable[[T], str], html: Callable[[T], tuple[str, list[Card]]]) -> dict[str, Any]:
    try:
        bundle = {"text/plain": text(value)}
        bundle["text/html"], cards = html(value)
        if _has_comms():
            from spin_magic.report import view  # noqa: PLC0415  (as above)

            view.enliven_cards(cards, bundle["text/html"])
    except Exception:  # noqa: BLE001  (a page may be anybody's)
        return {"text/plain": _plain(value)}
    return bundle


def _plain(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  (the repr of a result contains the user's exception)
        return object.__repr__(value)


def _has_comms() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None and importlib.util.find_spec("ipywidgets") is not None
