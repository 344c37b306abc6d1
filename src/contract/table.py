"""CSV files + contract -> a typed, labelled table, or every violation at once"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.csv as csv
from pandera.errors import SchemaErrors

from src.contract.package import Column, ContractError, Package, Resource
from src.files import replacing

FIRST_LINES = 5


@dataclass(frozen=True)
class Violation:
    """One broken rule of one field: `rows` are the positions of the rows, from 0; `value` is the first one found."""

    field: str
    rule: str
    rows: tuple[int, ...]
    value: str


def read_text(files: list[Path], resource: Resource, names: list[str]) -> pd.DataFrame:
    """Read the files as text, unchanged; raises ContractError for another header, a ragged row or no row.

    `attrs["files"]` of the result lists each file's name, its number of rows and the line of its first row.
    """
    tables, origins = [], []
    for path in files:
        table = _read_file(path, resource, names)
        _check_header(path, table.column_names, names)
        tables.append(table.select(names))
        origins.append([path.name, table.num_rows, 2 if resource.dialect.header else 1])
    frame = arrow.concat_tables(tables).to_pandas()
    if frame.empty:
        raise ContractError(f"{', '.join(path.name for path in files)}: no rows; a table needs at least one")
    frame.attrs["files"] = origins
    return frame


def _read_file(path: Path, resource: Resource, names: list[str]) -> arrow.Table:
    dialect = resource.dialect
    ragged: list[csv.InvalidRow] = []

    def note(row: csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    if path.stat().st_size == 0:
        raise ContractError(f"{path.name}: the file is empty; a table needs at least one row")
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(
                use_threads=False, encoding=resource.encoding, column_names=None if dialect.header else names
            ),
            parse_options=csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote_char,
                double_quote=dialect.double_quote,
                escape_char=dialect.escape_char or False,
                invalid_row_handler=note,
            ),
            convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, arrow.string()), null_values=[]),
        )
    except (arrow.ArrowInvalid, UnicodeDecodeError) as error:
        raise ContractError(f"{path.name}: not a table in {resource.encoding}: {error}") from None
    if ragged:
        lines = ", ".join(str(row.number) for row in ragged[:FIRST_LINES])
        raise ContractError(
            f"{path.name}: {len(ragged)} row(s) have another number of columns than the contract's"
            f" {ragged[0].expected_columns} (the first has {ragged[0].actual_columns}): line {lines}"
        )
    return table


def _check_header(path: Path, found: list[str], names: list[str]) -> None:
    missing = [name for name in names if name not in found]
    extra = [name for name in found if name not in names]
    twice = sorted({name for name in found if found.count(name) > 1})
    problems = [
        f"{what}: {', '.join(map(repr, columns))}"
        for what, columns in (("missing column", missing), ("extra column", extra), ("column named twice", twice))
        if columns
    ]
    if problems:
        raise ContractError(f"{path.name}: header: {'; '.join(problems)} (the data package lists {len(names)} fields)")


def type_table(text: pd.DataFrame, package: Package) -> tuple[pd.DataFrame, list[Violation]]:
    """Return the typed and labelled table, and the cells that have no value of their field's type.

    An unknown category stays as it is, for `check_table` to find; a cell without type is null.
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
    if column.kind == "category":
        unknown_label = ~cells.isin(list(column.choices)) & cells.isin(column.labels)
        return cells.map(lambda cell: column.choices.get(cell, cell), na_action="ignore").astype("str"), unknown_label
    if column.kind == "boolean":
        words = dict.fromkeys(column.true_values, True) | dict.fromkeys(column.false_values, False)
        values = cells.map(words).astype("boolean")
    else:
        plain = cells.str.replace(column.group_char, "", regex=False) if column.group_char else cells
        values = pd.to_numeric(plain.str.replace(column.decimal_char, ".", regex=False), errors="coerce")
        values = values.astype("Float64").replace([float("inf"), float("-inf")], pd.NA)
        if column.kind == "integer":
            values = values.where(values % 1 == 0).astype("Int64")
    return values, values.isna() & cells.notna()


def _violation(field: str, rule: str, wrong: pd.Series, cells: pd.Series) -> Violation:
    rows = tuple(int(row) for row in wrong.to_numpy().nonzero()[0])
    return Violation(field, rule, rows, repr(cells.iloc[rows[0]]))


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
            violations.append(Violation(str(field), str(rule), rows, repr(group["failure_case"].iloc[0])))
    if key and (twice := frame.duplicated(key)).any():
        violations.append(_violation(", ".join(key), "primaryKey: unique", twice, frame[key[0]]))
    order = [column.name for column in package.columns]
    return sorted(violations, key=lambda v: order.index(v.field) if v.field in order else len(order))


def _rules(column: Column, in_key: bool) -> pa.Column:
    rule, checks = column.constraints, []
    numeric = column.kind in ("integer", "number")
    if column.choices:
        checks.append(pa.Check.isin(column.labels, error="categories" if column.categories else "enum"))
    elif rule.enum and numeric:
        checks.append(pa.Check.isin(rule.enum, error=f"enum {rule.enum}"))
    bounds: list[tuple[float | None, Any, str]] = [
        (rule.minimum, pa.Check.ge, "minimum"),
        (rule.maximum, pa.Check.le, "maximum"),
        (rule.exclusive_minimum, pa.Check.gt, "exclusiveMinimum"),
        (rule.exclusive_maximum, pa.Check.lt, "exclusiveMaximum"),
    ]
    checks += [check(bound, error=f"{name} {bound:g}") for bound, check, name in bounds if bound is not None]
    if rule.pattern is not None:
        checks.append(pa.Check.str_matches(rf"(?:{rule.pattern})$", error=f"pattern {rule.pattern}"))
    if rule.min_length is not None or rule.max_length is not None:
        limits = f"length {rule.min_length or 0} to {rule.max_length or 'any'}"
        checks.append(pa.Check.str_length(rule.min_length, rule.max_length, error=limits))
    required = rule.required or in_key or column.role == "target"
    return pa.Column(None, checks, nullable=not required, unique=rule.unique, name=column.name)


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
