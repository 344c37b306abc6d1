"""a column's cells as text + its field -> typed values, the reasons for missing ones, and what has no type"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from src.contract.fields import FREE, NUMBERS, Column
from src.contract.package import Package
from src.contract.spelling import date_reader

EXACT = 2**53  # from here on a float is not every integer


@dataclass(frozen=True)
class Values:
    """A column's typed values, the label of the state where one is missing for a reason, and which have no type.

    `states` is None where a state stands in the column itself, as a category's and a text's does, or where none is
    labelled.
    """

    values: pd.Series
    states: pd.Series | None
    wrong: pd.Series


def values_of(cells: pd.Series, column: Column, package: Package) -> Values:
    """Return what the cells mean; an unknown category stays as it is, and a cell without type is null."""
    cells = cells.str.strip() if column.trim or column.type not in FREE else cells  # blanks are no part of a number
    compared = cells.str.casefold() if column.ignore_case else cells
    missing = compared.isin([column.folded(value.text) for value in package.missing_values(column)])
    labels = {column.folded(text): label for text, label in package.state_of(column).items()}
    states = _mapped(compared.where(missing), labels) if labels else None
    cells, compared = cells.mask(missing), compared.mask(missing)
    if column.kind not in ("category", "text"):
        values = _valued(cells, compared, column)
        return Values(values, states, values.isna() & cells.notna())
    values, wrong = cells, cells.isna() & False
    if column.kind == "category":
        known = _mapped(
            _codes(compared, column), {column.folded(text): label for text, label in column.choices.items()}
        )
        values = known.where(known.notna(), cells)
        wrong = known.isna() & cells.isin([*column.labels, *labels.values()])  # the label where the code should be
    return Values(values if states is None else values.where(states.isna(), states), None, wrong)


def plainly(column: Column) -> Column:
    """Return the field as a file that has types spells it: a decimal point, no groups, true and false, ISO dates."""
    words = {"true_values": ["true", *column.true_values], "false_values": ["false", *column.false_values]}
    numbers = {"decimal_char": ".", "group_char": "", "bare_number": True}
    by_type: dict[str, dict[str, Any]] = {"boolean": words, "date": {"format": "any"}, "datetime": {"format": "any"}}
    return column.model_copy(update=by_type.get(column.type, numbers if column.type in NUMBERS else {}))


def _mapped(cells: pd.Series, mapping: Mapping[str, str]) -> pd.Series:
    return _by_distinct(cells, mapping.get, "str")


def _by_distinct(cells: pd.Series, read: Callable[[str], Any], kind: Any) -> pd.Series:
    """Read each text once, however often it stands there."""
    codes, distinct = pd.factorize(cells)
    values = pd.Series([read(text) for text in distinct] or [None], dtype="object").astype(kind).array
    return pd.Series(values.take(codes, allow_fill=True), index=cells.index)


def _valued(cells: pd.Series, compared: pd.Series, column: Column) -> pd.Series:
    if column.kind == "boolean":
        return _by_distinct(compared, column.words.get, "boolean")
    if column.kind == "date":
        return _by_distinct(cells, date_reader(column.type, column.format), "datetime64[us]")
    return _numeric(cells, column)


def _codes(cells: pd.Series, column: Column) -> pd.Series:
    """Spell the cells as the categories do: 1, 01 and 1.0 are one number, and so are the words for true."""
    if column.type == "boolean":
        words = {word: "true" if meaning else "false" for word, meaning in column.words.items()}
        return _by_distinct(cells, lambda cell: words.get(cell, cell), "str")
    if column.type not in NUMBERS:
        return cells
    by_number = {number: text for text in column.choices if (number := column.number(float(text))) is not None}
    read = column.number_reader

    def code(cell: str) -> str:
        number = read(cell)
        return cell if number is None else by_number.get(float(number), cell)

    return _by_distinct(cells, code, "str")


def _numeric(cells: pd.Series, column: Column) -> pd.Series:
    plain = cells
    if not column.writes_plain_numbers:
        plain = _by_distinct(cells, column.number_reader, "str")
    numbers = pd.to_numeric(plain, errors="coerce").astype("float64")
    finite = numbers.where(np.isfinite(numbers)).astype("Float64")
    if column.type == "number":
        return finite
    grouped = plain.str.fullmatch(r"[+-]?\d{1,3}\.000", na=False)  # 100.000 may be a hundred thousand
    whole = finite.where((finite % 1 == 0) & (finite.abs() < EXACT) & ~grouped).astype("Int64")
    digits = plain.where(plain.str.fullmatch(r"[+-]?\d{1,18}", na=False))  # exact, where a float would round
    return pd.to_numeric(digits, dtype_backend="numpy_nullable").astype("Int64").fillna(whole)
