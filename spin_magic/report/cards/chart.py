"""A chart of Vega-Lite -> what it is in words and, where it is simple, its shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from spin_magic.report.cards.parts import Chart
from spin_magic.report.cards.texts import number_of, number_text, said

WIDTH, HEIGHT, EDGE = 240, 80, 3
VALUES, SERIES, BARS, POINTS, CORNERS = 2_000, 5, 80, 300, 120
DRAWN = {"bar": "bar", "line": "line", "trail": "line", "area": "area"}
DRAWN |= {"point": "point", "circle": "point", "square": "point", "tick": "point"}
_COMPOSED = ("hconcat", "vconcat", "concat", "facet", "repeat", "spec")

# A point: where it is across and upward, each from 0 to 1.
Point = tuple[float, float]


def chart_of(spec: Any) -> Chart:
    """Say what a chart shows, and draw it if it is simple.

    Parameters
    ----------
    spec : object
        The specification; anything that is none is a chart of which nothing is known.

    Returns
    -------
    Chart
        Bars, lines, areas and points of at most 2,000 values in the specification itself, with one
        field across and one upward, have shapes.
    """
    spec = _mapping(spec)
    title = _title(spec.get("title"))
    layer = _layer(spec)
    mark, fields = _mark(layer), _fields(layer)
    values = _values(spec, layer)
    parts = [mark or "of its own kind", " by ".join(filter(None, (fields["y"], fields["x"])))]
    colour = said(_channel(layer, "color").get("field"), 40)
    parts.append(f"in colours by {colour}" if colour else "")
    parts.append(f"{len(values):,} point{'' if len(values) == 1 else 's'}" if values else "")
    if any(key in spec for key in _COMPOSED):
        parts = ["several side by side"]
    words = "chart: " + ", ".join(filter(None, parts))
    if not _simple(spec, layer) or mark not in DRAWN or not 0 < len(values) <= VALUES:
        return Chart(words, title)
    paths, ends = _drawing(DRAWN[mark], layer, values)
    return Chart(words, title, paths, ends)


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _title(title: Any) -> str:
    text = _mapping(title).get("text") if isinstance(title, Mapping) else title
    return said(" ".join(map(str, text[:3])) if isinstance(text, list) else text, 100)


def _layer(spec: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Give the first layer, with what it takes from the whole."""
    layers = spec.get("layer")
    if not isinstance(layers, list) or not layers:
        return spec
    first = _mapping(layers[0])
    encoding = {**_mapping(spec.get("encoding")), **_mapping(first.get("encoding"))}
    return {"data": spec.get("data"), **first, "encoding": encoding}


def _mark(layer: Mapping[Any, Any]) -> str:
    mark = layer.get("mark")
    return said(mark.get("type") if isinstance(mark, Mapping) else mark, 30)


def _channel(layer: Mapping[Any, Any], name: str) -> Mapping[Any, Any]:
    return _mapping(_mapping(layer.get("encoding")).get(name))


def _fields(layer: Mapping[Any, Any]) -> dict[str, str]:
    """Name what is shown across and upward: ``count``, ``mean of x``, ``x``."""
    named = {}
    for name in ("x", "y"):
        channel = _channel(layer, name)
        both = (said(channel.get("aggregate"), 20), said(channel.get("field"), 40))
        named[name] = " of ".join(filter(None, both))
    return named


def _values(spec: Mapping[Any, Any], layer: Mapping[Any, Any]) -> list[Any]:
    data = _mapping(layer.get("data"))
    name = data.get("name")
    values = data.get("values")
    if values is None and isinstance(name, str):
        values = _mapping(spec.get("datasets")).get(name)
    return values if isinstance(values, list) else []


def _simple(spec: Mapping[Any, Any], layer: Mapping[Any, Any]) -> bool:
    changed = any(key in part for part in (spec, layer) for key in ("transform", *_COMPOSED))
    channels = [_channel(layer, name) for name in ("x", "y")]
    counted = any(channel.get(key) for channel in channels for key in ("aggregate", "bin", "timeUnit"))
    return not changed and not counted and all(isinstance(c.get("field"), str) for c in channels)


def _drawing(
    form: str, layer: Mapping[Any, Any], values: list[Any]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, str, str, str]]:
    """Give the shapes, and the ends of both scales; nothing where the values are not of that kind."""
    rows = [_mapping(value) for value in values]
    across = _scale(rows, _channel(layer, "x"))
    upward = _scale(rows, _channel(layer, "y"))
    nothing = ((), ("", "", "", ""))
    # Lying bars: the numbers go across.
    lying = form == "bar" and not upward.numbers and across.numbers
    length = across if lying else upward
    if not length.numbers or not rows:
        return nothing
    if form in ("bar", "area"):
        length.low, length.high = min(length.low, 0.0), max(length.high, 0.0)
    series = _series(rows, _channel(layer, "color").get("field"))
    places = [
        [(across.place(i), upward.place(i)) for i in members if across.has(i) and upward.has(i)]
        for members in series
    ]
    shapes = (
        _bars(places, length.part(0.0), lying=lying)
        if form == "bar"
        else [(form, path) for points in places if (path := _shape(form, points, length.part(0.0)))]
    )
    # Areas of several series lie on top of each other; more series than there are colours are a tangle.
    if not 0 < len(shapes) <= (1 if form == "area" else SERIES):
        return nothing
    named = tuple((f"spin-mark-{kind} spin-series-{n}", path) for n, (kind, path) in enumerate(shapes))
    # Lying bars go down from the first one.
    return named, (*across.ends(), *(upward.ends()[::-1] if lying else upward.ends()))


class _Scale:
    """Where the rows stand on one axis: at their number, or at their place among the sorted texts."""

    def __init__(self, values: list[Any], *, numbers: bool, sort: bool = True) -> None:
        self.numbers = numbers
        self._names: list[str] = []
        if numbers:
            self._at = [number_of(value) for value in values]
        else:
            names = {said(value, 30): number_of(value) for value in values}
            order = sorted(names, key=lambda name: (names[name] is None, names[name] or 0, name))
            self._names = order if sort else list(names)
            place = {name: float(i) for i, name in enumerate(self._names)}
            self._at = [place[said(value, 30)] for value in values]
        known = [at for at in self._at if at is not None]
        self.low, self.high = min(known), max(known)

    def has(self, row: int) -> bool:
        return self._at[row] is not None

    def place(self, row: int) -> float:
        return self.part(self._at[row] or 0.0)

    def part(self, at: float) -> float:
        """Give the part of the axis below a value; by halves, for a span may be larger than any number."""
        span = self.high / 2 - self.low / 2
        return (at / 2 - self.low / 2) / span if span else 0.5

    def ends(self) -> tuple[str, str]:
        if self.numbers:
            return number_text(self.low), number_text(self.high)
        return (self._names[0], self._names[-1]) if len(self._names) > 1 else ("", self._names[0])


def _scale(rows: list[Mapping[Any, Any]], channel: Mapping[Any, Any]) -> _Scale:
    values = [row.get(channel["field"]) for row in rows]
    known = [value for value in values if value is not None]
    texts = channel.get("type") in ("nominal", "ordinal") or any(isinstance(v, str) for v in known)
    numbers = not texts and any(number_of(v) is not None for v in known)
    return _Scale(values, numbers=numbers, sort="sort" not in channel)


def _series(rows: list[Mapping[Any, Any]], field: Any) -> list[list[int]]:
    """Part the rows by the field that colours them."""
    found: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        found.setdefault(said(row.get(field), 30) if isinstance(field, str) else "", []).append(i)
    return list(found.values())


def _bars(places: list[list[Point]], zero: float, *, lying: bool) -> list[tuple[str, str]]:
    points = [point[::-1] if lying else point for members in places for point in members]
    slots = sorted({at for at, _ in points})
    # Two bars in a place are stacked or side by side, which is no longer simple.
    if not points or len(slots) != len(points) or len(slots) > BARS:
        return []
    room = (HEIGHT if lying else WIDTH) / len(slots)
    width = max(room * 0.75, 1)
    drawn = []
    for members in places:
        paths = []
        for at, value in (point[::-1] if lying else point for point in members):
            begin = room * slots.index(at) + (room - width) / 2
            x, y, w, h = (
                (_x(min(zero, value)), begin, abs(_x(value) - _x(zero)), width)
                if lying
                else (begin, _y(max(zero, value)), width, abs(_y(value) - _y(zero)))
            )
            paths.append(f"M{x:.4g} {y:.4g}h{w:.3g}v{h:.3g}h-{w:.3g}z")
        drawn.append(("bar", "".join(paths)))
    return drawn


def _shape(form: str, points: list[Point], zero: float) -> str:
    if not points:
        return ""
    if form == "point":
        step = max(1, -(-len(points) // POINTS))
        return "".join(f"M{_x(x):.4g} {_y(y):.3g}h0" for x, y in points[::step])
    corners = [f"{_x(x):.4g} {_y(y):.3g}" for x, y in _corners(sorted(points))]
    if form == "area":
        left, right = _x(min(points)[0]), _x(max(points)[0])
        return f"M{left:.4g} {_y(zero):.3g}L{'L'.join(corners)}L{right:.4g} {_y(zero):.3g}z"
    return f"M{'L'.join(corners)}"


def _corners(points: list[Point]) -> Iterator[Point]:
    """Thin a line out, and keep the least and the largest of each stretch: peaks stay."""
    stretch = max(1, -(-2 * len(points) // CORNERS)) if len(points) > CORNERS else 1
    each = iter(points)
    while part := list(islice(each, stretch)):
        ends = {min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])} if stretch > 1 else part
        yield from sorted(ends)


def _x(part: float) -> float:
    return EDGE + part * (WIDTH - 2 * EDGE)


def _y(part: float) -> float:
    return HEIGHT - EDGE - part * (HEIGHT - 2 * EDGE)
