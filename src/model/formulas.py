"""a fitted classifier -> the formula that it computes: weights, trees or a mean, in plain arrays"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Tree(NamedTuple):
    """One tree in arrays; node i goes left where `x[column[i]] < cut[i]`; a leaf has left[i] < 0."""

    column: NDArray[np.int64]
    cut: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    weight: NDArray[np.float64]


class Linear(NamedTuple):
    """A sum that is log-odds: one weight a column of the matrix, and the intercept."""

    weights: list[float]
    intercept: float


class Trees(NamedTuple):
    """The leaves reached: their sum is log-odds where there is a `start` to add them to, else their mean is the PD."""

    trees: list[Tree]
    start: float | None


class Mean(NamedTuple):
    """The mean of the probabilities of fitted pipelines."""

    members: list[Any]


class Additive(NamedTuple):
    """A sum that is log-odds, of steps of one field or of two: where those of each column lie, and their tables."""

    cuts: list[NDArray[np.float64]]
    tables: Callable[[Any], Any]


class MainEffects(NamedTuple):
    """A sum that is log-odds: what 1 more of a number adds, and each label's weight, the last that of none of them."""

    intercept: float
    slopes: dict[str, float]
    weights: dict[str, list[float]]


Formula = Linear | Trees | Mean | Additive | MainEffects


def linear(model: Any) -> Linear:
    """Return the formula of a logistic regression."""
    return Linear(model.coef_[0].tolist(), model.intercept_.item())


def mean_of_trees(trees: Sequence[Any]) -> Trees:
    """Return the formula of a mean of decision trees: leaves hold the share of bads."""
    return Trees([_shares(fitted.tree_) for fitted in trees], None)


def _shares(tree: Any) -> Tree:
    weight = np.ascontiguousarray(tree.value[:, 0, 1])
    cut = first_right_of_float32(tree.threshold)
    return Tree(tree.feature, cut, tree.children_left.copy(), tree.children_right.copy(), weight)


def boosted(model: Any) -> Trees:
    """Return the formula of a histogram gradient boosting: leaves hold log-odds."""
    trees = [_steps(predictor.nodes) for (predictor,) in model._predictors]
    return Trees(trees, model._baseline_prediction.item())


def _steps(nodes: NDArray[Any]) -> Tree:
    leaf = nodes["is_leaf"].astype(bool)
    left = np.where(leaf, -1, nodes["left"].astype(np.int64))
    right = np.where(leaf, -1, nodes["right"].astype(np.int64))
    cut = np.nextafter(nodes["num_threshold"], np.inf)  # a number at the threshold itself goes left
    return Tree(nodes["feature_idx"].astype(np.int64), cut, left, right, nodes["value"].astype(np.float64))


def mean_of_members(model: Any) -> Mean:
    """Return the formula of a soft vote without weights."""
    return Mean(list(model.estimators_))


def additive(model: Any) -> Additive:
    """Return the formula of an AdditiveClassifier."""
    return Additive(model.edges_, model.tables)


def main_effects(model: Any) -> MainEffects:
    """Return the formula of an RClassifier."""
    found: MainEffects = model.effects
    return found


def first_right_of_float32(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smallest float64 that a tree sends right of each threshold.

    A tree rounds its input to float32 and sends it right where that is greater than the threshold, a float64.
    """
    # `low` is the greatest float32 that still goes left, `high` its successor, the least that goes right
    low = thresholds.astype(np.float32)
    low = np.where(low > thresholds, np.nextafter(low, np.float32(-np.inf)), low)
    high = np.nextafter(low, np.float32(np.inf))
    # what lies beyond their middle rounds to `high`; the middle itself is exact in float64 and rounds to the even one
    # of the two, which may be either
    middle = (low.astype(np.float64) + high.astype(np.float64)) / 2
    return np.where(middle.astype(np.float32) > low, middle, np.nextafter(middle, np.inf))
