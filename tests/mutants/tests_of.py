"""Which tests to try on a mutant, and in which order."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache

from tests.mutants.mutants import Mutant, text_of

# A first round finds most killers within seconds; a second one takes longer.
ROUNDS = (4.0, 60.0)


class Covering:
    """Which tests run a line, by `tests.mutants.covering`; those that killed before come first.

    Parameters
    ----------
    seconds
        How long each test takes.
    lines
        The tests of each line of each module.
    """

    def __init__(self, seconds: dict[str, float], lines: dict[str, dict[str, list[str]]]) -> None:
        self._seconds = seconds
        self._lines = lines
        self._kills: Counter[tuple[str, str]] = Counter()

    def killed_by(self, mutant: Mutant, test: str) -> None:
        self._kills[mutant.module, test] += 1

    def rounds(self, mutant: Mutant) -> list[tuple[list[str], float]]:
        """Give the tests of each round, with the seconds that they should take at most."""
        tests = sorted(self.tests(mutant), key=lambda test: self._rank(mutant, test))
        found, begin = [], 0
        for limit in ROUNDS:
            end, total = begin, 0.0
            while end < len(tests) and (total == 0 or total + self._seconds[tests[end]] <= limit):
                total += self._seconds[tests[end]] + 0.005
                end += 1
            if end > begin:
                found.append((tests[begin:end], total))
            begin = end
        return found

    def tests(self, mutant: Mutant) -> set[str]:
        """Find the tests that run the line, or what the line defines."""
        known = self._lines.get(mutant.module, {})
        return {
            test
            for line in _run_with(mutant.module)[mutant.line]
            for test in known.get(str(line), ())
            if test
        }

    def _rank(self, mutant: Mutant, test: str) -> tuple[float, float]:
        return -self._kills[mutant.module, test], self._seconds[test]


@cache
def _run_with(module: str) -> dict[int, range]:
    """Give for each line of a module the lines whose tests see a change of it.

    These are the lines of its statement. What runs when the module is imported has no tests of its own: a
    signature or a decorator has those of its function, a class's field those of the class, another line all.
    """
    tree = ast.parse(text_of(module))
    whole = range(1, len(text_of(module).splitlines()) + 1)
    found = dict.fromkeys(whole, whole)
    _note(tree, found, function=False)
    return found


def _note(node: ast.AST, found: dict[int, range], *, function: bool) -> None:
    for child in ast.iter_child_nodes(node):
        inside = function
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            first, last = _extent(child)
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                found.update(dict.fromkeys(range(first, last + 1), range(first, last + 1)))
                inside = isinstance(child, ast.FunctionDef)
            elif function:
                head = min((each.lineno for each in _blocks(child)), default=last + 1)
                found.update(
                    dict.fromkeys(range(first, max(head, first + 1)), range(first, max(head, first + 1)))
                )
        _note(child, found, function=inside)


def _extent(node: ast.AST) -> tuple[int, int]:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno, node.body[-1].end_lineno or 0
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])  # type: ignore[attr-defined]
    return first, node.end_lineno or first  # type: ignore[attr-defined]


def _blocks(node: ast.AST) -> list[ast.stmt]:
    return [each for name in ("body", "orelse", "finalbody") for each in getattr(node, name, ())]
