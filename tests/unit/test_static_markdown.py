from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_magic.report.cards.markdown import markdown_parts, words_of
from spin_magic.report.cards.parts import Grid, plain


def test_markdown_has_its_headings_lists_code_quotes_and_tables():
    source = (
        "# One\nA *b* __c__ `d*e*`\nand on\n\n- x\n  - y\n    goes on\n2. z\n\n> said\n\n---\n"
        "| a | b |\n|---|--:|\n| 1 | **2** |\n\n```py\nx = '# no heading'\n```\n### Three"
    )
    found = list(markdown_parts(source))
    assert [part.kind for part in found] == ["heading", "prose", "items", "prose", "grid", "code", "heading"]
    heading, prose, items, quote, grid, code, last = found
    assert (heading.level, last.level) == (1, 3)
    assert [word for word in prose.words if word[0]] == [("i", "b"), ("b", "c"), ("code", "d*e*")]
    assert plain(prose.words) == "A b c d*e* and on"
    assert [(d, m, plain(w)) for d, m, w in items.items] == [
        (0, "•", "x"),
        (1, "•", "y goes on"),
        (0, "2.", "z"),
    ]
    assert quote.soft
    assert grid == Grid(("a", "b"), (("1", "2"),), right=(1,))
    assert code.text == "x = '# no heading'"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("see [the docs](https://x.org 'T') now", "see the docs now"),
        ("![loss](a.png)", "loss"),
        ("<https://x.org>", "https://x.org"),
        ("2 * 3 * 4 = 24", "2 * 3 * 4 = 24"),
        ("snake_case_name", "snake_case_name"),
        (r"\*not bold\*", "*not bold*"),
        ("a <b>tag</b> and 1 < 2", "a tag and 1 < 2"),
        ("**unclosed", "**unclosed"),
        ("`unclosed", "`unclosed"),
    ],
)
def test_words_lose_their_marks_and_nothing_else(source, expected):
    assert plain(words_of(source)) == expected


@pytest.mark.parametrize(
    "sign", ["`", "*", "_", "[", "](", "<a ", "**a", "`` ", "![a](", "> ", "- ", "|-", "#"]
)
def test_no_markdown_takes_long(sign):
    gap = " " * 2_900 + sign * 10 + " " * 2_900
    began = time.process_time()
    list(markdown_parts((sign * 6_000)[:6_000]))
    list(markdown_parts("\n".join([sign] * 3_000)))
    for line in ("# a" + gap + "b", "a|b\n-|" + gap + "x", "- " + gap + "x", "--" + gap + "x", f"[a]({gap}"):
        list(markdown_parts(line))
    assert time.process_time() - began < 0.2


@given(st.text(alphabet="ab*_`[]()<>|#-\n 1.\\~", max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_markdown_makes_parts(source):
    assert all(part.kind in ("heading", "prose", "items", "code", "grid") for part in markdown_parts(source))
