"""The file by which every kernel finds the magics: ``spin-magic enable`` and ``spin-magic disable``.

IPython runs each file of its startup folders. The wheel brings ours for its environment; this is the same for
other ways of installing, and undoes both.
"""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path
from typing import Literal

from spin_magic.errors import SetupError

FILE = "50-spin_magic.py"
TEXT = """\
# spin_magic: %spin and its kin without %load_ext. `spin-magic disable` removes this file.
try:
    __import__("spin_magic.lazy").lazy.offer(get_ipython())
except BaseException:
    pass
"""
Place = Literal["sys-prefix", "user"]
_KERNELS = {"sys-prefix": "every kernel of this environment", "user": "every kernel of yours"}
_MADE = "# Folders made for this file: "


def enable(place: Place | None = None) -> str:
    """Let every kernel find the magics.

    Parameters
    ----------
    place : {"sys-prefix", "user"}, optional
        For this Python environment, or for the user. Default: what Jupyter prefers here.

    Returns
    -------
    str
        What was done, for the user.

    Raises
    ------
    SetupError
        The file is there with other contents, or cannot be written.
    """
    place = place or _preferred()
    file = startup_file(place)
    said = f"%spin and its kin are there in {_KERNELS[place]}, without %load_ext"
    if file.exists():
        _made_folders(file)
        return f"{said}: {file} was there already."
    made = [folder for folder in file.parents if not folder.exists()]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TEXT + (f"{_MADE}{len(made)}\n" if made else ""), encoding="utf-8")
    except OSError as ex:
        raise SetupError(f"{file} cannot be written: {ex.strerror}.{_other(place)}") from None
    return f"{said}: wrote {file}."


def disable(place: Place | None = None) -> str:
    """Undo `enable`, or what the installation brought; the files and folders of others stay.

    Parameters
    ----------
    place : {"sys-prefix", "user"}, optional
        As for `enable`.

    Returns
    -------
    str
        What was done, for the user.

    Raises
    ------
    SetupError
        The file was edited, or cannot be removed.
    """
    place = place or _preferred()
    file = startup_file(place)
    if not file.exists():
        return f"There is nothing to remove: {file} is not there.{_still(place)}"
    made = _made_folders(file)
    try:
        file.unlink()
    except OSError as ex:
        raise SetupError(f"{file} cannot be removed: {ex.strerror}.") from None
    for folder in list(file.parents)[:made]:
        if any(folder.iterdir()):
            break
        folder.rmdir()
    return f"Removed {file}.{_still(place) or ' Kernels that start from now on need %load_ext spin_magic.'}"


def startup_file(place: Place) -> Path:
    """Give the file that IPython runs when a kernel starts, there or not.

    Parameters
    ----------
    place : {"sys-prefix", "user"}
        As for `enable`.

    Raises
    ------
    SetupError
        The user's folder cannot be written.
    """
    if place == "sys-prefix":
        return Path(sys.prefix, "etc", "ipython", "startup", FILE)
    from IPython.paths import get_ipython_dir  # noqa: PLC0415 - late: slow to import

    with warnings.catch_warnings():
        # IPython would make a folder elsewhere, which no other process ever sees.
        warnings.filterwarnings("error", "IPython (dir|parent) ", UserWarning)
        try:
            return Path(get_ipython_dir(), "profile_default", "startup", FILE)
        except UserWarning as ex:
            said = str(ex).partition(",")[0]
            raise SetupError(f"{said}. Name another one in IPYTHONDIR, or use --sys-prefix.") from None


def _preferred() -> Place:
    from jupyter_core.paths import prefer_environment_over_user  # noqa: PLC0415 - late, as above

    return "sys-prefix" if prefer_environment_over_user() else "user"


def _made_folders(file: Path) -> int:
    """Read how many folders were made for the file; refuse a file that is not ours."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as ex:
        raise SetupError(f"{file} cannot be read: {ex.strerror}.") from None
    found = re.fullmatch(rf"{re.escape(TEXT)}(?:{_MADE}(\d+)\n)?", text)
    if found is None:
        raise SetupError(f"{file} was edited, so it stays as it is. Remove it yourself if it is not needed.")
    return int(found[1] or 0)


def _other(place: Place) -> str:
    return " Try `spin-magic enable --user`." if place == "sys-prefix" else ""


def _still(place: Place) -> str:
    other: Place = "user" if place == "sys-prefix" else "sys-prefix"
    try:
        if not startup_file(other).exists():
            return ""
    except SetupError:
        return ""
    return f" {startup_file(other)} is still there; `spin-magic disable --{other}` removes it."
