"""Configs of a flow, read as Metaflow's command line reads them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metaflow._vendor import click
from metaflow.flowspec import FlowStateItems
from metaflow.user_configs.config_options import (
    ConvertDictOrStr,
    ConvertPath,
    config_options_with_config_input,
)
from metaflow.user_configs.config_parameters import Config, ConfigValue

from spin_magic import paths
from spin_magic.errors import OptionError, nearest

Configs = Mapping[str, Any]


def read_configs(cls: Any, files: Configs, values: Configs, folder: Path | None) -> dict[str, Any]:
    """Read the configs of a flow class into its state, as the command line's options do.

    Raises
    ------
    OptionError
        A config was given that the flow does not have.
    """
    _, config_input = config_options_with_config_input(click.Command("spin"))
    if not config_input:
        known: list[str] = []
    else:
        known = list(config_input._defaults)
    for name in (*files, *values):
        if name not in known:
            msg = f"Flow {cls.__name__} has no config {name!r}.{nearest(name, known)}"
            raise OptionError(msg)
    for name, path in files.items():
        # Metaflow would read a pipe or a device to its end, which never comes.
        if os.path.lexists(str(path)) and not paths.is_file(str(path)):
            msg = f"--config {name} {path}: it is no ordinary file."
            raise OptionError(msg)
    if not config_input:
        return {}
    chosen = {**json.loads(os.environ.get("METAFLOW_FLOW_CONFIG", "{}")), **files}
    for name, (default, is_file) in config_input._defaults.items():
        beside = folder / default if folder and is_file and isinstance(default, str) else None
        if (
            beside
            and name not in chosen
            and name not in values
            and not Path(default).is_file()
            and beside.is_file()
        ):
            chosen[name] = str(beside)
    given = {**json.loads(os.environ.get("METAFLOW_FLOW_CONFIG_VALUE", "{}")), **values}
    converted = {name: ConvertPath.convert_value(str(path), False) for name, path in chosen.items()}
    config_input.process_configs(cls.__name__, "config", converted, True, "local")
    converted = {
        name: ConvertDictOrStr.convert_value(
            value if isinstance(value, (str, dict)) else json.dumps(value), False
        )
        for name, value in given.items()
    }
    found = config_input.process_configs(cls.__name__, "config_value", converted, True, "local")
    return dict(found or {})


def config_values(cls: Any) -> dict[str, Any]:
    """Give the values of the configs that were read, by config name."""
    configs = cls._flow_state[FlowStateItems.CONFIGS]
    return {name: v if plain or v is None else ConfigValue(v) for name, (v, plain) in configs.items()}


def stored_form(value: Any) -> Any:
    """Give a config as a run stores it (``flowspec.py:_set_constants``)."""
    return value.to_dict() if isinstance(value, ConfigValue) else value


def config_files(cls: Any) -> list[str]:
    """List the default files of a flow's configs."""
    found = (param for _, param in cls._get_parameters() if isinstance(param, Config))
    defaults = (param.kwargs.get("default") for param in found if param._default_is_file)
    return [default for default in defaults if isinstance(default, str)]
