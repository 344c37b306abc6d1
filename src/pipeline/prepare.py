"""data/raw/applications.parquet -> data/processed/{train,test}.parquet"""

from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

from src.contract.fields import ContractError, state_column
from src.contract.package import Package, read_package
from src.contract.table import check_table, read_table, refuse, write_table
from src.errors import run
from src.params import read_params

PARAMS = Path("params.yaml")
APPLICATIONS = Path("data/raw/applications.parquet")
TRAIN = Path("data/processed/train.parquet")
TEST = Path("data/processed/test.parquet")
FEWEST = 10


def split(
    table: pd.DataFrame, package: Package, test_share: float, seed: int, by: str = "seed"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training and the test rows, both in the table's order.

    By seed both have the same share of bads; by time the test rows are the newest, and no day is in both. Raises
    ContractError where an outcome has fewer than 10 rows, or a part has none of it.
    """
    target = package.target
    bad = package.is_bad(table[target.name])
    named = ", ".join(map(repr, target.bad or []))
    for outcome, count in (("bad", int(bad.sum())), ("not bad", int((~bad).sum()))):
        if count < FEWEST:
            raise ContractError(
                f"target {target.name!r}: {count} of {len(table)} rows are {outcome} (bad is {named});"
                f" training needs at least {FEWEST} of each outcome"
            )
    ignored = [column.name for column in package.with_role("ignored")]
    states = [name for name in map(state_column, ignored) if name in table]
    kept = table.drop(columns=[*ignored, *states])
    kept.attrs = {}
    parts = by_time(table, bad, package, test_share) if by == "time" else by_seed(table, bad, test_share, seed)
    train, test = (kept.loc[rows] for rows in parts)
    return train, test


def by_seed(table: pd.DataFrame, bad: pd.Series, test_share: float, seed: int) -> tuple[pd.Index, pd.Index]:
    """Return which rows train and which test: any, the same share of them bad in both parts."""
    if min(test_share, 1 - test_share) * min(bad.sum(), (~bad).sum()) < 1:
        raise ContractError(f"split.test_share: {test_share} of {len(table)} rows leaves a part without an outcome")
    train, test = train_test_split(table.index, test_size=test_share, stratify=bad, random_state=seed)
    return train.sort_values(), test.sort_values()


def by_time(table: pd.DataFrame, bad: pd.Series, package: Package, test_share: float) -> tuple[pd.Index, pd.Index]:
    """Return which rows train and which test: the newest days, as many of them as come nearest to the share."""
    if package.time is None:
        raise ContractError("split.by: time needs the field that says when an application was made (`role: time`)")
    name = package.time.name
    days = table[name]
    if days.isna().any():
        count = int(days.isna().sum())
        raise ContractError(f"split.by: {count} of {len(days)} rows have no {name!r}, so that no time can place them")
    shares = days.value_counts().sort_index()[::-1].cumsum() / len(days)
    first = (shares - test_share).abs().idxmin()
    for part, rows in (("training", days < first), ("test", days >= first)):
        for outcome, found in (("bad", bad[rows]), ("not bad", ~bad[rows])):
            if not found.any():
                raise ContractError(
                    f"split.by: with the applications from {first:%Y-%m-%d} on as the test rows, no {part} row is"
                    f" {outcome}; split by seed, or hold out another test_share than {test_share}"
                )
    return table.index[days < first], table.index[days >= first]


def main() -> None:
    """Check every row, then split."""
    params = read_params(PARAMS)
    package = read_package(Path(params.dataset))
    table = read_table(APPLICATIONS)
    refuse(check_table(table, package), table)
    train, test = split(table, package, params.split.test_share, params.seed, params.split.by)
    write_table(TRAIN, train)
    write_table(TEST, test)


if __name__ == "__main__":
    run(main)
