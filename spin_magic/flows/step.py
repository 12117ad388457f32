"""Functions made of a step's text: they mean what the same text would mean inside the class."""

from __future__ import annotations
import __future__

import ast
import copy
import inspect
import linecache
from collections.abc import Callable
from types import CellType, CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from spin_magic.engine.prepare import step_function
from spin_magic.errors import CellError
from spin_magic.flows.cell import StepText
from spin_magic.flows.cell_texts import keep_for, keep_for_code
from spin_magic.flows.load import function_node

if TYPE_CHECKING:
    from spin_magic.flows.load import FlowCode

LOCALS_HOOK = "__spin_magic_locals__"
BLOCK_HOOK = "__spin_magic_block__"
_FUTURES: int = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})

NameFile = Callable[[str], str]


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
    code.local.claim(text.source)
    existing = getattr(cls, step, None)
    namespace = existing.__globals__ if isinstance(existing, FunctionType) else code.module.__dict__
    try:
        filename = name_file(text.source)
        owner = owner_of(cls, step)
        keep_for(filename, text)
        if filename not in linecache.cache:  # the last code of the same text went just now
            name_file(text.source)
        body = _compiled(text.node, filename, owner)
        keep_for_code(filename, body)
        return _made(body, namespace, owner, step)
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
    body = _compiled(bare, function.__code__.co_filename, owner)
    made = _made(body, function.__globals__, owner, function.__name__)
    return made if made.__code__.co_freevars == function.__code__.co_freevars else None


def _compiled(node: ast.FunctionDef, filename: str, owner: Any) -> CodeType:
    """Compile the body of a class that has this step alone."""
    hooked = ast.FunctionDef(**{**dict(ast.iter_fields(node)), "body": _with_hook(node.body)})
    ast.copy_location(hooked, node)
    holder = ast.parse(f"class {owner.__name__}: pass")
    holder.body[0].body = [hooked]  # type: ignore[attr-defined]
    compiled = compile(holder, filename, "exec", flags=_future_flags(owner), dont_inherit=True)
    return next(constant for constant in compiled.co_consts if isinstance(constant, CodeType))


def _made(body: CodeType, namespace: dict[str, Any], owner: Any, step: str) -> FunctionType:
    """Make the function of a compiled step."""
    scope = _ClassScope(owner)
    exec(body, namespace, scope)  # noqa: S102 -- the cell is code that the user runs
    cell = scope.get("__classcell__")
    if isinstance(cell, CellType):
        cell.cell_contents = owner
    made = step_function(scope[step])
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


def argument_names(node: ast.FunctionDef) -> tuple[str, ...]:
    """List the arguments of a step."""
    return tuple(argument.arg for argument in (*node.args.posonlyargs, *node.args.args))


def elsewhere(node: ast.FunctionDef) -> ast.FunctionDef:
    """Let a step hand its arguments over to where its body runs.

    The text stays in it, never run, so that all that reads the names of a step finds them.
    """
    arguments = ", ".join(argument_names(node))
    handed: Any = ast.parse(f"if {BLOCK_HOOK}({arguments}): pass").body[0]
    for part in ast.walk(handed):
        ast.copy_location(part, node.body[0])
    handed.body = node.body
    return ast.copy_location(ast.FunctionDef(**{**dict(ast.iter_fields(node)), "body": [handed]}), node)


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
        filename = f"<spin {label} {hash(source) & 0xFFFFFFFF:08x}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        return filename

    return name_file
