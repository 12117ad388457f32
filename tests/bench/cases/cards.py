"""Cards: what watching one costs its step, and what one costs the wire and the notebook's file."""

from __future__ import annotations

import json

from tqdm import tqdm

from tests.bench.figures import Chapter, Figure, Sample, Target
from tests.bench.kernel import Kernel, Shown, fresh_kernel
from tests.bench.place import Place

FLOW, STEP = "LiveFlow", "work"
# As if somebody had opened the tab in the panel before: the page is then sent with the panel.
OPEN = "from spin_magic.report import view; view.open_at(_spin, 'cards')"
HOW = (
    "A step of 60 rounds of some 50 ms of work each, alone and with a `current.card.refresh()` after each: a "
    "progress bar, a text, a table and a chart of 100 points. The two take turns in one kernel, as `%spin` "
    "cells whose card is shown while they run; the time is that of the rounds, taken in the step, and NumPy "
    "has one thread. Bytes are those of all messages that the kernel sent to the page (JSON and buffers), "
    "and of the outputs in the notebook's file, less those of the same spin with `--no-cards`."
)


def measure(place: Place) -> Chapter:
    """Time a busy step with and without updates, and count bytes."""
    folder = place.project("liveflow")
    chapter = Chapter("Cards", remarks=[HOW])
    # Else NumPy takes every core, and whatever else runs slows it down at once.
    with fresh_kernel(folder, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1") as kernel:
        _sizes(kernel, chapter)
        for kind in ("python", "numpy"):
            _watched(kernel, chapter, kind, place.scale.watched)
    return chapter


def _watched(kernel: Kernel, chapter: Chapter, kind: str, pairs: int) -> None:
    took: dict[bool, list[float]] = {False: [], True: []}
    updates = []
    for turn in tqdm(range(pairs + 1), desc=f"watched, {kind}", leave=False, position=1):
        for refresh in (False, True) if turn % 2 else (True, False):
            shown = kernel.run(f"%spin {FLOW} {STEP} --set \"kind='{kind}'\" --set refresh={refresh}")
            if turn:
                took[refresh].append(kernel.value("_spin['seconds']"))
                if refresh:
                    updates.append(_updates(shown) / took[refresh][-1])
    alone = Sample(f"{kind} step, alone", took[False])
    watched = Sample(f"{kind} step, its card watched", took[True])
    chapter.samples += [alone, watched]
    chapter.figures.append(
        Figure(
            f"a {kind} step with {min(updates):.0f} updates of its card a second",
            watched.median,
            "alone",
            alone.median,
            Target("share", 1.02),
            short=True,
        )
    )


def _sizes(kernel: Kernel, chapter: Chapter) -> None:
    quick = f"%spin {FLOW} {STEP} --set rounds=1"
    none = kernel.run(f"{quick} --no-cards")
    kernel.run(OPEN)
    first, second = kernel.run(quick), kernel.run(quick)
    page = kernel.value("len(_spin.cards[0].html)") / 1000
    for name, ours in (
        ("a default card: sent, the first of a notebook", _sent(first) - _sent(none)),
        ("a default card: sent, each one after", _sent(second) - _sent(none)),
        ("a default card: saved in the notebook", _saved(second) - _saved(none)),
    ):
        chapter.figures.append(Figure(name, ours / 1000, "its page", page, unit="kB", short=True))


def _updates(shown: Shown) -> int:
    return sum(
        bool(message["content"].get("data", {}).get("content", {}).get("data")) for message in shown.messages
    )


def _sent(shown: Shown) -> int:
    return sum(
        len(json.dumps(message["content"])) + sum(len(each) for each in message.get("buffers", ()))
        for message in shown.messages
    )


def _saved(shown: Shown) -> int:
    return len(json.dumps(shown.outputs))
