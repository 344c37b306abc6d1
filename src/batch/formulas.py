"""log-odds, or the sums of a model's parts -> probabilities of default, as src/serving finds them, to the last bit"""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from src.serving.calibration import Calibration
from src.serving.formula import Formula, Isotonic, Mean, Sigmoid, Total

Floats = NDArray[np.float64]


def each(function: Callable[[float], float], values: Floats) -> Floats:
    """Return what Python's own function makes of each value: numpy's may differ in the last bit."""
    return np.fromiter(map(function, values.tolist()), dtype=np.float64, count=len(values))


def sigmoid(log_odds: Floats) -> Floats:
    """Return the probability of these log-odds; never overflows."""
    odds = each(math.exp, -np.abs(log_odds))
    found: Floats = np.where(log_odds >= 0, 1 / (1 + odds), odds / (1 + odds))
    return found


def calibrated(steps: Calibration, values: Floats) -> Floats:
    """Return what an isotonic regression makes of log-odds, or of probabilities."""
    x, y = np.array(steps.x), np.array(steps.y)
    found: Floats = np.where(values >= x[-1], y[-1], y[0])
    between = np.flatnonzero((values > x[0]) & (values < x[-1]))
    if len(between):
        inside = values[between]
        place = np.searchsorted(x, inside, side="right") - 1
        _, slope, start, value = (np.array(part) for part in zip(*steps.segments, strict=True))
        found[between] = slope[place] * (inside - start[place]) + value[place]
    return found


def of_formula(formula: Formula, sums: NDArray[np.int64], exponents: Sequence[int]) -> Floats:
    """Return what a formula says of the parts' sums (a row for each), whole numbers of `2 ** -exponent` each."""
    match formula:
        case Total(part=part, trees=trees):
            total: Floats = sums[:, part].astype(np.float64) * 2.0 ** -exponents[part]
            return total if trees == 1 else total / trees
        case Sigmoid(of=inner):
            return sigmoid(of_formula(inner, sums, exponents))
        case Isotonic(of=inner, steps=steps):
            return calibrated(steps, of_formula(inner, sums, exponents))
        case Mean(of=several):
            return mean([of_formula(one, sums, exponents) for one in several])


def mean(several: Iterable[Floats]) -> Floats:
    """Return the mean of several, added up in their order."""
    first, *others = several
    total = first.copy()
    for other in others:
        total += other
    found: Floats = total / (1 + len(others))
    return found
