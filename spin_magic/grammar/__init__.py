"""The grammar of the magics' lines: one argparse parser a magic. Its help is the magic's docstring."""

from __future__ import annotations

import functools

from spin_magic.grammar.authoring import (
    load_parser,
    new_parser,
    notebook_parser,
    run_parser,
    save_parser,
    spin_test_parser,
)
from spin_magic.grammar.looking import cards_parser, flow_parser
from spin_magic.grammar.parser import HelpRequested, Parser
from spin_magic.grammar.spinning import inputs_parser, spin_parser

__all__ = [
    "HelpRequested",
    "Parser",
    "all_parsers",
    "cards_parser",
    "flow_parser",
    "inputs_parser",
    "load_parser",
    "new_parser",
    "notebook_parser",
    "run_parser",
    "save_parser",
    "spin_parser",
    "spin_test_parser",
]


@functools.cache
def all_parsers() -> dict[str, Parser]:
    """Make the parser of every magic, by the magic's name."""
    made = (
        inputs_parser(),
        spin_parser(),
        cards_parser(),
        load_parser(),
        save_parser(),
        new_parser(),
        run_parser(),
        spin_test_parser(),
        notebook_parser(),
        flow_parser(),
    )
    return {parser.magic: parser for parser in made}
