"""What a save has changed, as text and as HTML."""

from __future__ import annotations

from typing import Any

from spin_magic.report.pages import new_id, style_sheet
from spin_magic.report.render import render_page
from spin_magic.saved import SavedStep


def saved_mimebundle(saved: SavedStep) -> dict[str, Any]:
    """Show what was saved: the diff, and what goes with it.

    Parameters
    ----------
    saved : SavedStep
        What was done.

    Returns
    -------
    dict
        A MIME bundle.
    """
    changes = [(f"Change of {saved.step}", saved.diff)] if saved.diff else []
    if saved.next_change:
        changes.append(("Change of what leads to it", saved.next_change))
    text = "\n".join([saved.said, *saved.notes, *(f"{title}:\n{diff}" for title, diff in changes)]).rstrip()
    html = render_page(
        "saved.html.j2",
        saved=saved,
        changes=[(title, diff.split("\n")[2:-1]) for title, diff in changes],
        text=text,
        css=style_sheet("panel.css"),
        uid=new_id("saved"),
    )
    return {"text/plain": text, "text/html": html}
