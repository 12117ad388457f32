"""User step decorators: before and after, an exception swallowed, a step skipped or replaced; StepMutator."""

from __future__ import annotations

import os

from metaflow import USER_SKIP_STEP, FlowSpec, StepMutator, environment, step, user_step_decorator


@user_step_decorator
def around(step_name, flow, inputs, attributes):
    flow.before = f"before {step_name} {attributes.get('tag', '-')}"
    yield
    flow.after = [step_name, getattr(flow, "value", None)]


@user_step_decorator
def outer(step_name, flow, inputs):
    flow.order = [*getattr(flow, "order", []), "outer in"]
    yield
    flow.order = [*flow.order, "outer out"]


@user_step_decorator
def inner(step_name, flow, inputs):
    flow.order = [*getattr(flow, "order", []), "inner in"]
    yield
    flow.order = [*flow.order, "inner out"]


@user_step_decorator
def swallow(step_name, flow, inputs, attributes):
    try:
        yield
    except ValueError as error:
        flow.swallowed = str(error)


@user_step_decorator
def skip(step_name, flow, inputs, attributes):
    flow.skipped = step_name
    yield USER_SKIP_STEP


@user_step_decorator
def replace(step_name, flow, inputs, attributes):
    def instead(flow, inputs=None):
        flow.value = "replaced"
        return True

    yield instead


@user_step_decorator
def join_watch(step_name, flow, inputs, attributes):
    flow.watched = sorted(i.side for i in inputs)
    yield


class AddEnvironment(StepMutator):
    def init(self, *args, **kwargs):
        self.value = args[0]

    def mutate(self, mutable_step):
        mutable_step.add_decorator(environment, deco_kwargs={"vars": {"SPIN_ADDED": self.value}})


class AddAround(StepMutator):
    def pre_mutate(self, mutable_step):
        mutable_step.add_decorator(around, deco_kwargs={"tag": "mutated"})


class UserDecoratorsFlow(FlowSpec):
    @around(tag="first")
    @step
    def start(self):
        self.value = 1
        self.next(self.ordered)

    @outer
    @inner
    @step
    def ordered(self):
        self.order.append("body")
        self.next(self.swallowing)

    @swallow
    @step
    def swallowing(self):
        self.half = "made"
        if self.half:
            raise ValueError("on purpose")
        self.next(self.skipping)

    @skip
    @step
    def skipping(self):
        self.never = True
        self.next(self.replaced)

    @replace
    @step
    def replaced(self):
        self.value = "original"
        self.next(self.mutated)

    @AddEnvironment("added")
    @step
    def mutated(self):
        self.added = os.environ["SPIN_ADDED"]
        self.next(self.premutated)

    @AddAround
    @step
    def premutated(self):
        self.value = 5
        self.next(self.left, self.right)

    @step
    def left(self):
        self.side = "left"
        self.next(self.join)

    @step
    def right(self):
        self.side = "right"
        self.next(self.join)

    @join_watch
    @around(tag="join")
    @step
    def join(self, inputs):
        self.merge_artifacts(inputs, include=["order"])
        self.next(self.end)

    @step
    def end(self):
        self.finished = len(self.order)


if __name__ == "__main__":
    UserDecoratorsFlow()
