"""What a save has changed, as text and as HTML."""

from __future__ import annotations

from typing import Any

from spin_magic.report.lines import Line, text_of
from spin_magic.report.pages import new_id, style_sheet
from spin_magic.report.preview import clean
from spin_magic.report.render import render_page
from spin_magic.saved import SavedStep
from spin_magic.showing import Form


def saved_mimebundle(saved: SavedStep, form: Form = "auto") -> dict[str, Any]:
    """Show what was saved: the diff, and what goes with it.

    Parameters
    ----------
    saved : SavedStep
        What was done.
    form : {'auto', 'plain', 'coloured'}
        Show it as text alone, in that form; by default as text and HTML.

    Returns
    -------
    dict
        A MIME bundle.
    """
    changes = [(f"Change of {saved.step}", saved.diff)] if saved.diff else []
    if saved.next_change:
        changes.append(("Change of what leads to it", saved.next_change))
    lines = [Line(each, hang=4) for each in (saved.said, *saved.notes)]
    for title, diff in changes:
        lines += [Line((f"{title}:", "strong")), *map(_diff_line, diff.rstrip().split("\n"))]
    if form != "auto":
        return {"text/plain": text_of(lines, form)}
    html = render_page(
        "saved.html.j2",
        saved=saved,
        changes=[(title, diff.split("\n")[2:-1]) for title, diff in changes],
        text=text_of(lines, "plain"),
        css=style_sheet("panel.css"),
        uid=new_id("saved"),
    )
    return {"text/plain": text_of(lines, form), "text/html": html}


def _diff_line(text: str) -> Line:
    kind = {"+": "good", "-": "bad", "@": "news"}.get(text[:1], "")
    return Line((clean(text), "soft" if text.startswith(("---", "+++")) else kind), hang=1)
