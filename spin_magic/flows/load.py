"""A flow's code, loaded afresh whenever its text or that of a module beside it has changed."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import linecache
import os
import pickle
import sys
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from metaflow.tuple_util import ForeachFrame

from spin_magic.engine.companions import end_child
from spin_magic.engine.prepare import flow_class, is_flow_class
from spin_magic.engine.process import changes, look, make
from spin_magic.engine.state import RandomStates, random_states, restore_random_states, same_folder
from spin_magic.errors import FlowError
from spin_magic.flows.classes import parse_quietly
from spin_magic.flows.local_modules import LocalModules
from spin_magic.flows.module_state import module_state, same_state
from spin_magic.interrupts import patient
from spin_magic.printable import said_by

if TYPE_CHECKING:
    from spin_magic.flows.locate import FlowRef


class FlowCode:
    """A loaded flow.

    Attributes
    ----------
    cls : type
        The flow class, as it was defined.
    module : module
        Where it was defined: the globals of its steps.
    path : Path or None
        Its file; None for a class of the notebook.
    spoiled : bool
        True once a step has changed the state of its modules: they are then loaded afresh.
    variants : dict
        Set-ups of the class, kept by whoever makes them for as long as the text stays the same.
    """

    def __init__(
        self, cls: Any, module: ModuleType, path: Path | None, text: str, local: LocalModules
    ) -> None:
        self.cls = cls
        self.module = module
        self.path = path
        self.text = text
        self.variants: dict[Any, Any] = {}
        self.spoiled = False
        self.random_states: RandomStates | None = None
        self.local = local
        self._depth = 0

    @property
    def label(self) -> str:
        """What to call the place where the flow is defined."""
        return self.path.name if self.path else "the notebook"

    def is_stale(self) -> bool:
        """Tell whether its text, or that of a module that it imported, has changed."""
        if self.path is None or self.spoiled:
            return self.spoiled
        try:
            return read_text(self.path) != self.text or self.local.is_stale()
        except (OSError, SyntaxError, ValueError, LookupError):  # as `_load_file`
            return True

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Notice when a step changes module globals: the next spin must find them as a new process would."""
        if self.path is None:
            yield
            return
        modules = [self.module, *self.local.values()]
        before = module_state(modules)
        try:
            yield
        finally:
            self.spoiled = self.spoiled or not same_state(before, module_state(modules))

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make the process look as in a run of the flow file: it is ``__main__``, its helpers are importable.

        Artifacts of classes that the flow file defines are stored as ``__main__.Name``, so this holds
        while artifacts are pickled or unpickled, too.
        """
        if self._depth:
            yield
            return
        with patient():
            yield from self._as_in_a_run()

    def _as_in_a_run(self) -> Iterator[None]:
        self._depth += 1
        frame = self.module.__dict__.get("ForeachFrame")
        main, argv = sys.modules["__main__"], list(sys.argv)
        self.module.__dict__.setdefault("ForeachFrame", ForeachFrame)
        sys.modules["__main__"] = self.module
        try:
            with same_folder():
                if self.path is None:
                    yield
                else:
                    sys.argv[:] = [str(self.path)]
                    with self.local.installed():
                        yield
        finally:
            self._depth -= 1
            sys.modules["__main__"] = main
            sys.argv[:] = argv
            if frame is None:
                self.module.__dict__.pop("ForeachFrame", None)


def import_root(path: Path, module: ModuleType) -> Path:
    """Give the folder that ``sys.path`` begins with when the flow runs."""
    depth = module.__name__.count(".")
    return path.resolve().parents[depth]


def read_text(path: Path) -> str:
    """Read a Python file in the encoding that it declares."""
    with tokenize.open(path) as stream:
        return stream.read()


_codes: dict[tuple[Path, str], FlowCode] = {}


def load(ref: FlowRef, cwd: Path) -> FlowCode:
    """Load a flow, or give the one loaded before where no text has changed.

    Parameters
    ----------
    ref : FlowRef
        Which flow.
    cwd : Path
        Working directory: modules below it count as the flow's own.

    Returns
    -------
    FlowCode

    Raises
    ------
    FlowError
        The file cannot be read or run, or the class is not in it.
    """
    if ref.path is None:
        return _of_notebook(ref.cls)
    path = ref.path.resolve()
    known = _codes.get((path, ref.name))
    if known is not None and not known.is_stale():
        return known
    siblings = (code for (other, _), code in _codes.items() if other == path)
    code = next((code for code in siblings if not code.is_stale()), None) or _load_file(ref, path, cwd)
    states = code.random_states
    _codes[path, ref.name] = code = FlowCode(
        _pick(code.module, ref.name, path), code.module, path, code.text, code.local
    )
    code.random_states = states
    return code


def _pick(module: ModuleType, name: str, path: Path) -> Any:
    found = flow_class(module.__dict__.get(name))
    if not is_flow_class(found):
        msg = f"{name} in {path.name} is not a flow: derive it from metaflow.FlowSpec."
        raise FlowError(msg)
    return found


@functools.lru_cache(maxsize=8)
def _of_notebook(cls: Any) -> FlowCode:
    module = sys.modules[cls.__module__]
    return FlowCode(cls, module, None, "", LocalModules([]))


def _load_file(ref: FlowRef, path: Path, cwd: Path) -> FlowCode:
    try:
        text = read_text(path)
    except (OSError, SyntaxError, ValueError, LookupError) as ex:  # LookupError: `coding: rot13`
        msg = f"{path.name} cannot be read: {ex}"
        raise FlowError(msg) from None
    module = ModuleType(ref.module or path.stem)
    module.__file__ = str(path)
    module.__package__ = module.__name__.rpartition(".")[0]
    local = LocalModules([import_root(path, module), path.parent, cwd], text)
    code = FlowCode(None, module, path, text, local)
    linecache.cache.pop(str(path), None)
    code.random_states = _execute_apart(code)
    if module.__package__:
        local.add(module.__name__, module)
    else:
        _claim_for_main(module)
    return code


def _execute_apart(code: FlowCode) -> RandomStates | None:
    """Load the module, and give the states of the random generators where it seeds them itself."""
    if "seed(" in code.text and "numpy" in code.text:
        with contextlib.suppress(ImportError):
            importlib.import_module("numpy")
    before = random_states()
    _execute(code)
    after = random_states()
    same = all(pickle.dumps(after[name]) == pickle.dumps(state) for name, state in before.items())
    restore_random_states(before)
    return None if same else after


def _execute(code: FlowCode) -> None:
    module, path = code.module, Path(str(code.path))
    try:
        compiled = compile(code.text, str(path), "exec", dont_inherit=True)
    except SyntaxError as ex:
        msg = f"{path.name} has a syntax error in line {ex.lineno}: {ex.msg}"
        raise FlowError(msg) from None
    name = module.__name__
    with _kept(name), code.active(), _set_up(code):
        try:
            if module.__package__:
                importlib.import_module(module.__package__)
            with _imported_as(name, module), code.local.opened.noted():
                exec(compiled, module.__dict__)  # noqa: S102 -- a flow file is code that the user runs
            code.local.keep_settings()
        except SystemExit:
            msg = (
                f"{path.name} ends the process while it is loaded: put what starts the flow under "
                "`if __name__ == '__main__':`."
            )
            raise FlowError(msg) from None
        except KeyboardInterrupt:
            raise
        except BaseException as ex:
            line = _line_in(ex, str(path))
            where = f" (line {line})" if line else ""
            msg = f"{path.name} cannot be loaded: {type(ex).__name__}: {said_by(ex)}{where}"
            raise FlowError(msg) from ex


@contextmanager
def _set_up(code: FlowCode) -> Iterator[None]:
    """Have each step find the process as the load leaves it; the notebook does not."""
    before, process_id = look(), os.getpid
    process = process_id()
    try:
        yield
    finally:
        if process_id() != process:
            end_child()
        after = look()
        code.local.set_up = changes(before, after)
        make(changes(after, before))


@contextmanager
def _kept(name: str) -> Iterator[None]:
    kept = sys.modules.get(name)
    try:
        yield
    finally:
        if kept is not None:
            sys.modules[name] = kept


@contextmanager
def _imported_as(name: str, module: ModuleType) -> Iterator[None]:
    sys.modules[name] = module
    try:
        yield
    finally:
        sys.modules.pop(name, None)


def _line_in(ex: BaseException, filename: str) -> int | None:
    line, traceback = None, ex.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == filename:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def _claim_for_main(module: ModuleType) -> None:
    # In a run the flow file is __main__: its classes are pickled under that name.
    pending = list(module.__dict__.values())
    while pending:
        value = pending.pop()
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if issubclass(type(value), type):
            value.__module__ = "__main__"
            pending.extend(vars(value).values())
        elif callable(value):
            with contextlib.suppress(AttributeError, TypeError):
                value.__module__ = "__main__"
    module.__name__ = "__main__"


@functools.lru_cache(maxsize=64)
def syntax_tree(text: str) -> ast.Module:
    """Parse the text of a flow file, once for the same text."""
    return parse_quietly(text)


def function_node(function: Any) -> ast.FunctionDef | None:
    """Find the syntax of a function from where it was compiled; None where its text is not to be had."""
    code = function.__code__
    text = "".join(linecache.getlines(code.co_filename)) or _read_or_empty(code.co_filename)
    # The text that stands for a cell is indented, as it would be inside its class.
    above = text.startswith((" ", "\t"))
    try:
        tree = syntax_tree(f"if True:\n{text}" if above else text)
    except SyntaxError:
        return None
    for node in _functions(tree):
        if node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if code.co_firstlineno in (first - above, node.lineno - above):
                return node
    return None


@functools.lru_cache(maxsize=64)
def _functions(tree: ast.Module) -> tuple[ast.FunctionDef, ...]:
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _read_or_empty(filename: str) -> str:
    return read_text(Path(filename)) if Path(filename).is_file() else ""
