"""The client that gives up soon: each read has tries of its own."""

from __future__ import annotations

import pytest

from spin_magic.engine.storage_client import TRIES, GaveUp, SoonClient


def test_a_read_that_was_given_up_leaves_the_next_one_its_tries():
    client = SoonClient(kind=object)
    for _ in range(2):
        for _ in range(TRIES - 1):
            client.reset_client()
        with pytest.raises(GaveUp, match="broke while reading, 3 times"):
            client.reset_client()
