"""CSV files -> a table of text, unchanged"""

import csv
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow as arrow
from pyarrow.csv import ConvertOptions, InvalidRow, ParseOptions, ReadOptions, read_csv

from src.contract.fields import ContractError
from src.contract.package import Resource

FIRST_LINES = 5


def read_text(files: list[Path], resource: Resource, names: list[str]) -> pd.DataFrame:
    """Read the files as text, unchanged; raises ContractError for another header, a ragged row or no row.

    `attrs["files"]` of the result lists the runs of rows that stand line by line: the file's name, the number of rows
    and the line of the first. A file has one, unless lines between them are blank or values have line breaks.
    """
    tables, origins = [], []
    for path in files:
        table = _read_file(path, resource, names)
        _check_header(path, table.column_names, names)
        tables.append(table.select(names))
        origins += _runs(path, table.num_rows, resource)
    frame: pd.DataFrame = arrow.concat_tables(tables).to_pandas()
    if frame.empty:
        raise ContractError(f"{', '.join(path.name for path in files)}: no rows; a table needs at least one")
    frame.attrs["files"] = origins
    return frame


def _read_file(path: Path, resource: Resource, names: list[str]) -> arrow.Table:
    dialect = resource.dialect
    ragged: list[InvalidRow] = []

    def note(row: InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    if path.stat().st_size == 0:
        raise ContractError(f"{path.name}: the file is empty; a table needs at least one row")
    try:
        table = read_csv(
            path,
            read_options=ReadOptions(
                use_threads=False, encoding=resource.encoding, column_names=None if dialect.header else names
            ),
            parse_options=ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote_char,
                double_quote=dialect.double_quote,
                newlines_in_values=True,
                escape_char=dialect.escape_char or False,
                invalid_row_handler=note,
            ),
            convert_options=ConvertOptions(column_types=dict.fromkeys(names, arrow.string()), null_values=[]),
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


def _runs(path: Path, rows: int, resource: Resource) -> list[tuple[str, int, int]]:
    first = 2 if resource.dialect.header else 1
    content = path.read_bytes()
    if content.count(b"\n") + (not content.endswith(b"\n")) == rows + first - 1:
        return [(path.name, rows, first)]
    starts = _first_lines(path, resource)[first - 1 :]
    if len(starts) != rows:
        return [(path.name, rows, first)]
    begins = [0, *(row for row, (before, line) in enumerate(pairwise(starts), 1) if line != before + 1), rows]
    return [(path.name, end - begin, starts[begin]) for begin, end in pairwise(begins) if end > begin]


def _first_lines(path: Path, resource: Resource) -> list[int]:
    """Return the line, from 1, on which each row begins, the header's too; blank lines are no rows."""
    dialect, starts, read = resource.dialect, [], 0
    with path.open(encoding=resource.encoding, newline="") as file, suppress(csv.Error):  # a value beyond its limit
        reader = csv.reader(
            file,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote_char,
            doublequote=dialect.double_quote,
            escapechar=dialect.escape_char,
        )
        for cells in reader:
            starts += [read + 1] if cells else []
            read = reader.line_num
    return starts


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
