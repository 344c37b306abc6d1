"""rows that applications with outcomes have added to a data package -> which prediction each of them was

They are the last rows of the table. A log knows neither the fields that nobody reads nor, for all of its rows, the
protected ones: there these rows may be empty, whatever the contract asks of the others.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from src.contract.fields import Column, ContractError
from src.contract.origin import PREDICTIONS, Run, ids_of, named
from src.contract.package import Package
from src.contract.table import Violation
from src.files import sha256_of

ID = "prediction_id"  # the one column of the file that names them
JOINED = "joined"  # a part's `attrs` say so how many of its last rows they are
UNKNOWN = ("protected", "ignored", "id")  # roles of what the log may not know


def files_of(package: Package, folder: Path) -> list[Path]:
    """Return the file of the rows and the one that names their predictions; none where no outcomes have joined."""
    joined = package.resource.outcomes
    return [folder / name for name in (package.resource.path[-1], joined.predictions)] if joined else []


def require(package: Package, folder: Path) -> None:
    """Raise ContractError where the rows are not here: Git does not hold them, DVC's remote does."""
    for path in files_of(package, folder):
        if not path.is_file():
            raise ContractError(
                f"{path}: no such file; applications with outcomes have joined the data, and Git holds none of them:"
                " `dvc pull` first"
            )


def without_joined(package: Package) -> Package:
    """Return the package as it was before outcomes joined it."""
    resource, joined = package.resource, package.resource.outcomes
    if joined is None:
        return package
    former = {"path": resource.path[:-1], "hash": joined.without, "bytes": None, "outcomes": None}
    return package.model_copy(update={"resources": [resource.model_copy(update=former)]})


def with_predictions(text: pd.DataFrame, package: Package, folder: Path) -> pd.DataFrame:
    """Return the table of text with what its last rows are; their empty cells are missing values.

    A package without such rows has its table back unchanged. Raises ContractError for another file than the package
    names, or another number of rows.
    """
    joined = package.resource.outcomes
    if joined is None:
        return text
    ids = read_ids(folder / joined.predictions, joined.hash)
    last = Path(package.resource.path[-1]).name
    if (rows := rows_of(text, last)) != len(ids):
        raise ContractError(f"{folder / joined.predictions}: names {len(ids)} predictions, and {last} has {rows} rows")
    return marked(text, package, ids)


def marked(text: pd.DataFrame, package: Package, ids: list[str]) -> pd.DataFrame:
    """Return the table of text of which the last rows are these predictions."""
    new = np.arange(len(text)) >= len(text) - len(ids)
    empty = {
        column.name: text[column.name].mask(new & text[column.name].eq("").to_numpy(dtype=bool, na_value=False))
        for column in package.columns
        if not means_something(column, package)
    }
    found = text.assign(**empty)
    found.attrs = text.attrs | {PREDICTIONS: named(ids)}
    return found


def means_something(column: Column, package: Package) -> bool:
    """Return whether an empty cell of the field is a value of the contract, or missing by its own list."""
    return "" in column.choices or "" in (value.text for value in package.missing_values(column))


def rows_of(text: pd.DataFrame, name: str) -> int:
    """Return how many rows of a table that was read stand in the last file."""
    runs: list[Run] = json.loads(text.attrs["files"])
    return sum(count for file, count, _ in runs if file == name)


def read_ids(path: Path, expected: str) -> list[str]:
    """Return the predictions' identifiers; raises ContractError where the file is another one than `expected`."""
    content = path.read_bytes()
    if (found := f"sha256:{sha256_of(content)}") != expected:
        raise ContractError(f"{path}: hash is {found}, the data package names {expected}: `dvc checkout`")
    return content.decode().split()[1:]


def written_ids(ids: list[str]) -> bytes:
    """Return the file that names the predictions."""
    return "".join(f"{line}\n" for line in (ID, *ids)).encode()


def excused(violations: list[Violation], table: pd.DataFrame, package: Package) -> list[Violation]:
    """Return the violations without those of last rows that lack what the log does not know."""
    first = len(table) - len(ids_of(table))
    roles = {column.name: column.role for column in package.columns}

    def left(violation: Violation) -> Violation:
        if first == len(table) or roles.get(violation.field) not in UNKNOWN:
            return violation
        missing = table[violation.field].isna()
        return replace(violation, rows=tuple(row for row in violation.rows if row < first or not missing.iloc[row]))

    return [kept for violation in violations if (kept := left(violation)).rows or not violation.rows]
