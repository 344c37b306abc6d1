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


def split(table: pd.DataFrame, package: Package, test_share: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the training and the test rows, both in the table's order and with the same share of bads.

    Raises ContractError where an outcome has fewer than 10 rows.
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
    if min(test_share, 1 - test_share) * min(bad.sum(), (~bad).sum()) < 1:
        raise ContractError(f"split.test_share: {test_share} of {len(table)} rows leaves a part without an outcome")
    ignored = [column.name for column in package.with_role("ignored")]
    states = [name for name in map(state_column, ignored) if name in table]
    kept = table.drop(columns=[*ignored, *states])
    kept.attrs = {}
    train, test = train_test_split(kept, test_size=test_share, stratify=bad, random_state=seed)
    return train.sort_index(), test.sort_index()


def main() -> None:
    """Check every row, then split."""
    params = read_params(PARAMS)
    package = read_package(Path(params.dataset))
    table = read_table(APPLICATIONS)
    refuse(check_table(table, package), table)
    train, test = split(table, package, params.split.test_share, params.seed)
    write_table(TRAIN, train)
    write_table(TEST, test)


if __name__ == "__main__":
    run(main)
