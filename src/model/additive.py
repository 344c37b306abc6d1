"""a matrix of applicants -> log-odds that are a sum of steps of one field or of two, and these steps as tables

Every pickled model of this kind names this module and its class: neither may move or be renamed while one is in use.
"""

from collections.abc import Mapping
from itertools import combinations
from math import fsum
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from src.model.cells import binned, cells_of, gain_of, mean_of, means_of, risk_of, widened
from src.model.features import Matrix, edges_of

Pair = tuple[str, str]
MOST_LABELS = 255  # that the trees tell apart
PAIR_BINS = 8  # of each column of a pair
LEAST_GAIN = 3.0  # standard deviations beyond what chance gives a pair


class Tables(NamedTuple):
    """Log-odds as a sum: `start`, the step of each field, and that of each pair of fields, by the cells asked for."""

    start: float
    singles: dict[str, NDArray[np.float64]]
    pairs: dict[Pair, Matrix]


class AdditiveClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Histogram gradient boosting whose trees are of one field each, then trees of few pairs of fields.

    Columns are cut into `bins` quantiles first. The pairs are those in whose cells the first trees' residuals are
    largest beside what chance gives (as FAST: Lou et al. 2013); second trees, on 8 bins a column, fit a Newton step
    from there. `interaction_cst` keeps both to what they are of.

    Parameters: `fields`, the field of each column; `labels`, which columns hold labels' places, ordered by their risk
    where they are paired; `directions`, of risk in each column (1, -1, 0); `pairs`, the most of them; those of the
    trees as scikit-learn calls them. A pair's tree may have as many leaves as two single ones make together.
    """

    def __init__(
        self,
        fields: list[str],
        labels: list[int],
        directions: list[int],
        *,
        bins: int = 20,
        pairs: int = 10,
        max_iter: int = 300,
        learning_rate: float = 0.1,
        max_leaf_nodes: int = 4,
        min_samples_leaf: int = 20,
        l2_regularization: float = 3.0,
        random_state: int = 0,
    ) -> None:
        self.fields = fields
        self.labels = labels
        self.directions = directions
        self.bins = bins
        self.pairs = pairs
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.random_state = random_state

    def fit(self, X: Matrix, y: NDArray[np.int64]) -> Self:
        """Fit the single trees, choose the pairs, fit theirs; `y` is 0 or 1."""
        self.classes_ = np.unique(y)
        bins = [MOST_LABELS if place in self.labels else self.bins for place in range(X.shape[1])]
        self.edges_ = [edges_of(column, most) for column, most in zip(X.T, bins, strict=True)]
        codes = self._codes(X)
        groups = [self._columns(name) for name in self._names()]
        single = HistGradientBoostingClassifier(**self._settings(range(X.shape[1]), groups, self.max_leaf_nodes))
        self.single_ = single.fit(codes, y)
        risks = {column: risk_of(codes[:, column], y, len(self.edges_[column]) + 1) for column in self.labels}
        self.risks_: dict[int, NDArray[np.float64]] = risks
        ranked = self._ranked(codes)
        self.coarse_ = [edges_of(column, PAIR_BINS) for column in ranked.T]
        coarse = self._coarse(ranked)
        cells = {name: cells_of(coarse[:, self._columns(name)]) for name in self._names()}
        self.cells_ = {name: (seen, shares) for name, (seen, shares, _) in cells.items()}
        pd = self.single_.predict_proba(codes)[:, 1]
        self.chosen_ = self._choose({name: places for name, (_, _, places) in cells.items()}, y, pd)
        self.paired_ = self._paired(coarse, y, pd) if self.chosen_ else None
        self.centres_ = {name: self._centre(name, codes) for name in self._names()}
        return self

    def decision_function(self, X: Matrix) -> NDArray[np.float64]:
        """Return the log-odds of each row."""
        codes = self._codes(X)
        found: NDArray[np.float64] = self.single_.decision_function(codes)
        if self.paired_ is not None:
            found = found + self._second(self._coarse(self._ranked(codes)))
        return found

    def predict_proba(self, X: Matrix) -> Matrix:
        """Return the probabilities of 0 and 1, shape (rows, 2)."""
        bad = expit(self.decision_function(X))
        return np.column_stack([1 - bad, bad])

    def predict(self, X: Matrix) -> NDArray[np.int64]:
        """Return the likelier class of each row."""
        found: NDArray[np.int64] = self.classes_[(self.decision_function(X) > 0).astype(np.intp)]
        return found

    def tables(self, cells: Mapping[str, Matrix]) -> Tables:
        """Return the sum as tables: of each field by its `cells`, rows of its columns; of a pair by those of both.

        A field's step is 0 in the mean of the training rows, a pair's also along each of its fields: what a pair says
        of one field alone stands in that field's step (the analysis of variance, by the product of the marginals).
        """
        with threadpool_limits(1):  # a thread a core for so few rows only waits
            return self._tables(cells)

    def _tables(self, cells: Mapping[str, Matrix]) -> Tables:
        zero = np.zeros((1, len(self.fields)))
        codes = {name: self._placed(name, rows) for name, rows in cells.items()}
        start = float(self.single_.decision_function(zero)[0]) + fsum(self.centres_.values())
        singles = {name: self._single(name, codes[name]) - self.centres_[name] for name in self._names()}
        if self.paired_ is None:
            return Tables(start, singles, {})
        coarse = {}
        for name, rows in codes.items():
            columns = self._columns(name)
            coarse[name] = widened(self._coarse(self._ranked(rows))[:, columns], columns, zero)
        shift = float(self._second(zero)[0])
        start += shift
        for name in {field: None for pair in self.chosen_ for field in pair}:
            columns, (seen, shares) = self._columns(name), self.cells_[name]
            step, usual = self._second(coarse[name]) - shift, self._second(widened(seen, columns, zero)) - shift
            mean = mean_of(usual, shares)
            start += mean
            singles[name] = singles[name] + step - mean
        pairs = {}
        for first, second in self.chosen_:
            start, pairs[first, second] = self._pure(first, second, coarse, singles, start, shift)
        return Tables(start, singles, pairs)

    def _pure(
        self,
        first: str,
        second: str,
        coarse: Mapping[str, Matrix],
        singles: dict[str, NDArray[np.float64]],
        start: float,
        shift: float,
    ) -> tuple[float, Matrix]:
        """Return a pair's table less its means, which go to the two fields' steps and to what all start with."""
        zero = np.zeros((1, len(self.fields)))
        (seen_a, shares_a), (seen_b, shares_b) = self.cells_[first], self.cells_[second]
        a, b = coarse[first], coarse[second]
        usual_a = widened(seen_a, self._columns(first), zero)
        usual_b = widened(seen_b, self._columns(second), zero)
        columns = self._columns(second)
        mean_a = means_of(self._both(a, usual_b, columns, shift), shares_b)
        mean_b = means_of(self._both(usual_a, b, columns, shift).T, shares_a)
        mean = mean_of(means_of(self._both(usual_a, usual_b, columns, shift), shares_b), shares_a)
        singles[first] = singles[first] + mean_a - mean
        singles[second] = singles[second] + mean_b - mean
        table = self._both(a, b, columns, shift) - mean_a[:, None] - mean_b[None, :] + mean
        return start + mean, table

    def _both(self, a: Matrix, b: Matrix, columns: list[int], shift: float) -> Matrix:
        """Return what two fields' cells add together beyond what each adds where all else is 0."""
        rows = np.repeat(a, len(b), axis=0)
        rows[:, columns] = np.tile(b[:, columns], (len(a), 1))
        both = self._second(rows).reshape(len(a), len(b))
        found: Matrix = both - self._second(a)[:, None] - self._second(b)[None, :] + shift
        return found

    def _names(self) -> list[str]:
        return list(dict.fromkeys(self.fields))

    def _columns(self, name: str) -> list[int]:
        return [place for place, field in enumerate(self.fields) if field == name]

    def _settings(self, columns: Any, groups: list[list[int]], leaves: int) -> dict[str, Any]:
        return {
            "interaction_cst": groups,
            "monotonic_cst": [self.directions[column] for column in columns],
            "max_iter": self.max_iter,
            "learning_rate": self.learning_rate,
            "max_leaf_nodes": leaves,
            "min_samples_leaf": self.min_samples_leaf,
            "l2_regularization": self.l2_regularization,
            "early_stopping": False,
            "random_state": self.random_state,
        }

    def _codes(self, X: Matrix) -> Matrix:
        return binned(X, self.edges_)

    def _ranked(self, codes: Matrix) -> Matrix:
        """Return the codes with a label's risk in the place of its code."""
        found = codes.copy()
        for column, risks in self.risks_.items():
            found[:, column] = risks[codes[:, column].astype(np.intp)]
        return found

    def _coarse(self, ranked: Matrix) -> Matrix:
        return binned(ranked, self.coarse_)

    def _placed(self, name: str, rows: Matrix) -> Matrix:
        """Return the codes of a field's cells, all other columns 0."""
        codes = np.zeros((len(rows), len(self.fields)))
        for place, column in enumerate(self._columns(name)):
            codes[:, column] = np.searchsorted(self.edges_[column], rows[:, place], side="right")
        return codes

    def _single(self, name: str, codes: Matrix) -> NDArray[np.float64]:
        """Return what a field alone adds to the log-odds that all codes 0 have."""
        rows = widened(codes[:, self._columns(name)], self._columns(name), np.zeros((1, len(self.fields))))
        zero = self.single_.decision_function(np.zeros((1, len(self.fields))))
        found: NDArray[np.float64] = self.single_.decision_function(rows) - zero
        return found

    def _centre(self, name: str, codes: Matrix) -> float:
        """Return the mean of what a field alone adds, over rows."""
        columns = self._columns(name)
        seen, shares, _ = cells_of(codes[:, columns])
        return mean_of(self._single(name, widened(seen, columns, np.zeros((1, len(self.fields))))), shares)

    def _choose(
        self, cell: Mapping[str, NDArray[np.intp]], y: NDArray[np.int64], pd: NDArray[np.float64]
    ) -> list[Pair]:
        """Return the pairs whose cells tell most of the residuals, by standard deviations beyond chance."""
        if not self.pairs:
            return []
        found: list[tuple[float, int, Pair]] = []
        for first, second in combinations(self._names(), 2):
            width = int(cell[second].max()) + 1
            both = cell[first] * width + cell[second]
            gain = gain_of(both, y - pd, pd * (1 - pd), self.l2_regularization)
            if gain > LEAST_GAIN:
                found.append((-gain, len(found), (first, second)))
        return [pair for _, _, pair in sorted(found)[: self.pairs]]

    def _paired(self, coarse: Matrix, y: NDArray[np.int64], pd: NDArray[np.float64]) -> HistGradientBoostingRegressor:
        """Return the second trees: the working residuals' least squares, weighted by how sure each row's PD is not."""
        columns = self._used()
        place = {column: place for place, column in enumerate(columns)}
        groups = [[place[column] for name in pair for column in self._columns(name)] for pair in self.chosen_]
        weight = np.clip(pd * (1 - pd), 1e-6, None)
        regression = HistGradientBoostingRegressor(**self._settings(columns, groups, self.max_leaf_nodes**2))
        return regression.fit(coarse[:, columns], (y - pd) / weight, sample_weight=weight)

    def _used(self) -> list[int]:
        return sorted({column for pair in self.chosen_ for name in pair for column in self._columns(name)})

    def _second(self, coarse: Matrix) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.paired_.predict(coarse[:, self._used()])  # type: ignore[union-attr]
        return found
