"""What linecache has of cells."""

from __future__ import annotations

import gc
import linecache

from spin_magic.flows.cell_texts import keep_for, keep_for_code


def kept(name: str, source: str):
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    code = compile(source, name, "exec")
    keep_for_code(name, code)
    return code


def test_a_text_goes_with_the_last_of_its_code():
    made: dict = {}
    exec(kept("<cell 1>", "def outer():\n    return lambda: 1 / 0\n"), made)  # noqa: S102
    inner = made.pop("outer")()
    gc.collect()
    assert linecache.getline("<cell 1>", 2).strip() == "return lambda: 1 / 0"
    del inner
    gc.collect()
    assert "<cell 1>" not in linecache.cache


def test_the_same_text_twice_stays_for_the_second():
    first, second = (kept("<cell 2>", "1 + 1\n") for _ in range(2))
    del first
    assert "<cell 2>" in linecache.cache
    del second
    assert "<cell 2>" not in linecache.cache


def test_a_text_that_was_never_compiled_goes_with_what_it_was_kept_for():
    class Owner:
        pass

    linecache.cache["<cell 3>"] = (1, None, ["x"], "<cell 3>")
    owner = Owner()
    keep_for("<cell 3>", owner)
    assert "<cell 3>" in linecache.cache
    del owner
    assert "<cell 3>" not in linecache.cache
