"""A line of text -> frozen options. Pure: nothing is looked up or evaluated here."""

from __future__ import annotations

from spin_magic.grammar import HelpRequested
from spin_magic.options.authoring import (
    LOAD_HELP,
    NEW_HELP,
    NOTEBOOK_HELP,
    RUN_HELP,
    SAVE_HELP,
    TEST_HELP,
    LoadOptions,
    NewOptions,
    NotebookOptions,
    RunOptions,
    SaveOptions,
    SpinTestOptions,
    parse_load,
    parse_new,
    parse_notebook,
    parse_run,
    parse_save,
    parse_test,
)
from spin_magic.options.line import with_flow
from spin_magic.options.looking import (
    CARDS_HELP,
    FLOW_HELP,
    CardsOptions,
    FlowOptions,
    parse_cards,
    parse_flow,
)
from spin_magic.options.spinning import (
    INPUTS_HELP,
    SPIN_HELP,
    InputsOptions,
    SpinOptions,
    TaskOptions,
    parse_inputs,
    parse_spin,
)

__all__ = [
    "CARDS_HELP",
    "FLOW_HELP",
    "INPUTS_HELP",
    "LOAD_HELP",
    "NEW_HELP",
    "NOTEBOOK_HELP",
    "RUN_HELP",
    "SAVE_HELP",
    "SPIN_HELP",
    "TEST_HELP",
    "CardsOptions",
    "FlowOptions",
    "HelpRequested",
    "InputsOptions",
    "LoadOptions",
    "NewOptions",
    "NotebookOptions",
    "RunOptions",
    "SaveOptions",
    "SpinOptions",
    "SpinTestOptions",
    "TaskOptions",
    "parse_cards",
    "parse_flow",
    "parse_inputs",
    "parse_load",
    "parse_new",
    "parse_notebook",
    "parse_run",
    "parse_save",
    "parse_spin",
    "parse_test",
    "with_flow",
]
