"""The last good cell of a step into its flow file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spin_magic.errors import CellError, SaveError
from spin_magic.flows.load import FlowCode
from spin_magic.loop import kept_texts, session, texts
from spin_magic.loop.homes import Home, home_of
from spin_magic.loop.new_step import Insertion, insertion
from spin_magic.saved import SavedStep
from spin_magic.showing import Form
from spin_magic.writing.disk import diff, write
from spin_magic.writing.edit import replace_step
from spin_magic.writing.place import find_step
from spin_magic.writing.source import Source


@dataclass(frozen=True)
class How:
    """How to save: what `spin_save` was told."""

    force: bool = False
    dry_run: bool = False
    link: bool = False
    after: Collection[str] = ()


def save_step(code: FlowCode, step: str, how: How) -> SavedStep:
    """Save a step.

    Parameters
    ----------
    code : FlowCode
        The flow.
    step : str
        The step, of which a cell was spun well.
    how : How
        What to do.

    Raises
    ------
    SaveError
        The file is as it was. The text that was refused stays, and the message says where.
    """
    where = session.key(code, step)
    cell = _good(code, step)
    home = home_of(code, step)
    try:
        return _replaced(code, step, home, how) if home else _inserted(code, step, how)
    except (SaveError, CellError) as ex:
        raise kept_texts.keep(where, cell, ex) from None


def _good(code: FlowCode, step: str) -> str:
    where, flow = session.key(code, step), code.cls.__name__
    text = texts.of(where)
    if text.good is not None and text.failure is None:
        return text.good
    if text.failure is not None:
        msg = f"The last cell of `{step}` {text.failure}: spin it well, then save it. Nothing was written."
        raise SaveError(msg, text.good)
    for other, known in texts.known().items():
        moved = str(Path(other[0]).resolve()) != other[0] or not Path(other[0]).exists()
        if other[1:] == where[1:] and known.good is not None and moved:
            msg = (
                f"`{step}` was spun in {other[0]}, and {flow} is now in {where[0]}: spin it once more there."
            )
            raise kept_texts.keep(other, known.good, SaveError(msg))
    msg = f"No cell of `{step}` of {flow} was spun here yet: `%%spin {flow} {step}` first."
    raise SaveError(msg)


def _replaced(code: FlowCode, step: str, home: Home, how: How) -> SavedStep:
    text = texts.of(session.key(code, step))
    source = home.source()
    new = replace_step(source, home.owner, step, text.good or "", home.line)
    if new != source.text and not how.force:
        _check_unchanged(step, text, home, source)
    notes = []
    if home.owner != code.cls.__name__:
        notes.append(
            f"{code.cls.__name__} inherits `{step}` from {home.owner} in {source.name}: that is where it is "
            "saved, for all flows that inherit it."
        )
    written = _written(source, new, how)
    if written or new == source.text:
        texts.note_saved(session.key(code, step), Home(home.owner, home.file, new, home.line))
    return _saved(code, step, source, new, written=written, notes=tuple(notes))


def _check_unchanged(step: str, text: texts.Text, home: Home, source: Source) -> None:
    """Refuse where the file's step is not the one that the cell was made from."""
    if not text.waiting:
        msg = (
            f"The last cell of `{step}` was saved, and {source.name} has another text there since: "
            "`%spin_save --force` puts the cell in its place once more."
        )
        raise SaveError(msg)
    now = Home(home.owner, home.file, source.text, home.line).lines(source, step)
    seen = text.home
    if seen is not None and seen.lines(source, step) == now:
        return
    begun = "changed" if seen else "added"
    msg = (
        f"`{step}` was {begun} in {source.name} since it was loaded or first spun here: `%spin_load` shows "
        "what is there now, and `%spin_save --force` puts the cell in its place."
    )
    raise SaveError(msg)


def _inserted(code: FlowCode, step: str, how: How) -> SavedStep:
    where = session.key(code, step)
    text = texts.of(where)
    if text.home is not None and not how.after:
        msg = (
            f"{code.label} has no step `{step}` any more: "
            f"`%spin_save {code.cls.__name__} {step} --after PARENT` puts it in anew."
        )
        raise SaveError(msg)
    made = insertion(code, step, text, tuple(how.after) or text.after)
    new = made.linked if how.link and made.linked is not None else made.text
    written = _written(made.source, new, how)
    if written:
        texts.note_saved(where, _home_in(code, step, made, new))
        for parent in made.parents if how.link else ():
            other = session.key(code, parent)
            if parent in made.parents_saved:
                texts.note_saved(other, _home_in(code, parent, made, new))
            elif not texts.of(other).waiting:
                texts.note_home(other, _home_in(code, parent, made, new))
    return _saved(
        code, step, made.source, made.text, written=written, insertion=made, notes=made.notes(link=how.link)
    )


def _home_in(code: FlowCode, step: str, made: Insertion, text: str) -> Home:
    owner = code.cls.__name__
    place = find_step(made.source.with_text(text), owner, step)
    return Home(owner, made.home.file, text, place.first + 1)


def _is_cell(source: Source) -> bool:
    return source.stamp.inode == 0


def _written(source: Source, new: str, how: How) -> bool:
    if new == source.text or how.dry_run or _is_cell(source):
        return False
    write(source, new)
    return True


def _saved(
    code: FlowCode,
    step: str,
    source: Source,
    new: str,
    *,
    written: bool,
    notes: tuple[str, ...],
    insertion: Insertion | None = None,
) -> SavedStep:
    cell = _is_cell(source)
    name = source.name if cell else _name(source.path)
    linked = insertion.linked if insertion else None
    return SavedStep(
        flow=code.cls.__name__,
        step=step,
        path=None if cell else source.path,
        diff=diff(source.text, new, name),
        written=written,
        next_change=diff(new, linked, name) if linked is not None else None,
        notes=notes,
        cell=new if cell else None,
        render=_render,
    )


def _name(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _render(saved: SavedStep, form: Form = "auto") -> dict[str, Any]:
    from spin_magic.report.saved import saved_mimebundle  # noqa: PLC0415 -- a script shows nothing

    return saved_mimebundle(saved, form)
