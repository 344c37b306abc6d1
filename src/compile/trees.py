"""scikit-learn's trees -> one form: split nodes by column, the first number that goes right, and weighted leaves"""

from collections.abc import Iterator
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


def forest(model: Any) -> Iterator[Tree]:
    """The trees of a random forest; leaves hold the share of bads, divided by the number of trees."""
    for fitted in model.estimators_:
        tree = fitted.tree_
        shares = tree.value[:, 0, :]
        weight = shares[:, 1] / shares.sum(axis=1) / len(model.estimators_)
        cut = first_right_of_float32(tree.threshold)
        yield Tree(tree.feature, cut, tree.children_left.copy(), tree.children_right.copy(), weight)


def boosting(model: Any) -> Iterator[Tree]:
    """The trees of a histogram gradient boosting; leaves hold log-odds."""
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        left = np.where(leaf, -1, nodes["left"].astype(np.int64))
        right = np.where(leaf, -1, nodes["right"].astype(np.int64))
        cut = np.nextafter(nodes["num_threshold"], np.inf)
        yield Tree(nodes["feature_idx"].astype(np.int64), cut, left, right, nodes["value"].astype(np.float64))


def first_right_of_float32(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The smallest float64 whose float32 rounding lies above each threshold: a forest rounds its input so."""
    low = thresholds.astype(np.float32)
    low = np.where(low > thresholds, np.nextafter(low, np.float32(-np.inf)), low)
    high = np.nextafter(low, np.float32(np.inf))
    middle = (low.astype(np.float64) + high.astype(np.float64)) / 2
    return np.where(middle.astype(np.float32) > low, middle, np.nextafter(middle, np.inf))
