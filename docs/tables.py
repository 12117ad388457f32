"""Fill the tables of magics.md and settings.md from the parsers and the settings themselves.

`make docs` calls this. A test fails where a page differs from what this would write.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from spin_magic import grammar
from spin_magic.settings import SpinMagic

HERE = Path(__file__).parent
_TABLE = re.compile(r"(?<=<!-- table: )(.+?)( -->\n).*?(?=<!-- /table -->)", re.DOTALL)


def parsers() -> dict[str, grammar.Parser]:
    """Make the parser of each magic, by the name of the magic as its usage has it."""
    made = [getattr(grammar, name)() for name in grammar.__all__ if name.endswith("_parser")]
    return {_usage(parser).split()[0]: parser for parser in made}


def filled(page: str) -> str:
    """Give a page with its tables as they should be."""
    known = parsers()

    def table(match: re.Match[str]) -> str:
        name = match[1]
        rows = _settings() if name == "settings" else _options(known[name])
        return "".join([name, match[2], *(f"{row}\n" for row in rows)])

    return _TABLE.sub(table, page)


def tables_of(page: str) -> list[str]:
    """List what a page has tables of."""
    return [match[1] for match in _TABLE.finditer(page)]


def _usage(parser: grammar.Parser) -> str:
    return str(parser.usage).replace("%%", "%")


def _options(parser: grammar.Parser) -> list[str]:
    lines = [line.strip() for line in _usage(parser).splitlines()]
    rows = ["", "```text", *lines, "```", "", "| option | meaning |", "|---|---|"]
    for group in parser._action_groups:  # noqa: SLF001 - argparse has no public way to read a parser
        actions = [action for action in group._group_actions if action.dest != "help"]  # noqa: SLF001
        if actions:
            rows.append(f"| *{group.title}* | |")
            rows += [f"| {_invocation(action)} | {_cell(action.help or '')} |" for action in actions]
    return [*rows, ""]


def _invocation(action: argparse.Action) -> str:
    metavars = action.metavar if isinstance(action.metavar, tuple) else (action.metavar,)
    values = "" if action.nargs == 0 else "".join(f" {each}" for each in metavars)
    return ", ".join(f"`{option}{values}`" for option in action.option_strings)


def _settings() -> list[str]:
    rows = ["", "| setting | default | meaning |", "|---|---|---|"]
    for name, trait in sorted(SpinMagic.class_traits(config=True).items()):
        if trait.this_class is SpinMagic:
            rows.append(f"| `{name}` | {_default(trait.default_value)} | {_cell(trait.help)} |")
    return [*rows, ""]


def _default(value: object) -> str:
    if isinstance(value, int) and value > 10**6:
        unit, size = ("MiB", 2**20) if value % 2**20 == 0 else ("GB", 10**9)
        return f"`{value // size}{unit}`"
    return "all" if isinstance(value, tuple | frozenset | set) else f"`{value!r}`"


def _cell(text: str) -> str:
    """Give a text as one cell of a table."""
    line = " ".join(text.replace("%%", "%").split())
    parts = re.split(r"(`[^`]*`)", line)
    parts[::2] = [re.sub(r"([*<|\[\]])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def main() -> None:
    """Write the pages."""
    for page in sorted(HERE.glob("*.md")):
        old = page.read_text(encoding="utf-8")
        if (new := filled(old)) != old:
            page.write_text(new, encoding="utf-8")
            print(f"Wrote the tables of {page.name}.")


if __name__ == "__main__":
    main()
