from __future__ import annotations

import ast
import dataclasses
import datetime as dt
import enum
import pathlib
import sys
import time
import types
import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spin_magic.report.blocks import Cell, Lines, Pictures, Table
from spin_magic.report.changes import difference_of
from spin_magic.report.short import Short

FRAME = pd.DataFrame({"x": [1.0, 2.0, None], "y": list("abc")})


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def line(before, after):
    return difference_of(before, after).line.text


def detail(before, after, name="v"):
    return difference_of(before, after, name).detail


def texts(table):
    return [tuple(c.text if isinstance(c, Cell) else c for c in row) for row in table.rows]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (0.9985, 0.9991, "0.9985 → 0.9991 +0.0006 (+0.06 %)"),
        (np.float64(2), np.float64(1), "2.0 → 1.0 −1 (−50.00 %)"),
        (10, 20, "10 → 20 +10 (+100.00 %)"),
        (10**400, 10**400 + 1, "int of 1,329 bits → int of 1,329 bits +1"),
        (1e300, -(10**400), "1e+300 → int of 1,329 bits"),
        (1.0000001, 1.0000002, "1.0000001 → 1.0000002 +1e-07 (+1e-05 %)"),
        (0.123456789012345, 0.223456789012345, "0.1235 → 0.2235 +0.1 (+81.00 %)"),
        (0, 5, "0 → 5 +5"),
        (1, 1000, "1 → 1000 +999 (+99,900 %)"),
        (float("nan"), 1.0, "nan → 1.0"),
        (1, 1.0, "1 → 1.0"),
        (False, True, "False → True"),
        (None, 3, "None → 3"),
        (True, None, "True → None"),
        (1, "a", "1 → 'a' (was int, is str)"),
        ("a", "b", "'a' → 'b'"),
        ("x" * 99 + "a", "x" * 99 + "b", "differs from character 100 on"),
        ("x\n" * 50, "x\n" * 49 + "y\nz\n", "+2 lines −1 line"),
        ("a\nb", "a\r\nb", "line ends differ"),
        (b"a" * 9000 + b"b", b"a" * 9000 + b"cc", "9,001 → 9,002 bytes, differs from byte 9,001 on"),
        ([1, 2], [1, 3], "[1, 2] → [1, 3]"),
        (list(range(50)), [*range(49), 7], "[49] 49 → 7"),
        (list(range(50)), [-1] * 50, "50 of 50 items differ"),
        (list(range(50)), list(range(60)), "50 items → 60 items"),
        (set(range(50)), {*range(49), 99}, "+1 member 99 · −1 member 49"),
        ({"a": "x" * 40, "b": 1}, {"a": "x" * 40, "b": 2, "c": 3}, "+1 key c · b 1 → 2"),
        (np.arange(50.0), np.arange(50.0) + 0.41, "max difference 0.41 · 50 of 50 differ"),
        (np.array([1.0, 2.0]), np.array([1.0, 2.41]), "[1.0, 2.0] → [1.0, 2.41]"),
        (np.zeros(30), np.zeros((20, 2)), "30 values → 20 × 2"),
        (np.zeros(30), np.zeros(30, "f4"), "float64 → float32"),
        (np.array([0, 255], "u1"), np.array([255, 0], "u1"), "[0, 255] → [255, 0]"),
        (np.array(["a"] * 40), np.array(["a"] * 39 + ["b"]), "1 of 40 differ"),
        (pd.Series(range(40)), pd.Series(range(40), index=range(1, 41)), "same values, another index"),
        (FRAME, FRAME.assign(z=1, y=list("abd")), "+1 column z · 1 cell of y differs"),
        (FRAME, FRAME.iloc[:2], "3 → 2 rows"),
        (FRAME, FRAME.drop(columns="x"), "−1 column x"),
        (FRAME, FRAME.iloc[::-1], "same cells in another order, or another index"),
        (FRAME, FRAME.fillna(0), "1 cell of x differs"),
        (FRAME, FRAME.astype({"x": "f4"}), "x float64 → float32"),
        (
            dt.date(2020, 1, 1),
            dt.date(2020, 1, 2),
            "datetime.date(2020, 1, 1) → datetime.date(2020, 1, 2)",
        ),
        (pathlib.Path("a"), pathlib.Path("b"), "PosixPath('a') → PosixPath('b')"),
        (Colour.RED, Colour.BLUE, "<Colour.RED: 1> → <Colour.BLUE: 2>"),
    ],
)
def test_change_is_told_on_one_line(before, after, text):
    assert line(before, after) == text


@pytest.mark.parametrize(
    "value",
    [1, float("nan"), "a", None, [1, [2]], {"a": float("nan")}, FRAME, np.array([1.0, np.nan]), {1, 2}, b"x"],
    ids=repr,
)
def test_equal_values_have_no_difference(value):
    found = difference_of(value, value.copy() if hasattr(value, "copy") else value)
    assert found is not None
    assert found.line is None


def test_text_shows_a_unified_difference_with_its_place():
    before = "".join(f"line {i}\n" for i in range(1, 101))
    after = before.replace("line 50\n", "line fifty\n").replace("line 90\n", "")
    lines = detail(before, after).blocks[0].lines
    assert lines[0] == "@ line 48"
    assert {"-line 50", "+line fifty", "-line 90", " line 49"} <= set(lines)
    assert " line 47" not in lines


def test_text_that_differs_all_through_shows_a_part_of_both():
    before, after = ("\n".join(f"{word} {i}" for i in range(5000)) for word in ("old", "new"))
    found = difference_of(before, after)
    assert found.line.text == "5,000 → 5,000 lines, differ from line 1 on"
    assert "@ 4,980 more lines" in found.detail.blocks[0].lines
    assert found.detail.size < 3_000


def test_array_shows_both_sides_and_where_they_differ():
    before = np.zeros((4, 20))
    after = before.copy()
    after[1, 2], after[3, 19] = 5, -1
    facts, places = detail(before, after).blocks
    assert facts.columns == ("", "type", "shape", "min", "mean", "max", "values")
    assert texts(facts)[1][:6] == ("now", "float64", "4 × 20", "-1", "0.05", "5")
    assert facts.rows[1][3].mark == "changed"
    assert facts.more == "max difference 5 · 2 of 80 differ"
    assert texts(places) == [("[1, 2]", "0.0", "5.0"), ("[3, 19]", "0.0", "-1.0")]


def same_frames(before, after):
    return [
        (pd.DataFrame(before), pd.DataFrame(after)),
        (pl.DataFrame(before), pl.DataFrame(after)),
        (pa.table(before), pa.table(after)),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    same_frames(
        {"a": [1, 2, 3, 4], "s": ["x", None, "z", "w"], "old": [True] * 4},
        {"a": [1, 2, 3, 7], "s": ["x", "y", None, "w"], "new": [0.5, 1.5, 2.5, 3.5]},
    ),
    ids=["pandas", "polars", "arrow"],
)
def test_frames_of_each_library_tell_the_same(before, after):
    found = difference_of(before, after)
    assert found.line.text == "+1 column new · −1 column old · 1 cell of a differs · 2 cells of s differ"
    columns, sample = found.detail.blocks
    rows = {row[0]: row for row in texts(columns)}
    assert rows["a"][2:7] == ("2.5", "3.25", "1.291", "2.63", "1 of 4")
    assert rows["s"][2:7] == ("", "", "", "", "2 of 4")
    assert rows["new"][2:7] == ("", "2", "", "1.291", "new")
    assert rows["old"][6] == "gone"
    assert texts(sample)[-1] == ("3", "4 → 7", "w")
    assert [row[0] for row in sample.rows] == ["1", "2", "3"]


def test_rows_are_matched_by_their_index_where_it_is_unique():
    before = pd.DataFrame({"x": range(100)}, index=[f"r{i}" for i in range(100)])
    after = before.iloc[10:].copy()
    after.loc["r50", "x"] = -1
    found = difference_of(before, after)
    assert found.line.text == "100 → 90 rows · 1 cell of x differs"
    assert texts(found.detail.blocks[1]) == [("r50", "50 → -1")]
    assert "rows matched by index: 90 in both" in found.detail.blocks[0].more
    doubled = before.rename(index={"r1": "r0"})
    assert "by position" in difference_of(doubled, doubled.iloc[10:]).detail.blocks[0].more


def arrays_in_cells(value):
    return pd.DataFrame({"v": [np.zeros(3), np.array([1.0, value])]})


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (arrays_in_cells(1), arrays_in_cells(2), "1 cell of v differs"),
        (
            pd.DataFrame({"a": [1.0, 2.0]}),
            pd.DataFrame({"a": ["1", "2"]}),
            f"a float64 → {pd.Series(['1']).dtype}",  # of pandas 3 `str`, before it `object`
        ),
        (
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
            pd.DataFrame([[3, 2]], columns=["a", "a"]),
            "1 cell of a differs",
        ),
        (pd.DataFrame({("a", 1): [1]}), pd.DataFrame({("a", 1): [2]}), "1 cell of ('a', 1) differs"),
        (
            pd.DataFrame({"a": pd.array([1, None])}),
            pd.DataFrame({"a": pd.array([1, 3])}),
            "1 cell of a differs",
        ),
        (pd.DataFrame({"a": [[1], [2]]}), pd.DataFrame({"a": [[1], [3]]}), "1 cell of a differs"),
        (
            pd.DataFrame({"t": pd.to_datetime(["2020-01-01", None])}),
            pd.DataFrame({"t": pd.to_datetime(["2020-01-02", None])}),
            "1 cell of t differs",
        ),
        (pd.DataFrame(), pd.DataFrame({"a": []}), "+1 column a"),
        (pl.Series([1, 2] * 40), pl.Series([1, 2] * 39 + [1, 5]), "max difference 3 · 1 of 80 differ"),
    ],
)
def test_odd_frames_tell_what_changed_too(before, after, text):
    assert line(before, after) == text


@dataclasses.dataclass
class Settings:
    x: list[Any]


class Point(NamedTuple):
    x: int
    y: int


def test_parts_are_named_by_their_path():
    before = {"f1": Settings([0, 1, 2, {"deep": 1}]), "p": Point(1, 2), 3: {1, 2}, "gone": 0}
    after = {"f1": Settings([0, 1, 2, {"deep": 2}]), "p": Point(1, 5), 3: {2, 4}, "new": "n"}
    found = difference_of(before, after, "report")
    assert (
        found.line.text
        == "+1 key new · −1 key gone · f1.x[3]['deep'] 1 → 2 · p.y 2 → 5 · [3] gone 1 · 1 more differs"
    )
    rows = {(row[0], row[1]): row[2:] for row in texts(found.detail.blocks[0])}
    assert rows["report['f1'].x[3]['deep']", "1"] == ("2", "+1 (+100.00 %)")
    assert rows["report['p'].y", "2"] == ("5", "+3 (+150.00 %)")
    assert rows["report[3]", "1"] == ("", "")
    assert rows["report['gone']", "0"] == ("", "")
    assert rows["report['new']", ""] == ("'n'", "")


def test_a_list_that_grew_in_the_middle_shows_what_came():
    table = detail(list(range(40)), [*range(20), "in", *range(20, 40)]).blocks[0]
    assert texts(table) == [("v[20]", "", "'in'")]


class Model:
    def __init__(self, c: float) -> None:
        self.c, self.coef = c, np.array([c, 2 * c] * 20)


def test_an_object_tells_its_attributes():
    assert line(Model(10.0), Model(0.1)) == "c 10.0 → 0.1 · coef max difference 19.8"
    assert [row[0] for row in detail(Model(10.0), Model(0.1), "m").blocks[0].rows] == ["m.c", "m.coef"]


def test_an_estimator_tells_its_parameters_and_what_it_learned():
    x, y = np.arange(40.0).reshape(20, 2), [0, 1] * 10
    before, after = (LogisticRegression(C=c).fit(x, y) for c in (10.0, 0.1))
    assert line(before, after).startswith("C 10.0 → 0.1 · n_iter_ ")
    before, after = (
        make_pipeline(StandardScaler(with_mean=m), LogisticRegression(C=c)).fit(x, y)
        for m, c in ((True, 10.0), (False, 0.1))
    )
    paths = [row[0] for row in detail(before, after).blocks[0].rows]
    assert {"logisticregression__C", "standardscaler__with_mean", "logisticregression.coef_"} <= set(paths)


class Tensor:
    """Quacks as torch's: the library is large, and nothing else of it is asked for."""

    def __init__(self, array: Any) -> None:
        self.array, self.shape, self.dtype = array, array.shape, "torch.float32"

    def detach(self) -> Tensor:
        return self

    cpu = detach

    def numpy(self) -> Any:
        return self.array

    @property
    def nbytes(self) -> int:
        return self.array.nbytes


def test_a_network_tells_its_tensors():
    class Module:
        def __init__(self, value: float) -> None:
            self.value = value

        def state_dict(self) -> dict[str, Tensor]:
            return {"layer.weight": Tensor(np.full(60, self.value)), "layer.bias": Tensor(np.zeros(60))}

    assert line(Module(1.0), Module(1.5)) == "layer.weight max difference 0.5"


def test_pictures_stand_side_by_side():
    figures = [Figure(figsize=(3, 2)) for _ in range(2)]
    for i, figure in enumerate(figures):
        figure.add_subplot().plot([0, i])
    images = [Image.new("L", (20, 20), colour) for colour in (0, 255)]
    for pair in (figures, images):
        found = difference_of(*pair, seconds=5)
        assert found.line.text == "looks different"
        assert isinstance(found.detail.blocks[0], Pictures)
        assert [caption for caption, _ in found.detail.blocks[0].pictures] == ["before", "now"]
    assert difference_of(images[0], images[0].copy()).line is None
    assert line(images[0], images[0].resize((9, 9))) == "20 × 20 L → 9 × 9 L"


class Opaque:
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def test_anything_else_is_compared_by_its_pickle():
    assert line(Opaque("a" * 100), Opaque("b" * 2000)).startswith("pickles differ: ")
    assert difference_of(Opaque(1), Opaque(1)).line is None
    assert line(Opaque(lambda: 1), Opaque(lambda: 2)) == "not looked into: it is large or does not pickle"


class NeverEqual:
    def __init__(self) -> None:
        self.inner = self

    def __eq__(self, other: object) -> bool:
        raise TypeError("not comparable")

    __hash__ = None


class HangingEqual:
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        while True:
            time.sleep(1)

    __hash__ = None


def knot(value):
    made = {"value": value}
    made["self"] = made
    return made


def nest(depth, value):
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NeverEqual(), NeverEqual()),
        (HangingEqual(), HangingEqual()),
        (knot(1), knot(2)),
        (nest(500, 1), nest(500, 2)),
        (dict.fromkeys(range(1_000_000), 1), dict.fromkeys(range(1_000_000), 2)),
        ([{"a": i} for i in range(15_000)], [{"a": -i} for i in range(15_000)]),
        ("a\n" * 5_000_000, "a\n" * 4_999_999 + "b\n"),
        ("a" * 50_000_000, "a" * 50_000_000 + "b"),
        (np.zeros(4_000_000), np.ones(4_000_000)),
        (pd.DataFrame(np.zeros((10_000_000, 1))), pd.DataFrame(np.ones((10_000_000, 1)))),
        (
            pd.DataFrame({f"c{i}": [1] for i in range(3000)}),
            pd.DataFrame({f"c{i}": [2] for i in range(3000)}),
        ),
        ({f"k{i}": "x" * 10_000 for i in range(300)}, {f"k{i}": "y" * 10_000 for i in range(300)}),
    ],
    ids=[
        "raises",
        "hangs",
        "knot",
        "deep",
        "dict",
        "list",
        "lines",
        "text",
        "array",
        "frame",
        "wide",
        "heavy",
    ],
)
def test_what_is_hostile_or_huge_takes_no_time_and_little_room(before, after):
    began = time.monotonic()
    found = difference_of(before, after, seconds=0.1)
    # The limit is a tenth of a second; this leaves room for a machine that does much else.
    assert time.monotonic() - began < 1
    assert found is None or found.line is None or len(found.line.text) < 400
    assert found is None or found.detail is None or found.detail.size < 8_000


def test_what_is_too_large_says_how_to_ask():
    for before, after in (
        (np.zeros(1_000_000), np.ones(1_000_000)),
        (pd.DataFrame({"x": np.zeros(200_000)}), pd.DataFrame({"x": np.ones(200_000)})),
        (dict.fromkeys(range(30_000), 1), dict.fromkeys(range(30_000), 2)),
        ("a" * 2_000_000, "b" * 2_000_000),
    ):
        assert "_spin.diff()" in line(before, after)


def test_a_large_array_tells_its_shape_and_type():
    assert (
        line(np.zeros(1_000_000), np.ones(999_999))
        == "1,000,000 values → 999,999 values (8.0 MB, too large to look into: compare _spin.diff())"
    )
    assert (
        line(np.zeros(1_000_000), np.ones(1_000_000, "f4"))
        == "float64 → float32 · 4.0 MB, too large to look into: compare _spin.diff()"
    )


def test_a_large_frame_tells_its_columns_and_their_types():
    cells, names = np.zeros(30_000), [f"x{i}" for i in range(5)]
    before = pd.DataFrame({**dict.fromkeys(names, cells), "gone": cells})
    after = pd.DataFrame({**dict.fromkeys(names, cells.astype(int)), "new": cells})
    assert line(before, after) == (
        "+1 column new · −1 column gone · x0 float64 → int64 · x1 float64 → int64 · x2 float64 → int64"
        " · 2 more types differ · 180,000 cells, too many to look into: compare _spin.diff()"
    )


def test_a_long_text_tells_where_it_differs():
    before = "a" * 1_500_000
    assert (
        line(before, before[:-1] + "b")
        == "differs from character 1,500,000 on, too long to look into: compare _spin.diff()"
    )
    assert line(before, "b" + before).startswith(
        "1,500,000 → 1,500,001 characters, differs from character 1 on"
    )


def test_a_long_list_tells_its_length():
    assert (
        line(list(range(30_000)), list(range(30_001)))
        == "30,000 items → 30,001 items (too many to look into: compare _spin.diff())"
    )
    assert line([0] * 30_000, [1] * 30_000) == "30,000 items, too many to look into: compare _spin.diff()"


def test_a_frame_shows_some_columns_and_says_how_many_differ():
    before = pd.DataFrame({f"c{i}": [1, 2] for i in range(10)})
    found = difference_of(before, before.iloc[:1] + 1)
    assert found.line.text == (
        "2 → 1 rows · 1 cell of c0 differs · 1 cell of c1 differs · 1 cell of c2 differs"
        " · 7 more columns differ"
    )
    columns, sample = found.detail.blocks
    assert columns.columns == ("column", "type", "mean", None, "std", None, "differs", "before", "now")
    assert columns.right == (2, 3, 4, 5, 6)
    assert len(columns.rows) == 8
    assert columns.more == "8 of 10 columns that differ, rows matched by index: 1 in both"
    assert sample.columns == ("row", "c0", "c1", "c2", "c3")
    assert sample.right == (1, 2, 3, 4)
    assert texts(sample) == [("0", "1 → 2", "1 → 2", "1 → 2", "1 → 2")]
    few = difference_of(FRAME, FRAME.fillna(0)).detail.blocks
    assert [block.more for block in few] == ["", ""]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (FRAME, FRAME.rename_axis("i"), "same cells in another order, or another index"),
        (FRAME, FRAME.rename_axis(columns="c"), "same cells in another order, or another index"),
        (FRAME, FRAME.set_axis([0.0, 1.0, 2.0]), "same cells in another order, or another index"),
        (FRAME, FRAME[["y", "x"]], "same cells in another order, or another index"),
        (FRAME.x, FRAME.x.set_axis([2, 1, 0]), "same values, another index"),
        (FRAME.x, FRAME.x.rename_axis("i"), "same values, other names"),
        (FRAME.x, FRAME.x.rename("z"), "same values, other names"),
    ],
)
def test_labels_that_differ_are_told(before, after, text):
    assert line(before, after) == text


def test_parts_tell_how_they_differ():
    frame = pd.DataFrame({"alpha": [1, 2], "beta": [1, 2], "gamma": [1, 2]})
    same = "x" * 50
    before = {"f": frame, "a": np.zeros(50), "b": 1.5, "same": same, "copy": FRAME}
    after = {"f": frame + 1, "a": np.ones(50), "b": 2.5, "same": same, "copy": FRAME.copy()}
    found = difference_of(before, after, "v")
    assert found.line.text == "f differs · a max difference 1 · b 1.5 → 2.5"
    table = found.detail.blocks[0]
    assert table.columns == ("path", "before", "now", "difference")
    assert [(row[0], row[3]) for row in texts(table)] == [
        ("v['f']", "2 cells of alpha differ · 2 cells of beta differ · 2 cells of gamma differ"),
        ("v['a']", "max difference 1 · 50 of 50 differ"),
        ("v['b']", "+1 (+66.67 %)"),
    ]


def test_what_equals_another_member_is_told_by_its_pickle():
    assert line({1, "x" * 50}, {1.0, "x" * 50}).startswith("pickles differ: ")


def test_each_side_has_bars_of_its_own():
    before, now = detail(np.zeros(40), np.arange(40.0)).blocks[0].rows
    drawn = [cell.bars for cell in (before[-1], now[-1])]
    assert drawn[0] != drawn[1]
    # All forty zeros are in the first bar; now they are spread.
    assert [sum(1 for bar in bars if bar) for bars in drawn] == [1, len(drawn[1])]


def test_one_element_is_not_drawn():
    assert detail(np.array([1.0]), np.array([2.0])).blocks[0].columns == (
        "",
        "type",
        "shape",
        "min",
        "mean",
        "max",
    )


class Warns:
    def __eq__(self, other):
        warnings.warn("they are compared", stacklevel=2)
        return self is other

    __hash__ = None


class Unwilling:
    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None


def test_an_equality_that_warns_or_raises_does_so_unheard():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert difference_of(Warns(), Warns()).line is None
    assert heard == []
    assert difference_of(Unwilling(), Unwilling()).line is None  # it is pickled as the same


def test_names_of_parts_have_no_control_characters():
    loud = "\x1b[31m" + "x" * 60
    assert "\x1b" not in line(frozenset(), frozenset([loud]))
    assert "\x1b" not in line({"a": 1}, {"a": 1, loud: 2})


def test_fields_of_what_is_no_tuple_are_attributes():
    assert line(ast.Constant(1), ast.Constant(2)) == "value 1 → 2"


def test_no_library_is_imported_to_compare(monkeypatch):
    for name in ("numpy", "pandas", "polars", "pyarrow", "torch", "sklearn", "matplotlib", "PIL"):
        monkeypatch.setitem(sys.modules, name, None)
    assert line({"a": [1, 2], "b": "x" * 40}, {"a": [1, 3], "b": "x" * 40}) == "a[1] 2 → 3"
    space = types.SimpleNamespace(a=1, b="x")
    assert line(space, types.SimpleNamespace(a=2, b="x")) == "a 1 → 2"
    assert Short(items=3, characters=20).repr([1, 2]) == "[1, 2]"


def test_blocks_of_a_detail_are_of_the_known_kinds():
    kinds = {
        block.kind for pair in ((FRAME, FRAME.fillna(0)), ("a\nb", "a\nc")) for block in detail(*pair).blocks
    }
    assert kinds == {Table.kind, Lines.kind}
