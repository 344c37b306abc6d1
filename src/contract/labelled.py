"""a field's distinct cells -> its values as the API takes them: a label, a number, true or false, an ISO date, or None

A cell is what the data package says: the file's code. A file that holds labels instead, and dates as ISO text, is read
too, as long as no cell is the code of one value and the label of another.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from src.contract.cells import plainly, values_of
from src.contract.fields import FREE, Column
from src.contract.package import Package
from src.contract.rules import BREAKS
from src.contract.spelling import date_reader

Value = str | int | float | bool | None
TRUTHS = {"true": True, "false": False}


class Read(NamedTuple):
    """What a cell means, or which rule it breaks."""

    value: Value
    rule: str | None = None


class Reader:
    """Reads the cells of one field; `typed` where the file holds them as numbers, booleans or dates."""

    def __init__(self, column: Column, package: Package, typed: bool) -> None:
        self.column, self.package = plainly(column) if typed else column, package
        self.labels = {*column.labels, *package.states(column)}
        self.iso = date_reader("date", "any")
        self.bounds = column.day_bounds if column.kind == "date" else column.constraints.bounds
        codes = {**column.choices, **package.state_of(column)}
        self.twofold = {code for code, label in codes.items() if code != label and code in self.labels}

    def read(self, cells: Sequence[str | None]) -> list[Read]:
        """Return what each cell means."""
        series = pd.Series(list(cells), dtype="str")
        found = values_of(series, self.column, self.package)
        values = plain(found.values.tolist())
        if found.states is not None:
            states = plain(found.states.tolist())
            values = [value if state is None else state for value, state in zip(values, states, strict=True)]
        wrong = found.wrong.tolist()
        return [self.one(*each) for each in zip(cells, values, wrong, strict=True)]

    def numbers(self, cells: Sequence[str | None]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the numbers of cells, and which cells are one: no state, no label, not missing, not wrong."""
        series = pd.Series(list(cells), dtype="str")
        values = values_of(series, self.column, self.package).values.to_numpy(dtype=np.float64, na_value=np.nan)
        return values, ~(np.isnan(values) | series.isin(self.twofold).to_numpy())

    def one(self, cell: str | None, value: Any, wrong: bool) -> Read:
        """Return what a cell means by what the package makes of it."""
        text = (cell or "").strip() if self.column.trim or self.column.type not in FREE else cell or ""
        if text in self.twofold:
            return Read(None, "is the code of one value and the label of another")
        if wrong:
            return self.labelled(text)
        return Read(self.kept(value))

    def labelled(self, text: str) -> Read:
        """Return what a cell means that the package cannot read: a label, a truth, an ISO date, or nothing."""
        if text in self.labels:
            return Read(text)
        if not text:
            return Read(None)
        if self.column.kind == "boolean" and text.lower() in TRUTHS:
            return Read(TRUTHS[text.lower()])
        if self.column.kind == "date" and (day := self.iso(text)) is not None:
            return Read(self.kept(day.isoformat()))
        return Read(None, f"type {self.column.type}")

    def kept(self, value: Value) -> Value:
        """Return a value; None where it is out of bounds and counts as missing by the package."""
        if self.column.out_of_bounds != "missing" or value is None or value in self.labels:
            return value
        compared = date.fromisoformat(value) if isinstance(value, str) else value
        broken = any(BREAKS[name](compared, bound) for name, bound in self.bounds.items())
        return None if broken else value


def plain(values: list[Any]) -> list[Any]:
    """Return values of pandas as plain ones; a date as ISO text."""
    return [
        None if value is None or value is pd.NA or value is pd.NaT or value != value
        else value.date().isoformat() if isinstance(value, pd.Timestamp) else value
        for value in values
    ]  # fmt: skip
