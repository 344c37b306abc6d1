"""a field's codes, a column of applicants -> what a table holds for the code of each row's value"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from src.batch.checking import Column
from src.batch.fields import MANY
from src.serving.codes import FieldCode, days_before


class Lookup(NamedTuple):
    """What is looked up of a column: it for each distinct value, and for each row which value it has."""

    found: NDArray[Any]
    codes: NDArray[np.int32]

    def of(self, rows: slice) -> NDArray[Any]:
        """Return it for some rows."""
        return self.found.take(self.codes[rows])


def places_of(field: FieldCode, columns: Mapping[str, Column]) -> Lookup:
    """Return the place of each value's code: 0 for -1, one more for each code."""
    return looked_up(field, range(field.count + 1), columns, np.int32)


def weights_of(field: FieldCode, columns: Mapping[str, Column]) -> Lookup:
    """Return the weight of each value's code."""
    found = looked_up(field, field.weights or [0.0] * (field.count + 1), columns, np.float64)
    return found if field.slope is None else sloped(field, field.slope, found, columns)


def sloped(field: FieldCode, slope: float, steps: Lookup, columns: Mapping[str, Column]) -> Lookup:
    """Return the weights with what a number's slope adds."""
    values = (dated(field, columns) if field.before else columns[field.name]).values
    known = [place for place, value in enumerate(values) if not (value is None or isinstance(value, str))]
    weights = steps.found.copy()
    weights[known] += slope * np.array([values[place] for place in known], dtype=np.float64)
    return steps._replace(found=weights)


def looked_up(field: FieldCode, table: Sequence[float], columns: Mapping[str, Column], kind: Any) -> Lookup:
    """Return what the table holds for the code of each value."""
    column = dated(field, columns) if field.before else columns[field.name]
    if field.labels is None and len(column.values) > MANY:
        return Lookup(of_numbers(field, np.array(table, dtype=kind), column.values), column.codes)
    read = field.reader(table)
    return Lookup(np.array([read(value) for value in column.values], dtype=kind), column.codes)


def of_numbers(field: FieldCode, table: NDArray[Any], values: Sequence[Any]) -> NDArray[Any]:
    """Return what the table holds for the code of each number, or state, all at once."""
    texts = [place for place, value in enumerate(values) if isinstance(value, str)]
    plain = list(values)
    for place in texts:
        plain[place] = None
    numbers = np.array(plain, dtype=np.float64)  # None becomes NaN
    found = table[1 + np.searchsorted(field.cuts, numbers, side="right")]
    found[np.isnan(numbers)] = table[0]
    found[texts] = [table[1 + field.states.get(values[place], -1)] for place in texts]
    return found


def dated(field: FieldCode, columns: Mapping[str, Column]) -> Column:
    """Return a column of dates as days before the date that the field names."""
    dates, made = columns[field.name], columns[str(field.before)]
    count = len(made.values)
    pairs, codes = np.unique(dates.codes.astype(np.int64) * count + made.codes, return_inverse=True)
    values = [(made.values[pair % count], dates.values[pair // count]) for pair in pairs.tolist()]
    days = [days_before(before, value) if isinstance(value, str) else value for before, value in values]
    return Column(days, codes.astype(np.int32))
