"""Plain data -> text for terminals, and for reading the differences of a notebook."""

from __future__ import annotations

from spin_magic.report.blocks import Block, Cell, Lines, Pictures, Table, Text
from spin_magic.report.model import InputsSummary, Outputs, PanelSummary, Row

NAMES = 40
WIDEST = 32
ROWS_BRIEF = 40
BLOCKS = " ▁▂▃▄▅▆▇█"


def render_text(panel: PanelSummary, *, details: bool = True) -> str:
    """Give the panel as text for a terminal, and for the differences of a review.

    Parameters
    ----------
    panel : PanelSummary
        What to say.
    details : bool
        Whether what the changed rows open to stands below them; else it is the brief form for hosts
        that strip the styles of the HTML.

    Returns
    -------
    str
        The text.
    """
    lines = [_headline(panel), " ".join(filter(None, (panel.why, panel.compared)))]
    lines += _error_lines(panel)
    lines += [f"! {note}" for note in panel.notes]
    rows = panel.outputs.rows if details else panel.outputs.rows[:ROWS_BRIEF]
    lines += _row_lines(rows, details=details)
    more = panel.outputs.more + len(panel.outputs.rows) - len(rows)
    lines += [f"and {more} more, in _spin.artifacts"] if more else []
    lines += [
        f"{number} {words}: {' '.join(names)} {more}".rstrip()
        for number, words, names, more in name_lines(panel.outputs)
    ]
    for card in panel.cards:
        lines += [f"{card.title}, {card.size}", *(f"    {line}" for line in card.components)]
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


def _row_lines(rows: tuple[Row, ...], *, details: bool = False) -> list[str]:
    columns = [(row.status or row.binding, row.name, row.kind, row.size) for row in rows]
    widths = [min(max((len(cells[i]) for cells in columns), default=0), WIDEST) for i in range(4)]
    lines = []
    for (word, name, kind, size), row in zip(columns, rows, strict=True):
        fixed = f"{word:<{widths[0]}}  {name:<{widths[1]}}  {kind:<{widths[2]}}  {size:>{widths[3]}}"
        lines.append(f"{fixed}  {row.said}".strip() if not widths[0] else f"{fixed}  {row.said}".rstrip())
        if details and row.change and row.detail:
            lines += [f"    {line}".rstrip() for block in row.detail.blocks for line in _block_lines(block)]
    return lines


def _block_lines(block: Block) -> list[str]:
    if isinstance(block, Table):
        return _table_lines(block)
    if isinstance(block, Lines):
        return list(block.lines)
    if isinstance(block, Pictures):
        return [" and ".join(f"a picture of {caption or 'it'}" for caption, _ in block.pictures)]
    return block.text.splitlines() if isinstance(block, Text) else []


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
