"""What the text of a flow says of its steps and parameters: by parsing, never by importing."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spin_magic.flows.classes import dotted, lineage, parse_quietly, read_file
from spin_magic.flows.leads import Leads, leads
from spin_magic.flows.locate import module_roots
from spin_magic.kept import Kept

if TYPE_CHECKING:
    from spin_magic.flows.locate import FlowRef

_PARAMETERS = ("Parameter", "IncludeFile")
_FILES = 64


@dataclass(frozen=True)
class StepOutline:
    """What the text of a step says of it.

    Attributes
    ----------
    doc : str
        The first line of its docstring.
    leads : Leads
        Where it leads.
    join : bool
        Does it take inputs.
    cards : tuple of (str, str)
        Type and id of each card, empty where the text does not name one.
    """

    doc: str
    leads: Leads
    join: bool
    cards: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Outline:
    """What the text of a flow says of it, of the classes that it inherits from too.

    Attributes
    ----------
    steps : mapping of str to StepOutline
        Its steps, in the order of the text.
    parameters, configs : mapping of str to str
        Their names on the command line, and their help.
    """

    steps: dict[str, StepOutline] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)

    def in_order(self) -> list[str]:
        """List the steps as they lead to each other, from the first on."""
        led_to = {to for name, step in self.steps.items() for to in step.leads.to if to != name}
        order = [name for name in self.steps if name not in led_to]
        for name in order:  # it grows
            order += [to for to in self.steps[name].leads.to if to in self.steps and to not in order]
        return list(dict.fromkeys([*order, *self.steps]))

    def inherit(self, other: Outline) -> None:
        """Take what another outline has and this one lacks."""
        for name, step in other.steps.items():
            self.steps.setdefault(name, step)
        for own, above in ((self.parameters, other.parameters), (self.configs, other.configs)):
            for name, said in above.items():
                own.setdefault(name, said)


def outline(ref: FlowRef, cwd: Path) -> Outline:
    """Read the text of a flow.

    Parameters
    ----------
    ref : FlowRef
        Which flow. One that the notebook defines is read from its class.
    cwd : Path
        Working directory, from which modules may be imported.

    Returns
    -------
    Outline
        As far as the text can be read.
    """
    if ref.path is None:
        return _of_class(ref.cls)
    file = read_file(ref.path)
    text = file.classes.get(ref.name)
    found = Outline()
    for at, each in lineage(file, text, module_roots(ref.path, cwd)) if text else ():
        found.inherit(_classes.get(str(at.path)).get(each.name, found))
    return found


def _of_class(cls: Any) -> Outline:
    from metaflow import Config, Parameter  # noqa: PLC0415 -- loaded already where there is a class

    from spin_magic.engine.graph import graph_of  # noqa: PLC0415 -- the same

    hows = {"foreach": "foreach", "split-switch": "switch"}
    steps = {
        name: StepOutline(
            _first_line(node.doc), Leads(node.next, hows.get(node.type, "")), node.joins is not None
        )
        for name, node in graph_of(cls).nodes.items()
    }
    found = Outline(steps)
    for base in cls.__mro__:
        for value in vars(base).values():
            if isinstance(value, Parameter):
                known = found.configs if isinstance(value, Config) else found.parameters
                known.setdefault(str(value.name), str(value.kwargs.get("help") or ""))
    return found


def _read_classes(file: str) -> dict[str, Outline]:
    path = Path(file)
    imports = read_file(path).imports
    tree = parse_quietly(importlib.util.decode_source(path.read_bytes()))
    return {node.name: _of_text(node, imports) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _of_text(owner: ast.ClassDef, imports: Mapping[str, str]) -> Outline:
    found = Outline()
    for node in owner.body:
        if isinstance(node, ast.FunctionDef) and "step" in _decorators(node, imports):
            found.steps[node.name] = StepOutline(
                doc=_first_line(ast.get_docstring(node) or ""),
                leads=leads(node),
                join=len(node.args.args) > 1,
                cards=tuple(_cards(node, imports)),
            )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Call):
            kind, words = _last(value.func, imports), _constants(value)
            known = found.configs if kind == "Config" else found.parameters
            if kind in (*_PARAMETERS, "Config") and words.get("name"):
                known[words["name"]] = words.get("help", "")
    return found


def _decorators(node: ast.FunctionDef, imports: Mapping[str, str]) -> list[str]:
    return [_last(decorator, imports) for decorator in node.decorator_list]


def _cards(node: ast.FunctionDef, imports: Mapping[str, str]) -> list[tuple[str, str]]:
    calls = [each for each in node.decorator_list if _last(each, imports) == "card"]
    words = [_constants(each) if isinstance(each, ast.Call) else {} for each in calls]
    return [(each.get("type", "default"), each.get("id", "")) for each in words]


def _constants(call: ast.Call) -> dict[str, str]:
    """Give the arguments of a call that are text, the first of all as ``name``."""
    given = {keyword.arg or "": keyword.value for keyword in call.keywords}
    given |= {"name": call.args[0]} if call.args else {}
    return {
        name: value.value
        for name, value in given.items()
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }


def _last(node: ast.expr, imports: Mapping[str, str]) -> str:
    return dotted(node, imports).rpartition(".")[2]


def _first_line(doc: str) -> str:
    return doc.strip().partition("\n")[0]


_classes = Kept(_read_classes, _FILES)
