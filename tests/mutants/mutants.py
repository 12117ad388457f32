"""All mutants of a module, and a sample of all modules'."""

from __future__ import annotations

import ast
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

from tests.mutants.left_out import OPERATORS
from tests.mutants.rooms import ROOT, modules

# `x is None` and `x == None` differ for nobody here.
_SAME = {"Is_Eq", "Eq_Is", "IsNot_NotEq", "NotEq_IsNot"}
# What no test could notice: imports for annotations, docstrings, and names for a debugger or a type checker.
_SKIPPED = re.compile(r"if TYPE_CHECKING:|__(slots|tracebackhide|all)__ =|\w+ = TypeVar\(|['\"]")
# Replaces whatever is named on its command line; and deletes nothing that another does not.
_UNUSED = {"VariableReplacer", "VariableInserter"}


@dataclass(frozen=True)
class Site:
    """A place where one kind of operator applies, with all that it could put there."""

    module: str
    line: int
    column: int
    kind: str
    choices: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Attributes
    ----------
    was, now : str
        The changed line before and after, which tell a mutant from others for good: line numbers move.
    source : str
        The whole module with the change.
    """

    module: str
    line: int
    kind: str
    was: str
    now: str
    source: str

    @property
    def name(self) -> tuple[str, str, str, str]:
        return self.module, self.kind, self.was, self.now


@cache
def text_of(module: str) -> str:
    """Read a module, whose path is one from the root."""
    return (ROOT / module).read_text(encoding="utf-8")


def sites(module: str) -> list[Site]:
    """Find all places of a module that can be changed."""
    tree = get_ast(text_of(module))
    nodes = list(ast_nodes(tree))
    skipped = _no_behaviour(text_of(module))
    found: dict[tuple[int, int, str], list[tuple[str, int]]] = defaultdict(list)
    for name, operator in _operators():
        positions = (start for node in nodes for start, _ in operator.mutation_positions(node))
        for occurrence, (line, column) in enumerate(positions):
            if not any(first <= (line, column) < last for first, last in skipped):
                found[line, column, name.split("_")[0]].append((name, occurrence))
    return [Site(module, *place, tuple(choices)) for place, choices in sorted(found.items())]


def population() -> dict[str, list[Site]]:
    """Find all places of all modules."""
    return {module: sites(module) for module in modules()}


def sample(of: dict[str, list[Site]], size: int, seed: int) -> list[Mutant]:
    """Draw mutants from each module by its share of all places: one change for a place that is drawn.

    A larger sample with the same seed has all of a smaller one.
    """
    total = sum(map(len, of.values()))
    made: dict[tuple[str, str, str, str], Mutant] = {}
    for module, places in of.items():
        chance = random.Random(f"{seed} {module}")  # noqa: S311 -- drawn again by whoever has the seed
        shuffled = [(site, chance.choice(site.choices)) for site in chance.sample(places, len(places))]
        for site, choice in shuffled[: max(1, round(size * len(places) / total))]:
            drawn = mutant(site, *choice)
            made.setdefault(drawn.name, drawn)
    return list(made.values())


def mutant(site: Site, name: str, occurrence: int) -> Mutant:
    """Make the change."""
    before = text_of(site.module)
    after = mutate_code(before, dict(_operators())[name], occurrence)
    assert after is not None
    was, now = before.splitlines(), after.splitlines()
    first = next(number for number, (old, new) in enumerate(zip(was, now, strict=False)) if old != new)
    return Mutant(site.module, site.line, name, was[first].strip(), now[first].strip(), after)


def _operators() -> Iterator[tuple[str, object]]:
    for name in plugins.operator_names():
        kind = name.partition("/")[2]
        if not kind.startswith(tuple(_UNUSED)) and not kind.endswith(tuple(_SAME)):
            yield kind, plugins.get_operator(name)()
    for kind, operator in OPERATORS.items():
        yield kind, operator()


Span = tuple[tuple[int, int], tuple[int, int]]


def _no_behaviour(source: str) -> list[Span]:
    """Find annotations, and what else does nothing."""
    spans: list[Span] = []
    for node in ast.walk(ast.parse(source)):
        nodes: list[ast.AST | None] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes.append(node.returns)
        elif isinstance(node, ast.arg | ast.AnnAssign):
            nodes.append(node.annotation)
        elif isinstance(node, ast.stmt) and _SKIPPED.match(ast.unparse(node)):
            nodes.append(node)
        spans += [_span(each) for each in nodes if each is not None]
    return spans


def _span(node: ast.AST) -> Span:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
