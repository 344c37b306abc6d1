"""two predictions of the same rows -> how far apart they are, and how far chance alone could move that

A difference counts in the metric's good direction: above 0 the second prediction is the better one. Both functions look
at the rows of each outcome apart, so that the number of bads is as given.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from src.contract.costs import Costs
from src.model.metrics import Bad, Vector, expected_cost

Spread = tuple[Vector, Vector]


class Difference(NamedTuple):
    """A metric of both predictions, how much better the second one's is, and the standard error of that."""

    first: float
    second: float
    value: float
    error: float

    def bounds(self, confidence: float) -> tuple[float, float]:
        """Return the lower and the upper one-sided bound; the truth lies above the one at this confidence."""
        half = NormalDist().inv_cdf(confidence) * self.error
        return self.value - half, self.value + half

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the two-sided interval."""
        return self.bounds((1 + confidence) / 2)


def auc_difference(bad: Bad, first: Vector, second: Vector) -> Difference:
    """Return the difference of two AUCs, its error by DeLong's covariance (DeLong, DeLong & Clarke-Pearson 1988).

    The placements are found by midranks, as Sun & Xu (2014) show. There must be two rows of each outcome.
    """
    ours, theirs = placements(bad, second), placements(bad, first)
    bads, goods = (a - b for a, b in zip(ours, theirs, strict=True))
    error = float(np.sqrt(_variance(bads) + _variance(goods)))
    return Difference(float(theirs[0].mean()), float(ours[0].mean()), float(bads.mean()), error)


def auc_and_error(bad: Bad, pd_of: Vector) -> tuple[float, float]:
    """Return the AUC and its standard error (DeLong, DeLong & Clarke-Pearson 1988); two rows of each outcome at least.

    >>> value, error = auc_and_error(np.array([1, 1, 0, 0]), np.array([0.9, 0.4, 0.4, 0.1]))
    >>> value, round(error, 4)
    (0.875, 0.1768)
    """
    bads, goods = placements(bad, pd_of)
    return float(bads.mean()), float(np.sqrt(_variance(bads) + _variance(goods)))


def placements(bad: Bad, pd_of: Vector) -> Spread:
    """Return for each bad the share of goods below its PD, for each good that of bads above; equal ones count half.

    >>> placements(np.array([1, 1, 0, 0]), np.array([0.9, 0.4, 0.4, 0.1]))
    (array([1.  , 0.75]), array([0.75, 1.  ]))
    """
    is_bad = bad == 1
    bads, goods = int(is_bad.sum()), int((~is_bad).sum())
    ranks = _midranks(pd_of)
    return (
        (ranks[is_bad] - _midranks(pd_of[is_bad])) / goods,
        1 - (ranks[~is_bad] - _midranks(pd_of[~is_bad])) / bads,
    )


def cost_difference(bad: Bad, first: NDArray[np.bool_], second: NDArray[np.bool_], costs: Costs) -> Difference:
    """Return how much less the second's decisions cost; `first` and `second` say who is declined.

    A cost is a share of what the cheaper of approving and declining everybody costs. The rows are paired: where both
    decide alike, none of them adds to the error, which is that of two means of paired rows, one of each outcome.
    """
    is_bad = bad == 1
    cheaper = float(min(costs.false_accept * is_bad.sum(), costs.false_reject * (~is_bad).sum()) / len(bad))
    cost = [expected_cost(bad, declined.astype(np.float64), 0.5, costs) / cheaper for declined in (first, second)]
    saved = np.where(is_bad, costs.false_accept, -costs.false_reject) * (second.astype(np.int64) - first) / cheaper
    share = float(is_bad.mean())
    variance = share**2 * _variance(saved[is_bad]) + (1 - share) ** 2 * _variance(saved[~is_bad])
    return Difference(cost[0], cost[1], float(saved.mean()), float(np.sqrt(variance)))


def _midranks(values: Vector) -> Vector:
    return np.asarray(pd.Series(values).rank(), dtype=np.float64)


def _variance(values: Vector) -> float:
    """Return the variance of the mean of these values."""
    return float(values.var(ddof=1) / len(values))
