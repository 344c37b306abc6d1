"""an encoder and its fields' codes -> rows of its matrix, one a code, and the tables of an additive formula by codes"""

import numpy as np
from sklearn.pipeline import Pipeline

from src.compile.fitted import labels_of, states_of, texts_of
from src.model.columns import number_columns
from src.model.features import ApplicantEncoder, Matrix
from src.model.formulas import Additive
from src.serving.codes import FieldCode
from src.serving.pairs import PairCode


def cells_of(encoder: ApplicantEncoder, field: FieldCode) -> Matrix:
    """Return the columns of a field that each of its codes stands for, that of -1 first."""
    name = field.name
    if name in texts_of(encoder):
        risks = np.unique(encoder.risks(name))
        return np.array([risks[field.missing], *risks])[:, None]
    if name in encoder.categories:
        return np.arange(-1.0, len(labels_of(encoder, name)))[:, None]
    numbers = [np.nextafter(field.cuts[0], -np.inf) if field.cuts else encoder.medians_[name], *field.cuts]
    rows = [number_columns(encoder, name, None), *(number_columns(encoder, name, value) for value in numbers)]
    return np.array([*rows, *(number_columns(encoder, name, None, state) for state in states_of(encoder, name))])


def tables_of(
    base: Pipeline, fields: list[FieldCode], formula: Additive
) -> tuple[float, list[list[float]], list[PairCode]]:
    """Return what the log-odds start with, each field's weights of its codes (that of -1 first), and the pairs'."""
    found = formula.tables({field.name: cells_of(base[0], field) for field in fields})
    singles = [found.singles[field.name].tolist() for field in fields]
    return found.start, singles, [pair_of(first, second, table) for (first, second), table in found.pairs.items()]


def pair_of(first: str, second: str, table: Matrix) -> PairCode:
    """Return a pair's table of codes, in which rows that are equal are one, and columns too."""
    rows, columns = groups_of(table), groups_of(table.T)
    weights = table[np.ix_([rows.index(row) for row in range(max(rows) + 1)],
                           [columns.index(column) for column in range(max(columns) + 1)])]  # fmt: skip
    return PairCode(first=first, second=second, rows=rows, columns=columns, weights=weights.tolist())


def groups_of(table: Matrix) -> list[int]:
    """Return the number of each row among the different ones, in the order in which they come."""
    known: dict[bytes, int] = {}
    return [known.setdefault(row.tobytes(), len(known)) for row in np.ascontiguousarray(table)]
