"""Plain data -> lines for terminals, and text for reading the differences of a notebook."""

from __future__ import annotations

from spin_magic.report.blocks import Block, Cell, Lines, Pictures, Table, Text
from spin_magic.report.lines import WORDS, Line, text_of
from spin_magic.report.model import InputsSummary, Outputs, PanelSummary, Row

NAMES = 40
WIDEST = 32
ROWS_BRIEF = 40
BLOCKS = " ▁▂▃▄▅▆▇█"


def render_text(panel: PanelSummary, *, details: bool = True) -> str:
    """Give the panel as text as it is, for the differences of a review; as `panel_lines`."""
    return text_of(panel_lines(panel, details=details), "plain")


def panel_lines(panel: PanelSummary, *, details: bool = True) -> list[Line]:
    """Give the panel as lines for a terminal.

    Parameters
    ----------
    panel : PanelSummary
        What to say.
    details : bool
        Whether what the changed rows open to stands below them; else it is the brief form for hosts
        that strip the styles of the HTML.

    Returns
    -------
    list of Line
        The lines.
    """
    lines = [_headline(panel), Line((" ".join(filter(None, (panel.why, panel.compared))), "soft"))]
    lines += _error_lines(panel)
    lines += [note_line(note) for note in panel.notes]
    rows = panel.outputs.rows if details else panel.outputs.rows[:ROWS_BRIEF]
    lines += _row_lines(rows, details=details)
    more = panel.outputs.more + len(panel.outputs.rows) - len(rows)
    lines += [Line(f"and {more} more, in _spin.artifacts")] if more else []
    lines += [
        Line((f"{number} {words}: ", "soft"), f"{' '.join(names)} {more}".rstrip(), hang=4)
        for number, words, names, more in name_lines(panel.outputs)
    ]
    for card in panel.cards:
        lines += [Line((card.title, "strong"), f", {card.size}")]
        lines += [Line(f"    {line}", cut=0) for line in card.components]
    said = [f"{log.name}: {log.lines} line{'' if log.lines == 1 else 's'}" for log in panel.logs]
    return [*lines, *(Line((each, "soft")) for each in said)]


def note_line(note: str) -> Line:
    """Give a note as a line."""
    return Line(("! ", "warn"), note, hang=2)


def render_inputs_text(inputs: InputsSummary) -> str:
    """Give the inputs of a step as text as it is."""
    return text_of(inputs_lines(inputs), "plain")


def inputs_lines(inputs: InputsSummary) -> list[Line]:
    """Give the inputs of a step as lines for a terminal."""
    lines = [Line((f"{inputs.flow}/{inputs.step}", "strong"), " inputs"), Line((inputs.why, "soft"))]
    if inputs.is_join:
        more = f" and {len(inputs.tasks) - 6} more" if len(inputs.tasks) > 6 else ""
        branches = f"{len(inputs.tasks)} branches in inputs: {' '.join(inputs.tasks[:6])}{more}"
        lines.append(Line(branches, hang=4))
    lines += [Line(inputs.split, hang=4)] if inputs.split else []
    lines += _row_lines(inputs.rows)
    return lines + ([Line(f"and {inputs.more} more on self")] if inputs.more else [])


def _headline(panel: PanelSummary) -> Line:
    counts = ", ".join(f"{number} {status}" for number, status in panel.counts)
    outcome = (f"ok in {panel.seconds}", "good"), (f" + {panel.overhead} around it", "soft")
    if not panel.ok:
        outcome = (f"failed after {panel.seconds}", "bad"), ("", "")
    return Line(
        (f"{panel.flow}/{panel.step}", "strong"), "  ", *outcome, f"  {counts}" if counts else "", hang=4
    )


def _error_lines(panel: PanelSummary) -> list[Line]:
    error = panel.error
    if error is None:
        return []
    lines = [Line((error.headline, "bad"), hang=4), *(Line(cause, hang=4) for cause in error.causes)]
    if error.lines:
        lines.append(Line((error.place, "soft")))
        lines += [
            Line(
                (
                    f"{'>' if line.failing else ' '} {line.number:>4} {line.text}",
                    "bad" if line.failing else "",
                ),
                hang=11,
            )
            for line in error.lines
        ]
    return lines + [Line(f"  {name} = ", (value, "soft"), hang=4) for name, value in error.locals]


def _row_lines(rows: tuple[Row, ...], *, details: bool = False) -> list[Line]:
    columns = [(row.status or row.binding, row.name, row.kind, row.size) for row in rows]
    widths = [min(max((len(cells[i]) for cells in columns), default=0), WIDEST) for i in range(4)]
    lines = []
    # Where the columns begin that say which artifact it is, and what is said of it.
    named = widths[0] + 2 if widths[0] else 0
    said = named + sum(widths[1:]) + 6
    for (word, name, kind, size), row in zip(columns, rows, strict=True):
        whole = row.reason or (row.change and row.change.text)
        lines.append(
            Line(
                (f"{word:<{named}}", WORDS.get(word, "")),
                (f"{name:<{widths[1]}}  ", "strong"),
                (f"{kind:<{widths[2]}}  {size:>{widths[3]}}  ", "soft"),
                row.said,
                hang=named + 4,
                cut=None if whole else said,
            )
        )
        if details and row.change and row.detail:
            lines += [each for block in row.detail.blocks for each in _block_lines(block)]
    return lines


def _block_lines(block: Block) -> list[Line]:
    if isinstance(block, Table):
        return [Line(f"    {line}", cut=0) for line in _table_lines(block)]
    texts: list[str] = []
    if isinstance(block, Lines):
        texts = list(block.lines)
    elif isinstance(block, Pictures):
        texts = [" and ".join(f"a picture of {caption or 'it'}" for caption, _ in block.pictures)]
    elif isinstance(block, Text):
        texts = block.text.splitlines()
    return [Line(f"    {text}", hang=6) for text in texts]


def _table_lines(table: Table) -> list[str]:
    heads = tuple(head or "" for head in table.columns)
    grid = [heads, *(tuple(map(_cell_text, row)) for row in table.rows)]
    widths = [max(len(row[i]) for row in grid) for i in range(len(heads))]
    lines = [
        "  ".join(
            c.rjust(w) if i in table.right else c.ljust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in grid
    ]
    return lines + ([table.more] if table.more else [])


def _cell_text(cell: str | Cell) -> str:
    if isinstance(cell, str):
        return " ".join(cell.split())
    return "".join(BLOCKS[height] for height in cell.bars) if cell.bars else " ".join(cell.text.split())


def name_lines(outputs: Outputs) -> list[tuple[int, str, tuple[str, ...], str]]:
    """Give number, words, names and the rest of each line that only names artifacts."""
    both = ((outputs.same, "the same"), (outputs.passed_on, "passed on"))
    return [
        (len(names), words, names[:NAMES], f"and {len(names) - NAMES} more" if len(names) > NAMES else "")
        for names, words in both
        if names
    ]
