"""What the first step of a flow starts from where there is no run: parameters, constants, the graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metaflow import parameters

from spin_magic.artifacts import Artifact
from spin_magic.engine.configs import config_values
from spin_magic.engine.pickling import copied
from spin_magic.engine.prepare import default_of, parameters_of
from spin_magic.engine.reader import describe


class FirstInputs:
    """What `run` stores as the task ``_parameters``, with every parameter at its default.

    Parameters
    ----------
    flow : str
        Name of the flow.
    cls : type
        The flow class, set up.
    """

    def __init__(self, flow: str, cls: Any) -> None:
        self.pathspec = f"{flow}/spin/_parameters/0"
        flow_object = _with_constants(cls)
        self._values: dict[str, Any] = {"_graph_info": flow_object._graph_info}
        for name, parameter in parameters_of(cls).items():
            compute = default_of(parameter)
            if parameter.IS_CONFIG_PARAMETER:
                self._values[name] = getattr(flow_object, name)
            elif compute is not None:
                self._values[name] = compute()
        self.objects = {name: f"default {name} {id(self)}" for name in self._values}
        self.details = {
            name: {"type": str(type(value)), "encoding": "live"} for name, value in self._values.items()
        }

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> Any:
        return copied(self._values[name])

    def fetch(self, name: str, _ahead: object = None) -> tuple[Any, None]:
        """Copy a value; nothing tells later whether the copy was changed in place."""
        return self[name], None

    def stored(self, _names: Iterable[str]) -> list[Any]:
        """List what is in a datastore: nothing."""
        return []

    def artifact(self, name: str) -> Artifact:
        """Describe a value without copying it."""
        return describe(name, self.details[name], self)


def _with_constants(cls: Any) -> Any:
    with parameters.flow_context(cls):
        flow = cls(use_cli=False)
        # The graph names the parameters and their types; their values are none of its business.
        nothing = {p.name.replace("-", "_").lower(): None for p in parameters_of(cls).values()}
        # Of a graph in the making there is no such account: that of the file stands in for it.
        graph = cls.__base__._graph if getattr(cls._graph, "grown", False) else cls._graph
        flow._set_constants(graph, nothing, config_values(cls))
    return flow
