"""spin_magic: run one Metaflow step in this kernel, on the inputs of a past run.

``%load_ext spin_magic`` adds the magics: ``%spin_inputs``, ``%%spin``, ``%spin``, ``%spin_flow`` and their
kin. The functions of the same names do the same in plain Python, and ``with step(...) as self:`` makes an
ordinary block the body of a step.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spin_magic.api import spin, spin_inputs, spin_run
    from spin_magic.artifacts import StepInputs
    from spin_magic.authoring import spin_load, spin_new, spin_save
    from spin_magic.cards import PastCards
    from spin_magic.errors import SpinError
    from spin_magic.looking import spin_cards, spin_flow
    from spin_magic.many import SpinResults
    from spin_magic.notebook.files import spin_notebook
    from spin_magic.overview import FlowOverview
    from spin_magic.result import SpinResult
    from spin_magic.saved import SavedStep
    from spin_magic.splits import spin_splits
    from spin_magic.testing import spin_test
    from spin_magic.with_step import step

__version__ = "0.1.0"
__all__ = [
    "FlowOverview",
    "PastCards",
    "SavedStep",
    "SpinError",
    "SpinResult",
    "SpinResults",
    "StepInputs",
    "spin",
    "spin_cards",
    "spin_flow",
    "spin_inputs",
    "spin_load",
    "spin_new",
    "spin_notebook",
    "spin_run",
    "spin_save",
    "spin_splits",
    "spin_test",
    "step",
]

_HOMES = {
    "spin": "spin_magic.api",
    "spin_cards": "spin_magic.looking",
    "spin_flow": "spin_magic.looking",
    "spin_inputs": "spin_magic.api",
    "spin_load": "spin_magic.authoring",
    "spin_new": "spin_magic.authoring",
    "spin_run": "spin_magic.api",
    "spin_save": "spin_magic.authoring",
    "spin_test": "spin_magic.testing",
    "spin_splits": "spin_magic.splits",
    "spin_notebook": "spin_magic.notebook.files",
    "step": "spin_magic.with_step",
    "FlowOverview": "spin_magic.overview",
    "PastCards": "spin_magic.cards",
    "SavedStep": "spin_magic.saved",
    "SpinError": "spin_magic.errors",
    "SpinResult": "spin_magic.result",
    "SpinResults": "spin_magic.many",
    "StepInputs": "spin_magic.artifacts",
}


def __getattr__(name: str) -> Any:
    if name == "cache":
        return importlib.import_module("spin_magic.cache")
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    if name == "spin":
        from spin_magic.fallback import spin_function  # noqa: PLC0415 -- the engine may not be to be had

        return spin_function()
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def load_ipython_extension(ipython: Any) -> None:
    """Add the magics to a shell: ``%load_ext spin_magic``.

    Raises
    ------
    EngineError
        No Metaflow is installed, or one that is too old.
    """
    from spin_magic.errors import EngineError  # noqa: PLC0415 -- nothing is imported before it is used
    from spin_magic.magics import register  # noqa: PLC0415 -- nothing is imported before it is used
    from spin_magic.versions import version_problem  # noqa: PLC0415 -- nothing is imported before it is used

    problem = version_problem()
    if problem:
        raise EngineError(problem)
    register(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magics away again: ``%unload_ext spin_magic``."""
    from spin_magic.magics import unregister  # noqa: PLC0415 -- nothing is imported before it is used

    unregister(ipython)
