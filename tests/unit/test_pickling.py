"""What it takes to learn whether a value pickles."""

from __future__ import annotations

import tracemalloc

from spin_magic.engine.pickling import LOOK_BYTES, look_at_pickle


def test_a_large_text_is_not_pickled_to_learn_that_it_can_be():
    tracemalloc.start()
    try:
        assert look_at_pickle(chr(0x6570) * (LOOK_BYTES + 1)) == (None, "")
        assert tracemalloc.get_traced_memory()[1] < 2.5 * LOOK_BYTES
    finally:
        tracemalloc.stop()
