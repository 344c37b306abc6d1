"""two versions' folders -> their PDs of the same test rows, none of which the first was trained on"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from src.contract.table import read_table
from src.errors import LastroError
from src.model.card import CARD, read_card
from src.model.inputs import inputs
from src.model.metrics import Bad, Vector
from src.model.rows import COLUMNS, DIGITS, MODEL, TEST_SCORES, TRAIN_ROWS, hashed
from src.serving.predictors import Served, load

TEST = "test.parquet"  # data/processed/test.parquet, as `chain.fetch` names it
CHUNK = 10_000  # rows that are scored at a time
MOST_ROWS = 50_000  # that are scored again: of so many, a difference of two AUCs is known to about .001
ROLES = ("the champion", "the challenger")


class UnpairedError(LastroError):
    """The two versions cannot be compared row by row."""


class Paired(NamedTuple):
    """Who defaulted, each version's PDs of the same rows, and which rows these are, in words."""

    bad: Bad
    first: Vector
    second: Vector
    says: str


def paired(first: Path, second: Path, names: tuple[str, str] = ROLES) -> Paired:
    """Return both versions' PDs of the same rows; raises UnpairedError where a leak could not be seen.

    Where both were measured on the same test rows, that is what `evaluate` wrote of them. Elsewhere the first version's
    form scores the second's test rows, at most 50 000, those left out which it was trained on.
    """
    theirs, ours = _scores(names[0], first), _scores(names[1], second)
    before, now = (table.sort_values("row", kind="stable") for table in (theirs, ours))
    if _same_columns(theirs, ours) and np.array_equal(before["row"].to_numpy(), now["row"].to_numpy()):
        return _paired(now, _pds(before), f"the same {len(now)} test rows")
    return _scored_again(first, second, ours, names)


def _scored_again(first: Path, second: Path, ours: pd.DataFrame, names: tuple[str, str]) -> Paired:
    trained, table = _read(names[0], first, TRAIN_ROWS), _read(names[1], second, TEST)
    if not _same_columns(trained, ours):
        raise UnpairedError(
            f"the tables of {names[0]} and {names[1]} have other columns ({_differing(trained, ours)}), so that rows of"
            " the first one's training could not be found among the second one's test rows"
        )
    if not np.array_equal(hashed(table)["row"].to_numpy(), ours["row"].to_numpy()):
        raise UnpairedError(f"{TEST} of {names[1]} does not hold the rows of its {TEST_SCORES}")
    new = np.flatnonzero(~ours["row"].isin(trained["row"]).to_numpy())
    new = new[:: max(1, -(-len(new) // MOST_ROWS))]
    says = f"{len(new)} of {len(ours)} test rows of {names[1]}, on which {names[0]} was not trained"
    return _paired(ours.iloc[new], scored(_loaded(names[0], first), table.iloc[new]), says)


def scored(served: Served, table: pd.DataFrame) -> Vector:
    """Return the PDs that a served form gives a typed table's rows, to nine digits, some thousands at a time."""
    card, predictor = served.card, served.predictor
    found: list[float] = []
    for start in range(0, len(table), CHUNK):
        part = inputs(table.iloc[start : start + CHUNK], card.features, card.time)
        plain = part.astype(object).where(part.notna(), None)
        rows = [dict(zip(plain.columns, values, strict=True)) for values in plain.itertuples(index=False)]
        found += predictor.probabilities([predictor.row(applicant) for applicant in rows])
    return np.array(found, dtype=np.float64).round(DIGITS)


def _paired(ours: pd.DataFrame, first: Vector, says: str) -> Paired:
    return Paired(ours["bad"].to_numpy(dtype=np.int64), first, _pds(ours), says)


def _pds(table: pd.DataFrame) -> Vector:
    return table["probability_of_default"].to_numpy(dtype=np.float64)


def _read(whose: str, folder: Path, name: str) -> pd.DataFrame:
    try:
        return read_table(folder / name)
    except FileNotFoundError:
        raise UnpairedError(f"there is no {name} of {whose}; older releases wrote none") from None


def _scores(whose: str, folder: Path) -> pd.DataFrame:
    found = _read(whose, folder, TEST_SCORES)
    if found.attrs.get(MODEL) != read_card(folder / CARD).sha256:
        raise UnpairedError(
            f"{TEST_SCORES} of {whose} is of another model than its card: `dvc repro` was not run whole"
        )
    return found


def _same_columns(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    return COLUMNS in first.attrs and first.attrs[COLUMNS] == second.attrs.get(COLUMNS)


def _loaded(whose: str, folder: Path) -> Served:
    try:
        return load(folder)
    except LastroError as error:
        raise UnpairedError(f"the form of {whose} cannot be loaded: {error}") from None


def _differing(first: pd.DataFrame, second: pd.DataFrame) -> str:
    """Return the names of the columns that one of two tables has alone, or as another kind."""
    kinds = [table.attrs.get(COLUMNS, {}).items() for table in (first, second)]
    names = sorted({name for name, _ in kinds[0] ^ kinds[1]})
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
