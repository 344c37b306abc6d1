"""a table of text + the contract -> a typed, labelled table, or every violation at once"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from src.contract.fields import NUMERIC, Column, Constraints, ContractError
from src.contract.package import Package
from src.files import replacing

FIRST_LINES = 5
EXACT = 2**53  # from here on a float is not every integer


@dataclass(frozen=True)
class Violation:
    """One broken rule of one field: `rows` are the positions of the rows, from 0; `value` is the first one found."""

    field: str
    rule: str
    rows: tuple[int, ...]
    value: str


def type_table(text: pd.DataFrame, package: Package) -> tuple[pd.DataFrame, list[Violation]]:
    """Return the typed and labelled table, and the cells that have no value of their field's type.

    An unknown category stays as it is, for `check_table` to find; a cell without type is null.

    >>> amount = {"name": "amount", "type": "number", "decimalChar": ","}
    >>> paid = {"name": "paid", "role": "target", "bad": "n", "categories": [{"value": "n", "label": "no"}, "yes"]}
    >>> resource = {"name": "loans", "path": "loans.csv", "schema": {"fields": [amount, paid]}}
    >>> package = Package.model_validate({"name": "loans", "resources": [resource]})
    >>> table, violations = type_table(pd.DataFrame({"amount": ["1,5", "much"], "paid": ["n", "yes"]}), package)
    >>> table["amount"].tolist(), table["paid"].tolist()
    ([1.5, <NA>], ['no', 'yes'])
    >>> violations
    [Violation(field='amount', rule='type number', rows=(1,), value="'much'")]
    """
    columns, violations = {}, []
    for column in package.columns:
        missing = [str(category.value) for category in package.missing_values(column)]
        cells = text[column.name].astype("str")
        values, wrong = _typed(cells.mask(cells.isin(missing)), column)
        columns[column.name] = values
        if wrong.any():
            violations.append(_violation(column.name, f"type {column.type}", wrong, cells))
    frame = pd.DataFrame(columns)
    frame.attrs = text.attrs
    return frame, violations


def _typed(cells: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    if column.kind == "date":
        days = pd.to_datetime(cells, format="ISO8601", errors="coerce").dt.normalize()
        return days, days.isna() & cells.notna()
    if column.kind in ("category", "text"):
        cells = _codes(cells, column)
        unknown_label = ~cells.isin(list(column.choices)) & cells.isin(column.labels)
        return cells.map(lambda cell: column.choices.get(cell, cell), na_action="ignore").astype("str"), unknown_label
    if column.kind == "boolean":
        words = dict.fromkeys(column.true_values, True) | dict.fromkeys(column.false_values, False)
        values = cells.map(words).astype("boolean")
    else:
        values = _numeric(cells, column)
    return values, values.isna() & cells.notna()


def _codes(cells: pd.Series, column: Column) -> pd.Series:
    """Spell the cells as the categories do: 1, 01 and 1.0 are one number, and so are the words for true."""
    if column.type == "boolean":
        words = dict.fromkeys(column.true_values, "true") | dict.fromkeys(column.false_values, "false")
        known = cells.map(words)
    elif column.type in NUMERIC:
        numbers = pd.to_numeric(pd.Series(list(column.choices), dtype="str"), errors="coerce")
        known = _numeric(cells, column).map(dict(zip(numbers, column.choices, strict=True)))
    else:
        return cells
    return known.where(known.notna(), cells).astype("str")


def _numeric(cells: pd.Series, column: Column) -> pd.Series:
    plain = cells.str.replace(column.group_char, "", regex=False) if column.group_char else cells
    if column.decimal_char != ".":
        plain = plain.str.replace(".", "?", regex=False).str.replace(column.decimal_char, ".", regex=False)
    numbers = pd.to_numeric(plain, errors="coerce").astype("float64")
    finite = numbers.where(np.isfinite(numbers)).astype("Float64")
    if column.type == "number":
        return finite
    whole = finite.where((finite % 1 == 0) & (finite.abs() < EXACT)).astype("Int64")
    digits = plain.where(plain.str.fullmatch(r"[+-]?\d{1,18}", na=False))  # exact, where a float would round
    return pd.to_numeric(digits, dtype_backend="numpy_nullable").astype("Int64").fillna(whole)


def _violation(field: str, rule: str, wrong: pd.Series, cells: pd.Series) -> Violation:
    rows = tuple(int(row) for row in wrong.to_numpy().nonzero()[0])
    return Violation(field, rule, rows, _shown(cells.iloc[rows[0]]))


def check_table(frame: pd.DataFrame, package: Package) -> list[Violation]:
    """Check every row of a typed table against the contract; returns all violations, in the order of the fields."""
    key = package.resource.table.primary_key
    schema = pa.DataFrameSchema({c.name: _rules(c, c.name in key) for c in package.columns}, strict=True)
    violations = []
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        for (field, rule), group in cases.groupby(["column", "check"], sort=False):
            rows = tuple(sorted(int(row) for row in group["index"].dropna().unique()))
            violations.append(Violation(str(field), str(rule), rows, _shown(group["failure_case"].iloc[0])))
    if key and (twice := frame.duplicated(key)).any():
        violations.append(_violation(", ".join(key), "primaryKey: unique", twice, frame[key[0]]))
    order = [column.name for column in package.columns]
    return sorted(violations, key=lambda v: order.index(v.field) if v.field in order else len(order))


def _rules(column: Column, in_key: bool) -> pa.Column:
    rule = column.constraints
    required = rule.required or in_key or column.role == "target"
    if column.choices:
        checks = [pa.Check.isin(column.labels, error="categories" if column.categories else "enum")]
    else:
        checks = _text_rules(rule) if column.kind == "text" else _number_rules(rule)
    if column.role == "feature" and column.kind == "integer":  # models compute in float64, and the API refuses others
        checks.append(pa.Check.in_range(1 - EXACT, EXACT - 1, error=f"from {1 - EXACT} to {EXACT - 1}"))
    return pa.Column(None, checks, nullable=not required, unique=rule.unique, name=column.name)


def _number_rules(rule: Constraints) -> list[pa.Check]:
    bounds: list[tuple[float | str | None, Any, str]] = [
        (rule.minimum, pa.Check.ge, "minimum"),
        (rule.maximum, pa.Check.le, "maximum"),
        (rule.exclusive_minimum, pa.Check.gt, "exclusiveMinimum"),
        (rule.exclusive_maximum, pa.Check.lt, "exclusiveMaximum"),
    ]
    checks = [pa.Check.isin(rule.enum, error=f"enum {rule.enum}")] if rule.enum else []
    return checks + [check(bound, error=f"{name} {bound:g}") for bound, check, name in bounds if bound is not None]


def _text_rules(rule: Constraints) -> list[pa.Check]:
    checks = []
    if rule.pattern is not None:
        checks.append(pa.Check.str_matches(rf"(?:{rule.pattern})$", error=f"pattern {rule.pattern}"))
    if rule.min_length is not None or rule.max_length is not None:
        limits = f"length {rule.min_length or 0} to {rule.max_length or 'any'}"
        checks.append(pa.Check.str_length(rule.min_length, rule.max_length, error=limits))
    return checks


def _shown(value: Any) -> str:
    return "a missing value" if pd.isna(value) else repr(value.item() if isinstance(value, np.generic) else value)


def merge(untyped: list[Violation], broken: list[Violation]) -> list[Violation]:
    """Return both lists as one; a cell that has no type is not reported as missing too."""
    known = {violation.field: set(violation.rows) for violation in untyped}
    rest = [replace(v, rows=tuple(row for row in v.rows if row not in known.get(v.field, ()))) for v in broken]
    return untyped + [violation for violation in rest if violation.rows]


def refuse(violations: list[Violation], frame: pd.DataFrame) -> None:
    """Raise ContractError with one line a violation: field, rule, count, first lines in the file."""
    if not violations:
        return
    lines = [
        f"  {v.field}: rule {_readable(v.rule)}: {len(v.rows)} row(s), first {v.value} at {_lines(v.rows, frame)}"
        for v in violations
    ]
    raise ContractError("the table breaks its contract:\n" + "\n".join(lines))


def _readable(rule: str) -> str:
    return {"not_nullable": "required", "field_uniqueness": "unique"}.get(rule, rule)


def _lines(rows: tuple[int, ...], frame: pd.DataFrame) -> str:
    places: dict[str, list[int]] = {}
    for row in rows[:FIRST_LINES]:
        for name, count, first in frame.attrs["files"]:
            if row < count:
                places.setdefault(name, []).append(row + first)
                break
            row -= count
    return "; ".join(f"{name} line {', '.join(map(str, lines))}" for name, lines in places.items())


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as Parquet, whole or not at all; equal tables give equal bytes."""
    with replacing(path) as temporary:
        frame.to_parquet(temporary, index=False)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote, `attrs` included."""
    return pd.read_parquet(path)
