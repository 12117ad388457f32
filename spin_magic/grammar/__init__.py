"""The grammar of the magics' lines: one argparse parser a magic. Its help is the magic's docstring."""

from __future__ import annotations

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
