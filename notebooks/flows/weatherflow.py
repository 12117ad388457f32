"""How warm will the next hour be? One forecast for each weather station, then a join."""

import math
from statistics import mean

from metaflow import FlowSpec, Parameter, card, current, step
from metaflow.cards import Markdown


class WeatherFlow(FlowSpec):
    day = Parameter("day", default=1, help="The day of the readings")
    alpha = Parameter("alpha", default=0.2, help="How quickly the forecast follows the readings")

    @step
    def start(self):
        self.readings = {
            name: [
                f"{warm + 4 * math.sin(hour / 4 + self.day) + wind * math.cos(9 * hour):.1f}"
                for hour in range(24)
            ]
            for name, warm, wind in (("airport", 14, 1.2), ("harbour", 12, 0.8), ("hill", 8, 2))
        }
        if self.day == 4:
            self.readings["hill"][17] = "n/a"
        self.stations = list(self.readings)
        self.next(self.forecast, foreach="stations")

    @step
    def forecast(self):
        first, *others = [float(text) for text in self.readings[self.input]]
        self.next_hour, misses = first, []
        for value in others:
            misses.append(abs(value - self.next_hour))
            self.next_hour += self.alpha * (value - self.next_hour)
        self.miss = mean(misses)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.forecasts = {each.input: round(each.next_hour, 1) for each in inputs}
        self.miss = mean(each.miss for each in inputs)
        self.next(self.end)

    @card(type="blank")
    @step
    def end(self):
        current.card.append(Markdown(f"{self.forecasts}, usually wrong by {self.miss:.2f}"))


if __name__ == "__main__":
    WeatherFlow()
