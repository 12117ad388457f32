"""A flow class as Metaflow's command line would set it up: configs, mutators and decorators applied.

The class as it was loaded stays untouched. Metaflow's set-up changes classes, functions, parameters
and decorators in place and only once, so each set-up gets copies of them.
"""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

from metaflow import decorators, lint, parameters
from metaflow._vendor import click
from metaflow.exception import MetaflowException
from metaflow.flowspec import FlowSpec, FlowSpecMeta, FlowStateItems
from metaflow.includefile import FilePathClass
from metaflow.metaflow_config import SPIN_ALLOWED_DECORATORS, SPIN_DISALLOWED_DECORATORS
from metaflow.metaflow_environment import MetaflowEnvironment
from metaflow.parameters import Parameter

from spin_magic.engine.configs import Configs, config_values, read_configs, stored_form
from spin_magic.engine.included import read_file
from spin_magic.engine.linking import After, link
from spin_magic.engine.stand_ins import NoMetadata, silent
from spin_magic.errors import FlowError, SpinError
from spin_magic.printable import said_by

# These choose the interpreter that a task runs in, which in a kernel is settled.
INTERPRETER_DECORATORS = frozenset({"conda", "pypi", "conda_base", "pypi_base", "conda_env_internal", "uv"})
# @card has its own way in the kernel; @secrets the command line's spin leaves out.
HONOURED = (frozenset(SPIN_ALLOWED_DECORATORS) | {"secrets"}) - INTERPRETER_DECORATORS - {"card"}
REFUSED = frozenset(SPIN_DISALLOWED_DECORATORS)


@dataclass(eq=False)
class Prepared:
    """A flow class that is ready for its steps to run.

    Attributes
    ----------
    cls : type
        The class.
    ignored : dict of str to list of str
        For each step, the decorators that a run applies and a spin does not.
    configs : dict of str to object
        Values of configs that the caller gave explicitly, by attribute name.
    """

    cls: Any
    ignored: dict[str, list[str]] = field(default_factory=dict)
    configs: dict[str, Any] = field(default_factory=dict)


def is_flow_class(value: object) -> bool:
    """Tell whether a value is a flow class that a user wrote."""
    return isinstance(value, FlowSpecMeta) and value is not FlowSpec


def flow_class(value: object) -> Any:
    """Give the flow class behind a name: a bare flow mutator puts an instance of itself there."""
    return value if isinstance(value, type) else getattr(value, "_flow_cls", value)


def step_function(value: Any) -> FunctionType:
    """Give the function behind a step: a bare user decorator puts an instance of itself there."""
    return getattr(value, "_my_step", value)  # type: ignore[no-any-return]


def step_names(cls: Any) -> list[str]:
    """List the steps of a flow class in topological order, unreachable ones last."""
    return list(dict.fromkeys([*cls._graph.sorted_nodes, *cls._graph.nodes]))


def copy_step(function: FunctionType, like: FunctionType) -> FunctionType:
    """Copy a function as a step, with the attributes of another step and decorators of its own."""
    made = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__qualname__, made.__module__, made.__doc__ = (
        function.__qualname__,
        function.__module__,
        function.__doc__,
    )
    made.__dict__.update(like.__dict__)
    for kind in ("decorators", "wrappers", "config_decorators"):
        setattr(made, kind, [copy.copy(decorator) for decorator in getattr(like, kind)])
    return made


def _copy_parameter(parameter: Parameter) -> Parameter:
    # copy.copy asks a Config for attributes, and it answers every question with an expression.
    made: Parameter = object.__new__(type(parameter))
    made.__dict__.update(parameter.__dict__)
    made.__dict__["kwargs"] = dict(parameter.__dict__["kwargs"])
    return made


def _copy_class(base: Any, steps: Mapping[str, FunctionType]) -> Any:
    namespace: dict[str, Any] = {
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
    }
    for name in dir(base):
        if name.startswith("__") or name in ("script_name", "index", "input"):
            continue
        value = getattr(base, name)
        if isinstance(value, Parameter):
            namespace[name] = _copy_parameter(value)
        elif isinstance(value, FunctionType) and hasattr(value, "is_step"):
            namespace[name] = copy_step(value, value)
    cls = type(base)(base.__name__, (base,), {**namespace, **steps})
    inherited = cls._flow_state.inherited_data
    for item, found in list(inherited.items()):
        if item is FlowStateItems.FLOW_DECORATORS:
            inherited[item] = {name: [copy.copy(d) for d in decos] for name, decos in found.items()}
        elif item is FlowStateItems.FLOW_MUTATORS:
            inherited[item] = [copy.copy(mutator) for mutator in found]
    return cls


@contextmanager
def honouring() -> Iterator[None]:
    """Let Metaflow's set-up run the hooks of the decorators that a kernel can honour, and of no others."""
    kept = decorators._should_skip_decorator_for_spin

    def skip(deco: Any, _is_spin: bool, skip_all: bool, *_: Any, **__: Any) -> bool:
        return skip_all or deco.name not in HONOURED

    decorators._should_skip_decorator_for_spin = skip
    try:
        yield
    finally:
        decorators._should_skip_decorator_for_spin = kept


def _explain(ex: Exception, cls: Any) -> FlowError:
    text = " ".join(str(getattr(ex, "message", None) or ex).split())
    line = getattr(ex, "line_no", None)
    where = f" (line {line})" if line else ""
    return FlowError(f"Metaflow finds a fault in flow {cls.__name__}: {text}{where}")


def _cannot_be_set_up(ex: Exception, cls: Any) -> FlowError:
    places = [(tb.f_code.co_filename, line) for tb, line in traceback.walk_tb(ex.__traceback__)]
    library = str(Path(parameters.__file__).parent), str(Path(__file__).parent.parent)
    own = [f" ({Path(file).name}, line {line})" for file, line in places if not file.startswith(library)]
    text = " ".join(said_by(ex).split())
    return FlowError(f"Flow {cls.__name__} cannot be set up: {type(ex).__name__}: {text}{''.join(own[-1:])}")


def prepare(
    base: Any,
    datastore: Any,
    *,
    steps: Mapping[str, FunctionType] | None = None,
    files: Configs | None = None,
    values: Configs | None = None,
    folder: Path | None = None,
    after: After | None = None,
) -> Prepared:
    """Set up a flow class as the command line does before a task.

    Parameters
    ----------
    base : type
        The class as it was loaded. It is not changed.
    datastore : FlowDataStore
        For decorators that ask for it.
    steps : mapping of str to function, optional
        Steps that replace, or add to, those of the class.
    files, values : mapping, optional
        Config files and values by config name, as ``--config`` and ``--config-value`` take them.
    folder : Path, optional
        Folder of the flow file, where default config files may be.
    after : mapping of str to tuple of str, optional
        For each step that the flow file does not have yet, the steps that lead to it. Such a graph is
        in the making, so its faults are none.

    Returns
    -------
    Prepared

    Raises
    ------
    FlowError
        The graph is broken, or a decorator, mutator or config is faulty; in Metaflow's words.
    """
    cls = _copy_class(base, steps or {})
    given = {**(files or {}), **(values or {})}
    try:
        with parameters.flow_context(cls), honouring():
            options = read_configs(cls, files or {}, values or {}, folder)
            cls = cls._process_config_decorators(options) or cls
            flow = cls(use_cli=False)
            environment = MetaflowEnvironment(flow)
            set_parameter_context(cls, datastore)
            init_flow_decorators(flow, datastore, NoMetadata(""))
            decorators._init_step_decorators(
                flow, cls._graph, environment, datastore, silent, is_spin=True, skip_decorators=False
            )
            if after is None:
                lint.linter.run_checks(cls._graph)
            else:
                link(cls, after)
    except (MetaflowException, click.ClickException) as ex:
        raise _explain(ex, base) from None
    except SpinError:
        raise
    except Exception as ex:
        raise _cannot_be_set_up(ex, base) from ex
    explicit = {var: param for var, param in cls._get_parameters() if getattr(param, "name", None) in given}
    known = config_values(cls)
    return Prepared(
        cls,
        {step.__name__: _ignored(step) for step in cls._steps},
        {var: stored_form(known[param.name]) for var, param in explicit.items() if param.name in known},
    )


def _ignored(step: FunctionType) -> list[str]:
    names = (deco.name for deco in getattr(step, "decorators", ()))
    return list(
        dict.fromkeys(n for n in names if n not in HONOURED and n != "card" and not n.startswith("_"))
    )


def set_parameter_context(cls: Any, datastore: Any) -> None:
    """Give deploy-time parameters the context that they are computed in."""
    parameters.set_parameter_context(cls.__name__, silent, datastore, config_values(cls))


def init_flow_decorators(flow: Any, datastore: Any, metadata: NoMetadata) -> None:
    """Run the flow decorators that a kernel honours: ``@project`` fills in ``current``."""
    decorators._init_flow_decorators(
        flow, flow._graph, MetaflowEnvironment(flow), datastore, metadata, silent, silent, {}, True, False
    )


def parameters_of(cls: Any) -> dict[str, Parameter]:
    """Give the parameters and configs of a prepared flow class by attribute name."""
    return dict(cls._get_parameters())


def constants_of(cls: Any) -> dict[str, Any]:
    """Give the class attributes that Metaflow stores as constants (``task.py:_init_parameters``)."""
    found = {}
    known = parameters_of(cls)
    for name in dir(cls):
        if name[0] == "_" or name in cls._NON_PARAMETERS or name in known:
            continue
        value = getattr(cls, name)
        if not isinstance(value, (MethodType, FunctionType, property, type)):
            found[name] = value
    return found


def default_of(parameter: Parameter) -> Callable[[], Any] | None:
    """Give a way to compute a parameter's default as ``run`` would, or None where it has none."""
    kwargs = parameter.kwargs
    default = kwargs.get("default")
    if default is None:
        return None if kwargs.get("required") else lambda: None

    def compute() -> Any:
        value = default() if callable(default) else default
        kind = kwargs.get("type")
        if isinstance(kind, type) and isinstance(value, str) and kind is not str:
            value = click.types.convert_type(kind).convert(value, None, None)
        elif isinstance(kind, FilePathClass):
            value = read_file(parameter.name, value, kind)
        elif isinstance(kind, click.ParamType):
            value = kind.convert(value, None, None)
        separator = getattr(parameter, "separator", None)
        return value.split(separator) if value and separator else value

    return compute
