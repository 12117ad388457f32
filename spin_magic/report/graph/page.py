"""A flow's picture as HTML: SVG for the eye, a table for all, no scripts."""

from __future__ import annotations

from spin_magic.overview import FlowOverview
from spin_magic.report.graph.drawing import draw
from spin_magic.report.graph.words import here_words, render_flow_text, steps_table
from spin_magic.report.pages import environment, new_id, style_sheet

# Above this the table is folded.
FEW = 14


def render_flow_html(overview: FlowOverview, marked: str | None = None) -> str:
    """Give the overview as HTML that needs no script and no network.

    Parameters
    ----------
    overview : FlowOverview
        What to say.
    marked : str, optional
        A step to mark: the one that was just spun.

    Returns
    -------
    str
        A fragment with its style sheets, and the text form for hosts that strip styles.
    """
    return (
        environment()
        .get_template("flow.html.j2")
        .render(
            overview=overview,
            here=here_words(overview),
            text=render_flow_text(overview),
            css=style_sheet("panel.css", "graph.css"),
            **_inside(overview, marked, folded=len(overview.steps) > FEW),
        )
    )


def render_flow_part(overview: FlowOverview, marked: str | None = None) -> str:
    """Give the picture and the folded table alone, for a panel that has a head of its own.

    The style sheet ``graph.css`` comes with it; ``panel.css`` is the panel's.
    """
    inside = _inside(overview, marked, folded=True)
    return (
        environment()
        .get_template("flow_part.html.j2")
        .render(overview=overview, here=here_words(overview), css=style_sheet("graph.css"), **inside)
    )


def _inside(overview: FlowOverview, marked: str | None, *, folded: bool) -> dict[str, object]:
    return {
        "picture": draw(overview, marked),
        "table": steps_table(overview),
        "folded": folded,
        "uid": new_id("flow"),
    }
