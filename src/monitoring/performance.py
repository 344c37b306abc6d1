"""outcomes of the approved, their PDs -> bads beside those expected, discrimination, calibration, with intervals

`bad` (0 or 1) and `pd` have shape (n,). They are numpy's alone: the monitor loads neither pandas nor scikit-learn, with
which the same numbers are tested.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr

Vector = NDArray[np.float64]
Bad = NDArray[np.int64]
Counts = NDArray[np.int64]
NORMAL = 1.959963984540054  # standard deviations on either side that hold 95 %
METRICS = ("roc_auc", "gini", "ks", "brier", "spiegelhalter_z")


class Estimate(NamedTuple):
    """A metric with its 95 % interval."""

    value: float
    low: float
    high: float


class Calibration(NamedTuple):
    """Observed over expected bads, also as a multiple of the reference's; None for what cannot be told."""

    ratio: float | None
    reference_ratio: float | None
    multiple: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    alarm: bool = False


class Bads(NamedTuple):
    """How many were observed and how many the PDs expected."""

    observed: int
    expected: float

    @property
    def ratio(self) -> float | None:
        """Return the first over the second."""
        return self.observed / self.expected if self.expected else None


def more_bads(live: Bads, reference: Bads, alpha: float, least_bads: int, most: float) -> Calibration:
    """Return whether there are more bads than the reference's observed over expected lets expect.

    The approved are selected by the PD itself, so even of the development sample fewer or more of them are bad than
    their PDs say; what changed is told from that, not from 1. Counts of bads are taken as Poisson's, whose logarithm
    has the variance 1/count: z = ln(multiple) / √(1/O + 1/O of the reference), one-sided at `alpha`. An alarm needs
    `least_bads` observed and a multiple above `most` besides.
    """
    ratio, usual = live.ratio, reference.ratio
    if not ratio or not usual:
        return Calibration(ratio, usual)
    multiple = ratio / usual
    z = float(np.log(multiple) / np.sqrt(1 / live.observed + 1 / reference.observed))
    p_value = float(ndtr(-z))
    alarm = p_value < alpha and multiple > most and live.observed >= least_bads
    return Calibration(ratio, usual, multiple, z, p_value, alarm)


def ratio_interval(bads: Bads) -> Estimate | None:
    """Return observed over expected with the exact interval of a Poisson count (Garwood 1936)."""
    if not bads.expected:
        return None
    low = float(gammaincinv(bads.observed, 0.025)) if bads.observed else 0.0
    high = float(gammaincinv(bads.observed + 1, 0.975))
    return Estimate(bads.observed / bads.expected, low / bads.expected, high / bads.expected)


def metrics(bad: Bad, pd: Vector) -> dict[str, Estimate | None]:
    """Return the metrics by name; None where the rows have one outcome only."""
    if not 0 < bad.sum() < len(bad):
        return dict.fromkeys(METRICS)
    auc = roc_auc(bad, pd)
    gini = Estimate(*(2 * value - 1 for value in auc))
    return {"roc_auc": auc, "gini": gini, "ks": ks(bad, pd), "brier": brier(bad, pd), "spiegelhalter_z": z_of(bad, pd)}


def roc_auc(bad: Bad, pd: Vector) -> Estimate:
    """Return the area under the ROC curve, equal PDs counting half, by DeLong's variance (DeLong et al. 1988)."""
    of_bads, of_goods = pd[bad == 1], pd[bad == 0]
    below = placements(of_bads, of_goods)
    above = 1 - placements(of_goods, of_bads)
    variance = sum(float(each.var(ddof=1)) / len(each) if len(each) > 1 else 0.25 for each in (below, above))
    return around(float(below.mean()), np.sqrt(variance), 0, 1)


def placements(values: Vector, others: Vector) -> Vector:
    """Return for each value the share of the others below it, equal ones half."""
    ordered = np.sort(others)
    below, to = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    found: Vector = (below + to) / (2 * len(others))
    return found


def ks(bad: Bad, pd: Vector) -> Estimate:
    """Return the largest distance of bads' and goods' distributions; the interval takes its PD as given."""
    cuts = np.unique(pd)
    of_bads, of_goods = np.sort(pd[bad == 1]), np.sort(pd[bad == 0])
    bads = 1 - np.searchsorted(of_bads, cuts) / len(of_bads)
    goods = 1 - np.searchsorted(of_goods, cuts) / len(of_goods)
    place = int(np.argmax(bads - goods))
    p, q = float(bads[place]), float(goods[place])
    return around(p - q, np.sqrt(p * (1 - p) / len(of_bads) + q * (1 - q) / len(of_goods)), 0, 1)


def brier(bad: Bad, pd: Vector) -> Estimate:
    """Return the mean squared difference of PD and outcome."""
    squares = (pd - bad) ** 2
    return around(float(squares.mean()), squares.std(ddof=1) / np.sqrt(len(squares)), 0, 1)


def z_of(bad: Bad, pd: Vector) -> Estimate | None:
    """Return by how many standard deviations the Brier score is off from what true PDs give (Spiegelhalter 1986)."""
    weights = 1 - 2 * pd
    spread = float(np.sqrt(np.sum(weights**2 * pd * (1 - pd))))
    return around(float(np.sum((bad - pd) * weights)) / spread, 1.0) if spread else None


def expected_roc_auc(pd: Vector, many: Counts | None = None) -> float | None:
    """Return the area under the ROC curve that the PDs promise if they are true, without any outcome.

    `many` says how many applicants have each PD, one if it is left out.

    That is how often, of two applicants of whom one turns out bad and the other good, the bad one has the higher PD.
    What the PDs have wrong it cannot see.

    >>> expected_roc_auc(np.array([0.0, 1.0])), expected_roc_auc(np.array([0.3, 0.3]))
    (1.0, 0.5)
    """
    values, places = np.unique(pd, return_inverse=True)
    many = np.bincount(places, many)
    bads, goods = many * values, many * (1 - values)
    same = bads * goods - many * values * (1 - values)  # pairs of equal PDs, nobody beside himself
    below = np.cumsum(goods) - goods
    pairs = float(bads.sum() * goods.sum() - (many * values * (1 - values)).sum())
    return float((bads * below + same / 2).sum() / pairs) if pairs > 0 else None


def around(value: float, error: float, least: float = -np.inf, most: float = np.inf) -> Estimate:
    """Return a value with its interval, which stays within what the metric can be."""
    half = NORMAL * float(error)
    return Estimate(value, max(least, value - half), min(most, value + half))
