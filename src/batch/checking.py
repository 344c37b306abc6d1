"""the cells of a part -> applicants as the API would take them, by columns; and the rows that it would refuse

Each distinct cell is read by the data package and checked by the very types of the API's bodies, once in a process.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from src.contract.distinct import Cells, Distinct
from src.contract.fields import Column as Field
from src.contract.labelled import Reader
from src.contract.package import Package
from src.errors import LastroError
from src.model.card import Card
from src.serving.applicants import time_type, whole_type
from src.serving.codes import FieldCode

REMEMBERED = 200_000  # cells of a field
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


class Told(NamedTuple):
    """What a distinct cell is: a value, or the rule that it breaks."""

    value: Any
    rule: str | None


class FieldChecker:
    """Checks the cells of one field, and remembers what they are."""

    def __init__(self, field: Field, package: Package, kind: Any, required: bool) -> None:
        self.required = required
        self.readers = {typed: Reader(field, package, typed) for typed in (False, True)}
        self.adapter = TypeAdapter(kind)
        self.known: dict[tuple[str | None, bool], Told] = {}

    def told(self, cells: list[str | None], typed: bool) -> list[Told]:
        """Return what each cell is."""
        unknown = [cell for cell in dict.fromkeys(cells) if (cell, typed) not in self.known]
        if len(self.known) + len(unknown) > REMEMBERED:
            self.known, unknown = {}, list(dict.fromkeys(cells))
        for cell, (value, rule) in zip(unknown, self.readers[typed].read(unknown) if unknown else [], strict=True):
            self.known[cell, typed] = Told(None, rule) if rule else self.checked(value)
        return [self.known[cell, typed] for cell in cells]

    def checked(self, value: Any) -> Told:
        """Return what the API makes of a value."""
        if value is None and self.required:
            return Told(None, "required")
        try:
            return Told(self.adapter.validate_python(value), None)
        except ValidationError as error:
            return Told(None, error.errors(include_url=False)[0]["msg"].removeprefix("Value error, "))


class Checker:
    """Checks parts of files for one model and one data package."""

    def __init__(self, card: Card, fields: list[FieldCode], package: Package) -> None:
        by_name = {column.name: column for column in package.columns}
        kinds = {feature.name: whole_type(feature) for feature in card.features}
        if card.time:
            kinds[card.time.name] = time_type(card.time)
        if unknown := [name for name in kinds if name not in by_name]:
            raise LastroError(
                f"the model asks for {unknown[0]!r}, which is no field of the data package {package.name!r}"
            )
        required = {feature.name for feature in card.features if feature.required}
        self.checkers = {
            name: FieldChecker(by_name[name], package, kind, name in required) for name, kind in kinds.items()
        }
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
            columns[name] = Column([one.value for one in told], given.places)
            bad = np.array([one.rule is not None for one in told], dtype=bool)
            if bad.any():
                found = np.flatnonzero(bad[given.places])
                wrong[found] = True
                pairs = zip(rows[found].tolist(), given.places[found].tolist(), strict=True)
                rejected += [Rejected(row, name, given.cells[place], str(told[place].rule)) for row, place in pairs]
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
