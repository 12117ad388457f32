"""The Tab key in the line of a magic: what `spin_magic.completing` offers, given to IPython's completer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher

from spin_magic.printable import clip
from spin_magic.settings import SpinMagic
from spin_magic.shown import has_page

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from spin_magic.completing import Candidate, Offers

_NAME = "spin_magic"
# Before all others: what follows is no Python.
_PRIORITY = 1000.0
_UNBROKEN = str.maketrans({" ": "\N{NO-BREAK SPACE}", "-": "\N{NON-BREAKING HYPHEN}"})
_WIDE = 60
_LINE = re.compile(
    r"\s*(?P<target>[^%=]*=\s*)?(?P<sign>%{0,2})(?P<magic>spin\w*)[ \t]+(?P<line>.*)", re.DOTALL
)
_OPERATOR = re.compile(r"[=,.()*/+<>!&|^%@\]\[-]")


def install(shell: InteractiveShell) -> None:
    """Complete the lines of our magics in a shell.

    Parameters
    ----------
    shell : InteractiveShell
        The shell; `remove` takes it out again.
    """
    remove(shell)
    if shell.Completer is not None:
        shell.Completer.custom_matchers.append(_matcher(shell))


def remove(shell: InteractiveShell) -> None:
    """Take it out again; a shell without it is left alone.

    Parameters
    ----------
    shell : InteractiveShell
        The shell.
    """
    if shell.Completer is not None:
        matchers: list[Any] = shell.Completer.custom_matchers
        matchers[:] = [each for each in matchers if getattr(each, "matcher_identifier", "") != _NAME]


def _matcher(shell: InteractiveShell) -> Callable[[CompletionContext], SimpleMatcherResult]:
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        with suppress(Exception):
            found = _offers(shell, context)
            if found is not None:
                made = [SimpleCompletion(each.text, type=_beside(shell, each)) for each in found.candidates]
                return {
                    "completions": _Alone(made),
                    "matched_fragment": found.typed,
                    "suppress": True,
                    "ordered": True,
                }
        return {"completions": [], "suppress": False}

    made: Callable[[CompletionContext], SimpleMatcherResult] = context_matcher(
        priority=_PRIORITY, identifier=_NAME
    )(matcher)
    return made


class _Alone(Sequence[SimpleCompletion]):
    """Completions beside which there are no others, even where there are none.

    IPython asks the other matchers where one has nothing; in the line of a magic they offer Python.
    """

    def __init__(self, made: list[SimpleCompletion]) -> None:
        self._made = made

    def __len__(self) -> int:
        return len(self._made) or 1

    def __getitem__(self, place: Any) -> Any:
        return self._made[place]

    def __iter__(self) -> Iterator[SimpleCompletion]:
        return iter(self._made)


def _beside(shell: Any, candidate: Candidate) -> str | None:
    """Say what a candidate is, where IPython says what type of name it is."""
    said = clip(candidate.help, _WIDE)
    # JupyterLab would break the line, and each line of its list is as high as one.
    return (said.translate(_UNBROKEN) if has_page(shell) else said) or None


def _offers(shell: Any, context: CompletionContext) -> Offers | None:
    before = context.full_text.split("\n")[: context.cursor_line]
    line = context.text_until_cursor
    while before and before[-1].endswith("\\"):
        line = f"{before.pop()[:-1]} {line}"
    found = _LINE.fullmatch(line)
    if found is None or not _is_magic(shell, found, before):
        return None
    from spin_magic.completing import offers  # noqa: PLC0415 - late: nobody may ever press the key

    hidden = shell.user_ns_hidden
    own = {name: value for name, value in shell.user_ns.items() if hidden.get(name, hidden) is not value}
    settings = SpinMagic.instance()
    flow, patience = settings.flow, settings.tab_seconds
    return offers(found["magic"], found["line"], own, flow=str(flow), patience=patience)


def _is_magic(shell: Any, found: re.Match[str], before: list[str]) -> bool:
    """Tell whether IPython would call a magic: with ``%%`` only at the top, with neither sign only alone."""
    above = "\n".join(before).lstrip()
    if found["sign"] == "%%":
        return not above and not found["target"]
    if above.startswith("%%"):
        return False
    if found["sign"] == "%":
        return True
    bare = not found["target"] and not _OPERATOR.match(found["line"])
    return bool(bare and shell.automagic and found["magic"] not in shell.user_ns)
