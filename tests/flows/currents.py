"""What ``current`` says, as far as it is the same from run to run."""

from __future__ import annotations

from metaflow import FlowSpec, Parameter, current, project, step


@project(name="currents")
class CurrentsFlow(FlowSpec):
    alpha = Parameter("alpha", default=1)
    beta = Parameter("beta", default="b")
    CONSTANT = 3

    @step
    def start(self):
        self.names = [current.flow_name, current.step_name, current.username, current.namespace]
        self.running = current.is_running_flow
        self.parameter_names = sorted(current.parameter_names)
        self.project = [current.project_name, current.branch_name, current.is_user_branch]
        self.pathspec_form = [current.pathspec.count("/"), current.pathspec.split("/")[0]]
        self.steps = sorted(current.graph["steps"]) if hasattr(current, "graph") else None
        self.ids = [type(current.run_id).__name__, type(current.task_id).__name__, current.retry_count]
        self.tags = sorted(current.tags)
        self.absent = [current.get("card"), current.get("trigger"), current.get("parallel")]
        self.next(self.end)

    @step
    def end(self):
        self.names = [current.flow_name, current.step_name]
        self.own = [self.name, self.script_name] if hasattr(self, "script_name") else [self.name]


if __name__ == "__main__":
    CurrentsFlow()
