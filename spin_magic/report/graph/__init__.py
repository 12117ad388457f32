"""The picture of a flow: layout (steps -> places) -> drawing (lines, cards) -> page (text, HTML with SVG)."""

from __future__ import annotations

from typing import Any

from spin_magic.overview import FlowOverview
from spin_magic.report.graph.page import render_flow_html, render_flow_part
from spin_magic.report.graph.words import render_flow_text
from spin_magic.showing import Form

__all__ = ["flow_mimebundle", "render_flow_html", "render_flow_part", "render_flow_text"]


def flow_mimebundle(overview: FlowOverview, form: Form = "auto") -> dict[str, Any]:
    """Show a flow as text and as a picture in HTML.

    Parameters
    ----------
    overview : FlowOverview
        What is known of its steps.
    form : {'auto', 'plain', 'coloured'}
        Show it as text alone, in that form; by default as text and picture.

    Returns
    -------
    dict
        A MIME bundle.
    """
    bundle = {"text/plain": render_flow_text(overview, form)}
    return bundle if form != "auto" else bundle | {"text/html": render_flow_html(overview)}
