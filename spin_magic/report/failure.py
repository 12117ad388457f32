"""An exception -> where the user's code raised it, with the lines around it and the values there."""

from __future__ import annotations

import linecache
import re
import sysconfig
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from spin_magic.printable import cell_label, clean, clip
from spin_magic.report.guard import attempt
from spin_magic.report.model import ErrorSummary, SourceLine
from spin_magic.report.preview import line_of, type_of
from spin_magic.settings import SpinMagic

AROUND = 2
LOCALS = 12
_OURS = str(Path(__file__).resolve().parent.parent)
_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})

_FRAME = re.compile(r'^  File "(.+)", line (\d+), in (.+)\n    (.+)$', re.MULTILINE)

Frame = tuple[FrameType, int]
Told = tuple[str, tuple[SourceLine, ...]]


def summarize_error(error: BaseException) -> ErrorSummary:
    """Say what was raised and where in the user's code.

    Parameters
    ----------
    error : BaseException
        The step's own exception.

    Returns
    -------
    ErrorSummary
        Strings only: it keeps neither the traceback nor a frame alive.
    """
    frames = _frames(error)
    at = _user_frame(frames)
    told: Told = ("", ())
    place, lines = attempt(lambda: _told(str(getattr(error, "stack", ""))), told)
    values: tuple[tuple[str, str], ...] = ()
    if at is not None:
        frame, line = frames[at]
        place = attempt(lambda: _place(frame.f_code), "")
        lines = attempt(lambda: _around(_source(frame), line), lines)
        if SpinMagic.instance().previews:
            values = attempt(lambda: _values(frames, at), values, seconds=1.0)
    return ErrorSummary(type_of(error), message_of(error), place, lines, values, _causes(error))


def _told(stack: str) -> Told:
    """Read the place from the text of a traceback: an exception of another process has no frames here."""
    found = _FRAME.findall(stack)
    if not found:
        return "", ()
    own = [each for each in found if not _is_library(each[0])]
    file, line, name, text = (own or found)[-1]
    place, known = clean(f"{_file_label(file)}, in {name}"), linecache.getlines(file)
    # What ran may be gone or changed by now: the other process's own line counts.
    if int(line) <= len(known) and known[int(line) - 1].strip() == text.strip():
        return place, _around(known, int(line))
    return place, (SourceLine(int(line), clip(clean(text), 200), True),)


def message_of(error: BaseException) -> str:
    """Give the exception's own text, whatever its ``__str__`` does."""
    return attempt(lambda: clip(clean(str(error)), 2_000), "(its message cannot be shown)")


def _causes(error: BaseException) -> tuple[str, ...]:
    causes: list[str] = []
    seen = {id(error)}
    while len(causes) < 3:
        earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if earlier is None or id(earlier) in seen:
            break
        word = "caused by" if error.__cause__ is not None else "while handling"
        causes.append(f"{word} {type_of(earlier)}: {clip(message_of(earlier), 200)}")
        seen.add(id(earlier))
        error = earlier
    return tuple(causes)


def _frames(error: BaseException) -> list[Frame]:
    frames = []
    step = error.__traceback__
    while step is not None:
        frames.append((step.tb_frame, step.tb_lineno))
        step = step.tb_next
    return frames


def _user_frame(frames: list[Frame]) -> int | None:
    """Return the index of the last frame that is the user's, else of the last frame with source lines."""
    with_source = [i for i, (frame, _) in enumerate(frames) if _source(frame)]
    own = [i for i in with_source if not _is_installed(frames[i][0])]
    return next(reversed(own or with_source), None)


def _source(frame: FrameType) -> list[str]:
    return linecache.getlines(frame.f_code.co_filename, frame.f_globals)


def _is_installed(frame: FrameType) -> bool:
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    name = frame.f_code.co_filename
    return package == "metaflow" or _is_library(name)


def _is_library(file: str) -> bool:
    if file.startswith((_OURS, "<frozen")):
        return True
    return "site-packages" in file or "dist-packages" in file or file.startswith(_INSTALLED)


def _place(code: CodeType) -> str:
    return clean(f"{_file_label(code.co_filename)}, in {code.co_name}")


def _file_label(name: str) -> str:
    label = cell_label(name)
    if label:
        return f"{label[0].lower()}{label[1:]}"
    path = Path(name)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else name


def _around(source: list[str], failing: int) -> tuple[SourceLine, ...]:
    first = max(1, failing - AROUND)
    shown = source[first - 1 : failing + AROUND]
    margin = min((len(s) - len(s.lstrip()) for s in shown if s.strip()), default=0)
    return tuple(
        SourceLine(number, clip(clean(text.rstrip("\r\n")[margin:]), 200), number == failing)
        for number, text in enumerate(shown, first)
    )


def _values(frames: list[Frame], at: int) -> tuple[tuple[str, str], ...]:
    frame, failing = frames[at]
    found: dict[str, Any] = {}
    index = at
    # A comprehension has a frame of its own; the names around it belong to the picture.
    while True:
        for name, value in frames[index][0].f_locals.items():
            found.setdefault(name, value)
        if not frames[index][0].f_code.co_name.startswith("<") or index == 0:
            break
        index -= 1
        if frames[index][0].f_code.co_filename != frame.f_code.co_filename:
            break
    line = linecache.getline(frame.f_code.co_filename, failing)
    shown = {n: v for n, v in found.items() if n.isidentifier() and not n.startswith("__") and _is_data(n, v)}
    shown.update(_attributes(found.get("self"), line))
    words = re.findall(r"[\w.]+", line)
    order = sorted(shown, key=lambda name: name not in words)
    return tuple((clean(name), line_of(shown[name])) for name in order[:LOCALS])


def _is_data(name: str, value: Any) -> bool:
    return name != "self" and not isinstance(value, (ModuleType, type)) and not callable(value)


def _attributes(owner: Any, line: str) -> dict[str, Any]:
    """Return what the failing line reads on ``self``, as far as it is in memory already."""
    have = getattr(owner, "__dict__", {})
    names = dict.fromkeys(re.findall(r"\bself\.(\w+)", line))
    return {f"self.{name}": have[name] for name in names if name in have}
