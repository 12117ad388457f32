"""The cards that a past task stored, read through Metaflow's own card datastore."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaflow import metaflow_config
from metaflow.plugins.cards.card_datastore import CardDatastore

from spin_magic.cards import Card
from spin_magic.engine.storage import listed, open_datastore, read_in_parts
from spin_magic.errors import TaskError

if TYPE_CHECKING:
    from metaflow.datastore.flow_datastore import FlowDataStore

Name = tuple[str, str | None]

# What card_modules/base.html writes for its script.
_DATA = re.compile(r'__MF_DATA__\["[^"]*"\]\s*=\s*"([A-Za-z0-9+/=]+)"')
_PAGE = re.compile(r"[/\\][^/\\-]+(-[^/\\-]+){1,2}\.html$")
_OWN = "Task Metadata"


def declared_cards(cls: Any, step: str) -> list[Name]:
    """List type and id of each ``@card`` of a step, in the order of the decorators."""
    found = [deco.attributes for deco in getattr(cls, step).decorators if deco.name == "card"]
    return [(card["type"], card["id"]) for card in found]


def stored_cards(
    datastore: FlowDataStore,
    pathspec: str,
    wanted: Callable[[Name], bool] = lambda _: True,
    order: Sequence[Name] = (),
) -> tuple[list[Card], list[Name]]:
    """Read the cards of a task.

    Parameters
    ----------
    datastore : FlowDataStore
        Where the task's artifacts are: the cards are beside them.
    pathspec : str
        ``FLOW/RUN/STEP/TASK``.
    wanted : callable, optional
        Tells by type and id which cards to read. Default: all.
    order : sequence of (str, str or None)
        Types and ids in the order in which the cards are to come; others follow.

    Returns
    -------
    tuple of (list of Card, list of (str, str or None))
        Those cards, and type and id of every card that is there.

    Raises
    ------
    TaskError
        A card cannot be read.
    """
    for root in card_roots(datastore):
        beside = open_datastore(datastore.flow_name, datastore.TYPE, root)
        store = CardDatastore(beside, pathspec=pathspec)
        named = _listed(store)
        if named:
            break
    else:
        return [], []
    try:
        pages = _read(store, [path for path, name in named.items() if wanted(name)])
    except (OSError, UnicodeDecodeError) as ex:
        msg = f"A card of {pathspec} in {root} cannot be read: {ex}"
        raise TaskError(msg) from ex
    ranks = {name: rank for rank, name in reversed([*enumerate(order)])}
    found = [(*named[path], *page) for path, page in pages.items()]
    found.sort(key=lambda card: (ranks.get(card[:2], len(ranks)), card[0], card[1] or "", card[2]))
    cards = [Card(kind, card_id, html, page_components(html)) for kind, card_id, _, html in found]
    return cards, sorted(named.values(), key=lambda name: (name[0], name[1] or ""))


def card_roots(datastore: FlowDataStore) -> list[str]:
    """List where the cards of a datastore may be, the likeliest place first."""
    # The Client looks beside the artifacts; `run` writes where the settings say, which may be elsewhere.
    fixed = getattr(metaflow_config, f"CARD_{datastore.TYPE.upper()}ROOT", None)
    base = datastore.datastore_root
    beside = os.path.join(base, metaflow_config.CARD_SUFFIX) if base else None
    return list(dict.fromkeys(root for root in (beside, fixed) if root))


def _listed(store: CardDatastore) -> dict[str, Name]:
    """List the pages of a task's cards; early releases of Metaflow kept them without their step."""
    for with_steps in (True, False):
        folder = store._get_card_read_path(with_steps=with_steps)
        paths = [found.path for found in listed(store._backend, folder) if found.is_file]
        # Beside them lie the datastore's own notes, and pages that are being written.
        named = {path: CardDatastore.info_from_path(path) for path in paths if _PAGE.search(path)}
        if named:
            return {path: (info.type, info.id) for path, info in named.items()}
    return {}


def _read(store: CardDatastore, paths: list[str]) -> dict[str, tuple[float, str]]:
    """Read pages, each with the time of its file: a task tried twice may have two alike."""

    def read(part: list[str]) -> list[tuple[str, tuple[float, str]]]:
        with store._backend.load_bytes(part) as loaded:
            # A card that is drawn while the task runs may have gone since it was listed.
            files = [(path, Path(file)) for path, file, _ in loaded if file is not None]
            return [(path, (file.stat().st_mtime, file.read_text(encoding="utf-8"))) for path, file in files]

    return dict(read_in_parts(store._backend, read, paths))


def page_components(html: str) -> tuple[Any, ...]:
    """Give the user's components as a page of Metaflow's own template shows them; else none."""
    found = _DATA.search(html)
    if found is None:
        return ()
    try:
        parts = json.loads(base64.b64decode(found[1]))["components"]
        page = next(part for part in parts if part.get("type") == "page")
        titles = [part.get("title") if isinstance(part, dict) else None for part in page["contents"]]
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration):
        return ()
    # The default card puts the step's own tables, pictures and graph after what the user added.
    return tuple(page["contents"][: titles.index(_OWN) if _OWN in titles else None])
