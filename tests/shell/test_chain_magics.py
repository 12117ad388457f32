"""New steps, chains and many splits by the magics, from a stub without a run, with the real engine."""

from __future__ import annotations

import pytest

from spin_magic.many import SpinResults
from spin_magic.result import SpinResult

STUB = """
from metaflow import FlowSpec, step


class ShortFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ShortFlow()
"""


@pytest.fixture
def stub(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METAFLOW_USER", "tester")
    monkeypatch.setattr("metaflow.metaflow_config.USER", "tester")
    monkeypatch.setattr("spin_magic.loop.session._spun", {})
    (tmp_path / "short.py").write_text(STUB)
    return shell


def cell(shell, line: str, body: str) -> None:
    shell.run_cell_magic("spin", line, body)


def test_a_foreach_is_written_and_spun_as_a_whole(stub):
    cell(stub, "ShortFlow start", "self.items = [3, 4]\nself.next(self.child, foreach='items')")
    cell(
        stub,
        "ShortFlow child --after start --all-splits -o splits",
        "self.square = self.input ** 2\nself.next(self.join)",
    )
    splits = stub.user_ns["splits"]
    assert isinstance(splits, SpinResults)
    assert [each["square"] for each in splits] == [9, 16]
    assert stub.user_ns["_spin"] is splits[-1]
    shown = stub.display_pub.outputs[-1]["data"]
    assert "1, input='4'  ok" in shown["text/plain"]
    assert 'data-test="splits"' in shown["text/html"]
    assert shown["text/plain"].count("`child` is not in short.py yet") == 1
    cell(
        stub,
        "ShortFlow join --after child",
        "self.total = sum(i.square for i in inputs)\nself.next(self.end)",
    )
    assert stub.user_ns["_spin"]["total"] == 25
    result = stub.run_line_magic("spin", "ShortFlow end --from spin")
    assert isinstance(result, SpinResult)
    assert result["total"] == 25
    again = stub.run_line_magic("spin", "ShortFlow child --all-splits")
    assert [each["square"] for each in again] == [9, 16]
    stub.run_line_magic("spin_flow", "ShortFlow")
    assert "were spun here and are not in the flow file" in stub.display_pub.outputs[-1]["data"]["text/plain"]


def test_a_failing_split_fails_the_cell_once_after_the_table(stub):
    cell(stub, "ShortFlow start", "self.items = [0, 1]\nself.next(self.child, foreach='items')")
    with pytest.raises(ZeroDivisionError) as caught:
        cell(stub, "ShortFlow child --after start --all-splits", "self.x = 1 / self.input")
    assert caught.value.__notes__ == ["1 of 2 splits of `child` failed; this is 0, input='0'."]
    assert "1 of 2 failed" in stub.display_pub.outputs[-1]["data"]["text/html"]
    assert stub.user_ns["_spin"]["x"] == 1.0
