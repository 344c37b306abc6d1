"""columns of numbers -> cells of few values each, what they tell of an outcome, and means over them"""

import math
from math import fsum

import numpy as np
from numpy.typing import NDArray

from src.model.features import Matrix

PRIOR = 20  # rows of everybody's risk that a code's own is shrunk by


def binned(X: Matrix, edges: list[NDArray[np.float64]]) -> Matrix:
    """Return how many edges of its column each number reaches."""
    columns = [np.searchsorted(edge, column, side="right") for edge, column in zip(edges, X.T, strict=True)]
    return np.column_stack(columns).astype(np.float64)


def risk_of(codes: NDArray[np.float64], y: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return each code's share of bads, shrunk towards everybody's; that of codes without a row is everybody's.

    >>> risk_of(np.array([0.0] * 20 + [1.0] * 20), np.array([1] * 20 + [0] * 20), 3)
    array([0.75, 0.25, 0.5 ])
    """
    places = codes.astype(np.intp)
    rows, bads = np.bincount(places, minlength=count), np.bincount(places, y, minlength=count)
    found: NDArray[np.float64] = (bads + PRIOR * (y.sum() / len(y))) / (rows + PRIOR)
    return found


def gain_of(
    cells: NDArray[np.intp], residuals: NDArray[np.float64], weights: NDArray[np.float64], ridge: float
) -> float:
    """Return what cells tell of residuals, in standard deviations beyond what they tell of those without a meaning."""
    total, weight = np.bincount(cells, residuals), np.bincount(cells, weights)
    kept = weight / (weight + ridge + 1e-9)
    told = total * total / (weight + ridge + 1e-9)
    spread = math.sqrt(2 * fsum(kept * kept))
    return (fsum(told) - fsum(kept)) / (spread + 1e-9)


def cells_of(rows: Matrix) -> tuple[Matrix, NDArray[np.float64], NDArray[np.intp]]:
    """Return the different rows of codes in order, the share of each, and each row's place among them.

    >>> cells, shares, places = cells_of(np.array([[2.0, 1.0], [0.0, 3.0], [2.0, 1.0], [2.0, 0.0]]))
    >>> cells.tolist(), shares.tolist(), places.tolist()
    ([[0.0, 3.0], [2.0, 0.0], [2.0, 1.0]], [0.25, 0.25, 0.5], [2, 0, 2, 1])
    """
    places = np.zeros(len(rows), dtype=np.intp)
    for column in rows.T:
        codes = column.astype(np.intp)
        places = places * (codes.max() + 1) + codes
        there = np.bincount(places) > 0
        places = (np.cumsum(there) - 1)[places]
    first = np.zeros(places.max() + 1, dtype=np.intp)
    first[places[::-1]] = np.arange(len(rows))[::-1]
    return rows[first], np.bincount(places) / len(rows), places


def widened(rows: Matrix, columns: list[int], zero: Matrix) -> Matrix:
    """Return rows of all columns that have these in their places."""
    found = np.repeat(zero, len(rows), axis=0)
    found[:, columns] = rows
    return found


def mean_of(values: NDArray[np.float64], shares: NDArray[np.float64]) -> float:
    """Return the mean by shares, the same on every processor."""
    return fsum(values * shares)


def means_of(table: Matrix, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each row by the shares of its columns."""
    return np.array([mean_of(row, shares) for row in table])
