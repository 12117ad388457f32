"""The grammar of the magics that write a flow, test it and run it."""

from __future__ import annotations

from spin_magic.grammar.groups import add_help, add_output
from spin_magic.grammar.parser import Parser
from spin_magic.grammar.values import step_names

_FLOW_AND_STEP = """\
FLOW  TrainFlow, flows/train.py, flows/train.py:TrainFlow, package.module:TrainFlow,
      or a FlowSpec class of this notebook
STEP  train"""


def load_parser() -> Parser:
    """Make the parser of ``%spin_load``."""
    parser = Parser(
        "%spin_load FLOW STEP [options]",
        "Put the source of a step into the next cell, ready to spin: its body, or its whole def. Saved\n"
        "without an edit, it leaves the file as it is.\n\n" + _FLOW_AND_STEP,
    )
    add = parser.add_argument_group("what of it").add_argument
    add("--def", dest="whole", action="store_true", help="the whole def, with its decorators")
    add_output(parser, "text")
    return parser


def save_parser() -> Parser:
    """Make the parser of ``%spin_save``."""
    parser = Parser(
        "%spin_save [FLOW STEP] [options]",
        "Write the last good cell of a step into its flow file, and show the change. Only that step's\n"
        "lines change. Without FLOW and STEP: the step whose cell was spun last.\n\n" + _FLOW_AND_STEP,
    )
    add = parser.add_argument_group("how").add_argument
    add("--force", action="store_true", help="also where the file's step was changed by somebody else")
    add("--dry-run", action="store_true", help="show the change, and write nothing")
    group = parser.add_argument_group("a new step")
    group.add_argument(
        "--after",
        type=step_names,
        action="extend",
        default=[],
        metavar="PARENT",
        help="the step that leads to it; several with commas or repeated; default: as it was spun",
    )
    group.add_argument("--link", action="store_true", help="let its parents lead to it, in the same write")
    add_output(parser, "SavedStep")
    return parser


def new_parser() -> Parser:
    """Make the parser of ``%spin_new``."""
    parser = Parser(
        "%spin_new FLOW [--file PATH]",
        "Write a flow file to begin with, of a start and an end, and put its start into the next cell.\n\n"
        "FLOW  TrainFlow, the name of its class",
    )
    add = parser.add_argument_group("where to").add_argument
    add("--file", metavar="PATH", help="the file; default: the name in lower case, as trainflow.py")
    add_help(parser)
    return parser


def notebook_parser() -> Parser:
    """Make the parser of ``%spin_notebook``."""
    parser = Parser(
        "%spin_notebook FLOW [options]",
        "Make a notebook of a flow file: its head, its class, and each step with its inputs, in tagged\n"
        "cells. `spin-magic flow NOTEBOOK`, in a terminal, makes the flow file of it again.\n\n"
        "FLOW  TrainFlow, flows/train.py, flows/train.py:TrainFlow or package.module:TrainFlow",
    )
    add = parser.add_argument_group("where to").add_argument
    add("-o", dest="output", metavar="FILE", help="the notebook; default: beside the flow file")
    add("--force", action="store_true", help="replace a file that is there")
    add_help(parser)
    return parser


def run_parser() -> Parser:
    """Make the parser of ``%spin_run``; it leaves the command line's own options alone."""
    parser = Parser(
        "%spin_run FLOW [options of `python flow.py run`] [options]",
        "Run the whole flow on Metaflow's command line, and follow it step by step. The value is the run;\n"
        "spins of the flow then take their inputs from it.\n\n"
        "FLOW  TrainFlow, flows/train.py, flows/train.py:TrainFlow or package.module:TrainFlow\n\n"
        "The command line's options go as they are, the flow's parameters too: --alpha 0.1,\n"
        "--with kubernetes, --max-workers 4, --tag mine, --datastore s3.",
        takes_others=True,
    )
    add = parser.add_argument_group("this line's own").add_argument
    add("--resume", metavar="STEP", help="resume the latest run, or --origin-run-id, from this step")
    add("--unsaved", action="store_true", help="run although steps spun here are not saved in the file")
    add_output(parser, "Run")
    return parser


def spin_test_parser() -> Parser:
    """Make the parser of ``%spin_test``."""
    parser = Parser(
        "%spin_test FLOW STEP [options]",
        "Write a pytest function that spins the step as it was last spun here, from the same task and with\n"
        "the same values set, and asserts what came out: small values, of large ones shape and digest.\n\n"
        "FLOW  TrainFlow, flows/train.py, flows/train.py:TrainFlow or package.module:TrainFlow\n"
        "STEP  train",
    )
    add = parser.add_argument_group("where to").add_argument
    add("--file", metavar="PATH", help="add it to that test file; default: print it")
    add("--dry-run", action="store_true", help="print what would be added, and write nothing")
    add_help(parser)
    return parser
