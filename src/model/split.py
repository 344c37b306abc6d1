"""a typed table -> which of its rows train and which test, so that a row which was there keeps its side

By seed, the package's own rows are drawn as they are without any others, and each row that outcomes have added by what
its prediction's identifier says. By time the newest rows test, and the day from which on they do only moves forward.
"""

from hashlib import sha256

import pandas as pd
from sklearn.model_selection import train_test_split

from src.contract.fields import ContractError
from src.contract.package import Package

Parts = tuple[pd.Index, pd.Index]
RANGE = 2**64


def by_seed(bad: pd.Series, test_share: float, seed: int) -> Parts:
    """Return which rows train and which test: any, the same share of them bad in both parts."""
    if min(test_share, 1 - test_share) * min(bad.sum(), (~bad).sum()) < 1:
        raise ContractError(f"split.test_share: {test_share} of {len(bad)} rows leaves a part without an outcome")
    train, test = train_test_split(bad.index, test_size=test_share, stratify=bad, random_state=seed)
    return train.sort_values(), test.sort_values()


def by_prediction(rows: pd.Index, ids: list[str], test_share: float, seed: int) -> Parts:
    """Return which rows train and which test: each by its own identifier, whatever others there are."""
    tests = pd.Series([drawn(one, seed) < test_share for one in ids], index=rows, dtype=bool)
    return rows[~tests], rows[tests]


def drawn(prediction_id: str, seed: int) -> float:
    """Return a number from 0 to below 1 that seed and identifier decide, uniform among identifiers.

    >>> round(drawn("01a2", 20), 6), drawn("01a2", 20) == drawn("01a2", 21)
    (0.641584, False)
    """
    return int.from_bytes(sha256(f"{seed}:{prediction_id}".encode()).digest()[:8]) / RANGE


def by_time(table: pd.DataFrame, bad: pd.Series, package: Package, test_share: float) -> Parts:
    """Return which rows train and which test: the newest days, as many of them as come nearest to the share."""
    joined = package.resource.outcomes
    days = days_of(table, package)
    first = first_test_day(days, test_share, joined.test_from if joined else None)
    for part, rows in (("training", days < first), ("test", days >= first)):
        for outcome, found in (("bad", bad[rows]), ("not bad", ~bad[rows])):
            if not found.any():
                raise ContractError(
                    f"split.by: with the applications from {first:%Y-%m-%d} on as the test rows, no {part} row is"
                    f" {outcome}; split by seed, or hold out another test_share than {test_share}"
                )
    return table.index[days < first], table.index[days >= first]


def days_of(table: pd.DataFrame, package: Package) -> pd.Series:
    """Return the day of each application; raises ContractError where the package names none, or a row has none."""
    if package.time is None:
        raise ContractError("split.by: time needs the field that says when an application was made (`role: time`)")
    days = table[package.time.name]
    if days.isna().any():
        count = int(days.isna().sum())
        raise ContractError(
            f"split.by: {count} of {len(days)} rows have no {package.time.name!r}, so that no time can place them"
        )
    return days


def first_test_day(days: pd.Series, test_share: float, least: str | None = None) -> pd.Timestamp:
    """Return the day from which on rows test, as many as come nearest to the share; none before the day `least`."""
    shares = days.value_counts().sort_index()[::-1].cumsum() / len(days)
    first = pd.Timestamp(str((shares - test_share).abs().idxmin()))
    return first if least is None else max(first, pd.Timestamp(least))
