"""how many rows of two samples lie in each bin -> how far apart they are, and whether chance alone could do it"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

Counts = NDArray[np.float64]
LEAST_EXPECTED = 5  # rows that a bin of either sample should have: below, the χ² distribution is a poor approximation


def psi(reference: Sequence[int], live: Sequence[int]) -> float:
    """Return the population stability index of two samples' counts, whose bins are the same.

    That is Σ (q - p) ln(q / p) over the bins, p and q the shares of both (Siddiqi 2006; Yurdakul 2018 shows that it is
    distributed as a χ² times 1/n + 1/m, so a fixed limit means another thing at each size). Bins that are empty in both
    are left out, those that expect fewer than 5 rows of either sample are joined, and half a row is added to each, lest
    an empty one make it infinite.

    >>> psi([50, 50, 0], [50, 50, 0]), round(psi([100, 100], [50, 150]), 3)
    (0.0, 0.272)
    """
    return psi_of(table_of(reference, live))


def chi_squared(reference: Sequence[int], live: Sequence[int]) -> tuple[float, float | None]:
    """Return the statistic and the p-value of Pearson's two-sample χ² test; None where one bin is left.

    Bins that expect fewer than 5 rows of either sample are joined (Cochran 1954).

    >>> statistic, p_value = chi_squared([90, 10], [30, 10])
    >>> round(statistic, 4), round(p_value, 4)
    (5.25, 0.0219)
    """
    return chi_squared_of(table_of(reference, live))


def table_of(reference: Sequence[int], live: Sequence[int]) -> Counts:
    """Return both samples' counts as a table, shape (2, bins), of the bins that are left when small ones are joined."""
    table = np.array([reference, live], dtype=np.float64)
    return joined(table[:, table.any(axis=0)])


def psi_of(table: Counts) -> float:
    """Return the population stability index of a table of two samples."""
    first, second = table + 0.5
    p, q = first / first.sum(), second / second.sum()
    return float(((q - p) * np.log(q / p)).sum())


def chi_squared_of(table: Counts) -> tuple[float, float | None]:
    """Return the statistic and the p-value of a table of two samples; None where one bin is left."""
    bins, rows = table.shape[1], table.sum()
    if bins < 2 or not table.sum(axis=1).all():
        return 0.0, None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / rows
    statistic = float(((table - expected) ** 2 / expected).sum())
    return statistic, float(gammaincc((bins - 1) / 2, statistic / 2))


def joined(table: Counts) -> Counts:
    """Return the table of two samples, shape (2, bins), with the bins that expect too few rows as one, in last place.

    Where even together they expect too few, the smallest of the others joins them.
    """
    total = table.sum(axis=0)
    least = total * table.sum(axis=1).min() / max(1, table.sum())
    order = np.argsort(-total, kind="stable")
    kept = int((least >= LEAST_EXPECTED).sum())
    if kept == len(total):
        return table
    while kept and least[order[kept:]].sum() < LEAST_EXPECTED:
        kept -= 1
    rest = table[:, order[kept:]].sum(axis=1, keepdims=True)
    return np.hstack([table[:, order[:kept]], rest])
