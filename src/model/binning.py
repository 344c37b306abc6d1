"""a table of applicants -> a scorecard's matrix: bins that keep expected directions, less what says too little

Pickled models name this module: it may not move or be renamed while an older model.pkl is in use.
"""

from collections.abc import Callable
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone

from src.errors import LastroError
from src.model.features import Learnt, Matrix, StatefulEncoder, _parted
from src.model.metrics import Bad, Vector
from src.model.scorecard import EMPTY, bins_of, counts, evidence


class Bound(NamedTuple):
    """A feature that is bound: 1 or -1, its known numbers, and which of their applicants are bad."""

    name: str
    sign: int
    numbers: Vector
    bad: Bad


class ScorecardEncoder(StatefulEncoder):
    """A StatefulEncoder of bins that are merged until they keep the expected directions; features may be left out.

    Neighbouring bins of a number are merged until both the weight of evidence and the weights that `regression` finds
    rise, or fall, as expected. What is missing and each state are bins of their own, in no order. A feature whose
    information value, the sum over its bins with training rows, is below `least_iv` is left out: its columns are 0.

    Parameters, beside those of StatefulEncoder: `least_iv`; `directions`, name -> 1 where the risk is expected to rise
    with the number, -1 where to fall; `regression`, the unfitted classifier that will read the matrix.
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
        least_iv: float = 0.0,
        directions: dict[str, int] | None = None,
        regression: Any = None,
    ) -> None:
        super().__init__(
            numeric, optional, categories, bins, states=states, texts=texts, least=least, most=most, seed=seed
        )
        self.least_iv = least_iv
        self.directions = directions
        self.regression = regression

    def fit_transform(self, X: pd.DataFrame, y: Any = None, **_: Any) -> Learnt:
        """Return the training rows' matrix, in which the columns of features that are left out are 0."""
        return self._matrix(X, self._learn(X, y))

    def transform(self, X: pd.DataFrame) -> Matrix:
        """Return the matrix, shape (rows, `len(get_feature_names_out())`); a feature that is left out has zeros."""
        found: Matrix = self._weighed(super().transform(X))
        return found

    def _learn(self, X: pd.DataFrame, y: Any) -> Matrix:
        """Learn all, merge bins and leave features out until nothing changes; return the texts' risk, cross-fitted."""
        self.left_out_: list[str] = []
        risks, bad = super()._learn(X, y), np.asarray(y)
        bound = [self._bound(X[name], sign, bad) for name, sign in (self.directions or {}).items()]
        changed = True
        while changed:
            for each in bound:
                self._merge_by_evidence(each)
            self._leave_out(X, bad)
            changed = bool(bound) and self._merge_by_weights(self._matrix(X, risks), bad, bound)
        return risks

    def _bound(self, column: pd.Series, sign: int, bad: Bad) -> Bound:
        name = str(column.name)
        numbers = _parted(column, self.seen_.get(name, []))[0]
        known = ~np.isnan(numbers)
        return Bound(name, sign, numbers[known], bad[known])

    def _merge_by_evidence(self, each: Bound) -> None:
        bads, goods = self._counts(each, each.bad == 1), self._counts(each, each.bad == 0)
        self._merge(each.name, np.column_stack([bads, goods]), lambda a, b: each.sign * (odds(b) - odds(a)) <= 0)

    def _merge_by_weights(self, matrix: Learnt, bad: Bad, bound: list[Bound]) -> bool:
        """Merge the bins whose weights are in the wrong order; say whether there were any."""
        weights, columns, merged = clone(self.regression).fit(matrix, bad).coef_[0], self._columns(), False
        for each in bound:
            rows = self._counts(each, each.bad >= 0)
            of_bins = weights[columns[each.name]][: len(rows)]
            merged |= self._merge_by_mean(each, rows * of_bins, rows)
        return merged

    def _merge_by_mean(self, each: Bound, totals: Vector, rows: NDArray[np.intp]) -> bool:
        pools = np.column_stack([totals, rows])
        return self._merge(each.name, pools, lambda a, b: each.sign * (mean(b) - mean(a)) < 0)

    def _counts(self, each: Bound, which: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return how many of these applicants each bin has."""
        edges = self.edges_[each.name]
        return np.bincount(np.searchsorted(edges, each.numbers[which], side="right"), minlength=len(edges) + 1)

    def _merge(self, name: str, pools: Matrix, wrong: Callable[[Vector, Vector], bool]) -> bool:
        """Merge neighbouring bins that are in the wrong order; say whether there were any."""
        starts = pooled(pools, wrong)
        self.edges_[name] = self.edges_[name][[start - 1 for start in starts[1:]]]
        return len(starts) < len(pools)

    def _leave_out(self, X: pd.DataFrame, bad: Bad) -> None:
        """Leave out what says too little; raises LastroError where nothing would be left."""
        values = {name: information(*counts(bins, bad)) for name, bins in bins_of(self, X).items()}
        weak = [name for name, value in values.items() if value < self.least_iv]
        if len(weak) == len(values):
            best = max(values, key=lambda name: values[name])
            said = f"the highest information value is {values[best]:.4f}, that of {best}"
            raise LastroError(f"least_iv: {self.least_iv:g} leaves no feature to a scorecard; {said}")
        self.left_out_ = weak
        self.edges_ |= {name: np.empty(0) for name in weak if name in self.edges_}

    def _matrix(self, X: pd.DataFrame, risks: Matrix) -> Learnt:
        """Return the training rows' matrix."""
        return self._weighed(self._learnt(len(X), chain(self._blocks(X), self._text_blocks(risks))))

    def _weighed(self, matrix: Learnt) -> Learnt:
        """Return the matrix with zeros for what is left out: a regression then finds no weight for it."""
        if not self.left_out_:
            return matrix
        columns = [self._columns()[name] for name in self.left_out_]
        if sparse.issparse(matrix):
            kept = np.ones(matrix.shape[1])
            kept[np.r_[tuple(columns)]] = 0.0
            return matrix @ sparse.diags_array(kept, format="csr")
        for each in columns:
            matrix[:, each] = 0.0
        return matrix

    def _columns(self) -> dict[str, slice]:
        """Return each feature's columns of the matrix, those of a number's bins first."""
        sizes = {name: len(self.edges_[name]) + 2 + len(self.states.get(name, [])) for name in self.numeric}
        sizes |= {name: len(labels) + 1 for name, labels in self.labels_.items()}
        sizes |= {name: len(self.edges_[name]) + 1 for name in self.texts}
        ends = np.cumsum(list(sizes.values())).tolist()
        return {name: slice(end - sizes[name], end) for name, end in zip(sizes, ends, strict=True)}


def pooled(bins: Matrix, wrong: Callable[[Vector, Vector], bool]) -> list[int]:
    """Return the places of the bins that begin a pool: neighbours are added up until none is `wrong` beside the next.

    With means it is what isotonic regression does (pool adjacent violators; Barlow et al. 1972).

    >>> pooled(np.array([[1.0, 1], [3, 1], [2, 1], [4, 1]]), lambda left, right: mean(right) < mean(left))
    [0, 1, 3]
    """
    pools: list[tuple[int, Vector]] = []
    for place, added in enumerate(bins):
        pools.append((place, added))
        while len(pools) > 1 and wrong(pools[-2][1], pools[-1][1]):
            (start, left), (_, right) = pools[-2:]
            pools[-2:] = [(start, left + right)]
    return [start for start, _ in pools]


def odds(pool: Vector) -> float:
    """Return bads for each good, half of one where there is none, as the weight of evidence counts them."""
    bads, goods = pool
    return float((bads or EMPTY) / (goods or EMPTY))


def mean(pool: Vector) -> float:
    """Return a sum by its number."""
    total, number = pool
    return float(total / number)


def weak_fields(encoder: Any, X: pd.DataFrame, bad: Bad) -> list[str]:
    """Return the features that a scorecard leaves out when it learns these rows; other encoders leave none out."""
    asked = isinstance(encoder, ScorecardEncoder) and encoder.least_iv > 0
    return list(clone(encoder).fit(X, bad).left_out_) if asked else []


def information(applicants: NDArray[np.int64], bads: NDArray[np.int64]) -> float:
    """Return the information value of bins, of which those without applicants say nothing (Siddiqi 2006)."""
    return float(evidence(applicants, bads)[1][applicants > 0].sum())
