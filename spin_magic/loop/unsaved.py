"""Steps whose text was spun well here, and is not the text of the flow file."""

from __future__ import annotations

import ast
import inspect

from spin_magic.engine.prepare import step_function
from spin_magic.errors import CellError
from spin_magic.flows.cell import parse_cell
from spin_magic.flows.load import FlowCode, function_node
from spin_magic.loop import session, texts


def unsaved(code: FlowCode) -> list[str]:
    """List the steps of a flow whose last good cell is not saved, and not what the flow file has now.

    Texts that mean the same are the same: comments, blank lines and the docstring do not count.

    Parameters
    ----------
    code : FlowCode
        The flow, as loaded from the file as it is now.
    """
    here = session.key(code, "")[:2]
    waiting = {
        where[2]: text.good for where, text in texts.known().items() if where[:2] == here and text.waiting
    }
    return [step for step, good in waiting.items() if good is not None and _differs(code, step, good)]


def spun_otherwise(code: FlowCode, step: str) -> bool:
    """Tell whether the last good spin of a step ran another text than the flow file has now."""
    spun = session.last(session.key(code, step))
    body = spun.request.body if spun and spun.request else None
    return body is not None and _differs(code, step, body)


def _differs(code: FlowCode, step: str, body: str) -> bool:
    existing = getattr(code.cls, step, None)
    if not hasattr(existing, "is_step"):
        return True
    function = step_function(existing)
    in_file = function_node(inspect.unwrap(function))
    if in_file is None:
        return True
    try:
        text = parse_cell(body, step, tuple(inspect.signature(function).parameters))
    except CellError:
        return True
    # A bare body runs under the decorators that the file has.
    decorators = [[ast.dump(d) for d in node.decorator_list] for node in (text.node, in_file)]
    return _dumped(text.node) != _dumped(in_file) or (text.whole and decorators[0] != decorators[1])


def _dumped(node: ast.FunctionDef) -> list[str]:
    body = node.body
    if ast.get_docstring(node) is not None and len(body) > 1:
        body = body[1:]
    return [ast.dump(statement) for statement in body]
