"""A flow file as it stands on the disk: its bytes, and the text that they are."""

from __future__ import annotations

import ast
import codecs
import dataclasses
import errno
import functools
import hashlib
import io
import os
import stat
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spin_magic.errors import SaveError
from spin_magic.paths import LARGEST
from spin_magic.writing.lines import Kind, Token, kinds, scan, split_lines
from spin_magic.writing.tree import parse


@dataclass(frozen=True)
class Stamp:
    """What tells one state of a file from another."""

    inode: int
    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """A flow file as it was read.

    Attributes
    ----------
    path : Path
        As the caller named it, made absolute.
    target : Path
        The file itself, where the path leads to it over links.
    text : str
        The text, with each line's own ending and without a byte order mark.
    encoding : str
        The encoding that the file declares, UTF-8 where it declares none.
    bom : bytes
        Its byte order mark, or nothing.
    stamp : Stamp
        Its identity when it was read.
    mode : int
        Its permissions.
    """

    path: Path
    target: Path
    text: str
    encoding: str
    bom: bytes
    stamp: Stamp
    mode: int

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self.path.name

    @property
    def is_link(self) -> bool:
        """Whether the path is a link to the file."""
        return self.path.is_symlink()

    @property
    def writable(self) -> bool:
        """Whether the file is for this user to write. Root may write all, but here heeds its mode."""
        return bool(self.mode & 0o222) and os.access(self.target, os.W_OK)

    @functools.cached_property
    def data(self) -> bytes:
        """The bytes of the text: those of the file."""
        return self.encode(self.text)

    @functools.cached_property
    def lines(self) -> list[str]:
        """The lines of the text, each with its ending."""
        return split_lines(self.text)

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The syntax of the text.

        Raises
        ------
        SaveError
            It does not parse.
        """
        try:
            return parse(self.text)
        except SyntaxError as ex:
            where = f" in line {ex.lineno}" if ex.lineno else ""
            msg = f"{self.name} has a syntax error{where}, put it right first: {ex.msg}."
            raise SaveError(msg) from None

    @functools.cached_property
    def tokens(self) -> list[Token]:
        """The tokens of the text."""
        return scan(self.lines)

    @functools.cached_property
    def kinds(self) -> Sequence[Kind]:
        """What each line begins in."""
        return kinds(self.lines, self.tokens)

    def with_text(self, text: str) -> Source:
        """Give the same file with another text, for a second change before the first is written."""
        return dataclasses.replace(self, text=text)

    def encode(self, text: str) -> bytes:
        """Give the bytes of a text in this file's encoding.

        Raises
        ------
        SaveError
            The text has a character that the encoding lacks.
        """
        try:
            return self.bom + text.encode(self.encoding)
        except UnicodeEncodeError as ex:
            line = len(split_lines(text[: ex.start + 1]))
            msg = (
                f"Line {line} of the new {self.name} has {text[ex.start]!r}, which the file's encoding "
                f"{self.encoding} lacks: write it as an escape, or change the file's encoding."
            )
            raise SaveError(msg, text) from None


def read(path: str | os.PathLike[str]) -> Source:
    """Read a flow file such that its text gives back its bytes.

    Raises
    ------
    SaveError
        It is not there, is no file, may not be read, or is not text in the encoding that it declares.
    """
    path = Path(path).absolute()  # the working directory may be another one when the file is written
    try:
        target = path.resolve(strict=True)
        _refuse_special(path, target)
        with target.open("rb") as stream:
            state = os.fstat(stream.fileno())
            data = stream.read()
    except (OSError, RuntimeError) as ex:  # RuntimeError: a loop of links, before Python 3.13
        raise SaveError(_why_unreadable(path, ex)) from None
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    encoding = _encoding(path, data)
    try:
        text = data[len(bom) :].decode(encoding)
    except UnicodeDecodeError as ex:
        line = data[: ex.start].count(b"\n") + 1
        msg = f"Line {line} of {path.name} is not {encoding}: save the file in the encoding that it declares."
        raise SaveError(msg) from None
    except (LookupError, UnicodeError) as ex:  # `coding: rot13`, `coding: undefined`
        raise SaveError(f"{path.name} declares an encoding that is none of text: {ex}.") from None
    stamp = Stamp(state.st_ino, len(data), state.st_mtime_ns, hashlib.sha256(data).hexdigest())
    source = Source(path, target, text, encoding, bom, stamp, stat.S_IMODE(state.st_mode))
    if not _gives_back(text, encoding, data[len(bom) :]):
        msg = f"{path.name} is in {encoding}, which gives back other bytes: save it as UTF-8 first."
        raise SaveError(msg)
    return source


def _gives_back(text: str, encoding: str, data: bytes) -> bool:
    try:
        return text.encode(encoding) == data
    except UnicodeError:
        return False


def unsaved_source(name: str, text: str) -> Source:
    """Give a text that is no file's, as a cell's is, so that it is changed as a file is.

    Parameters
    ----------
    name : str
        What to call it in messages.
    text : str
        The text.
    """
    path, digest = Path(name), hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Source(path, path, text, "utf-8", b"", Stamp(0, len(text), 0, digest), 0)


def _refuse_special(path: Path, target: Path) -> None:
    # Opening a pipe would wait for a writer.
    status = target.stat()
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        msg = f"{path} is no ordinary file: save the flow in one."
        raise SaveError(msg)
    if status.st_size > LARGEST:
        msg = f"{path} is larger than {LARGEST // 2**20} MB, which no flow file is."
        raise SaveError(msg)


def _why_unreadable(path: Path, ex: Exception) -> str:
    if isinstance(ex, FileNotFoundError):
        leads = f" It is a link to {path.readlink()}." if path.is_symlink() else ""
        return f"{path} is gone: it was moved or deleted.{leads}"
    if isinstance(ex, IsADirectoryError):
        return f"{path} is a folder: name the flow file in it."
    if isinstance(ex, RuntimeError) or getattr(ex, "errno", None) == errno.ELOOP:
        return f"{path} is a link that leads back to itself."
    return f"{path} cannot be read: {getattr(ex, 'strerror', ex)}."


def _encoding(path: Path, data: bytes) -> str:
    try:
        # Python takes a lone carriage return for the end of a line, `detect_encoding` does not.
        lines = io.BytesIO(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        encoding, _ = tokenize.detect_encoding(lines.readline)
    except SyntaxError as ex:
        msg = f"{path.name} declares an encoding that Python does not know: {ex.msg}."
        raise SaveError(msg) from None
    return "utf-8" if encoding == "utf-8-sig" else encoding
