"""Metaflow's own step decorators, as a flow would use them."""

from __future__ import annotations

import os
from pathlib import Path

from metaflow import (
    FlowSpec,
    catch,
    current,
    environment,
    resources,
    retry,
    schedule,
    secrets,
    step,
    timeout,
)

SECRET = {"type": "inline", "id": "s", "options": {"env_vars": {"SPIN_SECRET": "hush", "SPIN_OTHER": "2"}}}


@schedule(daily=True)
class DecoratorsFlow(FlowSpec):
    @timeout(minutes=5)
    @environment(vars={"SPIN_COLOUR": "red"})
    @step
    def start(self):
        self.colour = os.environ["SPIN_COLOUR"]
        self.next(self.secret)

    @secrets(sources=[SECRET])
    @step
    def secret(self):
        self.hush = os.environ["SPIN_SECRET"] + os.environ["SPIN_OTHER"]
        self.colour_now = os.environ.get("SPIN_COLOUR")
        self.next(self.flaky)

    @retry(times=2, minutes_between_retries=0)
    @step
    def flaky(self):
        """Fail until a file is there, as a service that comes up late would."""
        self.secret_now = os.environ.get("SPIN_SECRET")
        marker = Path("flaky.marker")
        if not marker.exists():
            self.half = "of attempt 0"
            marker.write_text("seen")
            message = "not yet"
            raise OSError(message)
        self.reached = "second attempt"
        self.next(self.calm)

    @catch(var="calm_problem")
    @resources(cpu=1, memory=256)
    @step
    def calm(self):
        self.calm = "nothing happened"
        self.limits = getattr(current, "nothing_such", None)
        self.next(self.caught)

    @catch(var="problem", print_exception=False)
    @step
    def caught(self):
        self.before_problem = 1
        self.ratio = 1 / (self.before_problem - 1)
        self.next(self.after_caught)

    @step
    def after_caught(self):
        self.problem_type = self.problem.type
        self.problem_text = str(self.problem)
        self.ratio_made = hasattr(self, "ratio")
        self.next(self.silent)

    @catch(print_exception=False)
    @timeout(seconds=60)
    @retry(times=0)
    @step
    def silent(self):
        self.quiet = True
        self.next(self.end)

    @step
    def end(self):
        self.finished = True


if __name__ == "__main__":
    DecoratorsFlow()
