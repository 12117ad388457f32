"""Plain data -> text for terminals and HTML for pages. Nothing is computed here, and both say the same."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from spin_magic.report.model import InputsSummary, PanelSummary
from spin_magic.report.pages import environment, new_id, style_sheet
from spin_magic.report.plain import name_lines, render_inputs_text, render_text

if TYPE_CHECKING:
    import jinja2

__all__ = [
    "render_html",
    "render_inputs_html",
    "render_inputs_text",
    "render_text",
    "tab_titles",
]

# Before a page of unknown origin: no background, so that the panel's paper shows, and no network.
_FRAME = (
    "<!doctype html><meta http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src data:; "
    "font-src data:; style-src 'unsafe-inline'\"><style>:root{color-scheme:light}"
    "body{margin:0;font:13px/1.5 system-ui,sans-serif}"
    "table{border-collapse:collapse}th,td{padding:2px 8px;text-align:right}</style>"
)


def render_html(panel: PanelSummary, opened: str = "") -> str:
    """Give the panel as HTML that needs no script and no network.

    Parameters
    ----------
    panel : PanelSummary
        What to say.
    opened : str
        Key of the tab to open it at: ``outputs``, ``cards``, ``logs`` or ``inputs``.

    Returns
    -------
    str
        A fragment with its style sheet, and the text form for hosts that strip styles.
    """
    return render_page(
        "panel.html.j2",
        panel=panel,
        inputs=panel.inputs,
        tabs=[(key, title, f"_{key}.html.j2") for key, title in tab_titles(panel)],
        opened=opened if opened != "cards" or panel.cards else "",
        text=render_text(panel, details=False),
        css=style_sheet("panel.css", *(["card.css"] if panel.cards else [])),
        uid=new_id("panel"),
    )


def render_inputs_html(inputs: InputsSummary) -> str:
    """Give the inputs of a step as HTML that needs no script and no network."""
    text = render_inputs_text(inputs)
    return render_page(
        "inputs.html.j2", inputs=inputs, text=text, css=style_sheet("panel.css"), uid=new_id("inputs")
    )


def tab_titles(panel: PanelSummary) -> list[tuple[str, str]]:
    """Give key and title of each section: ``("logs", "Logs 14 lines")``."""
    lines = sum(log.lines for log in panel.logs)
    return [
        ("outputs", f"Outputs {panel.outputs.total}"),
        ("cards", f"Cards {len(panel.cards)}"),
        ("logs", f"Logs {lines} line{'' if lines == 1 else 's'}"),
        ("inputs", f"Inputs {len(panel.inputs.rows) + panel.inputs.more}"),
    ]


def _bindings(inputs: InputsSummary) -> list[tuple[int, str]]:
    words = [row.binding for row in inputs.rows]
    return [(words.count(word), word) for word in ("bound", "kept", "on self") if word in words]


def _bars_path(heights: tuple[int, ...]) -> str:
    return "".join(f"M{6 * i} 16v-{2 * h}h5v{2 * h}z" for i, h in enumerate(heights) if h)


def _framed(html: str) -> str:
    return _FRAME + html


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 160 else line[:159] + "…"


@functools.lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    made = environment()
    made.filters |= {
        "first_line": _first_line,
        "name_lines": name_lines,
        "bars_path": _bars_path,
        "framed": _framed,
        "bindings": _bindings,
    }
    return made


def render_page(name: str, **given: Any) -> str:
    """Fill in a template of ours."""
    # All attributes in the templates stand in double quotes, so a single one needs no five characters.
    return _environment().get_template(name).render(**given).replace("&#39;", "'")
