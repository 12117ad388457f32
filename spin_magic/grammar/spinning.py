"""The grammar of the magics that run a step and show its inputs."""

from __future__ import annotations

from spin_magic.grammar.groups import FLOW_AND_STEP, add_inputs, add_output, add_selectors
from spin_magic.grammar.parser import Parser
from spin_magic.grammar.values import integer, names, positive, step_names


def spin_parser() -> Parser:
    """Make the parser of ``%spin`` and ``%%spin``."""
    parser = Parser(
        "%spin FLOW STEP [options]\n       %%spin FLOW STEP [options], and the step's text below",
        "Run a step in this kernel, on the inputs of a past run: as it stands in the file (%spin),\n"
        "or with the cell as its body or as its whole def (%%spin). The value of %spin is the result;\n"
        "`_spin` is always the last one. An empty line repeats the last spin.\n\n" + FLOW_AND_STEP,
    )
    add_selectors(parser, many=True)
    add_inputs(parser)
    group = parser.add_argument_group("running")
    add = group.add_argument
    add("--skip-decorators", action="store_true", help="run the step without its decorators")
    add(
        "--after",
        type=step_names,
        action="extend",
        default=[],
        metavar="A,B",
        help="the step is not in the flow file yet, and these lead to it",
    )
    add("--seed", type=integer, metavar="N", help="seed the random number generators")
    add("--no-cards", dest="cards", action="store_false", help="make no cards")
    add("--isolated", action="store_true", help="in a process of its own, by Metaflow's own `spin`")
    add(
        "--environment",
        metavar="NAME",
        help="the environment of --isolated; local, pypi, conda or uv; default: what decorators need",
    )
    add(
        "--persist",
        action="store_true",
        default=None,
        help="keep the results in .metaflow_spin, for inspect_spin",
    )
    add("--no-persist", dest="persist", action="store_false", help="keep them nowhere, whatever is set")
    add("--locals", dest="bind_locals", action="store_true", help="bind the body's local variables here")
    _add_many(parser)
    add_output(parser, "SpinResult")
    return parser


def _add_many(parser: Parser) -> None:
    group = parser.add_argument_group(
        "many tasks",
        "In turn, or in N processes; then a table. Beyond this machine:\n"
        "%spin_run FLOW --resume STEP --with kubernetes",
    )
    add = group.add_argument
    add("--all-splits", action="store_true", help="on every task of the foreach; the value is a list")
    add("--last", type=integer, metavar="N", help="on the step's tasks in the latest N runs; the same")
    add("--jobs", type=positive, default=1, metavar="N", help="in N processes beside this kernel")
    add("--show", type=names, default=(), metavar="A,B", help="the artifacts that the table shows")


def inputs_parser() -> Parser:
    """Make the parser of ``%spin_inputs``."""
    parser = Parser(
        "%spin_inputs FLOW STEP [options]",
        "Make the inputs of a step variables here: `self` as the step would see it, `inputs` for a join,\n"
        "and one variable for each input artifact and parameter.\n\n" + FLOW_AND_STEP,
    )
    add_selectors(parser)
    add_inputs(parser)
    group = parser.add_argument_group("binding")
    add = group.add_argument
    add("--overwrite", action="store_true", help="replace names that you made")
    add("--all", dest="load_all", action="store_true", help="bind large artifacts too")
    add("--only", type=names, default=(), metavar="A,B", help="bind these alone, whatever their size")
    add_output(parser, "StepInputs")
    return parser
