"""A spin kept as Metaflow's ``spin --persist`` keeps it: in ``.metaflow_spin``, for `inspect_spin`."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from metaflow import metaflow_config
from metaflow.event_logger import NullEventLogger
from metaflow.metadata_provider import MetaDatum
from metaflow.metaflow_environment import MetaflowEnvironment
from metaflow.mflog.mflog import decorate
from metaflow.monitor import NullMonitor
from metaflow.plugins.cards.card_datastore import CardDatastore
from metaflow.plugins.datastores.spin_storage import SpinStorage
from metaflow.plugins.metadata_providers.spin import SpinMetadataProvider

from spin_magic.cards import Card
from spin_magic.engine.stand_ins import silent
from spin_magic.engine.stored import add_stored, add_values, begin_task, open_place
from spin_magic.engine.task import Outcome

# What `done` says itself, or what must come last.
LATER = ("attempt-done", "attempt_ok")


def persisting(asked: bool | None) -> bool:
    """Tell whether a spin is to be kept: as it was asked, else as ``METAFLOW_SPIN_PERSIST`` says."""
    return bool(metaflow_config.SPIN_PERSIST) if asked is None else asked


def persist(flow: str, step: str, script: str, outcome: Outcome) -> tuple[str, Mapping[str, str]]:
    """Keep a spin. The caller puts Metaflow's globals and ``sys.argv`` back.

    Parameters
    ----------
    flow, step : str
        Names of the flow and the step.
    script : str
        The flow file.
    outcome : Outcome
        What became of the step; of one that failed what it had set.

    Returns
    -------
    tuple of (str, mapping of str to str)
        ``FLOW/RUN/STEP/TASK``, and why the artifacts that are not there are not.
    """
    output = outcome.output
    root = SpinStorage.get_datastore_root_from_config(silent, create_on_absent=True)
    # The metadata provider asks the class.
    SpinStorage.datastore_root = root
    sys.argv[:1] = [script]
    provider = SpinMetadataProvider(MetaflowEnvironment(None), _Named(flow), NullEventLogger(), NullMonitor())
    run = provider.new_run_id()
    task = provider.new_task_id(run, step)
    provider.register_task_id(run, step, task, 0)
    store = begin_task(open_place(SpinStorage, root, flow, provider), run, step, task)
    known = {
        each["field_name"]: each["value"] for each in outcome.registered if each["field_name"] not in LATER
    }
    of_place = {"attempt": "0", "ds-type": store.TYPE, "ds-root": root}
    provider.register_metadata(run, step, task, _facts(known | of_place))
    problems = _artifacts(store, output)
    logs = {name: _log(getattr(outcome.logs, name).text) for name in ("stdout", "stderr")}
    store.save_logs("runtime", logs)
    ok = outcome.error is None and not problems
    provider.register_metadata(run, step, task, _facts({"attempt_ok": str(ok)}))
    store.done()
    pathspec = f"{flow}/{run}/{step}/{task}"
    _cards(os.path.join(root, metaflow_config.CARD_SUFFIX), pathspec, outcome.cards)
    return pathspec, problems


class _Named:
    """As much of a flow as a metadata provider asks for."""

    def __init__(self, name: str) -> None:
        self.name = name


def _artifacts(store: Any, output: Any) -> dict[str, str]:
    by_origin: dict[int, tuple[Any, list[str]]] = {}
    values = {}
    for name in output.names():
        origin = output._origins.get(name)
        if origin is not None and output.key(name) == origin._objects.get(name):
            by_origin.setdefault(id(origin), (origin, []))[1].append(name)
        else:
            values[name] = output.live[name]
    problems = add_values(store, values.items())
    for origin, names in by_origin.values():
        problems |= add_stored(store, origin, names, linked=False)
    return problems


def _facts(values: Mapping[str, Any]) -> list[MetaDatum]:
    return [MetaDatum(field=n, value=v, type=n, tags=["attempt_id:0"]) for n, v in values.items()]


def _log(text: str) -> bytes:
    now = datetime.now(UTC).replace(tzinfo=None)
    return b"".join(decorate("runtime", line, now=now) for line in text.splitlines(keepends=True))


def _cards(root: str, pathspec: str, cards: Iterable[Card]) -> None:
    for card in cards:
        place = open_place(SpinStorage, root, pathspec.partition("/")[0])
        CardDatastore(place, pathspec).save_card(uuid.uuid4().hex, card.type, card.html, card.id)
