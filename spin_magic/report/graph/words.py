"""What the picture, the table and the text say of a step: the same words in all three."""

from __future__ import annotations

from collections.abc import Iterable

from spin_magic.overview import FlowOverview, SpunStep, StepOverview
from spin_magic.report.lines import Grid, Line, text_of
from spin_magic.report.plain import note_line
from spin_magic.report.preview import clean
from spin_magic.report.summarize import seconds_text
from spin_magic.showing import Form

NAMES = 8
WIDEST = 60

Table = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]


def state_words(step: StepOverview) -> str:
    """Say what became of a step: ``ok``, ``1 of 3 failed``, ``running, 2 of 5 done``."""
    if step.state == "failed" and step.tasks > 1:
        return f"{step.failed} of {step.tasks:,} failed"
    if step.state == "running" and step.tasks > 1:
        return f"running, {step.tasks - step.running:,} of {step.tasks:,} done"
    return step.state


def times_words(step: StepOverview) -> str:
    """Say how many tasks a step had, where they are many, or can be: ``× 12``."""
    return f"× {step.tasks:,}" if step.tasks > 1 or (step.depth and step.tasks) else ""


def type_words(step: StepOverview) -> str:
    """Say what a step is to those around it."""
    over = f" {step.over}" if step.over else ""
    again = "repeats" if step.name in step.next else ""
    said = {"split-switch": f"switch on{over}", "foreach": f"foreach{over}", "split": "split", "join": "join"}
    return ", ".join(filter(None, (said.get(step.type, ""), again)))


def decorator_words(step: StepOverview) -> str:
    """Name the decorators: ``@retry @card``."""
    return " ".join(f"@{name}" for name in step.decorators)


def time_words(step: StepOverview) -> str:
    """Say how long the tasks took, in all and the longest."""
    if not step.longest:
        return ""
    total, longest = long_words(step.seconds), long_words(step.longest)
    return total if total == longest else f"{total}, longest {longest}"


def long_words(seconds: float) -> str:
    """Say how long something took; the tasks of a step can take hours together."""
    minutes = round(seconds / 60)
    return seconds_text(seconds) if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


def spun_words(spun: SpunStep | None) -> str:
    """Say what came of the last spin of a step."""
    if spun is None:
        return "not spun"
    said = f"spun {ago_words(spun.ago)}{f', {on_words(spun)}' if spun.on else ''}"
    return f"{said}: {found_words(spun)}" if spun.origin else said


def on_words(spun: SpunStep) -> str:
    """Say which of its inputs were spun, where some were."""
    return f"on spun inputs of {', '.join(spun.on)}" if spun.on else ""


def found_words(spun: SpunStep) -> str:
    """Say how what was spun differs from the run."""
    return ", ".join(f"{number} {word}" for number, word in spun.counts) or "same as the run"


def differ_words(spun: SpunStep) -> str:
    """Say the same in fewer letters."""
    differ = sum(number for number, word in spun.counts if word != "not compared")
    return f"{differ} differ" if differ else "not compared" if spun.counts else "same"


def ago_words(seconds: float) -> str:
    """Say how long ago, in few letters."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def next_words(step: StepOverview) -> str:
    """Say where a step leads to, and when."""
    if step.cases:
        return ", ".join(f"{value} → {target}" for value, target in step.cases)
    each = f", for each of {step.over}" if step.type == "foreach" and step.over else ""
    return ", ".join(step.next) + each


def tasks_words(step: StepOverview) -> str:
    """Say how many tasks there are, and how many of them failed."""
    return f"{step.tasks:,}{f', {step.failed:,} failed' if step.failed else ''}" if step.tasks else ""


def step_label(step: StepOverview, *, marked: bool = False) -> str:
    """Say all that the picture shows of a step in one line, for those who hear it."""
    parts = [
        f"{step.name}: {state_words(step)}",
        "this step" if marked else "",
        type_words(step),
        f"{step.tasks:,} tasks" if step.tasks > 1 else "",
        time_words(step),
        decorator_words(step),
        spun_words(step.spun) if step.spun else "",
    ]
    return "; ".join(filter(None, parts))


def here_words(overview: FlowOverview) -> str:
    """Say how much of the flow was spun in this process."""
    spun = sum(step.spun is not None for step in overview.steps.values())
    if not spun:
        return "None of its steps has been spun in this kernel."
    return f"{spun} of {len(overview.steps)} steps {'has' if spun == 1 else 'have'} been spun in this kernel."


def steps_table(overview: FlowOverview) -> Table:
    """Give the steps as a table; columns that would say nothing are left out."""
    rows = [
        {
            "step": step.name,
            "state": step.state,
            "tasks": tasks_words(step),
            "time": time_words(step),
            "reads": _names(step.reads),
            "sets": _names(step.sets),
            "in this kernel": spun_words(step.spun),
            "leads to": next_words(step),
            "decorators": decorator_words(step),
        }
        for step in overview.steps.values()
    ]
    if not any(step.spun for step in overview.steps.values()):
        for row in rows:
            row["in this kernel"] = ""
    heads = tuple(head for head in rows[0] if any(row[head] for row in rows))
    return heads, tuple(tuple(row[head] for head in heads) for row in rows)


def _names(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - NAMES} more" if len(shown) > NAMES else ""
    return ", ".join(shown[:NAMES]) + more


def render_flow_text(overview: FlowOverview, form: Form = "plain") -> str:
    """Give the overview as text for a terminal: what the picture says, as a table.

    Parameters
    ----------
    overview : FlowOverview
        What to say.
    form : {'plain', 'auto', 'coloured'}
        As it is, or as a terminal shows it.

    Returns
    -------
    str
        The text; its lines have no blanks at their ends.
    """
    counts = ", ".join(f"{number} {state}" for number, state in overview.counts)
    heads, rows = steps_table(overview)
    lines: list[Line | Grid] = [
        Line((overview.flow, "strong"), f": {len(rows)} steps{f', {counts}' if overview.run else ''}"),
        Line((clean(overview.why), "soft")),
        Line((here_words(overview), "soft")),
        *(note_line(clean(note)) for note in overview.notes),
        Grid(heads, [map(clean, row) for row in rows], WIDEST),
    ]
    return text_of(lines, form)
