"""CSV files -> a table of text, unchanged"""

import re
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow as arrow
from pyarrow.csv import ConvertOptions, InvalidRow, ParseOptions, ReadOptions, read_csv

from src.contract.fields import ContractError
from src.contract.package import Dialect, Resource

FIRST_LINES = 5


def read_text(files: list[Path], resource: Resource, names: list[str]) -> pd.DataFrame:
    """Read the files as text, unchanged; raises ContractError for another header, a ragged row or no row.

    `attrs["files"]` of the result lists the runs of rows that stand line by line: the file's name, the number of rows
    and the line of the first. A file has one, unless lines between them are blank or values have line breaks.
    """
    tables, origins = [], []
    for path in files:
        lines = _lines_of_rows(path, resource)
        table = _read_file(path, resource, names, lines)
        _check_header(path, table.column_names, names)
        tables.append(table.select(names))
        origins += _runs(path, lines[1:] if resource.dialect.header else lines)
    frame: pd.DataFrame = arrow.concat_tables(tables).to_pandas()
    if frame.empty:
        raise ContractError(f"{', '.join(path.name for path in files)}: no rows; a table needs at least one")
    frame.attrs["files"] = origins
    return frame


def _read_file(path: Path, resource: Resource, names: list[str], lines: list[int]) -> arrow.Table:
    dialect = resource.dialect
    ragged: list[InvalidRow] = []

    def note(row: InvalidRow) -> str:
        ragged.append(row)
        return "skip"

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
    except arrow.ArrowInvalid as error:
        raise ContractError(f"{path.name}: not a table in {resource.encoding}: {error}") from None
    if ragged:
        places = ", ".join(str(lines[row.number - 1]) for row in ragged[:FIRST_LINES])
        raise ContractError(
            f"{path.name}: {len(ragged)} row(s) have another number of columns than the contract's"
            f" {ragged[0].expected_columns} (the first has {ragged[0].actual_columns}): line {places}"
        )
    return table


def _lines_of_rows(path: Path, resource: Resource) -> list[int]:
    """Return the line, from 1, on which each row begins, the header's too; blank lines are no rows.

    Raises ContractError where a quoted value does not end with its quote: whatever stands between that and the next
    stray quote, rows and all, would be read as one value.
    """
    try:
        text = path.read_bytes().decode(resource.encoding).removeprefix("\ufeff")  # the mark of some UTF-8 files
    except UnicodeDecodeError as error:
        raise ContractError(f"{path.name}: not a table in {resource.encoding}: {error}") from None
    if not text:
        raise ContractError(f"{path.name}: the file is empty; a table needs at least one row")
    row, lines, line, position = _row_pattern(resource.dialect), [], 1, 0
    while position < len(text):
        end = row.match(text, position).end()  # type: ignore[union-attr]  # it matches nothing, too
        if end > position:
            lines.append(line)
        if end < len(text) and text[end] not in "\r\n":
            before = line + _line_ends(text, position, end)
            raise ContractError(f"{path.name}: {_broken_quote(text, end, before, resource.dialect)}")
        after = end + (2 if text.startswith("\r\n", end) else 1)
        line += _line_ends(text, position, after)  # one, unless values of this row have line breaks
        position = after
    return lines


def _line_ends(text: str, start: int, end: int) -> int:
    """Count the line ends in a part of a text: \\n, \\r, and \\r\\n as one."""
    return text.count("\n", start, end) + text.count("\r", start, end) - text.count("\r\n", start, end)


def _quoted(dialect: Dialect) -> str:
    """Return the pattern of a value in quotes, from its first quote to its last."""
    quote, escape = re.escape(dialect.quote_char), re.escape(dialect.escape_char or "")
    inside = [f"[^{quote}{escape}]"] + [f"{escape}."] * bool(escape) + [quote * 2] * dialect.double_quote
    return f"{quote}(?:{'|'.join(inside)})*+{quote}"


def _row_pattern(dialect: Dialect) -> re.Pattern[str]:
    """Return the pattern of a row without its line end; where a quote is broken it stops before that value.

    Its repeats are possessive (`*+`): they never try again with less, so that a file of any size is read in one pass.
    """
    quote, escape = re.escape(dialect.quote_char), re.escape(dialect.escape_char or "")
    ends = rf"{re.escape(dialect.delimiter)}\r\n"
    parts = [
        rf"[^{quote}{escape}\r\n]++",
        rf"(?<=[^{ends}]){quote}",  # within a value, as in 5", it is a sign like any other
        rf"{_quoted(dialect)}(?=[{ends}]|\Z)",
    ]
    parts += [rf"{escape}(?:.|\Z){quote}*+"] * bool(escape)  # what follows an escaped delimiter is within a value too
    return re.compile(f"(?:{'|'.join(parts)})*+", re.DOTALL)


def _broken_quote(text: str, start: int, line: int, dialect: Dialect) -> str:
    """Return what is wrong with the quoted value that begins there, on that line of the file."""
    value = re.compile(_quoted(dialect), re.DOTALL).match(text, start)
    if value is None:
        return f"line {line}: a quote begins a value and is never closed"
    last = line + _line_ends(text, start, value.end())
    since = "" if last == line else f" (the value's first quote is on line {line})"
    return f"line {last}: text after a closing quote{since}; a value is quoted whole or not at all"


def _runs(path: Path, lines: list[int]) -> list[tuple[str, int, int]]:
    """Return the runs of rows whose lines follow each other: the file's name, how many rows, the first one's line."""
    begins = [row for row, line in enumerate(lines) if row == 0 or line != lines[row - 1] + 1]
    return [(path.name, end - begin, lines[begin]) for begin, end in pairwise([*begins, len(lines)])]


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
