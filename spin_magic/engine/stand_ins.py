"""Stand-ins for the services that a task normally writes to: they accept everything and write nothing."""

from __future__ import annotations

from typing import Any


class NoMetadata:
    """A metadata provider that registers nothing, and knows what it was told.

    Parameters
    ----------
    client_string : str
        What the Client takes to find real runs, since a step may use the Client.
    """

    TYPE = "spin_magic"

    def __init__(self, client_string: str) -> None:
        self._client_string = client_string
        self.sticky_tags: set[str] = set()
        self.sticky_sys_tags: set[str] = set()
        self.registered: list[dict[str, Any]] = []

    def metadata_str(self) -> str:
        return self._client_string

    def add_sticky_tags(self, tags: Any = None, sys_tags: Any = None) -> None:
        self.sticky_tags.update(tags or ())
        self.sticky_sys_tags.update(sys_tags or ())

    def register_run_id(self, *_: Any, **__: Any) -> None: ...
    def register_task_id(self, *_: Any, **__: Any) -> None: ...

    def register_metadata(self, _run: Any, _step: Any, _task: Any, metadata: Any, **__: Any) -> None:
        self.registered += [
            {"field_name": each.field, "value": each.value, "type": each.type} for each in metadata
        ]

    def start_task_heartbeat(self, *_: Any, **__: Any) -> None: ...
    def stop_heartbeat(self) -> None: ...


class MemoryDatastore:
    """A flow datastore that hands Metaflow's task code one output store.

    Parameters
    ----------
    real : FlowDataStore
        The datastore that the inputs come from; decorators may ask for its type and root.
    output : OutputStore
        Where the step's outputs go.
    """

    def __init__(self, real: Any, output: Any) -> None:
        self.TYPE = real.TYPE
        self.datastore_root = real.datastore_root
        self.flow_name = real.flow_name
        self.ca_store = real.ca_store
        self._storage_impl = real._storage_impl
        self._output = output

    def get_task_datastore(self, *_: Any, **__: Any) -> Any:
        return self._output


def silent(*_: Any, **__: Any) -> None:
    """Swallow what Metaflow would write to its console."""
