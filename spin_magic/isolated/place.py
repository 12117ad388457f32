"""Where an isolated step works: a folder of its own, and a copy of the flow file beside the flow file.

A kernel that is killed leaves its folders behind; the next isolated step removes them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spin_magic.errors import IsolatedError

DAY = 86400.0
HELD = "held"


class Place:
    """A private folder. It goes when nobody reads from it any more, and with the process.

    Attributes
    ----------
    root : Path
        The folder.
    datastore : Path
        What ``spin`` takes for its datastore in it.
    remove : callable
        Removes it at once.

    Raises
    ------
    IsolatedError
        It cannot be made.
    """

    def __init__(self) -> None:
        with _told("a temporary folder"):
            self._make(Path(tempfile.gettempdir()))

    def filled(self) -> contextlib.AbstractContextManager[None]:
        """Say in a sentence, for the time of the block, where there is no room for the inputs."""
        return _told(str(self.root))

    def _make(self, folder: Path) -> None:
        _sweep(folder, r"spin_isolated_(\d+)_\w+")
        self.root = Path(tempfile.mkdtemp(prefix=f"spin_isolated_{os.getpid()}_", dir=folder))
        # Held for as long as this process lives, whatever ends it.
        held = os.open(self.root / HELD, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
        self.datastore = self.root / ".metaflow_spin"
        # ``spin`` makes none where the settings name its place.
        self.datastore.mkdir()
        # Where the place of cards is set, Metaflow puts them beside the artifacts, and reads them below.
        (self.datastore / "mf.cards").symlink_to(".")
        self.log = self.root / "metaflow.log"
        self.orders = self.root / "orders.json"
        self.run_id = self.root / "run_id"
        self.remove = weakref.finalize(self, _remove, str(self.root), held, os.getpid())


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as ex:
        msg = (
            f"--isolated keeps the inputs of the step in {where}, which cannot be written to: "
            f"{ex.strerror or ex}. Free some room there, or set TMPDIR to another folder, or spin it here."
        )
        raise IsolatedError(msg) from ex


def _remove(path: str, held: int, maker: int) -> None:
    # A forked child that ends has the finalizers too.
    if os.getpid() == maker:
        shutil.rmtree(path, ignore_errors=True)
        os.close(held)


@contextmanager
def copy_beside(file: Path, text: bytes) -> Iterator[Path]:
    """Put a text beside a flow file for the time of the block.

    There it finds the modules and the data that the flow file finds. Its name is hidden, and no module's.

    Raises
    ------
    IsolatedError
        The folder cannot be written to.
    """
    _sweep(file.parent, rf"\.{re.escape(file.stem)}-spin-(\d+)-[0-9a-f]{{8}}\.py")
    copy = file.with_name(f".{file.stem}-spin-{os.getpid()}-{secrets.token_hex(4)}.py")
    try:
        copy.write_bytes(text)
    except OSError as ex:
        with contextlib.suppress(OSError):
            copy.unlink()
        msg = (
            f"--isolated puts a copy of {file.name} with the cell's text beside it for a moment, and "
            f"{file.parent} cannot be written to: {ex.strerror}. Save the step elsewhere, or spin it here."
        )
        raise IsolatedError(msg) from ex
    try:
        yield copy
    finally:
        with contextlib.suppress(FileNotFoundError):
            copy.unlink()


def _sweep(folder: Path, name: str) -> None:
    """Remove what kernels left that were killed, together with what watches over them."""
    known = re.compile(name)
    with contextlib.suppress(OSError):
        for each in os.scandir(folder):
            found = known.fullmatch(each.name)
            if not found or _alive(int(found[1])):
                continue
            # Where a folder is shared, a process that is not seen here may be another machine's.
            if not _let_go(Path(each.path, HELD)) and time.time() - each.stat().st_mtime < DAY:
                continue
            if each.is_dir(follow_symlinks=False):
                shutil.rmtree(each.path, ignore_errors=True)
            else:
                os.unlink(each.path)  # noqa: PTH108 -- a path of scandir's


def _let_go(path: Path) -> bool:
    """Tell whether a file was held by a process that is no more."""
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
