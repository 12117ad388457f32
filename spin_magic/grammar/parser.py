"""A parser of a line: argparse, which raises here in place of printing and leaving."""

from __future__ import annotations

import argparse
import re
import textwrap
from functools import partial
from itertools import takewhile
from typing import Any, NoReturn

from spin_magic.errors import OptionError
from spin_magic.grammar.examples import as_text

# A terminal's eighty columns, less the one that it may break after.
WIDTH = 79
# `FLOW  TrainFlow` and a magic's line: what begins so does not run on from the line before.
_ITEM = re.compile(r"(?P<name>[A-Z]+  )|%")


class HelpRequested(Exception):  # noqa: N818 - no error: the user asked for it
    """The line asks for help; the text is the help."""


class Parser(argparse.ArgumentParser):
    """A parser that raises in place of printing and leaving.

    Attributes
    ----------
    takes_others : bool
        True where options that it does not know are another's.
    """

    def __init__(self, usage: str, description: str, *, takes_others: bool = False) -> None:
        super().__init__(
            usage=usage.replace("%", "%%"),
            description=description,
            add_help=False,
            allow_abbrev=False,
            formatter_class=lambda prog: _Formatter(prog, width=WIDTH),
        )
        # Python 3.14 colours the help; a docstring is plain. Older ones do not know the attribute.
        self.color = False
        self.takes_others = takes_others

    def format_help(self) -> str:
        """Write the help, with examples."""
        return f"{super().format_help()}\nexamples:\n{as_text(self.magic)}"

    def error(self, message: str) -> NoReturn:
        """Raise argparse's finding as our error."""
        said = message.replace("argument ", "Option ", 1)
        raise OptionError(f"{said[:1].upper()}{said[1:]}.")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Read the values of an option; older Pythons take the value off ``--from=--`` and give a list."""
        if action.option_strings and action.nargs is None and arg_strings == ["--"]:
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)

    def known(self) -> list[str]:
        """List the options."""
        return [name for action in self._actions for name in action.option_strings]

    def options(self) -> list[argparse.Action]:
        """List what the options do, in the order of the help."""
        return [action for action in self._actions if action.option_strings]

    def option(self, name: str) -> argparse.Action | None:
        """Give what an option does; None where there is none of that name."""
        return next((action for action in self._actions if name in action.option_strings), None)

    def _usage_words(self) -> list[str]:
        """Give the words of the first line of the usage."""
        return str(self.usage).partition("\n")[0].replace("%", "").split()

    @property
    def magic(self) -> str:
        """Name of the magic."""
        return self._usage_words()[0]

    @property
    def words(self) -> list[str]:
        """The words that the line takes beside options: FLOW, STEP."""
        # `[--file PATH]`: what follows an option is its value.
        words = takewhile(lambda word: not word.startswith("[-"), self._usage_words())
        return [word.strip("[]") for word in words if word.strip("[]").isupper()]


class _Formatter(argparse.HelpFormatter):
    """Breaks the lines of descriptions where they must be broken, whatever their width in the source."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:  # noqa: ARG002 - as argparse calls it
        return "\n\n".join(_filled(paragraph, width) for paragraph in text.split("\n\n"))


def _filled(paragraph: str, width: int) -> str:
    items: list[str] = []
    for line in paragraph.splitlines():
        goes_on = items and not _ITEM.match(line) and (line.startswith(" ") or not _ITEM.match(items[-1]))
        if goes_on:
            items[-1] += f" {line.strip()}"
        else:
            items.append(line)
    return "\n".join(map(partial(_broken, width=width), items))


def _broken(item: str, width: int) -> str:
    name = _ITEM.match(item)
    indent = " " * len(name["name"] or "") if name else ""
    breaks = textwrap.TextWrapper(
        width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
    return breaks.fill(item)


class Help(argparse.Action):
    """Raises `HelpRequested`."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Stop the parser where it is."""
        raise HelpRequested(parser.format_help())
