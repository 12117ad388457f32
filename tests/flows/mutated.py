"""A FlowMutator that adds a parameter, step decorators and a user step decorator, driven by a config."""

from __future__ import annotations

import os

from metaflow import Config, FlowMutator, FlowSpec, Parameter, environment, step, user_step_decorator


@user_step_decorator
def stamp(step_name, flow, inputs, attributes):
    yield
    flow.stamps = [*getattr(flow, "stamps", []), step_name]


class Furnish(FlowMutator):
    def init(self, *args, **kwargs):
        self.suffix = kwargs.get("suffix", "")

    def pre_mutate(self, mutable_flow):
        settings = dict(mutable_flow.configs)["settings"]
        for name, default in settings["parameters"].items():
            mutable_flow.add_parameter(name, Parameter(name, default=default))
        for name, each in mutable_flow.steps:
            if name in settings["stamped"]:
                each.add_decorator(stamp)

    def mutate(self, mutable_flow):
        for name, each in mutable_flow.steps:
            each.add_decorator(environment, deco_kwargs={"vars": {"SPIN_STEP": name + self.suffix}})


@Furnish(suffix="-env")
class MutatedFlow(FlowSpec):
    settings = Config(
        "settings", default_value={"parameters": {"extra": 7, "word": "w"}, "stamped": ["start", "end"]}
    )
    own = Parameter("own", default=1)

    @step
    def start(self):
        self.sum = self.own + self.extra
        self.env = os.environ["SPIN_STEP"]
        self.next(self.middle)

    @step
    def middle(self):
        self.words = [self.word] * self.own
        self.env = os.environ["SPIN_STEP"]
        self.next(self.end)

    @step
    def end(self):
        self.env = os.environ["SPIN_STEP"]


if __name__ == "__main__":
    MutatedFlow()
