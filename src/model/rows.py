"""a typed table -> the SHA-256 of each of its rows: an equal row has an equal one, in whichever table it stands

By it, versions are compared on the same test rows, and a row that one was trained on is found among another's.
"""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from src.model.metrics import Bad, Vector

TEST_SCORES = "test_scores.parquet"
TRAIN_ROWS = "train_rows.parquet"
UNCALIBRATED = "uncalibrated"
READABLE = "readable"
COLUMNS, MODEL = "columns", "model"  # of a table's `attrs`, which its file keeps
CHUNK = 16_384  # rows that are written out at a time
DIGITS = 9  # of a PD: as near as the served form is to the fitted model, and far from how sums are rounded
KINDS: dict[str, Callable[[Any], bool]] = {
    "boolean": pd.api.types.is_bool_dtype,
    "integer": pd.api.types.is_integer_dtype,
    "number": pd.api.types.is_float_dtype,
    "date": pd.api.types.is_datetime64_any_dtype,
}
Bytes = NDArray[np.uint8]


def columns_of(table: pd.DataFrame) -> dict[str, str]:
    """Return the kind of each column's values, in the order of the names: what a row's hash is made of."""
    names = sorted(table.columns)
    return {name: next((kind for kind, holds in KINDS.items() if holds(table[name].dtype)), "text") for name in names}


def hashed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of the one column `row`: each row's SHA-256 in hexadecimal.

    It does not depend on the order of the rows or of the columns. Tables whose columns have other names or kinds have
    no equal rows; `attrs` say which these are.
    """
    columns = columns_of(table)
    parts = [
        pd.Series(list(_hashes(table.iloc[start : start + CHUNK], columns)), dtype="str")
        for start in range(0, len(table), CHUNK)
    ]
    found = pd.DataFrame({"row": pd.concat(parts, ignore_index=True) if parts else pd.Series(dtype="str")})
    found.attrs = {COLUMNS: columns}
    return found


def scores_of(table: pd.DataFrame, bad: Bad, pd_of: Vector, model: str) -> pd.DataFrame:
    """Return the hash, the outcome and the predicted PD of each test row, in the table's order.

    `attrs` say too by which model, a SHA-256.
    """
    found = predicted_of(table, bad, pd_of)
    found.attrs[MODEL] = model
    return found


def predicted_of(table: pd.DataFrame, bad: Bad, pd_of: Vector) -> pd.DataFrame:
    """Return the hash, the outcome and the predicted PD (NaN: none) of each row, in the table's order."""
    found = hashed(table)
    found["bad"], found["probability_of_default"] = bad, pd_of.round(DIGITS)
    return found


def trained_of(table: pd.DataFrame, bad: Bad, pd_of: Vector, uncalibrated: Vector) -> pd.DataFrame:
    """Return the same of the training rows, their PDs out of fold, with and without what calibration makes of them."""
    found = predicted_of(table, bad, pd_of)
    found[UNCALIBRATED] = uncalibrated.round(DIGITS)
    return found


def with_readable(trained: pd.DataFrame, pd_of: Vector) -> pd.DataFrame:
    """Return the training rows with the out-of-fold PDs of the candidate whose table of points is filed, too."""
    return trained.assign(**{READABLE: pd_of.round(DIGITS)})


def _hashes(table: pd.DataFrame, columns: dict[str, str]) -> Iterator[str]:
    """Yield the hash of each row: of the columns, and then of every value in as many bytes as its kind takes."""
    begun = sha256(json.dumps(columns).encode())
    written = np.hstack([_written(table[name], kind) for name, kind in columns.items()])
    content, width = memoryview(written.tobytes()), written.shape[1]
    for start in range(0, len(content), width):
        row = begun.copy()
        row.update(content[start : start + width])
        yield row.hexdigest()


def _written(column: pd.Series, kind: str) -> Bytes:
    """Return a column's values as bytes, one row each: whether there is one, then it, or zeros."""
    there = column.notna().to_numpy(dtype=bool)
    values = _texts(column) if kind == "text" else _numbers(column, kind)
    values[~there] = 0
    return np.hstack([there.astype(np.uint8)[:, None], values])


def _numbers(column: pd.Series, kind: str) -> Bytes:
    """Return numbers as 8 bytes, the highest first; a day by its microseconds, and -0.0 as 0.0."""
    values: NDArray[Any]
    if kind == "date":
        values = column.astype("datetime64[us]").to_numpy().astype(np.int64)
    elif kind == "number":
        values = column.astype("Float64").to_numpy(dtype=np.float64, na_value=0.0) + 0.0
    else:
        values = column.astype("Int64").to_numpy(dtype=np.int64, na_value=0)
    return values.astype(values.dtype.newbyteorder(">")).view(np.uint8).reshape(len(column), 8)


def _texts(column: pd.Series) -> Bytes:
    """Return texts as the 32 bytes of their SHA-256, each distinct one hashed once."""
    codes, distinct = pd.factorize(column)
    known = b"".join(sha256(str(text).encode("utf-8", "surrogatepass")).digest() for text in distinct)
    table = np.frombuffer(known + bytes(32), np.uint8).reshape(-1, 32)  # the last is that of a missing one, -1
    return table[codes]
