"""A parser of a line: argparse, which raises here in place of printing and leaving."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from spin_magic.errors import OptionError


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
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100),
        )
        # Python 3.14 colours the help; a docstring is plain. Older ones do not know the attribute.
        self.color = False
        self.takes_others = takes_others

    def error(self, message: str) -> NoReturn:
        """Raise argparse's finding as our error."""
        said = message.replace("argument ", "Option ", 1)
        raise OptionError(f"{said[:1].upper()}{said[1:]}.")

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
        return [word.strip("[]") for word in self._usage_words() if word.strip("[]").isupper()]


class Help(argparse.Action):
    """Raises `HelpRequested`."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Stop the parser where it is."""
        raise HelpRequested(parser.format_help())
