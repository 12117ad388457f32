"""The command line: ``spin-magic notebook FLOW``, ``flow NOTEBOOK``, ``enable`` and ``disable``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from spin_magic import enabling
from spin_magic.errors import SpinError
from spin_magic.notebook.files import spin_notebook, write_flow
from spin_magic.printable import clean


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        0, or 1 where an error was printed and nothing was written or removed.
    """
    given = _parser().parse_args(arguments)
    try:
        print(clean(given.run(given)))  # noqa: T201 - the answer
    except SpinError as ex:
        print(clean(f"spin-magic: {ex}"), file=sys.stderr)  # noqa: T201 - the answer
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("spin-magic", description="Metaflow flows and notebooks.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "make a notebook of a flow file: a tagged cell for each step"
    to_notebook = commands.add_parser("notebook", help=about, description=f"{about[0].upper()}{about[1:]}.")
    to_notebook.add_argument(
        "flow", metavar="FLOW", help="flows/train.py, flows/train.py:TrainFlow or TrainFlow"
    )
    to_notebook.set_defaults(run=_to_notebook)
    about = "write the flow file that the tagged cells of a notebook are"
    to_flow = commands.add_parser("flow", help=about, description=f"{about[0].upper()}{about[1:]}.")
    to_flow.add_argument("notebook", metavar="NOTEBOOK", help="a notebook that `spin-magic notebook` made")
    to_flow.set_defaults(run=_to_flow)
    for command in (to_notebook, to_flow):
        command.add_argument(
            "-o", dest="output", metavar="FILE", help="the file to write; default: beside it"
        )
        command.add_argument("--force", action="store_true", help="replace a file that is there")
    about = "let every kernel find the magics, so that none needs load_ext"
    enable = commands.add_parser("enable", help=about, description=f"{about[0].upper()}{about[1:]}.")
    enable.set_defaults(run=lambda given: enabling.enable(given.place))
    about = "take away what `enable` or the installation made"
    disable = commands.add_parser("disable", help=about, description=f"{about[0].upper()}{about[1:]}.")
    disable.set_defaults(run=lambda given: enabling.disable(given.place))
    for command in (enable, disable):
        where = command.add_mutually_exclusive_group()
        where.add_argument(
            "--sys-prefix",
            dest="place",
            action="store_const",
            const="sys-prefix",
            help="for this Python environment; the default in a virtual or conda environment",
        )
        where.add_argument(
            "--user",
            dest="place",
            action="store_const",
            const="user",
            help="for you, in IPython's default profile; the default elsewhere",
        )
    return parser


def _to_notebook(given: argparse.Namespace) -> str:
    return f"Wrote {_shown(spin_notebook(given.flow, given.output, force=given.force))}."


def _to_flow(given: argparse.Namespace) -> str:
    path, made = write_flow(given.notebook, given.output, force=given.force)
    said = f"Wrote {_shown(path)}: {', '.join(made.steps)}."
    if made.left_out:
        said += f" Without {', '.join(made.left_out)}: tag what belongs to the flow spin:step."
    return said


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
