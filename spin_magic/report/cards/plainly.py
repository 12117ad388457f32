"""Components without others inside -> parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from spin_magic.report.cards.chart import chart_of
from spin_magic.report.cards.markdown import markdown_parts
from spin_magic.report.cards.parts import (
    Bar,
    Code,
    Grid,
    Heading,
    Mood,
    Number,
    Part,
    Picture,
    Prose,
    unshown,
)
from spin_magic.report.cards.texts import (
    CELL,
    ROWS,
    code_of,
    first_of,
    left_out,
    number_of,
    number_text,
    said,
)
from spin_magic.report.preview import size_text

LINES, PICTURE = 12, 60_000
_PICTURE = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,([A-Za-z0-9+/=\s]+)")
_MOODS: dict[str, Mood] = {"success": "good", "warning": "warn", "danger": "bad", "error": "bad"}

Component = Mapping[Any, Any]


def titles(component: Component, level: int) -> list[Part]:
    """Give what stands above a component, if it has a title."""
    title, subtitle = (said(component.get(key)) for key in ("title", "subtitle"))
    parts: list[Part] = [Heading((("", title),), level)] if title else []
    return [*parts, Prose.of(subtitle)] if subtitle else parts


def _title(component: Component) -> Iterator[Part]:
    yield from titles({"title": component.get("text")}, 1)


def _text(component: Component) -> Iterator[Part]:
    if text := said(component.get("text"), 900):
        yield Prose.of(text, soft=component.get("type") == "subtitle")


def _markdown(component: Component) -> Iterator[Part]:
    source = component.get("source")
    return markdown_parts(source if isinstance(source, str) else said(source))


def _image(component: Component) -> Iterator[Part]:
    yield from titles(component, 3)
    source, label = component.get("src"), said(component.get("label"))
    source = source if isinstance(source, str) else ""
    found = _PICTURE.fullmatch(source) if len(source) <= PICTURE else None
    if found:
        yield Picture(source.replace(found[1], "".join(found[1].split())), label)
        return
    size = size_text(len(source) * 3 // 4) if source.startswith("data:") else "that is not in the card"
    yield unshown(size, label)


def _log(component: Component) -> Iterator[Part]:
    yield _code(component, "data", "log")


def _source(component: Component) -> Iterator[Part]:
    yield _code(component, "data", "code")


def _code(component: Component, key: str, label: str) -> Code:
    return code_of(component.get(key), LINES, label)


def _viewer(component: Component) -> Iterator[Part]:
    title = first_of(component, "title")
    if title not in ("", "JSON", "YAML"):
        yield Heading((("", title),), 3)
    key = "json_string" if component["type"] == "jsonViewer" else "yaml_string"
    yield _code(component, key, title or "data")


def _artifacts(component: Component) -> Iterator[Part]:
    yield from titles(component, 3)
    data = component.get("data")
    data = list(data.values()) if isinstance(data, Mapping) else data if isinstance(data, list) else []
    known = [each for each in data[:ROWS] if isinstance(each, Mapping)]
    rows = tuple((said(each.get("name"), CELL), said(each.get("data"), LINES * 10)) for each in known)
    if len(rows) == 1 and not rows[0][0]:
        yield Prose((("code", rows[0][1]),))
    elif rows:
        yield Grid((), rows, left_out(len(data) - ROWS), vertical=True, label="artifacts")


def _progress(component: Component) -> Iterator[Part]:
    value, most = number_of(component.get("value")), number_of(component.get("max"))
    unit = said(component.get("unit"), 30)
    percent = None
    if value is not None and most is not None and most > 0:
        percent = round(100 * min(max(value / most, 0.0), 1.0))
    done = number_text(value) if value is not None else said(component.get("value"), 30) or "0"
    words = f"{done}%" if unit == "%" and most == 100 else f"{done}/{_most(component, most)} {unit}".strip()
    yield Bar(said(component.get("label"), 100), percent, words, said(component.get("details"), 100))


def _most(component: Component, most: float | None) -> str:
    return number_text(most) if most is not None else said(component.get("max"), 30) or "?"


def _value_box(component: Component) -> Iterator[Part]:
    theme = component.get("theme")
    yield Number(
        said(component.get("value"), CELL),
        first_of(component, "title"),
        first_of(component, "subtitle"),
        first_of(component, "change_indicator"),
        _MOODS.get(theme, "") if isinstance(theme, str) else "",
    )


def _chart(component: Component) -> Iterator[Part]:
    yield chart_of(component.get("spec"))


def _dag(component: Component) -> Iterator[Part]:
    data = component.get("data")
    steps = data.get("steps", data) if isinstance(data, Mapping) else None
    count = f", {len(steps)} steps" if isinstance(steps, Mapping) and steps else ""
    yield Prose.of(f"the flow's graph{count}")


def _html(component: Component) -> Iterator[Part]:
    data = component.get("data")
    yield Prose.of(f"HTML, {size_text(len(data) if isinstance(data, str) else 0)}")


def unknown(component: Component) -> Iterator[Part]:
    """Name a component of a type of its own, with the first text in it."""
    kind = first_of(component, "type", limit=40) or "component"
    text = first_of(component, "title", "label", "source", "text", "subtitle", "data", "value")
    yield Prose.of(f"{kind}: {text}" if text else kind)


PLAIN: dict[str, Callable[[Component], Iterator[Part]]] = {
    "title": _title,
    "subtitle": _text,
    "text": _text,
    "markdown": _markdown,
    "image": _image,
    "log": _log,
    "pythonCode": _source,
    "jsonViewer": _viewer,
    "yamlViewer": _viewer,
    "artifacts": _artifacts,
    "progressBar": _progress,
    "valueBox": _value_box,
    "vegaChart": _chart,
    "dag": _dag,
    "html": _html,
}
