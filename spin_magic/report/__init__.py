"""The panel of a spin: summarize (values -> plain data) -> render (data -> text, HTML) -> view (widgets)."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from spin_magic.artifacts import StepInputs
from spin_magic.cards import Card, PastCards
from spin_magic.many import SpinResults
from spin_magic.progress import RunProgress
from spin_magic.report.cards.shown import card_html, card_lines, past_html, past_lines
from spin_magic.report.lines import Line, text_of
from spin_magic.report.plain import inputs_lines, panel_lines
from spin_magic.report.render import render_html, render_inputs_html
from spin_magic.report.summarize import summarize_inputs, summarize_result
from spin_magic.result import SpinResult
from spin_magic.showing import Form

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


def mimebundle(result: SpinResult, form: Form = "auto") -> dict[str, Any]:
    """Show a spin as text and as HTML, which a widget without a view makes live where there is a kernel.

    Parameters
    ----------
    result : SpinResult
        The spin.
    form : {'auto', 'plain', 'coloured'}
        Show it as text alone, in that form; by default as text and HTML.

    Returns
    -------
    dict
        A MIME bundle. Never raises: what cannot be shown falls back to the ``repr``.
    """
    bundle: dict[str, Any] = {"text/plain": _plain(result)}
    try:
        panel = summarize_result(result)
        bundle = {"text/plain": text_of(panel_lines(panel), form)}
        if form != "auto":
            return bundle
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


def inputs_mimebundle(inputs: StepInputs, form: Form = "auto") -> dict[str, Any]:
    """Show the inputs of a step as text and as HTML.

    Parameters
    ----------
    inputs : StepInputs
        The inputs.
    form : {'auto', 'plain', 'coloured'}
        As for `mimebundle`.

    Returns
    -------
    dict
        A MIME bundle. Never raises: what cannot be shown falls back to the ``repr``.
    """
    try:
        summary = summarize_inputs(inputs)
        bundle = {"text/plain": text_of(inputs_lines(summary), form)}
        return bundle if form != "auto" else bundle | {"text/html": render_inputs_html(summary)}
    except Exception:  # noqa: BLE001  (the same)
        return {"text/plain": _plain(inputs)}


def cards_mimebundle(past: PastCards, form: Form = "auto") -> dict[str, Any]:
    """Show the cards of a past task as text, and in the page as the panel shows those of a spin.

    Parameters
    ----------
    past : PastCards
        The cards.
    form : {'auto', 'plain', 'coloured'}
        As for `mimebundle`.

    Returns
    -------
    dict
        A MIME bundle. Never raises: what cannot be shown falls back to the ``repr``.
    """
    return _cards(past, past_lines, past_html, form)


def card_mimebundle(card: Card, form: Form = "auto") -> dict[str, Any]:
    """Show one card; as `cards_mimebundle`."""
    return _cards(card, card_lines, card_html, form)


def splits_mimebundle(results: SpinResults, form: Form = "auto") -> dict[str, Any]:
    """Show many spins of a step as a table, whose rows open to their own panels where there is a kernel.

    Parameters
    ----------
    results : SpinResults
        The spins.
    form : {'auto', 'plain', 'coloured'}
        As for `mimebundle`.

    Returns
    -------
    dict
        A MIME bundle. Never raises: what cannot be shown falls back to the ``repr``.
    """
    bundle: dict[str, Any] = {"text/plain": _plain(results)}
    try:
        # Late: most spins are of one task.
        from spin_magic.report.splits import splits_html, splits_lines, summarize_splits  # noqa: PLC0415

        splits = summarize_splits(results)
        bundle = {"text/plain": text_of(splits_lines(results, splits), form)}
        if form != "auto":
            return bundle
        bundle["text/html"] = splits_html(results, splits)
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


def _cards(
    value: T, lines: Callable[[T], list[Line]], html: Callable[[T], tuple[str, list[Card]]], form: Form
) -> dict[str, Any]:
    try:
        bundle = {"text/plain": text_of(lines(value), form)}
        if form != "auto":
            return bundle
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
