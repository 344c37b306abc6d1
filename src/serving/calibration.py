"""the log-odds of a calibrated scorecard -> its probability of default"""

from bisect import bisect_right
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class Segment(NamedTuple):
    """What is computed for log-odds below `end`: `slope * (log_odds - start) + value`."""

    end: float
    slope: float
    start: float
    value: float


class Calibration(BaseModel):
    """An isotonic regression: the PD `y` at each of the log-odds `x`, linear between them and constant beyond."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: list[float]
    y: list[float]

    @cached_property
    def segments(self) -> list[Segment]:
        """Return what lies between the log-odds."""
        points = pairwise(zip(self.x, self.y, strict=True))
        return [Segment(end, (top - value) / (end - start), start, value) for (start, value), (end, top) in points]

    def probability(self, log_odds: float) -> float:
        """Return the PD of these log-odds."""
        x, y = self.x, self.y
        if log_odds <= x[0]:
            return y[0]
        if log_odds >= x[-1]:
            return y[-1]
        _, slope, start, value = self.segments[bisect_right(x, log_odds) - 1]
        return slope * (log_odds - start) + value
