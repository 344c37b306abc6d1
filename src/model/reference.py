"""training rows and their PDs -> the reference applicant, beside whom reasons are told: the typical approved one"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from src.model.card import Feature, Value
from src.model.inputs import thinned
from src.model.metrics import Vector
from src.model.points import ROUNDING

Predict = Callable[[pd.DataFrame], Vector]
MOST_VALUES = 100  # of a number that are tried
MOST_ROWS = 100_000  # among which the typical applicant is looked for


def reference(X: pd.DataFrame, predict: Predict, threshold: float, features: list[Feature]) -> dict[str, Value]:
    """Return the typical applicant among the training rows `X` that are approved; of a date the days.

    Of more than 100 000 rows every second, third or later one is looked at, so that as many are left at most.
    Where that one is itself declined, or nobody is approved, it is the most favourable applicant instead. `predict`
    gives a table's PDs by the fitted final model. No text is named that is not among a feature's suggestions.
    """
    X = thinned(X, MOST_ROWS)
    pd_of = predict(X)
    named = X.assign(**{f.name: X[f.name].where(X[f.name].isin(known_texts(f))) for f in features if f.type == "text"})
    approved = named[pd_of < threshold]
    if len(approved):
        found = {feature.name: typical(approved[feature.name], feature) for feature in features}
        if predict(table_of([found], X))[0] < threshold:
            return found
    return favourable(named, pd_of, predict, features)


def known_texts(feature: Feature) -> list[str]:
    """Return the texts of a feature that may be named: those that many share, and its states."""
    return [*feature.suggestions, *feature.states]


def typical(values: pd.Series, feature: Feature) -> Value:
    """Return the median of numbers, the most frequent category or boolean; None where missing is more typical.

    Where most have no number for some reason, it is the most frequent one of the reasons.
    """
    if feature.mixed:
        stated = values.isin(feature.states)
        if stated.sum() > (values.notna() & ~stated).sum():
            return typical(values[stated | values.isna()], feature.model_copy(update={"type": "category"}))
        values = values[~stated]
    known = values.dropna().sort_values()
    missing = len(values) - len(known)
    if feature.type in ("category", "text", "boolean"):
        counts = known.value_counts(sort=False).sort_index()  # of equally frequent ones the first by name
        return None if known.empty or missing > counts.max() else plain(counts.idxmax(), feature)
    if missing > len(known):
        return None
    low: float = plain(known.iloc[(len(known) - 1) // 2], feature)
    high: float = plain(known.iloc[len(known) // 2], feature)
    if feature.enum:
        return low  # between two allowed numbers may be none
    return low / 2 + high / 2 if feature.type == "number" else (low + high) // 2


def favourable(X: pd.DataFrame, pd_of: Vector, predict: Predict, features: list[Feature]) -> dict[str, Value]:
    """Return an applicant of whom no other value of a training row would lower the PD, any one feature at a time.

    It starts as the training row of the lowest PD, so it is approved wherever anybody is.
    """
    row = lowest(pd_of)
    found = {feature.name: plain(X[feature.name].iloc[row], feature) for feature in features}
    least, before = float(predict(table_of([found], X))[0]), np.inf
    while least < before - ROUNDING:
        before = least
        for feature in features:
            tried = [found | {feature.name: value} for value in values_of(X[feature.name], feature)]
            pds = predict(table_of(tried, X))
            if pds.min() < least - ROUNDING:
                found, least = tried[lowest(pds)], float(pds.min())
    return found


def lowest(pd_of: Vector) -> int:
    """Return the place of the lowest PD; of equal ones the one rounded up most, lest others seem to be above it."""
    equal = np.flatnonzero(pd_of < pd_of.min() + ROUNDING)
    return int(equal[np.argmax(pd_of[equal])])


def values_of(values: pd.Series, feature: Feature) -> list[Value]:
    """Return the different values, missing among them; of many numbers some, evenly from the least to the largest."""
    states = [state for state in feature.states if (values == state).any()] if feature.mixed else []
    known = values[~values.isin(states)].dropna().drop_duplicates().sort_values()
    kept = np.unique(np.linspace(0, len(known) - 1, min(len(known), MOST_VALUES)).round().astype(np.intp))
    missing: list[Value] = [None] if values.isna().any() else []
    return [plain(value, feature) for value in known.iloc[kept]] + states + missing


def plain(value: Any, feature: Feature) -> Any:
    """Return a table's value as JSON has it; a date's is the number of its days."""
    if pd.isna(value) or value in feature.states:
        return None if pd.isna(value) else value
    kinds: dict[str, Callable[[Any], Value]] = {"boolean": bool, "integer": int, "number": float, "date": int}
    return kinds.get(feature.type, str)(value)


def table_of(applicants: Sequence[Mapping[str, Value]], X: pd.DataFrame) -> pd.DataFrame:
    """Return the applicants as a table typed as `X` is."""
    columns = {name: [applicant[name] for applicant in applicants] for name in X.columns}
    return pd.DataFrame({name: pd.Series(values, dtype=X[name].dtype) for name, values in columns.items()})
