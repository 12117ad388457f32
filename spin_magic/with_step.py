"""``with spin_magic.step("TrainFlow", "train") as self:``: ordinary code as the body of a step."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from spin_magic.block import StepBlock
from spin_magic.cards import CardUpdate
from spin_magic.loop.request import KEEP, arguments

__all__ = ["step"]


def step(
    flow: Any,
    step: str,
    *,
    index: int | None = None,
    value: Any = None,
    run: str | None = None,
    namespace: Any = KEEP,
    source: str = "run",
    after: str | Iterable[str] = (),
    set: Mapping[str, Any] | None = None,  # noqa: A002 -- the option's name
    artifacts_module: str | os.PathLike[str] | None = None,
    skip_decorators: bool = False,
    config: Mapping[str, Any] | None = None,
    config_value: Mapping[str, Any] | None = None,
    seed: int | None = None,
    cards: bool = True,
    on_card: Callable[[CardUpdate], None] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    notebook: Mapping[str, Any] | None = None,
) -> StepBlock:
    """Make a ``with`` block the body of a step, on the inputs of a past run.

    The block runs where it stands, with the names of its own module or notebook. What it raises fails
    the step, and comes out of the block as it is.

    Parameters
    ----------
    flow : str or type
        As for `spin`, as are all the others.
    step : str
        As for `spin`.
    notebook : mapping, optional
        Names among which the flow may be, and that a run would not find. Default: those of the block.

    Returns
    -------
    StepBlock
        To be entered; its ``result`` is there afterwards. In a notebook the panel is shown, too.

    Raises
    ------
    SpinError
        When the block is entered: the flow, the task or the text is not as it must be.

    Examples
    --------
    >>> with step("trainflow.py", "train", index=2) as self:  # doctest: +SKIP
    ...     self.model = fit(self.df)
    ...     self.next(self.join)
    >>> with step("trainflow.py", "join") as (self, inputs):  # doctest: +SKIP
    ...     self.models = [each.model for each in inputs]
    ...     self.next(self.end)
    """
    asked = arguments(
        flow=flow,
        step=step,
        index=index,
        value=value,
        run=run,
        namespace=namespace,
        source=source,
        after=after,
        set=set,
        artifacts_module=artifacts_module,
        config=config,
        config_value=config_value,
        cwd=cwd,
        notebook=notebook,
    )
    options = {"seed": seed, "skip_decorators": skip_decorators, "cards": cards}
    return StepBlock(asked, options, on_card)
