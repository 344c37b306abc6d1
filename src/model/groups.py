"""a column of the training split, the same of other rows -> the group of each of these rows, in words and in order"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Vector = NDArray[np.float64]
MOST_GROUPS = 10  # of few values each is a group of its own
MOST_TEXTS = 50
LEAST_PEOPLE = 30  # a group of fewer says little, and is no yardstick for others
SHARES = (0.25, 0.5, 0.75)
OTHER, MISSING = "other", "missing"


class _Parts(NamedTuple):
    """A column's numbers (NaN where it holds none), and its texts (missing where it holds a number or nothing)."""

    numbers: Vector
    texts: pd.Series


def grouped(training: pd.Series, values: pd.Series, unit: str = "") -> pd.Categorical:
    """Return the group of each of `values`: numbers in order, then texts, "other" and "missing".

    A group is the value itself; of many numbers a quarter of the training rows, of days those of their years; of many
    texts the value where 30 training rows share it, else "other". `unit` follows a number. The least and the greatest
    number of all rows are the ends, so that a group's name is true of all rows in it.

    >>> list(grouped(pd.Series(range(20, 60)), pd.Series([18, 29, 30, None])))
    ['18 to 29', '18 to 29', '30 to 39', 'missing']
    """
    seen, new = _parted(training), _parted(values)
    numbers, codes = _numbers(seen.numbers, new.numbers)
    texts = new.texts
    known = set(seen.texts.dropna().unique()) | set(texts.dropna().unique())
    if len(known) > MOST_GROUPS:
        counts = seen.texts.value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
        known = set(counts.index[counts >= LEAST_PEOPLE][:MOST_TEXTS])
        texts = texts.where(texts.isna() | texts.isin(known), OTHER)
    named = pd.Series(np.array([*(f"{name}{unit}" for name in numbers), None], dtype=object)[codes], index=values.index)
    names = [*(f"{name}{unit}" for name in numbers), *sorted(known), OTHER, MISSING]
    return pd.Categorical(named.where(texts.isna(), texts).fillna(MISSING), list(dict.fromkeys(names)), ordered=True)


def _parted(column: pd.Series) -> _Parts:
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.year.astype("Float64")
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return _Parts(_floats(column), pd.Series(None, index=column.index, dtype=object))
    if isinstance(column.dtype, pd.StringDtype):
        return _Parts(np.full(len(column), np.nan, dtype=np.float64), column.astype(object))
    told = column.map(lambda value: isinstance(value, bool | np.bool_ | str)).astype(bool)
    texts = column.astype(object).where(told, None).map(str, na_action="ignore")
    return _Parts(_floats(pd.to_numeric(column.astype(object).where(~told, None), errors="coerce")), texts)


def _floats(column: pd.Series) -> Vector:
    return np.asarray(column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))


def _numbers(seen: Vector, new: Vector) -> tuple[list[str], NDArray[np.intp]]:
    """Return the names of the groups of numbers, and each new number's place among them, -1 where it is missing."""
    known = np.unique(np.concatenate([part[~np.isnan(part)] for part in (seen, new)]))
    if not known.size:
        return [], np.full(len(new), -1)
    whole = bool((known % 1 == 0).all())
    if len(known) <= MOST_GROUPS:
        uppers = known
        names = [_text(value) for value in known]
    else:
        uppers = _uppers(seen[~np.isnan(seen)], whole, known)
        lowers = [known[0], *(uppers[:-1] + 1 if whole else uppers[:-1])]
        names = [_range(low, high) for low, high in zip(lowers, uppers, strict=True)]
        if not whole:
            names[1:] = [f"over {name}" for name in names[1:]]
    return names, np.where(np.isnan(new), -1, np.searchsorted(uppers, new, side="left").clip(max=len(uppers) - 1))


def _uppers(seen: Vector, whole: bool, known: Vector) -> Vector:
    """Return the greatest number of each quarter of the training rows, the last that of all rows."""
    cuts = np.quantile(seen, SHARES, method="inverted_cdf") if seen.size else np.empty(0)
    cuts = np.unique(cuts if whole else [float(f"{cut:.6g}") for cut in cuts])
    return np.append(cuts[(cuts >= known[0]) & (cuts < known[-1])], known[-1])


def _range(low: float, high: float) -> str:
    return _text(low) if low == high else f"{_text(low)} to {_text(high)}"


def _text(value: float) -> str:
    """Return a number without an exponent, of six digits where it is not whole."""
    return str(int(value)) if value % 1 == 0 else np.format_float_positional(float(f"{value:.6g}"), trim="-")
