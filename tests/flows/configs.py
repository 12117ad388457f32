"""Configs (file, value, plain, parser) and expressions over them in decorators and defaults."""

from __future__ import annotations

import json
import os

from metaflow import Config, FlowSpec, Parameter, config_expr, current, environment, project, step


def parse_pairs(text):
    """Read ``key=value`` lines."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def only_number(text):
    return json.loads(text)["number"]


@project(name=config_expr("cfg.project.name"))
class ConfigsFlow(FlowSpec):
    cfg = Config("cfg", default="data/settings.json")
    inline = Config("inline", default_value={"depth": 2, "names": ["a", "b"], "deep": {"er": None}})
    plain = Config("plain", default_value='{"k": [1, 2]}', plain=True, parser=json.loads)
    raw = Config("raw", default_value="just text", plain=True)
    pairs = Config("pairs", default="data/pairs.txt", parser=parse_pairs)
    number = Config("number", default_value='{"number": 41}', plain=True, parser=only_number)

    size = Parameter("size", default=config_expr("cfg.sizes.small"))
    label = Parameter("label", default=config_expr("inline.names[1]"))

    @environment(
        vars={"SPIN_FLAVOUR": config_expr("cfg.flavour"), "SPIN_DEPTH": config_expr("str(inline.depth)")}
    )
    @step
    def start(self):
        self.flavour = os.environ["SPIN_FLAVOUR"]
        self.depth_text = os.environ["SPIN_DEPTH"]
        self.sizes = self.cfg.sizes.to_dict() if hasattr(self.cfg.sizes, "to_dict") else dict(self.cfg.sizes)
        self.by_key = [self.cfg["flavour"], self.inline.deep.er, self.pairs["left"], self.plain["k"]]
        self.raw_upper = self.raw.upper()
        self.answer = self.number + 1
        self.size_doubled = self.size * 2
        self.project_seen = [current.project_name, current.branch_name, current.project_flow_name]
        self.next(self.end)

    @step
    def end(self):
        self.outside = os.environ.get("SPIN_FLAVOUR")
        self.label_seen = self.label
        self.config_type = type(self.cfg).__name__
        self.project_again = [current.project_name, current.is_user_branch, current.is_production]


if __name__ == "__main__":
    ConfigsFlow()
