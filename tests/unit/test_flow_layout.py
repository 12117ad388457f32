from __future__ import annotations

import random
import subprocess
import sys
from itertools import pairwise

import pytest

from spin_magic.report.graph.layout import Piece, lay_out

GRAPHS = {
    "one step": ("a", []),
    "chain": ("a b c d", ["a b", "b c", "c d"]),
    "branches": ("a b c d e", ["a b", "a c", "b d", "c d", "d e"]),
    "uneven branches": ("a b c d e f", ["a b", "b c", "c d", "a e", "e d", "d f"]),
    "a way past": ("a b c d e", ["a b", "b c", "c d", "a d", "d e"]),
    "two ways past": ("a b c d e", ["a b", "a c", "b d", "c d", "a d", "d e", "a e"]),
    "round": ("a b c", ["a b", "b b", "b c"]),
    "wide": ("s 1 2 3 4 5 6 7 8 j", [f"s {i}" for i in range(1, 9)] + [f"{i} j" for i in range(1, 9)]),
}


def laid(steps: str, edges: list[str]) -> tuple[Piece, ...]:
    return lay_out(tuple(steps.split()), frozenset((e.split()[0], e.split()[1]) for e in edges))


@pytest.mark.parametrize(("steps", "edges"), GRAPHS.values(), ids=GRAPHS)
def test_every_step_has_one_place_and_every_edge_one_way(steps, edges):
    pieces = laid(steps, edges)

    placed = [point for piece in pieces for point in piece.places if isinstance(point, str)]
    inside = [(route[0], route[-1]) for piece in pieces for route in piece.routes]
    between = []
    for piece, following in pairwise(pieces):
        last = [p for p, (c, _) in piece.places.items() if c == piece.columns - 1]
        first = [p for p, (c, _) in following.places.items() if c == 0]
        assert (len(last), len(first)) == (1, 1)
        between.append((last[0], first[0]))
    assert sorted(placed) == sorted(steps.split())
    straight = [e for e in edges if e.split()[0] != e.split()[1]]
    assert sorted(inside + between) == sorted((e.split()[0], e.split()[1]) for e in straight)


@pytest.mark.parametrize(("steps", "edges"), GRAPHS.values(), ids=GRAPHS)
def test_cards_do_not_overlap_and_edges_go_forward_column_by_column(steps, edges):
    for piece in laid(steps, edges):
        cards = [piece.places[p] for p in piece.places if isinstance(p, str)]
        for i, (column, row) in enumerate(cards):
            assert all(abs(row - r) >= 1 for c, r in cards[i + 1 :] if c == column)
        for route in piece.routes:
            columns = [piece.places[point][0] for point in route]
            assert columns == list(range(columns[0], columns[0] + len(route)))


def test_a_way_past_a_step_goes_around_it():
    piece = laid(*GRAPHS["a way past"])[0]
    way = next(route for route in piece.routes if (route[0], route[-1]) == ("a", "d"))

    for bend in way[1:-1]:
        column, row = piece.places[bend]
        beside = [r for p, (c, r) in piece.places.items() if isinstance(p, str) and c == column]
        assert all(abs(row - r) >= 0.75 for r in beside)


def test_a_chain_may_be_wrapped_at_every_step_and_branches_nowhere():
    assert [piece.columns for piece in laid(*GRAPHS["chain"])] == [1, 1, 1, 1]
    assert [piece.columns for piece in laid(*GRAPHS["branches"])] == [3, 1]
    assert [piece.columns for piece in laid(*GRAPHS["two ways past"])] == [4]


def test_first_branch_is_above():
    piece = laid(*GRAPHS["wide"])[0]

    assert sorted("12345678", key=lambda name: piece.places[name][1]) == list("12345678")


def test_sixty_steps_at_random():
    draw = random.Random(7)  # noqa: S311 -- a sample
    names = [f"s{i}" for i in range(60)]
    edges = {f"s{i} s{min(59, i + draw.choice([1, 1, 2, 3]))}" for i in range(59)}
    edges |= {f"s{i - 1} s{i}" for i in range(1, 60) if not any(e.endswith(f" s{i}") for e in edges)}

    pieces = laid(" ".join(names), sorted(edges))

    assert sum(isinstance(p, str) for piece in pieces for p in piece.places) == 60


def test_layout_is_the_same_in_every_process():
    code = (
        "from spin_magic.report.graph.layout import lay_out\n"
        f"steps, edges = {tuple(GRAPHS['two ways past'][0].split())}, {GRAPHS['two ways past'][1]}\n"
        "print(lay_out(steps, frozenset(tuple(e.split()) for e in edges)))"
    )
    said = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(3)
    }
    assert len(said) == 1
