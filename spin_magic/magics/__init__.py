"""The magics, one short method each. The only room that knows IPython's core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_magic import lazy
from spin_magic.interrupts import whole
from spin_magic.magics import completing
from spin_magic.magics.authoring import AuthoringMagics
from spin_magic.magics.room import Room
from spin_magic.magics.spinning import SpinMagics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_ROOMS = (SpinMagics, AuthoringMagics)


@whole
def register(shell: InteractiveShell) -> None:
    """Add the magics to a shell.

    Parameters
    ----------
    shell : InteractiveShell
        The shell; `unregister` takes them out again.
    """
    shell.register_magics(*_ROOMS)
    lazy.withdraw(shell)
    completing.install(shell)


def unregister(shell: InteractiveShell) -> None:
    """Take the magics out again, and put back what they replaced.

    Parameters
    ----------
    shell : InteractiveShell
        A shell that went through `register`; any other is left alone.
    """
    completing.remove(shell)
    for room in _ROOMS:
        ours = shell.magics_manager.registry.get(room.__name__)
        if isinstance(ours, Room):
            ours.withdraw()
