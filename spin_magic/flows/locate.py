"""FLOW, as the user wrote it -> the file and the class. Reads text; imports nothing."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from spin_magic.errors import FlowError, nearest
from spin_magic.flows.classes import (
    ClassText,
    FileText,
    class_names,
    find_class,
    flows_in,
    is_flow,
    read_file,
)
from spin_magic.flows.files import find_module, package_name, package_root, python_files, python_paths
from spin_magic.paths import is_file, is_folder, path_of
from spin_magic.printable import clip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FORMS = "Give it as FlowName, path/to/file.py, path/to/file.py:FlowName or package.module:FlowName."
_LISTED = 8


@dataclass(frozen=True)
class FlowRef:
    """Where a flow is.

    Attributes
    ----------
    name : str
        Name of the class.
    path : Path or None
        The flow file, absolute; None for a class that the notebook defines.
    cls : type or None
        The class, where the notebook itself defines it.
    module : str or None
        Dotted name, where the file lies in a package or was given as a module.
    line : int
        The ``class`` line in the file, or in the cell; 0 where that is not known.
    """

    name: str
    path: Path | None
    cls: type | None = None
    module: str | None = None
    line: int = 0


def find_flow(text: str, notebook: Mapping[str, object] | None = None, cwd: Path | None = None) -> FlowRef:
    """Find the flow that a text means.

    Parameters
    ----------
    text : str
        ``TrainFlow``, ``flows/train.py``, ``flows/train.py:TrainFlow`` or ``package.module:TrainFlow``.
    notebook : mapping of str to object, optional
        The notebook's names; a bare name is looked up among its flow classes first.
    cwd : Path, optional
        Where relative paths start and bare names are looked for. Default: the working directory.

    Returns
    -------
    FlowRef
        The file and the class.

    Raises
    ------
    FlowError
        If there is no such flow, or more than one.
    """
    cwd = Path(cwd or Path.cwd()).absolute()
    where, colon, name = text.strip().rpartition(":")
    if colon and not (where and name.isidentifier()):
        raise FlowError(f"{text!r} does not name a flow. {_FORMS}")
    if not colon:
        where, name = text.strip(), ""
    if where.endswith(".py") or "/" in where or "\\" in where:
        return _in_file(_existing(where, cwd), name, cwd)
    if colon:
        return _in_module(where, name, cwd)
    if not where.isidentifier():
        raise FlowError(f"{text!r} does not name a flow. {_FORMS}{_module_hint(where)}")
    return _in_notebook(where, notebook or {}, cwd) or _below(where, notebook or {}, cwd)


def flows_below(cwd: Path) -> Iterator[tuple[Path, ClassText]]:
    """Go through the flows in the files below a folder, by parsing; the files as `python_files` has them."""
    for path in python_files(cwd):
        if class_names(str(path)):
            for text in flows_in(read_file(path), _roots(path, cwd)):
                yield path, text


def flow_classes(notebook: Mapping[str, object]) -> list[str]:
    """List the names under which a notebook has flow classes."""
    return [name for name, value in list(notebook.items()) if _flow_class(value)]


def _in_notebook(name: str, notebook: Mapping[str, object], cwd: Path) -> FlowRef | None:
    cls = _flow_class(notebook.get(name))
    if cls is None:
        return None
    if cls.__module__ == "__main__":
        return FlowRef(cls.__name__, None, cls=cls, line=_first_line(cls))
    file = getattr(sys.modules.get(cls.__module__), "__file__", None) or _code_file(cls)
    if not file.endswith(".py"):
        return None
    return _in_file(_existing(file, cwd), cls.__name__, cwd)


def _flow_class(value: object) -> type | None:
    # By type alone: any other question may run the code of what the notebook's names stand for.
    mutator = any(base.__name__ == "FlowMutator" for base in type(value).__mro__)
    # A flow under a FlowMutator is an instance of the mutator that holds the class.
    cls: Any = getattr(value, "_flow_cls", None) if mutator else value
    if not issubclass(type(cls), type):
        return None
    bases = [(base.__name__, base.__module__.partition(".")[0]) for base in cls.__mro__[1:]]
    return cls if ("FlowSpec", "metaflow") in bases else None


def _codes(cls: type) -> list[CodeType]:
    return [value.__code__ for value in vars(cls).values() if isinstance(value, FunctionType)]


def _code_file(cls: type) -> str:
    return next((code.co_filename for code in _codes(cls)), "")


def _first_line(cls: type) -> int:
    first = min((code.co_firstlineno for code in _codes(cls)), default=0)
    return int(getattr(cls, "__firstlineno__", first))


def _existing(where: str, cwd: Path) -> Path:
    path = cwd / path_of(where)
    if is_file(path):
        return path
    if is_folder(path):
        raise FlowError(f"{where} is a folder; name a flow file in it, as in {Path(where) / 'flow.py'}.")
    names = [_shown(file, cwd) for file in python_files(cwd)]
    raise FlowError(f"There is no file {where} in {cwd}.{nearest(where, names)}")


def _in_file(path: Path, name: str, cwd: Path, module: str | None = None) -> FlowRef:
    """Find the flow in a file: the named one, or the only one."""
    roots = module_roots(path, cwd)
    file, shown = _parsed(path, cwd), _shown(path, cwd)
    if name:
        found = find_class(file, name, roots)
        if found is None:
            names = [text.name for text in flows_in(file, roots)]
            has = f"; its flows are {', '.join(names)}" if names else ", nor any flow"
            raise FlowError(f"There is no flow {name} in {shown}{has}.{nearest(name, names)}")
        if not is_flow(*found, roots):
            raise FlowError(f"The class {name} in {shown} is not a flow: it does not inherit from FlowSpec.")
        return _ref(*found, module if found[0] is file else None)
    flows = flows_in(file, roots)
    if not flows:
        raise FlowError(f"There is no flow in {shown}: no class in it inherits from FlowSpec.")
    if len(flows) > 1:
        names = [text.name for text in flows]
        raise FlowError(
            f"There are {len(flows)} flows in {shown}: {', '.join(names)}."
            f" Choose one, as in {shown}:{names[0]}."
        )
    return _ref(file, flows[0], module)


def _in_module(dotted: str, name: str, cwd: Path) -> FlowRef:
    path = find_module(dotted, [cwd, *(cwd / entry for entry in sys.path)]) or _installed(dotted)
    if path is None:
        hint = " For a file, write path/to/file.py:FlowName." if "." not in dotted else ""
        raise FlowError(f"There is no Python module {dotted} in {cwd} or on sys.path.{hint}")
    return _in_file(path, name, cwd, dotted)


def _installed(dotted: str) -> Path | None:
    """Ask the import system, which knows editable installs, for the top package: that imports nothing."""
    top, _, rest = dotted.partition(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if rest:
        return find_module(rest, [Path(folder) for folder in spec.submodule_search_locations or []])
    return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None


def _below(name: str, notebook: Mapping[str, object], cwd: Path) -> FlowRef:
    """Find the one flow of that name in the files below the working directory."""
    found: list[tuple[FileText, ClassText]] = []
    others: list[str] = []
    broken: list[FileText] = []
    for path in python_paths(cwd):
        if name not in class_names(path):
            continue
        file = read_file(Path(path))
        if file.error:
            broken.append(file)
        elif name in file.classes:
            if is_flow(file, file.classes[name], _roots(file.path, cwd)):
                found.append((file, file.classes[name]))
            else:
                others.append(_shown(file.path, cwd))
    if len({file.path.resolve() for file, _ in found}) > 1:
        places = " and ".join(f"{_shown(file.path, cwd)}:{name}" for file, _ in found)
        raise FlowError(f"There are {len(found)} flows {name}: {places}. Write one of these instead.")
    if found:
        return _ref(*found[0], None)
    if broken:
        _parsed(broken[0].path, cwd)
    if others:
        raise FlowError(f"The class {name} in {others[0]} is not a flow: it does not inherit from FlowSpec.")
    raise FlowError(_unknown(name, notebook, cwd))


def _unknown(name: str, notebook: Mapping[str, object], cwd: Path) -> str:
    flows = [f"{key} (in this notebook)" for key in flow_classes(notebook)]
    flows += [f"{text.name} ({_shown(path, cwd)})" for path, text in flows_below(cwd)]
    if not flows:
        return f"There is no flow {name} in this notebook, nor any flow below {cwd}. {_FORMS}"
    near = nearest(name, [flow.partition(" ")[0] for flow in flows])
    stems = [place.strip("()") for _, _, place in (flow.partition(" ") for flow in flows)]
    near = near or (f" Did you mean {name}.py?" if f"{name}.py" in stems else "")
    more = f" and {len(flows) - _LISTED} more" if len(flows) > _LISTED else ""
    listed = f"{', '.join(flows[:_LISTED])}{more}"
    return f"There is no flow {name} in this notebook or below {cwd}.{near} The flows there are: {listed}."


def _parsed(path: Path, cwd: Path) -> FileText:
    try:
        file = read_file(path)
    except OSError as ex:
        raise FlowError(f"{_shown(path, cwd)} cannot be read: {ex.strerror or ex}.") from None
    if file.error:
        line = f", line {file.error.lineno}" if file.error.lineno else ""
        text = (file.error.text or "").strip()
        said = f": {clip(text, 120)}" if text else ""
        raise FlowError(f"Syntax error in {_shown(path, cwd)}{line}: {file.error.msg}{said}")
    return file


def _ref(file: FileText, text: ClassText, module: str | None) -> FlowRef:
    in_package = (file.path.parent / "__init__.py").is_file()
    module = module or (package_name(file.path) if in_package else None)
    return FlowRef(text.name, file.path, module=module, line=text.line)


def module_roots(path: Path, cwd: Path) -> list[Path]:
    """List the folders in which a flow file finds the modules that it imports."""
    return [*_roots(path, cwd), *(cwd / entry for entry in sys.path)]


def _roots(path: Path, cwd: Path) -> list[Path]:
    return list(dict.fromkeys([package_root(path), path.parent, cwd]))


def _shown(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)


def _module_hint(where: str) -> str:
    module, _, name = where.rpartition(".")
    return f" Did you mean {module}:{name}?" if module and name.isidentifier() else ""
