"""Results of spins that never ran, for the tests of the report and for looking at it."""

from __future__ import annotations

import pickle
from typing import Any

from spin_magic.artifacts import Artifact, Artifacts, StepInputs
from spin_magic.result import DiffRow, SpinResult

CARD_PAGE = "<html><body><h1>card</h1><script>document.title = 'ran'</script></body></html>"


def artifact(name: str, value: Any, *, live: bool = True, size: int | None = None) -> Artifact:
    return Artifact(name, type(value).__name__, size, lambda: value, live=live)


def stored(name: str, value: Any) -> Artifact:
    data = pickle.dumps(value)
    return Artifact(name, type(value).__name__, len(data), lambda: pickle.loads(data), live=False)


def make_inputs(values: dict[str, Any] | None = None, **changes: Any) -> StepInputs:
    values = {"C": 10.0, "n": 2000, "alpha": 0.5} if values is None else values
    given = {
        "flow": "TrainFlow",
        "step": "train",
        "tasks": ("TrainFlow/17/split/3",),
        "why": "Inputs of task 3 of 3 (`index 2, input = 10.0`) in run `17`, the latest, finished.",
        "origin": "TrainFlow/17/train/4",
        "index": 2,
        "value": 10.0,
    }
    return StepInputs({name: stored(name, value) for name, value in values.items()}, **(given | changes))


def make_result(
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    *,
    error: BaseException | None = None,
    **changes: Any,
) -> SpinResult:
    """A result that set ``after`` where the past task had ``before``; None for no past task."""
    after = {"score": 0.9991} if after is None else after
    inputs = changes.pop("inputs") if "inputs" in changes else make_inputs()

    def rows(_budget: float | None) -> list[DiffRow]:
        found = []
        for name in sorted({*(before or {}), *after}):
            old, new = (before or {}).get(name), after.get(name)
            status = "new" if name not in (before or {}) else "gone" if name not in after else "changed"
            if status == "changed" and pickle.dumps(old) == pickle.dumps(new):
                status = "same"
            found.append(DiffRow(name, status, "", lambda old=old: old, lambda new=new: new))
        return found

    given = {
        "flow": "TrainFlow",
        "step": "train",
        "ok": error is None,
        "error": error,
        "seconds": 0.0123,
        "overhead": 0.009,
        "artifacts": Artifacts({name: artifact(name, value) for name, value in after.items()}),
        "inputs": inputs,
        "origin": None if before is None else "TrainFlow/17/train/4",
        "stdout": "",
        "stderr": "",
        "cards": [],
        "locals": {},
        "self": None,
        "next": ("join",),
        "notes": [],
        "compare": rows if before is not None else lambda _budget: [],
    }
    return SpinResult(**(given | changes))


def raised(body: str, filename: str, **names: Any) -> BaseException:
    """The exception that a body raises when it is compiled as that file."""
    import linecache

    linecache.cache[filename] = (len(body), None, body.splitlines(keepends=True), filename)
    try:
        exec(compile(body, filename, "exec"), {"__name__": "trainflow", **names})  # noqa: S102
    except BaseException as error:
        return error
    raise AssertionError("the body did not raise")


def vega(mark: Any, values: list[Any], x: str = "a", y: str = "b", **spec: Any) -> dict[str, Any]:
    """A chart as ``current.card`` serialises it, with one field across and one upward."""
    sides = {"x": {"field": x}, "y": {"field": y, "type": "quantitative"}}
    return {
        "type": "vegaChart",
        "spec": {"mark": mark, "data": {"values": values}, "encoding": sides, **spec},
    }
