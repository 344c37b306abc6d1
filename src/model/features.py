"""a table of applicants -> the matrix that a classifier reads

Every pickled model names this module and its classes: none may move or be renamed while an older model.pkl is in use.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import TargetEncoder
from sklearn.utils.validation import check_is_fitted

Matrix = NDArray[np.float64]
Learnt = Any  # a Matrix, or a sparse one of scipy, which is untyped
FOLDS = 5  # in which texts' risk is learnt
MANY_ROWS = 100_000  # from which a sparse matrix of indicators is learnt from: gigabytes less, a quarter of the time


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
                self.edges_[name] = edges_of(known, self.bins)
            else:
                self.medians_[name] = float(np.median(known)) if known.size else 0.0
        self.n_features_in_ = X.shape[1]
        return self

    def fit_transform(self, X: pd.DataFrame, y: Any = None, **_: Any) -> Learnt:
        """Learn from `X` and return its matrix, a sparse one where it is indicators of many rows."""
        return self.fit(X, y)._learnt(len(X), self._blocks(X))

    def transform(self, X: pd.DataFrame) -> Matrix:
        """Return the matrix, shape (rows, `len(get_feature_names_out())`)."""
        check_is_fitted(self, "edges_")
        return self._filled(len(X), self._blocks(X))

    def _learnt(self, rows: int, blocks: Iterable[Matrix]) -> Learnt:
        """Return the blocks side by side, as a classifier learns from them."""
        if self.bins is None or rows < MANY_ROWS:
            return self._filled(rows, blocks)
        return sparse.hstack([sparse.csr_array(block) for block in blocks], format="csr")

    def _filled(self, rows: int, blocks: Iterable[Matrix]) -> Matrix:
        """Return the blocks side by side; only one of them is there beside the whole."""
        matrix, start = np.empty((rows, len(self.get_feature_names_out()))), 0
        for block in blocks:
            matrix[:, start : start + block.shape[1]] = block
            start += block.shape[1]
        return matrix

    def _blocks(self, X: pd.DataFrame) -> Iterator[Matrix]:
        """Yield each feature's columns."""
        for name in self.numeric:
            yield self._numeric_block(name, _numbers(X[name]))
        for name, labels in self.categories.items():
            yield self._label_block(X[name], labels)

    def _numeric_block(self, name: str, values: Matrix) -> Matrix:
        missing = np.isnan(values)
        if self.bins is not None:
            edges = self.edges_[name]
            codes = np.where(missing, -1, np.searchsorted(edges, values, side="right"))
            return _indicators(codes, len(edges) + 1)
        filled = np.where(missing, self.medians_[name], values)[:, None]
        return np.hstack([filled, missing[:, None]]) if name in self.optional else filled

    def _label_block(self, column: pd.Series, labels: list[str]) -> Matrix:
        codes = _places(column, labels).astype(np.float64)
        return codes[:, None] if self.bins is None else _indicators(codes, len(labels))

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


class StatefulEncoder(ApplicantEncoder):
    """An ApplicantEncoder for columns that also hold the reasons for not having a value, and for many-valued text.

    A column with `states` holds numbers or labels, or labels alone: each state is an indicator of its own beside a
    number (which is then filled as a missing one), or a bin; of a category it is one more label. A state that no
    training row has counts as missing. A number's column is then of Python's objects.

    A column of `texts` is coded by its values' risk: their share of bads, shrunk towards everybody's (scikit-learn's
    TargetEncoder; Micci-Barreca 2001), in the training rows that of the other folds' rows. With `bins`, that number's
    quantiles become indicators. Values with fewer than `least` rows, and all but the `most` frequent ones, are one.

    Parameters, beside those of ApplicantEncoder: `states`, name -> labels; `texts`, names; `least` and `most`, numbers
    of rows and of values; `seed`, of the folds.
    """

    def __init__(
        self,
        numeric: list[str],
        optional: list[str],
        categories: dict[str, list[str]],
        bins: int | None = None,
        *,
        states: dict[str, list[str]],
        texts: list[str],
        least: int,
        most: int,
        seed: int,
    ) -> None:
        super().__init__(numeric, optional, categories, bins)
        self.states = states
        self.texts = texts
        self.least = least
        self.most = most
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Learn which states and texts there are, the texts' risk by `y` (0 or 1), bin edges and medians."""
        self._learn(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: Any = None, **_: Any) -> Learnt:
        """Return the training rows' matrix, in which no row's own outcome speaks from its text's code."""
        risks = self._learn(X, y)
        return self._learnt(len(X), chain(self._blocks(X), self._text_blocks(risks)))

    def transform(self, X: pd.DataFrame) -> Matrix:
        """Return the matrix, shape (rows, `len(get_feature_names_out())`)."""
        check_is_fitted(self, "edges_")
        risks = self.risk_.transform(self._tokens(X)) if self.texts else np.empty((len(X), 0))
        return self._filled(len(X), chain(self._blocks(X), self._text_blocks(risks)))

    def _learn(self, X: pd.DataFrame, y: Any) -> Matrix:
        """Learn all; return the texts' risk in the training rows, cross-fitted."""
        seen = {name: [label for label in labels if (X[name] == label).any()] for name, labels in self.states.items()}
        self.seen_: dict[str, list[str]] = seen
        super().fit(X.assign(**{name: _parted(X[name], seen[name])[0] for name in self.numeric if name in seen}))
        self.labels_ = {name: [*labels, *seen.get(name, [])] for name, labels in self.categories.items()}
        self.kept_ = {name: kept_texts(X[name], seen.get(name, []), self.least, self.most) for name in self.texts}
        if not self.texts:
            return np.empty((len(X), 0))
        tokens = self._tokens(X)
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=self.seed)
        self.risk_ = TargetEncoder(target_type="binary", cv=folds)
        risks: Matrix = self.risk_.fit_transform(tokens, y)
        if self.bins is not None:
            whole = self.risk_.transform(tokens)
            self.edges_ |= {name: edges_of(whole[:, place], self.bins) for place, name in enumerate(self.texts)}
        return risks

    def _blocks(self, X: pd.DataFrame) -> Iterator[Matrix]:
        for name in self.numeric:
            numbers, places = _parted(X[name], self.seen_.get(name, []))
            yield self._with_states(name, self._numeric_block(name, numbers), places)
        for name, labels in self.labels_.items():
            yield self._label_block(X[name], labels)

    def _with_states(self, name: str, block: Matrix, places: NDArray[np.intp]) -> Matrix:
        """Return a number's columns with one a state, before the last where that one says missing."""
        seen, states = self.seen_.get(name, []), self.states.get(name, [])
        if not states:
            return block
        flags = np.zeros((len(block), len(states)))
        rows = np.flatnonzero(places >= 0)
        flags[rows, np.array([states.index(state) for state in seen], dtype=np.intp)[places[rows]]] = 1
        if self.bins is None and name not in self.optional:
            return np.hstack([block, flags])
        return np.hstack([block[:, :-1], flags, (block[:, -1] * (places < 0))[:, None]])

    def _tokens(self, X: pd.DataFrame) -> NDArray[np.intp]:
        """Return each text's place among those kept, after them one for all others and one for missing."""
        columns = []
        for name in self.texts:
            kept = self.kept_[name]
            places = _places(X[name], kept)
            columns.append(np.where(places >= 0, places, np.where(X[name].isna(), len(kept) + 1, len(kept))))
        return np.column_stack(columns)

    def _text_blocks(self, risks: Matrix) -> Iterator[Matrix]:
        if self.bins is None:
            yield risks
            return
        for place, name in enumerate(self.texts):
            edges = self.edges_[name]
            yield _indicators(np.searchsorted(edges, risks[:, place], side="right"), len(edges) + 1)[:, :-1]

    def risks(self, name: str) -> Matrix:
        """Return the risk of each text that is kept, then that of all others, then that of a missing one."""
        count = len(self.kept_[name]) + 2
        tokens = np.zeros((count, len(self.texts)), dtype=np.intp)
        place = self.texts.index(name)
        tokens[:, place] = np.arange(count)
        found: Matrix = self.risk_.transform(tokens)[:, place]
        return found

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002
        """Return one name a column of the matrix; `input_features` is ignored."""
        names: list[str] = []
        for name in self.numeric:
            missing = [f"{name}=missing"] if self.bins is not None or name in self.optional else []
            values = [name] if self.bins is None else [f"{name}={text}" for text in intervals(self.edges_[name])]
            names += [*values, *(f"{name}={state}" for state in self.states.get(name, [])), *missing]
        for name in self.categories:
            labels = [] if self.bins is None else [*self.labels_[name], "missing"]
            names += [f"{name}={label}" for label in labels] or [name]
        for name in self.texts:
            edges = None if self.bins is None else self.edges_[name]
            names += [name] if edges is None else [f"{name}=risk {text}" for text in intervals(edges)]
        return np.array(names, dtype=object)


def kept_texts(column: pd.Series, states: Sequence[str], least: int, most: int) -> list[str]:
    """Return the values that have a code of their own, in order: the `most` frequent with at least `least` rows.

    `states` are kept whatever their number; of equally frequent values the first by name are.

    >>> kept_texts(pd.Series(["b", "a", "b", "a", "c", "unknown"]), ["unknown"], least=2, most=1)
    ['a', 'unknown']
    """
    counts = column[~column.isin(list(states))].value_counts(sort=False).sort_index()
    frequent = counts[counts >= least].sort_values(ascending=False, kind="stable").index[:most]
    return [*sorted(frequent), *states]


def intervals(edges: Matrix) -> list[str]:
    """Return the bins that `edges` make, as text.

    >>> intervals(np.array([1.0, 2.5]))
    ['< 1', '1 to < 2.5', '>= 2.5']
    """
    cuts = [repr(float(edge)).removesuffix(".0") for edge in edges]
    if not cuts:
        return ["any"]
    return [
        f"< {cuts[0]}",
        *(f"{low} to < {high}" for low, high in pairwise(cuts)),
        f">= {cuts[-1]}",
    ]


def _numbers(column: pd.Series) -> Matrix:
    return np.asarray(column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))


def _places(column: pd.Series, labels: Sequence[str]) -> NDArray[np.intp]:
    """Return each value's place among the labels; -1 where it is none of them."""
    return np.asarray(pd.Index(labels).get_indexer(pd.Index(column)))


def _parted(column: pd.Series, states: Sequence[str]) -> tuple[Matrix, NDArray[np.intp]]:
    """Return a column's numbers, NaN where it holds none, and the places of its states, -1 where it holds none."""
    if pd.api.types.is_numeric_dtype(column):
        return _numbers(column), np.full(len(column), -1)
    return _numbers(pd.to_numeric(column, errors="coerce")), _places(column, states)


def edges_of(known: Matrix, bins: int) -> Matrix:
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


def _indicators(codes: Matrix | NDArray[np.intp], count: int) -> Matrix:
    """Return one column a code from 0, and a last one for -1, missing."""
    found = np.zeros((len(codes), count + 1))
    found[np.arange(len(codes)), np.where(codes < 0, count, codes).astype(np.intp)] = 1
    return found
