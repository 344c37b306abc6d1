"""the cells of a part -> applicants as the API would take them, by columns; and the rows that it would refuse

Each distinct cell is read by the data package and checked by the very types of the API's bodies, once in a process.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from src.batch.fields import FieldChecker
from src.contract.distinct import Cells, Distinct
from src.contract.package import Package
from src.errors import LastroError
from src.model.card import Card, Feature, Time
from src.serving.codes import FieldCode

NOTHING = "every field is null or left out: nothing is known to score"


class Column(NamedTuple):
    """A column of applicants: its distinct values as the API takes them, and for each row which one it has.

    A value may be there twice.
    """

    values: list[Any]
    codes: NDArray[np.int32]

    def take(self, rows: NDArray[np.intp]) -> "Column":
        """Return the column of some rows."""
        return Column(self.values, self.codes[rows])


class Rejected(NamedTuple):
    """A field of a row that breaks a rule: the row's place in its file, the cell; without a field the row itself."""

    row: int
    field: str | None
    value: str | None
    rule: str


class Checked(NamedTuple):
    """The applicants of a part, by columns; the place of each in its file; what is wrong with the other rows.

    `kept` are their places among the part's rows that have a cell for each column; None: all of these.
    """

    columns: dict[str, Column]
    rows: NDArray[np.int64]
    kept: NDArray[np.intp] | None
    rejected: list[Rejected]


class Checker:
    """Checks parts of files for one model and one data package."""

    def __init__(self, card: Card, fields: list[FieldCode], package: Package) -> None:
        by_name = {column.name: column for column in package.columns}
        kinds: dict[str, Feature | Time] = {feature.name: feature for feature in card.features}
        if card.time:
            kinds[card.time.name] = card.time
        if unknown := [name for name in kinds if name not in by_name]:
            raise LastroError(
                f"the model asks for {unknown[0]!r}, which is no field of the data package {package.name!r}"
            )
        self.checkers = {name: FieldChecker(by_name[name], package, kind) for name, kind in kinds.items()}
        self.features = [feature.name for feature in card.features]
        self.optional = not any(feature.required for feature in card.features)
        self.dates = [(field.name, field.before) for field in fields if field.before is not None]

    def check(self, cells: Cells, first: int) -> Checked:
        """Return the applicants of a part whose first row has this place in its file."""
        columns, wrong = {}, np.zeros(len(cells.rows), dtype=bool)
        rejected: list[Rejected] = [
            Rejected(first + place, None, str(count), "another number of columns than the header's")
            for place, count in cells.ragged
        ]
        rows = cells.rows + first
        for name, checker in self.checkers.items():
            given = cells.columns.get(name) or Distinct([None], np.zeros(len(rows), dtype=np.int32))
            told = checker.told(given.cells, name in cells.typed)
            columns[name] = Column(told.values, given.places)
            if told.rules:
                bad = np.zeros(len(told.values), dtype=bool)
                bad[list(told.rules)] = True
                found = np.flatnonzero(bad[given.places])
                wrong[found] = True
                pairs = zip(rows[found].tolist(), given.places[found].tolist(), strict=True)
                rejected += [Rejected(row, name, given.cells[place], told.rules[place]) for row, place in pairs]
        for field, rule, mask in self.across(columns):
            found = np.flatnonzero(mask & ~wrong)
            wrong[found] = True
            rejected += [Rejected(row, field, None, rule) for row in rows[found].tolist()]
        if not wrong.any():
            return Checked(columns, rows, None, ordered(rejected))
        kept = np.flatnonzero(~wrong)
        taken = {name: column.take(kept) for name, column in columns.items()}
        return Checked(taken, rows[kept], kept, ordered(rejected))

    def across(self, columns: Mapping[str, Column]) -> list[tuple[str | None, str, NDArray[np.bool_]]]:
        """Return the rules of several fields: the field that is named, the rule, which rows break it."""
        found: list[tuple[str | None, str, NDArray[np.bool_]]] = []
        for name, before in self.dates:
            undated = is_none(columns[before]) & is_day(columns[name])
            found.append((before, f"is needed for {name}, of which the days before it count", undated))
        if self.optional:
            empty = np.logical_and.reduce([is_none(columns[name]) for name in self.features])
            found.append((None, NOTHING, empty))
        return found


def ordered(rejected: list[Rejected]) -> list[Rejected]:
    """Return them in the order of the rows and of the fields' names."""
    return sorted(rejected, key=lambda one: (one.row, one.field or ""))


def is_none(column: Column) -> NDArray[np.bool_]:
    """Return which rows have no value."""
    return np.array([value is None for value in column.values], dtype=bool)[column.codes]


def is_day(column: Column) -> NDArray[np.bool_]:
    """Return which rows have a date, no state."""
    days = [isinstance(value, str) and value[:1].isdigit() and value[4:5] == "-" for value in column.values]
    return np.array(days, dtype=bool)[column.codes]
