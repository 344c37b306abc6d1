"""training rows and their PDs -> the reference applicant, beside whom reasons are told: the typical approved one"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from src.contract.fields import Column
from src.model.card import Value
from src.model.metrics import Vector
from src.model.points import ROUNDING

Predict = Callable[[pd.DataFrame], Vector]
MOST_VALUES = 100  # of a number that are tried


def reference(X: pd.DataFrame, predict: Predict, threshold: float, columns: list[Column]) -> dict[str, Value]:
    """Return the typical applicant among the training rows `X` that are approved.

    Where that one is itself declined, or nobody is approved, it is the most favourable applicant instead. `predict`
    gives a table's PDs by the fitted final model.
    """
    pd_of = predict(X)
    approved = X[pd_of < threshold]
    if len(approved):
        found = {column.name: typical(approved[column.name], column) for column in columns}
        if predict(table_of([found], X))[0] < threshold:
            return found
    return favourable(X, pd_of, predict, columns)


def typical(values: pd.Series, column: Column) -> Value:
    """Return the median of numbers, the most frequent category or boolean; None where missing is more typical."""
    known = values.dropna().sort_values()
    missing = len(values) - len(known)
    if column.kind in ("category", "boolean"):
        counts = known.value_counts(sort=False).sort_index()  # of equally frequent ones the first by name
        return None if known.empty or missing > counts.max() else plain(counts.idxmax(), column)
    if missing > len(known):
        return None
    low: float = plain(known.iloc[(len(known) - 1) // 2], column)
    high: float = plain(known.iloc[len(known) // 2], column)
    if column.constraints.enum:
        return low  # between two allowed numbers may be none
    return (low + high) // 2 if column.kind == "integer" else low / 2 + high / 2


def favourable(X: pd.DataFrame, pd_of: Vector, predict: Predict, columns: list[Column]) -> dict[str, Value]:
    """Return an applicant of whom no other value of a training row would lower the PD, any one feature at a time.

    It starts as the training row of the lowest PD, so it is approved wherever anybody is.
    """
    row = lowest(pd_of)
    found = {column.name: plain(X[column.name].iloc[row], column) for column in columns}
    least, before = float(pd_of[row]), np.inf
    while least < before - ROUNDING:
        before = least
        for column in columns:
            tried = [found | {column.name: value} for value in values_of(X[column.name], column)]
            pds = predict(table_of(tried, X))
            if pds.min() < least - ROUNDING:
                found, least = tried[lowest(pds)], float(pds.min())
    return found


def lowest(pd_of: Vector) -> int:
    """Return the place of the lowest PD; of equal ones the one rounded up most, lest others seem to be above it."""
    equal = np.flatnonzero(pd_of < pd_of.min() + ROUNDING)
    return int(equal[np.argmax(pd_of[equal])])


def values_of(values: pd.Series, column: Column) -> list[Value]:
    """Return the different values, missing among them; of many numbers some, evenly from the least to the largest."""
    known = values.dropna().drop_duplicates().sort_values()
    kept = np.unique(np.linspace(0, len(known) - 1, min(len(known), MOST_VALUES)).round().astype(np.intp))
    missing: list[Value] = [None] if values.isna().any() else []
    return [plain(value, column) for value in known.iloc[kept]] + missing


def plain(value: Any, column: Column) -> Any:
    """Return a table's value as JSON has it."""
    kinds: dict[str, Callable[[Any], Value]] = {"category": str, "boolean": bool, "integer": int, "number": float}
    return None if pd.isna(value) else kinds[column.kind](value)


def table_of(applicants: Sequence[Mapping[str, Value]], X: pd.DataFrame) -> pd.DataFrame:
    """Return the applicants as a table typed as `X` is."""
    columns = {name: [applicant[name] for applicant in applicants] for name in X.columns}
    return pd.DataFrame({name: pd.Series(values, dtype=X[name].dtype) for name, values in columns.items()})
