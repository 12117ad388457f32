"""What a step prints goes on as it comes, and is kept."""

from __future__ import annotations

import io
import sys

import pytest

from spin_magic.engine import streams


def test_text_goes_on_and_is_kept_apart_by_stream(monkeypatch):
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    logs = streams.Logs()
    with logs.streaming():
        print("one")
        sys.stderr.write("wrong")
        sys.stdout.writelines(["two", "three"])
        assert sys.stdout.getvalue() == "one\ntwothree"
    assert (sys.stdout, sys.stderr) == (out, err)
    assert (logs.stdout.text, logs.stderr.text) == ("one\ntwothree", "wrong")
    assert (out.getvalue(), err.getvalue()) == ("one\ntwothree", "wrong")


def test_the_streams_come_back_after_a_failure_too():
    kept = sys.stdout, sys.stderr
    with pytest.raises(KeyboardInterrupt), streams.Logs().streaming():
        raise KeyboardInterrupt
    assert (sys.stdout, sys.stderr) == kept


def test_no_more_is_kept_than_the_limit(monkeypatch):
    monkeypatch.setattr(streams, "KEEP_CHARS", 10)
    behind = io.StringIO()
    tee = streams.Tee(behind)
    written = [tee.write(text) for text in ("12345", "67890", "more")]
    assert written == [5, 5, 4]
    assert tee.text == "1234567890"
    assert behind.getvalue() == "1234567890more"
