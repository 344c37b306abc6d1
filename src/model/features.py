"""a table of applicants -> the matrix that a classifier reads

Every pickled model names this module and its class: neither may move or be renamed while an older model.pkl is in use.
"""

from itertools import pairwise
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

Matrix = NDArray[np.float64]


class ApplicantEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Encode the contract's columns as float64, numeric columns first, each in the order given.

    With `bins`, every column becomes indicators: a numeric one of its quantile bins `[edge, next edge)`, a categorical
    one of its labels, and both of "missing", which is a bin of its own. Without, a numeric column stays as it is
    (missing: the training median, and an indicator where the column is optional) and a category is its label's
    position in the contract (missing: -1). A label outside `categories` counts as missing.

    Parameters: `numeric`, names of numeric and boolean columns; `optional`, those of them that may be missing;
    `categories`, name -> labels; `bins`, how many.
    """

    def __init__(
        self, numeric: list[str], optional: list[str], categories: dict[str, list[str]], bins: int | None = None
    ) -> None:
        self.numeric = numeric
        self.optional = optional
        self.categories = categories
        self.bins = bins

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002  # scikit-learn's signature
        """Learn bin edges or medians from the columns of `X`; `y` is ignored."""
        self.edges_: dict[str, Matrix] = {}
        self.medians_: dict[str, float] = {}
        for name in self.numeric:
            values = _numbers(X[name])
            known = values[~np.isnan(values)]
            if self.bins is not None:
                self.edges_[name] = _edges(known, self.bins)
            else:
                self.medians_[name] = float(np.median(known)) if known.size else 0.0
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> Matrix:
        """Return the matrix, shape (rows, `len(get_feature_names_out())`)."""
        check_is_fitted(self, "edges_")
        blocks = [self._numeric_block(name, _numbers(X[name])) for name in self.numeric]
        for name, labels in self.categories.items():
            codes = pd.Index(labels).get_indexer(pd.Index(X[name])).astype(np.float64)
            blocks.append(codes[:, None] if self.bins is None else _indicators(codes, len(labels)))
        return np.hstack(blocks)

    def _numeric_block(self, name: str, values: Matrix) -> Matrix:
        missing = np.isnan(values)
        if self.bins is not None:
            edges = self.edges_[name]
            codes = np.where(missing, -1, np.searchsorted(edges, values, side="right"))
            return _indicators(codes, len(edges) + 1)
        filled = np.where(missing, self.medians_[name], values)[:, None]
        return np.hstack([filled, missing[:, None]]) if name in self.optional else filled

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002
        """Return one name a column of the matrix; `input_features` is ignored."""
        names: list[str] = []
        for name in self.numeric:
            if self.bins is None:
                names += [name, f"{name}=missing"] if name in self.optional else [name]
            else:
                names += [f"{name}={interval}" for interval in intervals(self.edges_[name])] + [f"{name}=missing"]
        for name, labels in self.categories.items():
            names += [name] if self.bins is None else [f"{name}={label}" for label in [*labels, "missing"]]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: text and missing values are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags


def intervals(edges: Matrix) -> list[str]:
    """Return the bins that `edges` make, as text.

    >>> intervals(np.array([1.0, 2.5]))
    ['< 1', '1 to < 2.5', '>= 2.5']
    """
    cuts = [f"{edge:g}" for edge in edges]
    if not cuts:
        return ["any"]
    return [
        f"< {cuts[0]}",
        *(f"{low} to < {high}" for low, high in pairwise(cuts)),
        f">= {cuts[-1]}",
    ]


def _numbers(column: pd.Series) -> Matrix:
    return np.asarray(column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))


def _edges(known: Matrix, bins: int) -> Matrix:
    """Return the first value of each bin but the lowest; few distinct values are a bin each.

    Where so many rows hold the least value that quantiles coincide, it is a bin of its own below the others' quantiles.
    """
    distinct = np.unique(known)
    if len(distinct) <= bins:
        return distinct[1:]
    edges = _quantiles(known, bins)
    edges = edges[edges > distinct[0]]
    if len(edges) < bins - 1:
        edges = np.union1d(distinct[1:2], _quantiles(known[known > distinct[0]], bins - 1))
    return edges


def _quantiles(values: Matrix, parts: int) -> Matrix:
    return np.unique(np.quantile(values, np.linspace(0, 1, parts + 1)[1:-1], method="inverted_cdf"))


def _indicators(codes: Matrix, count: int) -> Matrix:
    """Return one column a code from 0, and a last one for -1, missing."""
    return np.asarray(np.eye(count + 1)[np.where(codes < 0, count, codes).astype(np.intp)])
