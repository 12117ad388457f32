"""Notebooks and flow files on the disk."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from spin_magic.errors import FlowError, NotebookError
from spin_magic.flows.locate import FlowRef, find_flow
from spin_magic.interrupts import whole
from spin_magic.notebook.to_flow import FlowFile, flow_bytes
from spin_magic.notebook.to_notebook import make_notebook
from spin_magic.writing.source import read


def spin_notebook(
    flow: str,
    output: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
    notebook: Mapping[str, Any] | None = None,
) -> Path:
    """Make a notebook of a flow file: its head, its class and each step with its inputs, in tagged cells.

    ``spin-magic flow NOTEBOOK`` makes the flow file of it again, to the byte where nothing was edited.

    Parameters
    ----------
    flow : str
        As for `spin`.
    output : path, optional
        The notebook. Default: beside the flow file, with its name.
    force : bool, default False
        Replace a file that is there.
    notebook : mapping, optional
        Names of the notebook: flows that it defines.

    Returns
    -------
    Path
        The notebook.

    Raises
    ------
    SpinError
        There is no such flow, it cannot be made a notebook, or another file is in the way.

    Examples
    --------
    >>> spin_notebook("trainflow.py")  # doctest: +SKIP
    """
    ref = find_flow(flow, notebook)
    if ref.path is None:
        msg = f"{ref.name} is defined in this notebook: put the class into a file, and name that."
        raise NotebookError(msg)
    path = Path(output).expanduser().absolute() if output else ref.path.with_suffix(".ipynb")
    made = make_notebook(read(ref.path), ref.name, _word(ref, ref.path, path.parent), path.parent)
    text = nbformat.writes(nbformat.from_dict(made))  # type: ignore[no-untyped-call]
    _put(path, f"{text}\n".encode(), force=force)
    return path


def write_flow(
    notebook: str | os.PathLike[str], output: str | os.PathLike[str] | None = None, *, force: bool = False
) -> tuple[Path, FlowFile]:
    """Write the flow file that the tagged cells of a notebook are.

    Parameters
    ----------
    notebook : path
        The notebook.
    output : path, optional
        The flow file. Default: beside the notebook, with its name.
    force : bool, default False
        Replace a file that is there.

    Returns
    -------
    tuple of Path and FlowFile
        Where it is, and what was written.

    Raises
    ------
    NotebookError
        The notebook is not as it must be, or another file is in the way; nothing was written.
    """
    path = Path(notebook).expanduser().absolute()
    made = flow_bytes(_read(path), path.name)
    target = Path(output).expanduser().absolute() if output else path.with_suffix(".py")
    _put(target, made.data, force=force)
    return target, made


def _word(ref: FlowRef, path: Path, folder: Path) -> str:
    """Give the shortest FLOW that means this flow in a notebook of a folder."""
    with contextlib.suppress(FlowError):
        found = find_flow(ref.name, {}, folder)
        if found.path is not None and found.path.samefile(path):
            return ref.name
    file = os.path.relpath(path, folder)
    with contextlib.suppress(FlowError):
        if find_flow(file, {}, folder).name == ref.name:
            return file
    return f"{file}:{ref.name}"


def _read(path: Path) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of cells without ids, which play no part here
            text = path.read_text(encoding="utf-8")
            made = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
            nbformat.validate(made)
    except OSError as ex:
        msg = f"{path} cannot be read: {ex.strerror or ex}."
    except nbformat.ValidationError as ex:
        msg = f"{path.name} is no valid notebook: {str(ex).partition(chr(10))[0]}."
    except Exception as ex:  # noqa: BLE001 - nbformat fails in its own ways on what is no notebook
        msg = f"{path.name} is no notebook: {type(ex).__name__}: {str(ex).partition(chr(10))[0][:120]}."
    else:
        return dict(made)
    raise NotebookError(msg)


def _put(path: Path, data: bytes, *, force: bool) -> None:
    """Put a file in its place, whole or not at all; one that is there with these very bytes stays."""
    try:
        path = path.resolve()  # a link stays, and what it leads to is replaced
        if path.is_file() and path.read_bytes() == data:
            return
        _replace(path, data, force=force and path.is_file())
    except (FileExistsError, IsADirectoryError):
        what = "is a folder: name a file in it" if path.is_dir() else "is there already: --force replaces it"
        msg = f"{path} {what}."
        raise NotebookError(msg) from None
    except OSError as ex:
        msg = f"{path} cannot be written: {ex.strerror or ex}."
        raise NotebookError(msg) from None


@whole
def _replace(path: Path, data: bytes, *, force: bool) -> None:
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            temporary.chmod(mode)
        if force:
            temporary.replace(path)
        else:
            _name(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _name(temporary: Path, path: Path) -> None:
    """Give a file a name that nobody has."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError from None
        temporary.replace(path)
