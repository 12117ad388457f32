"""Panels of any values: what two of them are called beside each other, and what a page and a terminal get."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import decimal
import html.parser
import math
import pickle
import re
from collections import Counter, OrderedDict, defaultdict, deque
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from spin_magic.artifacts import Artifact, Artifacts, StepInputs
from spin_magic.loop.compare import Incomparable, same_value
from spin_magic.report import inputs_mimebundle, mimebundle
from spin_magic.result import DiffRow, SpinResult
from tests.faults.fuzzing.rounds import Target, is_a_sentence

if TYPE_CHECKING:
    from pathlib import Path

VOID = {"meta", "img", "input", "br", "path", "rect", "line", "circle"}
MARK = "spinx"
LONGEST_PAGE, LONGEST_TEXT = 700_000, 300_000
EVIL = [
    f"<{MARK} on{MARK}=1>",
    f'"><{MARK}>',
    f"'><{MARK} ",
    f"</style><{MARK}>",
    f"</textarea></title></script><{MARK}>",
    f"<!--<{MARK}>-->",
    f"&lt;{MARK}&gt;&#60;{MARK}&#62;",
    f'" on{MARK}="1',
    f"]]><{MARK}>",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe\u2066",
    "\x00\x08\x7f\x9b31m",
    "\ud800",
    "\u2028\u2029\x85\x0b\x0c",
    "\r\nover\rwritten",
    "{{ 7*7 }}{% raw %}",
    "`${1}`",
    "\ufeff\u200b\u200d\U000e0041",
    "e" + "\u0301" * 50,
    "x" * 5000,
    "\n" * 300,
    "1 2\t3",
]
texts = st.one_of(
    st.sampled_from(EVIL), st.text(max_size=20), st.lists(st.sampled_from(EVIL), max_size=3).map("".join)
)


class Bag:
    """An object without an equality of its own."""

    def __init__(self, **given: Any) -> None:
        self.__dict__.update(given)


@dataclasses.dataclass
class Point:
    x: Any
    y: Any = None


class Labelled(list):
    """A list with an attribute."""

    label: Any = None


class Metres(float):
    """A number with an attribute."""

    unit: Any = None


class RaisedError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Odd:
    """What the special methods of an object do, which no tool of ours may call while it makes cases."""

    behaviour: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Within:
    """Such an object, and where it is."""

    odd: Odd
    place: str

    def made(self) -> Any:
        value = odd_object(self.odd.behaviour)
        return {"alone": value, "inside": [value, {"a": value}], "field": Point(value, [value])}[self.place]


def made(value: Any) -> Any:
    return value.made() if type(value) is Within else value


def odd_object(behaviour: dict[str, Any]) -> Any:
    """Make an object whose special methods do what they should not."""

    def method(doing: Any) -> Any:
        def run(self: Any, *_: Any, **__: Any) -> Any:
            if isinstance(doing, BaseException):
                raise type(doing)(*doing.args)
            return self if doing is Ellipsis else doing

        return run

    methods: dict[str, Any] = {name: method(doing) for name, doing in behaviour.items()}
    for name in ("shape", "dtype", "columns", "nbytes", "size", "name", "__class__"):
        if name in methods:
            methods[name] = property(methods[name])
    return type("Odd", (), methods)()


DUNDERS = [
    "__repr__",
    "__str__",
    "__len__",
    "__iter__",
    "__eq__",
    "__hash__",
    "__bool__",
    "__getattr__",
    "__class__",
]
DUNDERS += [
    "__getitem__",
    "__format__",
    "__dir__",
    "__sizeof__",
    "__array__",
    "_repr_html_",
    "_repr_svg_",
    "_repr_png_",
]
DUNDERS += [
    "_repr_mimebundle_",
    "_repr_markdown_",
    "_ipython_display_",
    "shape",
    "dtype",
    "columns",
    "nbytes",
    "name",
]
DUNDERS += [
    "get_params",
    "keys",
    "items",
    "to_html",
    "item",
    "__reduce_ex__",
    "__index__",
    "__float__",
    "isoformat",
    "size",
]
DOES = [
    RaisedError("x"),
    SystemExit(3),
    RecursionError(),
    MemoryError(),
    "",
    3,
    -1,
    10**30,
    None,
    [],
    ...,
    (),
    (1, 2),
    b"\x89PNG",
]
DOES += [float("nan"), {}, {"text/html": f"<{MARK}>"}, *EVIL]

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10),
    st.integers(),
    st.sampled_from([63, 64, 1500, 17000]).map(lambda bits: -(2**bits)),
    st.floats(),
    st.complex_numbers(),
    texts,
    st.binary(max_size=20),
    st.binary(max_size=5).map(bytearray),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.decimals(),
    st.fractions(),
    st.uuids(),
    st.sampled_from(
        [range(3), range(0, 5, 2), range(0, 6, 2), slice(1, 2), Ellipsis, NotImplemented, int, math.sin, len]
    ),
)
hashable = st.one_of(
    st.booleans(), st.integers(-3, 3), st.floats(-2, 2), texts, st.none(), st.tuples(st.integers(0, 2))
)
dtypes = st.one_of(
    of_numpy.scalar_dtypes(),
    of_numpy.array_dtypes(max_size=3),
    of_numpy.byte_string_dtypes(),
    of_numpy.unicode_string_dtypes(),
)
arrays = dtypes.flatmap(
    lambda d: of_numpy.arrays(d, of_numpy.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
odd = st.dictionaries(st.sampled_from(DUNDERS), st.sampled_from(DOES), min_size=1, max_size=4).map(Odd)


def masked(pair: Any) -> Any:
    array, bits = pair
    return np.ma.MaskedArray(array, np.resize(np.array(bits, bool), array.shape))


@st.composite
def frames(draw: Any) -> Any:
    rows = draw(st.integers(0, 5))
    columns = draw(st.lists(hashable, max_size=4))
    kinds = [
        st.integers(-5, 5),
        st.floats(),
        texts,
        st.booleans(),
        st.none() | st.floats(0, 1),
        st.dates(dt.date(1990, 1, 1), dt.date(2050, 1, 1)).map(pd.Timestamp),
        plain,
    ]
    data = [draw(st.lists(draw(st.sampled_from(kinds)), min_size=rows, max_size=rows)) for _ in columns]
    frame = pd.DataFrame(
        {at: pd.Series(values, dtype=object) for at, values in enumerate(data)}, index=range(rows)
    )
    frame.columns = pd.Index(columns, dtype=object)
    with contextlib.suppress(UnicodeError):  # what pandas itself does not store
        frame = frame.infer_objects()
        frame.columns = pd.Index(columns) if draw(st.booleans()) else frame.columns
    how = draw(st.integers(0, 6))
    if how == 0 and columns:
        with contextlib.suppress(TypeError, ValueError):
            frame = frame.set_index(frame.columns[0])
    elif how == 1:
        labels = [draw(hashable) for _ in range(rows)]
        frame.index = pd.Index(labels, dtype=object, name=draw(texts), tupleize_cols=False)
    elif how == 2 and columns:
        return frame.iloc[:, 0]
    elif how == 3 and columns:
        with contextlib.suppress(TypeError, ValueError):
            frame = frame.astype({frame.columns[0]: "category"}) if frame.columns.is_unique else frame
    elif how == 4:
        frame.attrs["note"] = draw(texts)
    return frame


# What is made of what is inside of it; a strategy of all at once would spell that out again and again.
OUTSIDE: list[Any] = [
    lambda inner: st.lists(inner, max_size=4),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    lambda inner: st.lists(inner, max_size=3).map(deque),
    lambda _: st.sets(hashable, max_size=4),
    lambda _: st.frozensets(hashable, max_size=3),
    lambda inner: st.dictionaries(hashable, inner, max_size=4),
    lambda inner: st.dictionaries(texts, inner, max_size=3).map(OrderedDict),
    lambda inner: st.dictionaries(texts, inner, max_size=3).map(lambda d: defaultdict(list, d)),
    lambda _: st.lists(hashable, max_size=4).map(Counter),
    lambda inner: st.dictionaries(names, inner, max_size=3).map(lambda d: Bag(**d)),
    lambda inner: st.dictionaries(names, inner, max_size=2).map(lambda d: SimpleNamespace(**d)),
    lambda inner: st.builds(Point, inner, inner),
    lambda inner: st.tuples(st.lists(inner, max_size=2), inner).map(
        lambda p: with_(Labelled(p[0]), label=p[1])
    ),
    lambda inner: st.tuples(st.floats(), inner).map(lambda p: with_(Metres(p[0]), unit=p[1])),
    lambda inner: inner.map(RaisedError),
    lambda inner: inner.map(lambda v: boxed([v])),
    lambda inner: inner.map(lambda v: cyclic([v])),
]
names = st.sampled_from(["a", "b", "_c", "größe"])


@st.composite
def deeper(draw: Any, inner: Any) -> Any:
    return draw(draw(st.sampled_from(OUTSIDE))(inner))


def with_(value: Any, **given: Any) -> Any:
    vars(value).update(given)
    return value


def boxed(values: list[Any]) -> Any:
    made = np.empty(len(values), object)
    made[:] = values
    return made


def cyclic(values: list[Any]) -> Any:
    values.append(values)
    return values


leaves = st.one_of(
    plain, plain, plain, arrays, frames(), st.tuples(arrays, st.lists(st.booleans(), min_size=1)).map(masked)
)
stored = st.recursive(leaves, deeper, max_leaves=6)
shown = st.one_of(stored, st.builds(Within, odd, st.sampled_from(["alone", "inside", "field"])))


@st.composite
def cases(draw: Any) -> tuple[str, Any]:
    kind = draw(st.sampled_from(["same", "pair", "twisted", "panel", "panel"]))
    if kind == "same":
        return kind, draw(stored)
    if kind == "pair":
        return kind, (draw(stored), draw(stored))
    if kind == "twisted":
        one = draw(stored)
        return "pair", (one, twisted(pickle.loads(pickle.dumps(one))))
    before = draw(st.dictionaries(texts, shown, max_size=3))
    after = {
        **before,
        **draw(st.dictionaries(st.sampled_from(["", *before]) if before else texts, shown, max_size=2)),
    }
    said = {
        name: draw(texts) for name in ("flow", "step", "why", "origin", "note", "stdout", "stderr", "error")
    }
    return kind, (before, after, said, draw(st.none() | shown), draw(st.booleans()))


def check(case: tuple[str, Any]) -> str:
    kind, value = case
    if kind == "same":
        return check_same(value)
    return check_pair(*value) if kind == "pair" else check_panel(*value)


def check_same(value: Any) -> str:
    """A value that was stored twice is never called changed."""
    one, other = (pickle.loads(pickle.dumps(value)) for _ in range(2))
    try:
        assert same_value(one, other), "the same, and called changed"
        assert same_value(other, one)
    except Incomparable as error:
        is_a_sentence(error)
        return "not compared"
    return "same"


def check_pair(one: Any, other: Any) -> str:
    """Values whose content differs are never called the same."""
    try:
        verdict = same_value(one, other)
        assert same_value(other, one) == verdict
    except Incomparable:
        return "not compared"
    if verdict:
        assert content(one) == content(other), "different, and called the same"
    return "same" if verdict else "changed"


def content(value: Any, depth: int = 0) -> Any:  # noqa: C901 -- a case a type
    """Spell a value out, type by type, as far as it goes; what this does not know is all alike."""
    kind = type(value).__qualname__
    if depth > 6:
        return "..."
    if isinstance(value, (bool, int, str, bytes, bytearray, type(None), dt.date, dt.timedelta, range)):
        return kind, value if isinstance(value, range) else repr(value) if not isinstance(
            value, int
        ) else hex(value)
    if isinstance(value, float):
        return (
            kind,
            "nan" if math.isnan(value) else float(value) + 0.0,
            content(vars(value), depth + 1) if hasattr(value, "__dict__") else "",
        )
    if isinstance(value, (list, tuple, deque)):
        return (
            kind,
            [content(each, depth + 1) for each in value],
            content(getattr(value, "__dict__", None), depth + 1),
        )
    if isinstance(value, (set, frozenset)):
        return kind, sorted(repr(content(each, depth + 1)) for each in value)
    if isinstance(value, dict):
        return kind, [(content(k, depth + 1), content(v, depth + 1)) for k, v in value.items()]
    if isinstance(value, (Bag, Point, SimpleNamespace)):
        return kind, content(vars(value), depth + 1)
    if isinstance(value, np.ma.MaskedArray):
        return kind, str(value.dtype), value.shape, np.ma.getmaskarray(value).tolist()
    if isinstance(value, np.ndarray):
        return kind, str(value.dtype), value.shape
    if isinstance(value, pd.DataFrame):
        return (
            kind,
            value.shape,
            [str(each) for each in value.dtypes],
            [content(each, depth + 1) for each in value.columns],
        )
    if isinstance(value, decimal.Decimal):
        return kind, "nan" if value.is_nan() else value + 0
    return kind


def twisted(value: Any, depth: int = 0) -> Any:
    """Give a value that is equal, and yet another: 1 for True, in whatever it lies."""
    kind = type(value)
    if depth > 6:
        return value
    if kind in (bool, int) and abs(value) < 2**50:
        return int(value) if kind is bool else bool(value) if value in (0, 1) else float(value)
    if kind is float and value.is_integer():
        return int(value)
    if kind in (list, tuple, set, frozenset, deque):
        return kind(twisted(each, depth + 1) for each in value)
    if kind in (dict, OrderedDict):
        return kind((twisted(key, depth + 1), twisted(each, depth + 1)) for key, each in value.items())
    for name, each in (
        list(getattr(value, "__dict__", {}).items()) if kind in (Bag, Point, Labelled, Metres) else ()
    ):
        setattr(value, name, twisted(each, depth + 1))
    if kind is range:
        return range(value.start, value.stop + 1, value.step) if value.step > 1 else value
    return value


class Page(html.parser.HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != MARK, "a tag got through"
        for name, _ in attrs:
            assert MARK not in name, "an attribute got through"
            assert not name.startswith("on"), name
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.handle_starttag(tag, attrs)
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open, f"</{tag}> closes nothing"
            assert self._open.pop() == tag, f"</{tag}> closes another"

    def handle_comment(self, data: str) -> None:
        assert MARK not in data


def is_printable(text: str) -> None:
    bad = [c for c in text if not c.isprintable() and c not in "\n\t"]
    assert not bad, bad[:5]


def artifact(name: str, value: Any, *, live: bool = True) -> Artifact:
    return Artifact(name, type(value).__name__, None if live else 10, lambda: value, live=live)


def rows(before: dict[str, Any], after: dict[str, Any]) -> list[DiffRow]:
    found = []
    for name in sorted({*before, *after}):
        status, reason = "new" if name not in before else "gone", ""
        if name in before and name in after:
            try:
                status = "same" if same_value(before[name], after[name]) else "changed"
            except Incomparable as error:
                status, reason = "not compared", str(error)
        found.append(
            DiffRow(
                name, status, reason, functools_partial(before.get, name), functools_partial(after.get, name)
            )  # type: ignore[arg-type]
        )
    return found


def functools_partial(function: Any, name: str) -> Any:
    return lambda: function(name)


def check_panel(before: Any, after: Any, said: dict[str, str], chosen: Any, fails: bool) -> str:  # noqa: FBT001
    before, after = ({name: made(value) for name, value in each.items()} for each in (before, after))
    chosen = made(chosen)
    entries = {name: artifact(name, value, live=False) for name, value in before.items()}
    inputs = StepInputs(
        entries,
        flow=said["flow"],
        step=said["step"],
        tasks=(said["origin"],) * (1 + fails),
        why=said["why"],
        origin=said["origin"],
        index=2,
        value=chosen,
    )
    error = ValueError(said["error"], chosen) if fails else None
    result = SpinResult(
        said["flow"],
        said["step"],
        not fails,
        error,
        0.1,
        0.1,
        Artifacts({name: artifact(name, value) for name, value in after.items()}),
        inputs,
        said["origin"],
        said["stdout"],
        said["stderr"],
        [],
        {},
        None,
        (said["step"],),
        [said["note"]],
        compare=lambda _: rows(before, after),
    )
    for bundle in (mimebundle(result), inputs_mimebundle(inputs)):
        text, page = bundle["text/plain"], bundle["text/html"]
        assert "could not be drawn whole" not in text, text[-300:]
        assert len(text) < LONGEST_TEXT
        assert len(page) < LONGEST_PAGE
        is_printable(text)
        # A page of the value's own, in a frame of its own, is its own.
        is_printable(re.sub(r'srcdoc="[^"]*"', "", page))
        Page(page)
        coloured = mimebundle(result, "coloured")["text/plain"]
        is_printable(re.sub(r"\x1b\[\d+m", "", coloured))
    return "panel"


def target(_: Path) -> Target:
    # What is imported and drawn for the first time takes its time.
    check_panel(
        {"a": np.arange(9.0)},
        {"a": pd.DataFrame({"x": [1, 2]})},
        dict.fromkeys(("flow", "step", "why", "origin", "note", "stdout", "stderr", "error"), "x"),
        None,
        fails=False,
    )
    return Target(cases(), check)
