"""Every private name of Metaflow that the engine drives, and a check that they are all there.

Metaflow promises nothing about these names. They are listed here, and nowhere else outside this
package, so that a release that moves one is told apart from a mistake of the user's.
"""

from __future__ import annotations

import functools
import importlib

from spin_magic.errors import EngineError
from spin_magic.versions import installed_version, version_problem

NAMES = (
    "metaflow.task:MetaflowTask.run_step",
    "metaflow.task:MetaflowTask._init_data",
    "metaflow.task:MetaflowTask._exec_step_function",
    "metaflow.cli:start",
    "metaflow.cli_components.run_cmds:resume",
    "metaflow.cli_components.run_cmds:run",
    "metaflow.datastore.task_datastore:TaskDataStore.persist",
    "metaflow.datastore.task_datastore:TaskDataStore.save_artifacts",
    "metaflow.datastore.task_datastore:TaskDataStore.init_task",
    "metaflow.datastore.task_datastore:TaskDataStore.save_logs",
    "metaflow.datastore.task_datastore:TaskDataStore.done",
    "metaflow.datastore.task_datastore:TaskDataStore.METADATA_ATTEMPT_SUFFIX",
    "metaflow.datastore.task_datastore:TaskDataStore.METADATA_DATA_SUFFIX",
    "metaflow.datastore.task_datastore:TaskDataStore.METADATA_DONE_SUFFIX",
    "metaflow.datastore.task_datastore:TaskDataStore.metadata_name_for_attempt",
    "metaflow.datastore.flow_datastore:FlowDataStore.get_task_datastore",
    "metaflow.datastore.content_addressed_store:ContentAddressedStore.load_blobs",
    "metaflow.datastore.content_addressed_store:ContentAddressedStore.save_blobs",
    "metaflow.datastore.content_addressed_store:ContentAddressedStore._unpack_v1",
    "metaflow._vendor.packaging.specifiers:SpecifierSet",
    "metaflow.decorators:_init_flow_decorators",
    "metaflow.decorators:_init_step_decorators",
    "metaflow.decorators:_should_skip_decorator_for_spin",
    "metaflow.flowspec:FlowSpecMeta",
    "metaflow.flowspec:FlowStateItems",
    "metaflow.flowspec:FlowSpec._process_config_decorators",
    "metaflow.flowspec:FlowSpec._get_parameters",
    "metaflow.flowspec:FlowSpec._set_constants",
    "metaflow.graph:FlowGraph",
    "metaflow.graph:FlowGraph._postprocess",
    "metaflow.graph:FlowGraph._traverse_graph",
    "metaflow.lint:linter",
    "metaflow.metadata_provider:MetaDatum",
    "metaflow.metadata_provider:MetadataProvider.get_object",
    "metaflow.metaflow_config:DATATOOLS_CLIENT_PARAMS",
    "metaflow.metaflow_config:MAX_ATTEMPTS",
    "metaflow.metaflow_config:SERVICE_HEADERS",
    "metaflow.metaflow_config:SPIN_ALLOWED_DECORATORS",
    "metaflow.metaflow_config:SPIN_DISALLOWED_DECORATORS",
    "metaflow.metaflow_config:SPIN_PERSIST",
    "metaflow.metaflow_current:current._set_env",
    "metaflow.metaflow_current:current._update_env",
    "metaflow.metaflow_environment:MetaflowEnvironment",
    "metaflow.mflog.mflog:decorate",
    "metaflow.parameters:flow_context",
    "metaflow.parameters:set_parameter_context",
    "metaflow.plugins:DATASTORES",
    "metaflow.plugins:METADATA_PROVIDERS",
    "metaflow.plugins.cards.card_datastore:CardDatastore._get_card_read_path",
    "metaflow.plugins.cards.card_datastore:CardDatastore.info_from_path",
    "metaflow.plugins.cards.card_datastore:CardDatastore.save_card",
    "metaflow.plugins.cards.component_serializer:CardComponentCollector._finalize",
    "metaflow.plugins.cards.component_serializer:CardComponentCollector._add_card",
    "metaflow.plugins.cards.component_serializer:CardComponentCollector._get_latest_data",
    "metaflow.plugins.cards.component_serializer:CardComponentCollector._serialize_components",
    "metaflow.plugins.cards.component_serializer:CardComponentManager._card_proc",
    "metaflow.plugins.cards.card_cli:_extract_reload_token",
    "metaflow.plugins.cards.card_cli:update_card",
    "metaflow.plugins.datastores.local_storage:LocalStorage.METADATA_DIR",
    "metaflow.plugins.datastores.spin_storage:SpinStorage",
    "metaflow.plugins.datatools.s3.s3:S3Client.reset_client",
    "metaflow.plugins.metadata_providers.local:LocalMetadataProvider",
    "metaflow.plugins.metadata_providers.service:ServiceException",
    "metaflow.plugins.metadata_providers.service:ServiceMetadataProvider._request",
    "metaflow.plugins.metadata_providers.service:ServiceMetadataProvider._session",
    "metaflow.plugins.metadata_providers.spin:SpinMetadataProvider",
    "metaflow.system:_system_logger",
    "metaflow.system:_system_monitor",
    "metaflow.tuple_util:ForeachFrame",
    "metaflow.user_configs.config_options:config_options_with_config_input",
    "metaflow.util:resolve_identity",
)


# What `spin_magic.isolated.launcher` drives in the process of an isolated step; nothing else needs them.
LAUNCHER_NAMES = (
    "metaflow.cli_components.run_cmds:SpinRuntime.input_paths",
    "metaflow.cli_components.run_cmds:SpinRuntime.split_index",
    "metaflow.cli_components.run_cmds:write_latest_run_id",
    "metaflow.datastore.spin_datastore:SpinTaskDatastore",
    "metaflow.runtime:Worker.emit_log",
)


def _has(name: str) -> bool:
    module_name, _, path = name.partition(":")
    try:
        found: object = importlib.import_module(module_name)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return False
    return True


@functools.cache
def check() -> None:
    """Make sure that this Metaflow has all that the engine needs.

    Raises
    ------
    EngineError
        Names what is missing.
    """
    problem = version_problem()
    if problem:
        raise EngineError(problem)
    missing = ", ".join(name for name in NAMES if not _has(name))
    if missing:
        msg = (
            f"Metaflow {installed_version()} lacks {missing}, which spin_magic drives. "
            "Use another release of Metaflow or of spin_magic."
        )
        raise EngineError(msg)


@functools.cache
def check_launcher() -> None:
    """Make sure that this Metaflow has what feeds an isolated step.

    Raises
    ------
    EngineError
        Names what is missing.
    """
    missing = ", ".join(name for name in LAUNCHER_NAMES if not _has(name))
    if missing:
        msg = (
            f"Metaflow {installed_version()} lacks {missing}, which --isolated drives. Spin without it, or "
            "use another release of Metaflow or of spin_magic."
        )
        raise EngineError(msg)
