"""A spin as a notebook shows it: signs of life and cards while it runs, then the panel."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from spin_magic.alive import sign_of_life
from spin_magic.namespace import forget_outputs
from spin_magic.recording import recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from spin_magic.cards import CardUpdate
    from spin_magic.result import SpinResult

    OnCard = Callable[[CardUpdate], None]


def shown(shell: Any, what: str, spin: Callable[[OnCard | None], SpinResult]) -> SpinResult:
    """Spin, and show what there is to see of it meanwhile and in the end.

    Parameters
    ----------
    shell : InteractiveShell
        The notebook's.
    what : str
        What is running, in the reader's words.
    spin : callable
        It is given what takes the updates of cards, or None where no page can show them.

    Returns
    -------
    SpinResult
        What `spin` gave, with all that the step displayed.
    """
    from spin_magic.report.cards.running import RunningCards  # noqa: PLC0415 -- %load_ext is to be quick

    __tracebackhide__ = True
    publisher, page = shell.display_pub, has_page(shell)
    alive = sign_of_life(publisher, what) if page else nullcontext()
    with RunningCards(publisher.publish, what) as cards:
        with alive, recording(publisher) as displayed:
            result = spin(cards if page else None)
        result.displayed = displayed
        cards.end(result)
    return result


def has_page(shell: Any) -> bool:
    """Tell whether a page shows the outputs, and not a terminal that the body prints into as well."""
    return getattr(shell, "kernel", None) is not None


def keep(shell: Any, result: SpinResult) -> None:
    """Make a result the notebook's ``_spin``, in place of the step's earlier ones."""
    forget_outputs(shell, result)
    shell.push({"_spin": result}, interactive=False)
