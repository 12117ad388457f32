"""An artifact to a file, in the form that the file's name asks for."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spin_magic.report.short import is_a


def suggested(name: str, value: Any) -> str:
    """Suggest a file name: the form in which others will find the value easiest to read."""
    if is_a(value, "DataFrame"):
        return f"{name}.csv"
    if is_a(value, "ndarray"):
        return f"{name}.npy"
    if is_a(value, "Figure") and hasattr(value, "savefig"):
        return f"{name}.png"
    if isinstance(value, str):
        return f"{name}.txt"
    plain = isinstance(value, (dict, list, int, float, bool, type(None)))
    return f"{name}.json" if plain else f"{name}.pkl"


def save(value: Any, path: Path) -> None:
    """Write a value to a new file.

    Parameters
    ----------
    value : object
        The value.
    path : Path
        The file; its suffix says the form. It must not be there yet.

    Raises
    ------
    FileExistsError
        It is there already.
    ValueError
        The suffix is not known, or not for such a value.
    """
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise ValueError(f"Give the file a name that ends in {', '.join(WRITERS)}.")
    # Opened before anything is written, so that no file of the user's is ever replaced.
    with path.open("xb"):
        pass
    try:
        write(value, path)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if not isinstance(error, (AttributeError, TypeError)):
            raise
        raise ValueError(f"A {type(value).__name__} does not go into {path.suffix}.") from error


def _csv(value: Any, path: Path) -> None:
    write = value.write_csv if hasattr(value, "write_csv") else value.to_csv
    write(path)


def _parquet(value: Any, path: Path) -> None:
    write = value.write_parquet if hasattr(value, "write_parquet") else value.to_parquet
    write(path)


def _npy(value: Any, path: Path) -> None:
    import numpy as np

    np.save(path, value)


def _text(value: Any, path: Path) -> None:
    if not isinstance(value, str):
        raise TypeError
    path.write_text(value, encoding="utf-8")


WRITERS: dict[str, Callable[[Any, Path], object]] = {
    ".pkl": lambda value, path: path.write_bytes(pickle.dumps(value)),
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": lambda value, path: path.write_text(json.dumps(value, indent=2), encoding="utf-8"),
    ".npy": _npy,
    ".png": lambda value, path: (value.savefig if hasattr(value, "savefig") else value.save)(path),
    ".txt": _text,
}
