"""files as they were published -> a table of text, unchanged"""

import csv
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.compute as compute

from src.contract.dialect import Dialect
from src.contract.fields import ContractError
from src.contract.header import places_of
from src.contract.origin import runs_of, written
from src.contract.package import Resource
from src.contract.quotes import broken_quote, one_blank
from src.contract.source import header_of_columns, lines_of, read_columns

FIRST_LINES = 5
CHUNK = 20_000  # rows whose cells are Python's at a time
LONGEST = 2**31 - 1
PREAMBLE = 30  # lines among which a header is looked for
BLANK = ("\n", "\r\n", "\r", "")
DELIMITERS = (";", ",", "\t", "|")


def read_text(files: list[Path], resource: Resource, names: list[str]) -> pd.DataFrame:
    """Read the files as text, unchanged; raises ContractError for another header, a ragged row or no row.

    `attrs["files"]` of the result says where its rows stand (src/contract/origin.py), `attrs["typed"]` lists the
    columns that a Parquet file holds as numbers, booleans or dates: they are spelt plainly. A field that no file has
    (`fieldsMatch: superset`) is null.
    """
    tables, origins = [], []
    typed: set[str] = set()
    for path in files:
        read = _read_columns if resource.is_parquet(path.name) else _read_lines
        columns, lines, plain = read(path, resource, names)
        tables.append(columns)
        typed |= plain
        origins += runs_of(path.name, lines)
    frame: pd.DataFrame = arrow.concat_tables(tables).to_pandas()
    if frame.empty:
        raise ContractError(f"{', '.join(path.name for path in files)}: no rows; a table needs at least one")
    frame.attrs = {"files": written(origins)} | ({"typed": sorted(typed)} if typed else {})
    return frame


def _placed(
    where: str, found: Sequence[str], names: Sequence[str], resource: Resource, hint: str = ""
) -> dict[str, int]:
    try:
        return places_of(found, names, resource.table.fields_match)
    except ContractError as error:
        raise ContractError(f"{where}: header: {error}{hint}") from None


def _table(columns: dict[str, Any], names: Sequence[str], rows: int) -> arrow.Table:
    nothing = arrow.nulls(rows, arrow.string())
    return arrow.table({name: columns.get(name, nothing) for name in names})


def _read_columns(path: Path, resource: Resource, names: list[str]) -> tuple[arrow.Table, np.ndarray, set[str]]:
    """Read a Parquet file; its rows count as lines from 1."""
    found, rows = header_of_columns(path)
    places = _placed(path.name, found, names, resource)
    by_name = {column.name: column for column in resource.table.fields}
    texts, typed = read_columns(path, {place: by_name[name] for name, place in places.items()})
    columns = {name: texts[place] for name, place in places.items()}
    plain = {name for name, place in places.items() if place in typed}
    return _table(columns, names, rows), np.arange(1, rows + 1), plain


def _read_lines(path: Path, resource: Resource, names: list[str]) -> tuple[arrow.Table, np.ndarray, set[str]]:
    """Read a text file."""
    with lines_of(path, resource) as lines:
        first = next(lines, None)
        if first is None:
            raise ContractError(f"{path.name}: the file is empty; a table needs at least one row")
        rows = Rows(path, chain([first], lines), resource)
        header = rows.header() if resource.dialect.header else names
        hint = "" if set(names) <= set(header) else _hint(path, resource, names, header)
        places = _placed(f"{path.name}: line {rows.first}", header, names, resource, hint)
        chunks = [_texts(chunk, places, resource.dialect) for chunk in rows.chunks(len(header), len(names))]
    columns = {name: arrow.chunked_array([chunk[name] for chunk in chunks], arrow.string()) for name in places}
    return _table(columns, names, len(rows.starts)), np.frombuffer(rows.starts, dtype=np.int64), set()


def _texts(rows: list[list[str]], places: dict[str, int], dialect: Dialect) -> dict[str, arrow.Array]:
    columns = list(zip(*rows, strict=True))
    texts = {name: arrow.array(columns[place] if rows else [], arrow.string()) for name, place in places.items()}
    if dialect.null_sequence is None:
        return texts
    null = dialect.null_sequence
    return {name: compute.if_else(compute.equal(cells, null), None, cells) for name, cells in texts.items()}


class Rows:
    """The rows of a text file in the dialect's words; `starts` are the lines, from 1, on which those read begin.

    Blank lines, comments and what stands before the header are no rows, though they count where the dialect names rows
    by their number. Raises ContractError where a quoted value does not end with its quote: whatever stands between that
    and the next stray quote, rows and all, would be read as one value.
    """

    def __init__(self, path: Path, lines: Iterable[str], resource: Resource) -> None:
        self.path, self.resource, self.dialect = path, resource, resource.dialect
        self.starts = array("q")
        self.begin = 0  # the line on which the row that is being read begins
        self.first = 0  # the header's
        self.raw = ""  # that row, where Python's csv module would not see all that is wrong with it
        csv.field_size_limit(LONGEST)
        self.reader = csv.reader(self._of_rows(lines), strict=True, **csv_options(self.dialect))

    def _of_rows(self, lines: Iterable[str]) -> Iterator[str]:
        dialect = self.dialect
        named = set(dialect.header_rows) if dialect.names_header_rows else set()
        comments, last = set(dialect.comment_rows), max(named, default=0)
        char, blanks = dialect.comment_char, dialect.delimiter == " " and dialect.skip_initial_space
        row = 0
        for number, line in enumerate(lines, 1):
            if not self.begin:
                row += 1
                comment = row in comments or (char is not None and line.startswith(char))
                if comment or line in BLANK or (row < last and row not in named):
                    continue
                self.begin = number
            if not dialect.double_quote:
                self.raw += line
            yield one_blank(line, dialect) if blanks else line

    def _next(self) -> list[str] | None:
        try:
            row = next(self.reader, None)
        except csv.Error as error:
            raise ContractError(f"{self.path.name}: {self._fault(error)}") from None
        if self.raw and (fault := broken_quote(self.raw, self.begin, self.dialect)):
            raise ContractError(f"{self.path.name}: {fault}")
        self.raw = ""
        return row

    def _fault(self, error: csv.Error) -> str:
        with lines_of(self.path, self.resource) as lines:
            text = "".join(islice(lines, self.begin - 1, None))
        return broken_quote(text, self.begin, self.dialect) or f"line {self.begin}: {error}"

    def header(self) -> list[str]:
        """Return the names of the columns; several rows of them are joined column by column."""
        count = len(self.dialect.header_rows)
        rows: list[list[str]] = []
        while len(rows) < count and (row := self._next()) is not None:
            rows.append(row)
            self.first, self.begin = self.first or self.begin, 0
        if len(rows) < count:
            raise ContractError(f"{self.path.name}: the header has {count} row(s), and the file has {len(rows)}")
        parts = zip_longest(*rows, fillvalue="")
        return [self.dialect.header_join.join(filter(None, part)) for part in parts]

    def chunks(self, width: int, fields: int) -> Iterator[list[list[str]]]:
        """Yield the rows, some thousands at a time; raises ContractError for rows of another width than the header."""
        chunk: list[list[str]] = []
        ragged: list[tuple[int, int]] = []
        while (row := self._next()) is not None:
            if len(row) == width:
                chunk.append(row)
                self.starts.append(self.begin)
            else:
                ragged.append((self.begin, len(row)))
            self.begin = 0
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        yield chunk
        if ragged:
            places = ", ".join(str(line) for line, _ in ragged[:FIRST_LINES])
            whose = "contract" if width == fields else "header"
            raise ContractError(
                f"{self.path.name}: {len(ragged)} row(s) have another number of columns than the {whose}'s {width}"
                f" (the first has {ragged[0][1]}): line {places}"
            )


def csv_options(dialect: Dialect) -> dict[str, Any]:
    """Return the dialect as Python's csv module takes it."""
    return {
        "delimiter": dialect.delimiter,
        "quotechar": dialect.quote_char,
        "doublequote": dialect.double_quote,
        "escapechar": dialect.escape_char,
        "skipinitialspace": dialect.skip_initial_space and dialect.delimiter != " ",
    }


def _hint(path: Path, resource: Resource, names: Sequence[str], header: Sequence[str]) -> str:
    """Return what may be the matter with a header that is not the contract's: a preamble, or another delimiter."""
    with lines_of(path, resource) as lines:
        first = list(islice(lines, PREAMBLE))
    for number, line in enumerate(first, 1):
        if set(names) <= set(next(csv.reader([line], **csv_options(resource.dialect)), [])):
            return f"; line {number} reads like the header: dialect: {{headerRows: [{number}]}}"
    others = [sign for sign in DELIMITERS if len(header) == 1 and sign in header[0]]
    return f"; the header is one column: is the dialect's delimiter {others[0]!r}?" if others else ""
