"""What there is to see of a flow without running it: how its steps went, and the cards of past tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spin_magic.cards import PastCards
from spin_magic.engine.state import in_plain_words, preserved
from spin_magic.loop.overview import flow_overview
from spin_magic.loop.past_cards import Which, past_cards
from spin_magic.loop.request import KEEP, Request, arguments, find_code
from spin_magic.overview import FlowOverview

__all__ = ["spin_cards", "spin_flow"]


def spin_flow(
    flow: Any,
    *,
    run: str | None = None,
    namespace: Any = KEEP,
    notebook: Mapping[str, Any] | None = None,
) -> FlowOverview:
    """Say of each step of a flow what became of it in a run and in this process.

    Parameters
    ----------
    flow : str or type
        As for `spin`.
    run : str, optional
        The run. Default: the latest in the namespace; a flow without runs has an overview too.
    namespace : str or None, optional
        Namespace to look for runs in; None or ``""`` for all. Default: the setting's, or the Client's.
    notebook : mapping, optional
        Names of the notebook: flows that it defines.

    Returns
    -------
    FlowOverview

    Raises
    ------
    SpinError
        The flow is not as it must be, or the run is not there.
    """
    __tracebackhide__ = True
    request = Request(**arguments(flow=flow, step="", run=run, namespace=namespace, notebook=notebook))
    with preserved(), in_plain_words(), (code := find_code(request)).active():
        return flow_overview(request, code)


def spin_cards(
    flow: Any,
    step: str,
    *,
    index: int | None = None,
    value: Any = None,
    run: str | None = None,
    namespace: Any = KEEP,
    id: str | None = None,  # noqa: A002 -- the option's name
    type: str | None = None,  # noqa: A002 -- the option's name
    diff: bool = False,
    notebook: Mapping[str, Any] | None = None,
) -> PastCards:
    """Give the cards that a past task of a step stored.

    Parameters
    ----------
    flow, step, index, value, namespace
        As for `spin`; they choose the task of the step itself.
    run : str, optional
        The run. Default: the latest that reached the step.
    id, type : str, optional
        Only cards of that id, of that type.
    diff : bool, default False
        Give along the cards of what was last spun of the step in this process.
    notebook : mapping, optional
        Names of the notebook: flows that it defines.

    Returns
    -------
    PastCards

    Raises
    ------
    SpinError
        There is no such task or card; with `diff`, nothing of the step was spun yet.

    Examples
    --------
    >>> spin_cards("trainflow.py", "train", id="report")[0].html  # doctest: +SKIP
    """
    __tracebackhide__ = True
    request = Request(
        **arguments(
            flow=flow,
            step=step,
            index=index,
            value=value,
            run=run,
            namespace=namespace,
            notebook=notebook,
        )
    )
    with preserved(), in_plain_words(), (code := find_code(request)).active():
        return past_cards(request, code, Which(id, type), diff=diff)
