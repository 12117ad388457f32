"""What the classes of magics share: reading the line, and leaving the shell as it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, no_var_expand

from spin_magic import lazy
from spin_magic.errors import FlowError, SpinError
from spin_magic.interrupts import patient
from spin_magic.options import HelpRequested, with_flow
from spin_magic.settings import SpinMagic

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def reads(parse: Callable[[str], Any], help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Parse the line for a magic; print the help where the line asks for it."""

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        def magic(self: Magics, line: str, cell: str | None = None) -> Any:
            __tracebackhide__ = True  # IPython leaves such frames out of tracebacks
            _check_folder()
            try:
                options = parse(line)
            except HelpRequested as request:
                print(request)  # noqa: T201 - the answer
                return None
            flow = SpinMagic.instance().flow
            named = with_flow(options, flow)
            try:
                with patient():
                    return method(self, named, cell)
            except SpinError as error:
                if named is not options:
                    said = str(error)
                    ends = "" if said.endswith((".", "?", "!")) else "."
                    error.args = (f"{said}{ends} FLOW was left out here: it is {flow}.",)
                raise

        magic.__name__, magic.__doc__ = method.__name__, help_text
        hidden: Callable[..., Any] = no_var_expand(magic)
        return hidden

    return decorate


def _check_folder() -> None:
    """Refuse to look for flows and runs where there is nowhere to start."""
    try:
        os.getcwd()  # noqa: PTH109 -- a Path is not needed
    except FileNotFoundError:
        raise FlowError(
            "The working directory is gone: it was removed or renamed. Go to another one: %cd FOLDER."
        ) from None


class Room(Magics):
    """Magics that can be taken out of a shell again."""

    shell: Any

    def __init__(self, shell: InteractiveShell) -> None:
        self._replaced = _entries(shell, type(self))
        super().__init__(shell)

    def withdraw(self) -> None:
        """Put back what the magics replaced."""
        manager = self.shell.magics_manager
        for (kind, name), before in self._replaced.items():
            table = manager.registry if kind == "registry" else manager.magics[kind]
            if table.get(name) != (self if kind == "registry" else self.magics[kind][name]):
                continue  # somebody else's by now
            if before is None:
                table.pop(name, None)
            else:
                table[name] = before
        self.shell.configurables[:] = [each for each in self.shell.configurables if each is not self]

    def _give(self, options: Any, value: object) -> None:
        if options.output:
            self.shell.push({options.output: value})


def _entries(shell: Any, room: type[Magics]) -> dict[tuple[str, str], Any]:
    """Remember what stands where the magics of a class will stand."""
    manager = shell.magics_manager
    names = [(kind, name) for kind, table in room.magics.items() for name in table]
    entries = {(kind, name): manager.magics[kind].get(name) for kind, name in names}
    entries = {place: None if lazy.waits(entry) else entry for place, entry in entries.items()}
    return entries | {("registry", room.__name__): manager.registry.get(room.__name__)}
