"""a field's codes, a column of applicants -> what a table holds for the code of each row's value"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from src.batch.checking import Column
from src.serving.codes import FieldCode, days_before


def places_of(field: FieldCode, columns: Mapping[str, Column]) -> NDArray[np.int32]:
    """Return the place of each row's code: 0 for -1, one more for each code."""
    found = looked_up(field, range(field.count + 1), columns)
    return found.astype(np.int32)


def weights_of(field: FieldCode, columns: Mapping[str, Column]) -> NDArray[np.float64]:
    """Return the weight of each row's code."""
    return looked_up(field, field.weights or [0.0] * (field.count + 1), columns)


def looked_up(field: FieldCode, table: Sequence[float], columns: Mapping[str, Column]) -> NDArray[np.float64]:
    """Return what the table holds for the code of each row's value."""
    column = dated(field, columns) if field.before else columns[field.name]
    read = field.reader(table)
    return np.array([read(value) for value in column.values], dtype=np.float64).take(column.codes)


def dated(field: FieldCode, columns: Mapping[str, Column]) -> Column:
    """Return a column of dates as days before the date that the field names."""
    dates, made = columns[field.name], columns[str(field.before)]
    count = len(made.values)
    pairs, codes = np.unique(dates.codes.astype(np.int64) * count + made.codes, return_inverse=True)
    values = [(made.values[pair % count], dates.values[pair // count]) for pair in pairs.tolist()]
    days = [days_before(before, value) if isinstance(value, str) else value for before, value in values]
    return Column(days, codes.astype(np.int32))
