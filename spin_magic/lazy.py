"""The magics before the extension is loaded: each name is there, and its first use loads what it takes.

Every kernel of the environment imports this when it starts, so it imports nothing that is not there already.
"""

from __future__ import annotations

import re
from contextlib import suppress
from types import MethodType
from typing import Any

EXTENSION = "spin_magic"
NAMES = {
    "line": (
        "spin",
        "spin_cards",
        "spin_flow",
        "spin_inputs",
        "spin_load",
        "spin_new",
        "spin_notebook",
        "spin_run",
        "spin_save",
        "spin_test",
    ),
    "cell": ("spin",),
}
# Where Tab needs the extension: in the line of a magic, with its sign or without, and in that of %config.
# Patterns are compiled when they are needed: that takes longer than the rest of this file.
# Blanks of one line, not \s: among thousands of empty lines it would try from each of them to the last.
_ASKED = r"(?m)(%|^[ \t]*)spin(_\w+)?\s|^[ \t]*%config\s"
_CONFIGURES = r"(?m)SpinMagic|^[ \t]*%config[ \t]*$"


def offer(shell: Any) -> None:
    """Put the names of the magics into a shell; the extension is loaded when one is first used.

    A name that is taken is left to whoever has it.

    Parameters
    ----------
    shell : InteractiveShell
        The shell; `withdraw` takes the names out again.
    """
    if EXTENSION in shell.extension_manager.loaded:
        return
    withdraw(shell)
    for kind, names in NAMES.items():
        table = shell.magics_manager.magics[kind]
        for name in names:
            table.setdefault(name, _Waiting(shell, kind, name))
    watcher = _Watcher(shell)
    shell.events.register("pre_run_cell", watcher.before_cell)
    _matchers(shell).append(watcher.first_tab)


def withdraw(shell: Any) -> None:
    """Leave nothing of an offer in a shell.

    Parameters
    ----------
    shell : InteractiveShell
        Any shell; magics that are loaded are left alone.
    """
    for kind, names in NAMES.items():
        table = shell.magics_manager.magics[kind]
        for name in names:
            if waits(table.get(name)):
                del table[name]
    for watching in (shell.events.callbacks["pre_run_cell"], _matchers(shell)):
        watching[:] = [each for each in watching if not _watches(each)]


def _load(shell: Any) -> list[str]:
    """Load the extension; leave names that were taken to those who have them, and say which."""
    if EXTENSION in shell.extension_manager.loaded:
        return []
    tables = shell.magics_manager.magics
    here = {(kind, name): tables[kind].get(name) for kind, names in NAMES.items() for name in names}
    taken = {place: entry for place, entry in here.items() if entry is not None and not waits(entry)}
    try:
        shell.extension_manager.load_extension(EXTENSION)
    except ImportError as ex:
        from spin_magic.errors import EngineError  # noqa: PLC0415 -- kernels that never spin need none of it

        msg = f"spin_magic cannot be loaded: {ex}. `pip install --force-reinstall spin-magic` mends it."
        raise EngineError(msg) from None
    for (kind, name), entry in taken.items():
        tables[kind][name] = entry
    return [f"{'%' if kind == 'line' else '%%'}{name}" for kind, name in taken]


def waits(entry: object) -> bool:
    """Say whether an entry of a shell's table only stands for a magic that is not loaded yet."""
    # By its true type: to `isinstance` it is a method.
    return type(entry) is _Waiting


class _Waiting:
    # Stands where a magic will stand, and is that magic as soon as anything but its class is asked of it:
    # IPython's `?`, the inspector of a notebook and `%magic` look at the entry itself, each in its own way.

    def __init__(self, shell: Any, kind: str, name: str) -> None:
        self._shell, self._kind, self._name = shell, kind, name

    def _magic(self) -> Any:
        __tracebackhide__ = True
        for taken in _load(self._shell):
            # For the user, once: from here on the extension is loaded.
            print(  # noqa: T201
                f"{taken} was there before and stays; `%reload_ext spin_magic` makes it spin_magic's."
            )
        return self._shell.magics_manager.magics[self._kind][self._name]

    def __call__(self, *args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        return self._magic()(*args, **options)

    def __getattr__(self, name: str) -> Any:
        try:
            magic = self._magic()
        except Exception as ex:
            # A call says it aloud; who only looks finds nothing.
            raise AttributeError(name) from ex
        return getattr(magic, name)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        try:
            return str(self._magic().__doc__)
        except Exception as ex:  # noqa: BLE001 -- the help says what a call would say
            return str(ex)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        # What the magic's own will be. IPython asks it of every magic, at its exit too: nothing is loaded.
        return MethodType


class _Watcher:
    # For what uses no magic of ours and needs the extension all the same. What does not concern it costs a
    # search of a cell's text, and nothing once the extension is loaded.

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def before_cell(self, cell: Any) -> None:
        """See `%config` ask for the settings."""
        if re.search(_CONFIGURES, cell.raw_cell or ""):
            # A magic says what is wrong when it is used.
            with suppress(Exception):
                _load(self._shell)

    def first_tab(self, context: Any) -> Any:
        """Load when Tab is pressed in the line of a magic; answer as the completion that this brings."""
        ours = []
        if re.search(_ASKED, context.full_text):
            matchers = _matchers(self._shell)
            before = list(matchers)
            # The Tab key never fails either.
            with suppress(Exception):
                _load(self._shell)
                # IPython has begun this round without it.
                ours = [each for each in matchers if each not in before]
        return ours[0](context) if ours else {"completions": []}

    first_tab.matcher_api_version = 2  # type: ignore[attr-defined]


def _matchers(shell: Any) -> list[Any]:
    # A shell may do without completion.
    return getattr(shell.Completer, "custom_matchers", [])


def _watches(entry: object) -> bool:
    return isinstance(getattr(entry, "__self__", None), _Watcher)
