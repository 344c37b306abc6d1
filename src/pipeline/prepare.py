"""data/raw/applications.parquet -> data/processed/{train,test}.parquet"""

from pathlib import Path

import pandas as pd

from src.contract.fields import ContractError, state_column
from src.contract.joined import JOINED, excused
from src.contract.origin import ids_of
from src.contract.package import Package, read_package
from src.contract.table import check_table, read_table, refuse, write_table
from src.errors import run
from src.model.split import Parts, by_prediction, by_seed, by_time
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

    By seed both have the same share of bads; by time the test rows are the newest, and no day is in both. A row keeps
    its side when outcomes add others, or goes from test to training as time goes on. Raises ContractError where an
    outcome has fewer than 10 rows, or a part has none of it.
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
    new = table.index[len(table) - len(ids_of(table)) :]
    if by == "time":
        parts = by_time(table, bad, package, test_share)
    else:
        drawn = by_seed(bad.drop(new), test_share, seed)
        parts = with_joined(drawn, by_prediction(new, ids_of(table), test_share, seed))
    train, test = (with_origin(kept.loc[rows], int(rows.isin(new).sum())) for rows in parts)
    return train, test


def with_joined(parts: Parts, joined: Parts) -> Parts:
    """Return the rows that train and those that test, of both."""
    train, test = (part.append(more) for part, more in zip(parts, joined, strict=True))
    return train, test


def with_origin(part: pd.DataFrame, joined: int) -> pd.DataFrame:
    """Return a part whose `attrs` say how many of its last rows outcomes have added, where they have added any."""
    part.attrs = {JOINED: joined} if joined else {}
    return part


def main() -> None:
    """Check every row, then split."""
    params = read_params(PARAMS)
    package = read_package(Path(params.dataset))
    table = read_table(APPLICATIONS)
    refuse(excused(check_table(table, package), table, package), table)
    train, test = split(table, package, params.split.test_share, params.seed, params.split.by)
    write_table(TRAIN, train)
    write_table(TEST, test)


if __name__ == "__main__":
    run(main)
