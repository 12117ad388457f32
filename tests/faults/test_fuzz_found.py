"""Made-up input that once broke it.

The least case of each defect that the fuzzer found, or that was found beside it.
"""

from __future__ import annotations

import ast
import contextlib
import json
import pickle
import signal
import warnings
from collections import Counter, defaultdict, deque
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from spin_magic.alarm import ringing
from spin_magic.completing.words import split
from spin_magic.engine.local_metadata import LocalRuns
from spin_magic.errors import CellError, FlowError, OptionError, SaveError, TaskError
from spin_magic.flows.cell import parse_cell
from spin_magic.flows.load import syntax_tree
from spin_magic.flows.locate import find_flow
from spin_magic.flows.outline import outline
from spin_magic.grammar import new_parser
from spin_magic.loop.compare import same_value
from spin_magic.options import parse_spin
from spin_magic.options.line import words_of
from spin_magic.report.rich import picture_of
from spin_magic.writing.edit import replace_step
from spin_magic.writing.source import read, unsaved_source
from tests.run_folders import RunFolders

if TYPE_CHECKING:
    from collections.abc import Callable

FLOW = "class F(FlowSpec):\n    @step\n    def a(self): pass\n"


def test_the_value_of_an_option_is_no_word_of_the_line() -> None:
    assert new_parser().words == ["FLOW"]


@pytest.mark.parametrize("space", ["\xa0", "\u2028", "\x0c", "\u3000"])
def test_the_tab_key_and_the_magic_split_a_line_alike(space: str) -> None:
    line = f"F{space}#train s"
    at_cursor = split(f"{line} ")
    assert at_cursor is not None
    assert list(at_cursor.before) == words_of(line) == [f"F{space}#train", "s"]


def test_a_repeated_line_keeps_its_last_escaped_space() -> None:
    last = parse_spin("F s")
    filled = parse_spin(r"--value a\ ").filled(last)
    assert filled.value == "a "
    assert parse_spin(filled.line) == filled


def test_a_message_ends_however_long_what_it_quotes() -> None:
    said = str(TaskError(f"No run {'9' * 100_000}: choose another."))
    assert len(said) < 2_010
    assert said.startswith("No run 999")
    assert said.endswith("999: choose another.")


@pytest.mark.parametrize("name", ["rot13", "hex", "idna", "punycode", "undefined"])
def test_an_encoding_that_is_none_of_text(name: str, tmp_path: Path) -> None:
    file = tmp_path / "flow.py"
    file.write_text(f"# coding: {name}\n{FLOW}# é\n", encoding="utf-8")
    with pytest.raises(FlowError, match=r"Syntax error in flow\.py"):
        find_flow("flow.py", {}, tmp_path)
    with pytest.raises(SaveError, match=r"flow\.py"):
        read(file)
    with pytest.raises(FlowError, match="There is no flow G in this notebook"):
        find_flow("G", {}, tmp_path)


def test_looking_at_a_flow_does_not_warn_of_its_text(tmp_path: Path) -> None:
    text = FLOW + "    pattern = '\\d'\n"
    (tmp_path / "flow.py").write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(outline(find_flow("F", {}, tmp_path), tmp_path).steps) == ["a"]
        assert isinstance(syntax_tree(text), ast.Module)


@pytest.mark.parametrize(
    "cell", ["self.x = '\udc80'", "self.x = '\x00'", f"self.x = {'-' * 9000}1", "x = " + "1 + " * 9000 + "1"]
)
def test_a_cell_that_python_cannot_read(cell: str) -> None:
    with pytest.raises(CellError):
        parse_cell(cell, "a", None)


@pytest.mark.parametrize("expression", [" + ".join(["1"] * 900), "1" + " .real" * 900])
def test_an_expression_may_be_nested_deeper_than_functions_call(
    expression: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import spin_magic

    monkeypatch.chdir(project)
    body = f"self.total = {expression}\nif self.total:\n    found = 3"
    result = spin_magic.spin("SmallFlow", "work", body=body, namespace=None)
    assert result["total"] == eval(expression)  # noqa: S307 -- our own
    assert result.locals["found"] == 3


def test_a_body_behind_a_backslash_gives_way_to_a_block() -> None:
    source = unsaved_source(
        "flow.py",
        "class F(FlowSpec):\n    @step\n    def a(self): \\\n  pass  # only\n    def end(self): pass\n",
    )
    text = replace_step(source, "F", "a", "self.x = 1\nself.y = 2")
    assert text == (
        "class F(FlowSpec):\n    @step\n    def a(self):\n        self.x = 1\n        self.y = 2\n"
        "    def end(self): pass\n"
    )


def test_two_dashes_are_a_value_too() -> None:
    assert parse_spin("F s --from=--").run == "--"
    with pytest.raises(OptionError, match="--index"):
        parse_spin("F s --index=--")


def test_a_blank_line_stays_in_a_file_of_mixed_endings() -> None:
    text = "class F(FlowSpec):\n  def b(self):\r    if x:\n      y\n      y = 1\r    z\n  def end(self): 1\n"
    saved = replace_step(unsaved_source("flow.py", text), "F", "b", "if x:\n  y = 1\n\nself.x = 1")
    assert saved.splitlines()[2:-1] == ["    if x:", "      y = 1", "", "    self.x = 1"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("_self.json", {}),
        ("_self.json", {"ts_epoch": None}),
        ("_self.json", {"ts_epoch": float("nan")}),
        ("_self.json", {"ts_epoch": 10**400}),
        ("_self.json", "[" * 9000),
        ("sysmeta_foreach-execution-path_5.json", {"value": "start:x"}),
        ("sysmeta_foreach-execution-path_5.json", {"value": ","}),
    ],
)
def test_a_task_whose_metadata_is_json_and_no_metadata(file: str, content: object, tmp_path: Path) -> None:
    folders = RunFolders(tmp_path)
    run = folders.run()
    place = folders.task(run, "start", 1, when=4) / "_meta" / file
    place.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(
        TaskError, match=r"_meta.* is damaged: delete that run, or choose another with --from\.$"
    ):
        LocalRuns(tmp_path, "TrainFlow").tasks(run, "start")


def test_a_run_whose_metadata_is_json_and_no_metadata(tmp_path: Path) -> None:
    folders = RunFolders(tmp_path)
    folders.run("argo-1", when=5)
    (tmp_path / "TrainFlow" / "argo-1" / "_meta" / "_self.json").write_text('{"ts_epoch": 1, "tags": 3}')
    runs = LocalRuns(tmp_path, "TrainFlow")
    with pytest.raises(TaskError, match="is damaged"):
        runs.run("argo-1")
    assert runs.run("a\x00b") is None
    assert runs.run("\ud800") is None


class Labelled(list):
    pass


def labelled(label: object) -> Labelled:
    made = Labelled([1])
    made.label = label
    return made


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({1}, {True}),
        ({1: "a"}, {True: "a"}),
        ({1: "a"}, {1.0: "a"}),
        (deque([1]), deque([True])),
        (deque([1]), deque([1], 3)),
        (Counter([1]), Counter([True])),
        (defaultdict(list), defaultdict(int)),
        (labelled(1), labelled(2)),
        ((json.dumps, 1), (json.loads, 1)),
        (complex("nan+1j"), complex("nan+2j")),
        (np.ma.MaskedArray([1, 2], [0, 1]), np.ma.MaskedArray([1, 2], [0, 0])),
        (np.rec.array([(1,)], names="mask"), np.rec.array([(2,)], names="mask")),
        (pd.Series([1, True], dtype=object), pd.Series([1, 1], dtype=object)),
        (pd.DataFrame({1: [1]}), pd.DataFrame({True: [1]})),
        ({frozenset([1])}, {frozenset([2])}),
    ],
)
def test_what_differs_is_not_called_the_same(one: object, other: object) -> None:
    assert not same_value(one, other)
    assert not same_value(other, one)


NAN = float("nan")


@pytest.mark.parametrize(
    "value",
    [
        {NAN},
        {NAN: 1},
        frozenset([NAN, "a"]),
        {(1, NAN)},
        np.array([(NAN, 1)], dtype=[("a", "f8"), ("b", "i4")]),
        np.ma.MaskedArray([NAN, 2], [0, 1]),
        pd.DataFrame({"a": [[1, NAN]]}),
        pd.Series([np.array([1.0, NAN])]),
        deque([NAN], 3),
        defaultdict(list, {"a": [NAN]}),
        labelled(NAN),
    ],
)
def test_what_was_stored_twice_is_not_called_changed(value: object) -> None:
    assert same_value(*(pickle.loads(pickle.dumps(value)) for _ in range(2)))


class Ring(BaseException):
    pass


def test_an_alarm_that_rings_while_its_block_is_left_goes_on_no_more() -> None:
    def ring(_: object) -> None:
        raise Ring

    before = signal.getsignal(signal.SIGALRM)
    for _ in range(300):
        with contextlib.suppress(Ring), ringing(0.0005, 0.00002, ring):
            while True:
                pass
        assert signal.getsignal(signal.SIGALRM) is before
        # The runner's own timer, which rings once, goes on.
        assert signal.getitimer(signal.ITIMER_REAL)[1] == 0


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("\x1b]0;title\x07", ""),
        ("\u2028\x85\x0b", ""),
        ("aGk\u2029=\r\n", "aGk="),
        ("aGkh\naGk=\n", "aGkhaGk="),
    ],
)
def test_a_picture_is_base64_and_nothing_else(given: str, shown: str) -> None:
    class Odd:
        def _repr_png_(self) -> str:
            return given

    assert picture_of(Odd()) == shown


def test_a_name_with_controls_is_cleaned_where_its_change_is_told() -> None:
    from spin_magic.report.render import render_html
    from spin_magic.report.summarize import summarize_result
    from tests.unit.report_samples import make_result

    page = render_html(summarize_result(make_result({"a\x1f": [object(), {"a": object()}]}, {"a\x1f": []})))
    assert "a\x1f" not in page
    assert "a\\x1f" in page


def test_each_is_in_the_table(fault: Callable[..., None]) -> None:
    tests = [name for name in globals() if name.startswith("test_")]
    fault(
        "what the fuzzer found, each once more",
        "an answer, or what is wrong in a sentence",
        tried=len(tests) - 1,
    )
