"""The loop without IPython: what `spin` and `spin_inputs` take, as a request."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from spin_magic.artifacts import StepInputs
from spin_magic.cards import CardUpdate
from spin_magic.engine.state import in_plain_words, preserved
from spin_magic.loop.outcome import own_error
from spin_magic.loop.plan import make_plan
from spin_magic.loop.promote import spin_run
from spin_magic.loop.request import KEEP, Request, arguments, find_code
from spin_magic.loop.spin_one import execute, spin_request
from spin_magic.result import SpinResult

__all__ = ["KEEP", "spin", "spin_inputs", "spin_run"]


def spin(
    flow: Any,
    step: str,
    *,
    body: str | None = None,
    index: int | None = None,
    value: Any = None,
    run: str | None = None,
    namespace: Any = KEEP,
    source: str = "run",
    set: Mapping[str, Any] | None = None,  # noqa: A002 -- the option's name
    artifacts_module: str | os.PathLike[str] | None = None,
    skip_decorators: bool = False,
    config: Mapping[str, Any] | None = None,
    config_value: Mapping[str, Any] | None = None,
    seed: int | None = None,
    cards: bool = True,
    on_card: Callable[[CardUpdate], None] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    check: bool = True,
    notebook: Mapping[str, Any] | None = None,
    filename: Callable[[str], str] | None = None,
    after: str | Iterable[str] = (),
    isolated: bool = False,
    environment: str | None = None,
    persist: bool | None = None,
) -> SpinResult:
    """Run one step in this process, on the inputs of a past run.

    Parameters
    ----------
    flow : str or type
        ``TrainFlow``, ``trainflow.py``, ``flows/trainflow.py:TrainFlow``,
        ``package.module:TrainFlow``, or a FlowSpec class.
    step : str
        ``train``, ``RUN/train``, ``RUN/train/TASK`` or ``FLOW/RUN/train[/TASK]``.
    body : str, optional
        Text of the step, its bare body or a whole ``def``. Default: the step as it is in the file.
    index : int, optional
        Split index, for a step inside a foreach. Default: the first.
    value : object, optional
        Foreach value, in place of `index`.
    run : str, optional
        Take the inputs from this run. Default: the latest that can feed the step.
    namespace : str or None, optional
        Namespace to look for runs in; None or ``""`` for all. Default: the setting's, or the Client's.
    source : {'run', 'spin'}
        ``'spin'`` takes the outputs of what was last spun of the parents, where there are some.
    set : mapping, optional
        Values that stand in for input artifacts: ``{"x": 1}``; for a join ``{"train.x": 1}`` or
        ``{"[0].x": 1}``.
    artifacts_module : path, optional
        Python file with a dict ``ARTIFACTS``, as ``spin --artifacts-module`` takes it.
    skip_decorators : bool, default False
        Run the step without its decorators.
    config, config_value : mapping, optional
        Config files and config values by name.
    seed : int, optional
        Seed for `random` and, where they are loaded, NumPy and PyTorch.
    cards : bool, default True
        Render the step's cards.
    on_card : callable, optional
        Takes a `CardUpdate` for each ``current.card.refresh()`` that is shown, in a thread other than
        the step's. Default: refreshing shows nothing, and costs nothing.
    cwd : path, optional
        Working directory during the spin.
    check : bool, default True
        Raise the step's own exception; else give it back as ``SpinResult.error``.
    notebook : mapping, optional
        Names of the notebook: flows that it defines, and names to lend to the step.
    filename : callable, optional
        Registers a source text and gives the file name that tracebacks name.
    after : str or iterable of str, optional
        For a step that the flow file does not have yet, the step or steps that lead to it.
    isolated : bool, default False
        Run the step in a process of its own, by Metaflow's own ``spin``.
    environment : {'local', 'pypi', 'conda', 'uv'}, optional
        With `isolated`, Metaflow's ``--environment``. Default: what the step's decorators need.
    persist : bool, optional
        Keep what the step leaves in ``.metaflow_spin``, for `metaflow.inspect_spin`. Default: as
        ``METAFLOW_SPIN_PERSIST`` says, else not.

    Returns
    -------
    SpinResult

    Raises
    ------
    SpinError
        The flow, the task or the cell is not as it must be; see `spin_magic.errors`.
    Exception
        With `check`, whatever the step raises.

    Examples
    --------
    >>> r = spin("trainflow.py", "train", index=2, set={"alpha": 0.1})  # doctest: +SKIP
    >>> r["score"]  # doctest: +SKIP
    """
    __tracebackhide__ = True
    request = Request(
        **arguments(
            flow=flow,
            step=step,
            body=body,
            index=index,
            value=value,
            run=run,
            namespace=namespace,
            source=source,
            set=set,
            artifacts_module=artifacts_module,
            config=config,
            config_value=config_value,
            cwd=cwd,
            notebook=notebook,
            filename=filename,
            after=after,
            isolated=isolated,
            environment=environment,
            persist=persist,
        )
    )
    options = {"seed": seed, "skip_decorators": skip_decorators, "cards": cards, "on_card": on_card}
    result = spin_request(request, options)
    if check and result.error is not None:
        error = result.error
        try:
            raise error
        finally:
            # The traceback holds this frame: it must not hold the result in its turn.
            del error, result
    return result


def spin_inputs(
    flow: Any,
    step: str,
    *,
    index: int | None = None,
    value: Any = None,
    run: str | None = None,
    namespace: Any = KEEP,
    source: str = "run",
    set: Mapping[str, Any] | None = None,  # noqa: A002 -- the option's name
    artifacts_module: str | os.PathLike[str] | None = None,
    config: Mapping[str, Any] | None = None,
    config_value: Mapping[str, Any] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    notebook: Mapping[str, Any] | None = None,
) -> StepInputs:
    """Give the inputs of a step, as the step would find them, without running it.

    The parameters are those of `spin`.

    Returns
    -------
    StepInputs
        Values are loaded when they are first asked for.

    Raises
    ------
    SpinError
        The flow or the task is not as it must be.
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
            source=source,
            set=set,
            artifacts_module=artifacts_module,
            config=config,
            config_value=config_value,
            cwd=cwd,
            notebook=notebook,
        )
    )
    with preserved(), in_plain_words(), (code := find_code(request)).active():
        plan = make_plan(request, code)
        outcome = execute(plan, seed=None, skip_decorators=False, cards=False, run=False).outcome
        error = own_error(plan, outcome)
        if error is not None:
            raise error
        return plan.step_inputs(outcome.flow, outcome.inputs)
