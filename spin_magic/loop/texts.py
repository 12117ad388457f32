"""For saving: the texts of cells that were spun, and what the flow files had when they were begun."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from spin_magic.errors import TaskError
from spin_magic.flows.load import FlowCode
from spin_magic.loop import session
from spin_magic.loop.homes import Home, home_of
from spin_magic.loop.request import Request
from spin_magic.printable import said_by
from spin_magic.runs.wanted import parse_step


@dataclass
class Text:
    """The text of a step.

    Attributes
    ----------
    good : str or None
        The last cell that was spun well.
    saved : str or None
        The one that was saved last.
    after : tuple of str
        For a new step, the steps that were said to lead to it.
    begun : bool
        Whether `home` was found out yet.
    home : Home or None
        Where the file had the step when it was loaded, first spun or last saved; None where it had none.
    loaded : Home or None
        What was loaded while another cell waits to be saved: the next cell is made from it.
    failure : str or None
        Why the last cell cannot be saved: it went wrong, or is no text that a step could have.
    """

    good: str | None = None
    saved: str | None = None
    after: tuple[str, ...] = ()
    begun: bool = False
    home: Home | None = None
    loaded: Home | None = None
    failure: str | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is something to save."""
        return self.good is not None and self.good != self.saved


_texts: dict[session.StepKey, Text] = {}
_last: list[session.StepKey] = []


def of(where: session.StepKey) -> Text:
    """Give what is known of a step's text."""
    return _texts.setdefault(where, Text())


def last() -> session.StepKey | None:
    """Give the step whose cell was spun last."""
    return _last[0] if _last else None


def known() -> dict[session.StepKey, Text]:
    """Give all steps whose cells were spun well."""
    return {where: text for where, text in _texts.items() if text.good is not None}


def note_home(where: session.StepKey, home: Home | None) -> None:
    """Remember what the file has as what the user has seen."""
    text = of(where)
    text.begun, text.home = True, home


def note_loaded(where: session.StepKey, home: Home) -> None:
    """Remember what was loaded. A cell that waits to be saved was made from what the file had before."""
    if of(where).waiting:
        of(where).loaded = home
    else:
        note_home(where, home)


def note_saved(where: session.StepKey, home: Home) -> None:
    """Remember that a step's last good cell is what the file has now."""
    of(where).saved = of(where).good
    note_home(where, home)


def begin(code: FlowCode, request: Request) -> None:
    """Note that a step is about to be spun. What the file has is seen once: a later edit is another's."""
    where = _where(code, request)
    if where is None:
        return
    text = of(where)
    if not text.begun or (request.text is None and not text.waiting):
        note_home(where, home_of(code, where[2]))
    if request.text is None and request.block is None:
        return
    _last[:] = [where]
    text.failure = "could not be spun"
    if text.loaded is not None:
        note_home(where, text.loaded)
        text.loaded = None


def end(code: FlowCode, request: Request, error: BaseException | None) -> None:
    """Note how the spin has ended."""
    where = _where(code, request)
    if where is None or (request.text is None and request.block is None):
        return
    text = of(where)
    if error is None and request.text is None:
        text.failure = "was a `with` block that is not the text of a step"
    elif error is None:
        text.good, text.after, text.failure = request.text, request.after or text.after, None
    else:
        said = " ".join(said_by(error).split())
        text.failure = f"failed with {type(error).__name__}{f': {said[:120]}' if said else ''}"


def _where(code: FlowCode, request: Request) -> session.StepKey | None:
    # A step that cannot be read is said when the spin is planned.
    with contextlib.suppress(TaskError, AttributeError):
        return session.key(code, parse_step(request.step, code.cls.__name__).step)
    return None
