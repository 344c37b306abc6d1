"""a matrix without bins -> the columns that an R script is given, and these as the bytes that R reads"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


class Columns(NamedTuple):
    """What stands where in a matrix: the field of each column, and the labels of those fields that are categories.

    Of a number's columns the first is its value, the others say by 1 why it has none. `texts` are fields whose column
    is a risk that was learnt, which is no column of the contract's: R is not given them.
    """

    fields: list[str]
    levels: Mapping[str, list[str]]
    texts: list[str]

    @property
    def names(self) -> list[str]:
        """Return the fields that R is given."""
        return [name for name in dict.fromkeys(self.fields) if name not in self.texts]

    def places(self, name: str) -> list[int]:
        """Return the columns of a field."""
        return [place for place, field in enumerate(self.fields) if field == name]

    def values(self, X: Matrix, name: str) -> NDArray[np.float64]:
        """Return a field's numbers, or its labels' places; NaN where there is none, for whatever reason."""
        first, *flags = self.places(name)
        column = X[:, first]
        if name in self.levels:
            return np.where((column < 0) | (column >= len(self.levels[name])), np.nan, column)
        return np.where((X[:, flags] > 0).any(axis=1), np.nan, column)

    def words(self) -> list[str]:
        """Return each column as R reads it: its name, how many levels it has (a number none), and these."""
        return [word for name in self.names for word in described(name, self.levels.get(name, []))]

    def content(self, X: Matrix, *more: NDArray[np.float64]) -> bytes:
        """Return the columns one after another, and `more` of them, as float64."""
        columns = [*(self.values(X, name) for name in self.names), *more]
        return b"".join(np.ascontiguousarray(column, dtype="<f8").tobytes() for column in columns)


def described(name: str, levels: Sequence[str]) -> list[str]:
    """Return a column's words.

    >>> described("housing", ["own", "rent"])
    ['housing', '2', 'own', 'rent']
    """
    return [name, str(len(levels)), *levels]
