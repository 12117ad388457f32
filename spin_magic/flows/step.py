"""The text of a cell as a step: it means what the same text would mean inside the class."""

from __future__ import annotations
import __future__

import ast
import copy
import inspect
import linecache
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any, cast

from spin_magic.engine.prepare import step_function
from spin_magic.errors import CellError
from spin_magic.flows.load import function_node

if TYPE_CHECKING:
    from spin_magic.flows.load import FlowCode

LOCALS_HOOK = "__spin_magic_locals__"
_FUTURES: int = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})

NameFile = Callable[[str], str]


@dataclass(frozen=True)
class StepText:
    """A step as text.

    Attributes
    ----------
    node : ast.FunctionDef
        Its syntax, with line numbers that fit `source`.
    source : str
        The text to show for it, for example in a traceback. Line 1 stands for the magic's own line.
    whole : bool
        True where the cell held a whole ``def`` with decorators of its own.
    """

    node: ast.FunctionDef
    source: str
    whole: bool


def parse_cell(cell: str, step: str, arguments: tuple[str, ...] | None) -> StepText:
    """Parse the text of a cell, either the bare body of a step or a whole ``def``.

    Parameters
    ----------
    cell : str
        The text below the magic's line.
    step : str
        Name of the step.
    arguments : tuple of str or None
        Argument names of the step in the flow file; None for a new step.

    Returns
    -------
    StepText

    Raises
    ------
    CellError
        The cell is empty, does not parse, uses IPython's own syntax or ``await``, or defines
        something other than this step.
    """
    if not _has_code(cell):
        msg = f"The cell is empty: write the body of {step!r}, or use `%spin` to run it as it is in the file."
        raise CellError(msg)
    # Line 1 stands for the magic's own line, and holds what the text would stand under in the flow file.
    indented = _is_indented(cell)
    tree = _parse(f"if True:\n{cell}" if indented else f"\n{cell}", cell)
    body = tree.body[0].body if indented else tree.body  # type: ignore[attr-defined]
    definition = _definition(body, step)
    if definition is not None:
        _check_definition(definition, step, arguments)
        node, head, inside = definition, "class Flow:", 4
    else:
        node = _wrap_body(body, step, arguments or _guess_arguments(body))
        head, inside = f"    def {step}({', '.join(_names(node))}):", 8
    _refuse_await(node)
    shown = cell if indented else textwrap.indent(cell, " " * inside)
    if not indented:
        _shift(node, inside)
    return StepText(node, f"{head}\n{shown}", whole=bool(definition and definition.decorator_list))


def _shift(node: ast.AST, columns: int) -> None:
    for child in ast.walk(node):
        if hasattr(child, "col_offset"):
            child.col_offset += columns
            child.end_col_offset += columns  # type: ignore[attr-defined]


def _has_code(cell: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in cell.splitlines())


def _is_indented(cell: str) -> bool:
    first = next(line for line in cell.splitlines() if line.strip() and not line.strip().startswith("#"))
    return first[0] in " \t"


def _parse(text: str, cell: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as ex:
        lines = cell.splitlines()
        number = (ex.lineno or 2) - 1
        line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        if re.match(r"[!%?]|.*\?$", line) or re.search(r"=\s*[!%]", line):
            msg = (
                f"Line {number + 1} of the cell, `{line}`, is IPython's own syntax: `run` would not take it "
                "in a step. Use plain Python, for example subprocess.run, or put it into a cell of its own."
            )
        else:
            msg = f"The cell has a syntax error in line {number + 1}, `{line}`: {ex.msg}."
        raise CellError(msg) from None


def _definition(body: list[ast.stmt], step: str) -> ast.FunctionDef | None:
    found = [node for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    stepwise = [node for node in found if node.name == step and _names(node)[:1] == ["self"]] or [
        node for node in found if any("step" in ast.dump(d) for d in node.decorator_list)
    ]
    if len(body) > 1 and stepwise:
        msg = (
            f"The cell holds the def of {stepwise[0].name!r} and other statements beside it. "
            "Put these into the body or into the flow file: a class takes the def alone."
        )
        raise CellError(msg)
    if len(body) != 1 or not found:
        return None
    node = found[0]
    if isinstance(node, ast.AsyncFunctionDef):
        msg = (
            f"{node.name!r} is an async def: Metaflow's steps are not; call asyncio.run(...) inside the step."
        )
        raise CellError(msg)
    return node


def _check_definition(node: ast.FunctionDef, step: str, arguments: tuple[str, ...] | None) -> None:
    if node.name != step:
        msg = f"The cell defines {node.name!r}, but the magic's line says {step!r}: make them the same."
        raise CellError(msg)
    names = _names(node)
    if not names:
        msg = f"The def of {step!r} takes no argument: write `def {step}(self):`."
        raise CellError(msg)
    if arguments is not None and len(names) != len(arguments):
        was = f"def {step}({', '.join(arguments)})"
        here = f"def {step}({', '.join(names)})"
        msg = f"The cell's {here} differs from the flow's {was}: use the flow's arguments."
        raise CellError(msg)


def _names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]


def _guess_arguments(body: list[ast.stmt]) -> tuple[str, ...]:
    loads = {n.id for stmt in body for n in ast.walk(stmt) if isinstance(n, ast.Name)}
    return ("self", "inputs") if "inputs" in loads else ("self",)


def _wrap_body(body: list[ast.stmt], step: str, arguments: tuple[str, ...]) -> ast.FunctionDef:
    made: Any = ast.parse(f"def {step}({', '.join(arguments)}): pass").body[0]
    made.body = body
    made.end_lineno, made.end_col_offset = body[-1].end_lineno, body[-1].end_col_offset
    return cast("ast.FunctionDef", made)


def _refuse_await(function: ast.FunctionDef) -> None:
    for node in _own_nodes(function):
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
            msg = (
                f"Line {node.lineno} of the cell uses `await`: a step is an ordinary function: `run` would "
                "not take it. Call asyncio.run(...) instead."
            )
            raise CellError(msg)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield child
            yield from _own_nodes(child)


def owner_of(cls: Any, step: str) -> Any:
    """Give the class that defines a step: the one that ``super()`` in it starts from."""
    return next((base for base in cls.__mro__ if step in vars(base)), cls)


def build_from_cell(text: StepText, code: FlowCode, cls: Any, name_file: NameFile) -> FunctionType:
    """Make a function of a cell's text, as if it stood in the flow class.

    Parameters
    ----------
    text : StepText
        The parsed cell.
    code : FlowCode
        The flow, whose globals the step sees.
    cls : type
        The flow class as loaded.
    name_file : callable
        Registers a source text and gives the file name to compile it under.

    Returns
    -------
    function

    Raises
    ------
    CellError
        The text does not compile, or its decorators fail.
    """
    step = text.node.name
    existing = getattr(cls, step, None)
    namespace = existing.__globals__ if isinstance(existing, FunctionType) else code.module.__dict__
    try:
        return _build(text.node, name_file(text.source), namespace, owner_of(cls, step))
    except SyntaxError as ex:
        msg = f"Line {ex.lineno} of the cell: {ex.msg}."
        raise CellError(msg) from None
    except Exception as ex:
        msg = f"The decorators of {step!r} in the cell fail: {type(ex).__name__}: {ex}"
        raise CellError(msg) from ex


def build_from_file(function: FunctionType, cls: Any) -> FunctionType | None:
    """Make the function of a step once more, from the text of its file, so that its locals can be had.

    None where the text is not to be had; the step then runs as it was loaded.
    """
    node = function_node(function)
    if node is None:
        return None
    bare = ast.FunctionDef(**{**dict(ast.iter_fields(node)), "decorator_list": []})
    ast.copy_location(bare, node)
    # The source of a step, as a card shows it, begins with its decorators.
    bare.lineno = function.__code__.co_firstlineno
    owner = owner_of(cls, function.__name__)
    made = _build(bare, function.__code__.co_filename, function.__globals__, owner)
    return made if made.__code__.co_freevars == function.__code__.co_freevars else None


def _build(node: ast.FunctionDef, filename: str, namespace: dict[str, Any], owner: Any) -> FunctionType:
    hooked = ast.FunctionDef(**{**dict(ast.iter_fields(node)), "body": _with_hook(node.body)})
    ast.copy_location(hooked, node)
    holder = ast.parse(f"class {owner.__name__}: pass")
    holder.body[0].body = [hooked]  # type: ignore[attr-defined]
    compiled = compile(holder, filename, "exec", flags=_future_flags(owner), dont_inherit=True)
    body = next(constant for constant in compiled.co_consts if isinstance(constant, CodeType))
    scope = _ClassScope(owner)
    exec(body, namespace, scope)  # noqa: S102 -- the cell is code that the user runs
    cell = scope.get("__classcell__")
    if isinstance(cell, CellType):
        cell.cell_contents = owner
    made = step_function(scope[node.name])
    made.__module__ = owner.__module__
    return made


class _ClassScope(dict[str, Any]):
    """The namespace of a class body in which the names of the class are already there."""

    def __init__(self, owner: Any) -> None:
        super().__init__(__name__=owner.__module__)
        self._own = vars(owner)

    def __missing__(self, name: str) -> Any:
        if name.startswith("__"):
            raise KeyError(name)
        return self._own[name]


def _future_flags(owner: Any) -> int:
    for value in vars(owner).values():
        if isinstance(value, FunctionType):
            return value.__code__.co_flags & _FUTURES
    return 0


def with_inner_decorators(node: ast.FunctionDef, existing: FunctionType) -> ast.FunctionDef:
    """Give a bare body the decorators that stand below ``@step`` in the file: they wrap the body itself."""
    inner = inspect.unwrap(existing)
    if inner is existing:
        return node
    original = function_node(inner)
    names = (
        [ast.unparse(d).partition("(")[0].rpartition(".")[2] for d in original.decorator_list]
        if original
        else []
    )
    if original is None or "step" not in names:
        return node
    below = copy.deepcopy(original.decorator_list[names.index("step") + 1 :])
    for decorator in below:
        for part in ast.walk(decorator):
            if hasattr(part, "lineno"):
                ast.copy_location(part, node)
    made = ast.FunctionDef(**{**dict(ast.iter_fields(node)), "decorator_list": below})
    return ast.copy_location(made, node)


def _with_hook(body: list[ast.stmt]) -> list[ast.stmt]:
    """Report the local variables where the body returns; where it raises, the traceback has them.

    A ``try: ... finally:`` around the body would do both, but would move the line that debuggers and
    IPython take for the one that failed.
    """
    report = ast.parse(f"{LOCALS_HOOK}()").body
    for node in ast.walk(report[0]):
        ast.copy_location(node, body[-1])
    return [*(_HookReturns().visit(copy.deepcopy(statement)) for statement in body), *report]


class _HookReturns(ast.NodeTransformer):
    """Turns ``return x`` of the body itself into a return that reports first."""

    def visit_Return(self, node: ast.Return) -> ast.Return:
        call = ast.Call(ast.Name(LOCALS_HOOK, ast.Load()), [node.value] if node.value else [], [])
        for made in (call, call.func):
            ast.copy_location(made, node.value or node)
        return ast.copy_location(ast.Return(call), node)

    def _leave(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = _leave  # noqa: N815 -- ast's names


def name_in_linecache(label: str) -> NameFile:
    """Give a way to register source text outside IPython: under a made-up file name, in linecache."""

    def name_file(source: str) -> str:
        for old in [name for name in linecache.cache if name.startswith(f"<spin {label} ")]:
            del linecache.cache[old]
        filename = f"<spin {label} {hash(source) & 0xFFFFFFFF:08x}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        return filename

    return name_file
