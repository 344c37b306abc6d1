"""a table of text + the contract -> a typed, labelled table, or every violation at once"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from src.contract.cells import EXACT, plainly, values_of
from src.contract.fields import NUMERIC, TEXT_FORMATS, TEXT_TYPES, Column, ContractError, state_column
from src.contract.origin import places
from src.contract.package import Package
from src.files import replacing

FIRST_LINES = 5
CHECKS: dict[str, Any] = {
    "minimum": pa.Check.ge,
    "maximum": pa.Check.le,
    "exclusiveMinimum": pa.Check.gt,
    "exclusiveMaximum": pa.Check.lt,
}


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
    typed = text.attrs.get("typed", ())
    for column in package.columns:
        cells = text[column.name].astype("str")
        found = values_of(cells, plainly(column) if column.name in typed else column, package)
        columns[column.name] = found.values
        if found.states is not None:
            columns[state_column(column.name)] = found.states
        if found.wrong.any():
            violations.append(_violation(column.name, f"type {column.type}", found.wrong, cells))
    frame = pd.DataFrame(columns)
    frame.attrs = {name: kept for name, kept in text.attrs.items() if name != "typed"}
    return frame, violations


def _violation(field: str, rule: str, wrong: pd.Series, cells: pd.Series) -> Violation:
    rows = tuple(int(row) for row in wrong.to_numpy().nonzero()[0])
    return Violation(field, rule, rows, _shown(cells.iloc[rows[0]]))


def check_table(frame: pd.DataFrame, package: Package) -> list[Violation]:
    """Check every row of a typed table against the contract; returns all violations, in the order of the fields.

    A value that is missing for a labelled reason is missing.
    """
    values = {c.name: _without_states(frame[c.name], c, package) for c in package.columns}
    known = frame.assign(**values).drop(columns=state_columns(package))
    schema = pa.DataFrameSchema({c.name: _rules(c, package) for c in package.columns}, strict=True)
    violations = []
    try:
        schema.validate(known, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        for (field, rule), group in cases.groupby(["column", "check"], sort=False):
            rows = tuple(sorted(int(row) for row in group["index"].dropna().unique()))
            violations.append(Violation(str(field), str(rule), rows, _shown(group["failure_case"].iloc[0])))
    table = package.resource.table
    for what, key in (("primaryKey", table.primary_key), *(("uniqueKeys", key) for key in table.unique_keys)):
        if key and (twice := known.duplicated(key) & known[key].notna().all(axis=1)).any():
            violations.append(_violation(", ".join(key), f"{what}: unique", twice, known[key[0]]))
    order = [column.name for column in package.columns]
    return sorted(violations, key=lambda v: order.index(v.field) if v.field in order else len(order))


def state_columns(package: Package) -> list[str]:
    """Return the names of the columns that say for which reason another has no value."""
    return [state_column(c.name) for c in package.columns if c.kind in (*NUMERIC, "date") and package.states(c)]


def _without_states(values: pd.Series, column: Column, package: Package) -> pd.Series:
    states = package.states(column) if column.kind in ("category", "text") else []
    return values.mask(values.isin(states)) if states else values


def _rules(column: Column, package: Package) -> pa.Column:
    if column.choices:
        checks = [pa.Check.isin(column.labels, error="categories" if column.categories else "enum")]
    elif column.kind == "text":
        checks = _text_rules(column)
    else:
        checks = _bounds(column)
    if column.role == "feature" and column.kind == "integer":  # models compute in float64, and the API refuses others
        checks.append(pa.Check.in_range(1 - EXACT, EXACT - 1, error=f"from {1 - EXACT} to {EXACT - 1}"))
    required = package.resource.table.is_required(column)
    return pa.Column(None, checks, nullable=not required, unique=column.constraints.unique, name=column.name)


def _bounds(column: Column) -> list[pa.Check]:
    rule = column.constraints
    checks = [pa.Check.isin(rule.enum, error=f"enum {rule.enum}")] if rule.enum else []
    given = (
        rule.bounds if column.kind != "date" else {name: pd.Timestamp(day) for name, day in column.day_bounds.items()}
    )
    for name, bound in given.items():
        shown = f"{bound:g}" if isinstance(bound, float) else f"{bound:%Y-%m-%d}"
        checks.append(CHECKS[name](bound, error=f"{name} {shown}"))
    return checks


def _text_rules(column: Column) -> list[pa.Check]:
    rule, checks = column.constraints, []
    patterns = {
        f"type {column.type}": TEXT_TYPES.get(column.type),
        f"format {column.format}": TEXT_FORMATS.get(column.format) or None,
        f"pattern {rule.pattern}": rule.pattern,
    }
    for error, pattern in patterns.items():
        if pattern is not None:
            checks.append(pa.Check.str_matches(rf"(?:{pattern})$", error=error))
    if rule.min_length is not None or rule.max_length is not None:
        limits = f"length {rule.min_length or 0} to {rule.max_length or 'any'}"
        checks.append(pa.Check.str_length(rule.min_length, rule.max_length, error=limits))
    return checks


def _shown(value: Any) -> str:
    if pd.isna(value):
        return "a missing value"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return repr(value.item() if isinstance(value, np.generic) else value)


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
    lines: dict[str, list[str]] = {}
    for name, line in places(frame, rows[:FIRST_LINES]):
        lines.setdefault(name, []).append(str(line))
    return "; ".join(f"{name} line {', '.join(found)}" for name, found in lines.items())


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as Parquet, whole or not at all; equal tables give equal bytes."""
    with replacing(path) as temporary:
        frame.to_parquet(temporary, index=False)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote, `attrs` included."""
    return pd.read_parquet(path)
