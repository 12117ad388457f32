"""Plain data -> text for terminals and HTML for pages. Nothing is computed here, and both say the same."""

from __future__ import annotations

import functools
import re
import uuid
from importlib.resources import files

import jinja2
from markupsafe import Markup

from spin_magic.report.model import InputsSummary, Outputs, PanelSummary, Row

NAMES = 40


def render_html(panel: PanelSummary) -> str:
    """Give the panel as HTML that needs no script and no network.

    Parameters
    ----------
    panel : PanelSummary
        What to say.

    Returns
    -------
    str
        A fragment with its style sheet, and the text form for hosts that strip styles.
    """
    return _template("panel.html.j2").render(
        panel=panel,
        inputs=panel.inputs,
        tabs=[(key, title, f"_{key}.html.j2") for key, title in tab_titles(panel)],
        text=render_text(panel),
        css=_css(),
        uid=_uid("panel"),
    )


def render_inputs_html(inputs: InputsSummary) -> str:
    """Give the inputs of a step as HTML that needs no script and no network."""
    text = render_inputs_text(inputs)
    return _template("inputs.html.j2").render(inputs=inputs, text=text, css=_css(), uid=_uid("inputs"))


def render_part(panel: PanelSummary, part: str) -> str:
    """Give one part of the panel (``head``, ``outputs``, ``cards``, ``logs``, ``inputs``), for a widget.

    The style sheet comes with the head; it serves the other parts too.
    """
    css = _css() if part == "head" else ""
    template = f"_{part}.html.j2"
    return _template("part.html.j2").render(panel=panel, inputs=panel.inputs, template=template, css=css)


def tab_titles(panel: PanelSummary) -> list[tuple[str, str]]:
    """Give key and title of each section: ``("logs", "Logs 14 lines")``."""
    lines = sum(log.lines for log in panel.logs)
    return [
        ("outputs", f"Outputs {panel.outputs.total}"),
        ("cards", f"Cards {len(panel.cards)}"),
        ("logs", f"Logs {lines} line{'' if lines == 1 else 's'}"),
        ("inputs", f"Inputs {len(panel.inputs.rows) + panel.inputs.more}"),
    ]


def render_text(panel: PanelSummary) -> str:
    """Give the panel as text for a terminal."""
    lines = [_headline(panel), " ".join(filter(None, (panel.why, panel.compared)))]
    lines += _error_lines(panel)
    lines += [f"! {note}" for note in panel.notes]
    lines += _row_lines(panel.outputs.rows)
    if panel.outputs.more:
        lines.append(f"and {panel.outputs.more} more, in _spin.artifacts")
    lines += [
        f"{number} {words}: {' '.join(names)} {more}".rstrip()
        for number, words, names, more in _name_lines(panel.outputs)
    ]
    for card in panel.cards:
        lines.append(": ".join(filter(None, (f"{card.title}, {card.size}", "; ".join(card.components)))))
    lines += [f"{log.name}: {log.lines} line{'' if log.lines == 1 else 's'}" for log in panel.logs]
    return "\n".join(lines)


def render_inputs_text(inputs: InputsSummary) -> str:
    """Give the inputs of a step as text for a terminal."""
    lines = [f"{inputs.flow}/{inputs.step} inputs", inputs.why]
    if inputs.is_join:
        more = f" and {len(inputs.tasks) - 6} more" if len(inputs.tasks) > 6 else ""
        lines.append(f"{len(inputs.tasks)} branches in inputs: {' '.join(inputs.tasks[:6])}{more}")
    lines += [inputs.split] if inputs.split else []
    lines += _row_lines(inputs.rows)
    lines += [f"and {inputs.more} more on self"] if inputs.more else []
    return "\n".join(lines)


def _headline(panel: PanelSummary) -> str:
    counts = ", ".join(f"{number} {status}" for number, status in panel.counts)
    outcome = f"ok in {panel.seconds} + {panel.overhead} around it"
    if not panel.ok:
        outcome = f"failed after {panel.seconds}"
    return f"{panel.flow}/{panel.step}  {outcome}" + (f"  {counts}" if counts else "")


def _error_lines(panel: PanelSummary) -> list[str]:
    error = panel.error
    if error is None:
        return []
    lines = [error.headline, *error.causes]
    if error.lines:
        lines.append(error.place)
        lines += [f"{'>' if line.failing else ' '} {line.number:>4} {line.text}" for line in error.lines]
    return lines + [f"  {name} = {value}" for name, value in error.locals]


def _row_lines(rows: tuple[Row, ...]) -> list[str]:
    columns = [(row.status or row.binding, row.name, row.kind, row.size) for row in rows]
    widths = [max((len(cells[i]) for cells in columns), default=0) for i in range(4)]
    lines = []
    for (word, name, kind, size), row in zip(columns, rows, strict=True):
        fixed = f"{word:<{widths[0]}}  {name:<{widths[1]}}  {kind:<{widths[2]}}  {size:>{widths[3]}}"
        lines.append(f"{fixed}  {row.said}".strip() if not widths[0] else f"{fixed}  {row.said}".rstrip())
    return lines


def _name_lines(outputs: Outputs) -> list[tuple[int, str, tuple[str, ...], str]]:
    both = ((outputs.same, "the same"), (outputs.passed_on, "passed on"))
    return [
        (len(names), words, names[:NAMES], f"and {len(names) - NAMES} more" if len(names) > NAMES else "")
        for names, words in both
        if names
    ]


def _bindings(inputs: InputsSummary) -> list[tuple[int, str]]:
    words = [row.binding for row in inputs.rows]
    return [(words.count(word), word) for word in ("bound", "kept", "on self") if word in words]


def _code_parts(text: str) -> list[tuple[bool, str]]:
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [(False, text)]
    return [(bool(i % 2), part) for i, part in enumerate(parts) if part]


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 160 else line[:159] + "…"


def _uid(kind: str) -> str:
    return f"spin-{kind}-{uuid.uuid4().hex[:8]}"


@functools.lru_cache(maxsize=1)
def _css() -> Markup:
    text = files("spin_magic.report").joinpath("static/panel.css").read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    # Our own file, and the only text that is not escaped.
    return Markup(re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", text)).strip())  # noqa: S704


@functools.lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("spin_magic.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["code_parts"] = _code_parts
    environment.filters["first_line"] = _first_line
    environment.filters["name_lines"] = _name_lines
    environment.filters["bindings"] = _bindings
    return environment


def _template(name: str) -> jinja2.Template:
    return _environment().get_template(name)
