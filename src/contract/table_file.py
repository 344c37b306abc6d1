"""a table of cells -> a file that reads as the package's first one does: its dialect, encoding and compression

The same cells are the same bytes. A cell that is None has no value; a text file writes the field's missing value.
"""

import gzip
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

import pandas as pd
import pyarrow as arrow
from pyarrow.parquet import ParquetFile, write_table

from src.contract.dialect import Dialect
from src.contract.package import Package, Resource
from src.contract.source import header_of_columns
from src.contract.written import Cell, missing_cell

PACKED = (".gz", ".zip")
LONGEST = 8  # of an ending that says how a file is written
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can name
FOOTER = "-"


def name_like(first: str, stem: str) -> str:
    """Return a file's name that ends as another one's does.

    >>> name_like("loans.2011.csv.gz", "outcomes"), name_like("german.data", "outcomes"), name_like("loans", "outcomes")
    ('outcomes.csv.gz', 'outcomes.data', 'outcomes')
    """
    suffixes = PurePosixPath(first).suffixes
    kept = suffixes[-1:] if suffixes and suffixes[-1].lower() in PACKED else []
    rest = suffixes[: len(suffixes) - len(kept)][-1:]
    return "".join([stem, *(one for one in rest if len(one) <= LONGEST), *kept])


def types_like(path: Path, package: Package) -> dict[str, arrow.DataType]:
    """Return how a Parquet file holds the package's fields that are no text in it; nothing of a text file."""
    if not package.resource.is_parquet(path.name):
        return {}
    names, _ = header_of_columns(path)
    types = [_value_type(field.type) for field in ParquetFile(path).schema_arrow]
    known = {column.name for column in package.columns}
    return {name: kind for name, kind in zip(names, types, strict=True) if name in known and not _is_text(kind)}


def file_of(cells: pd.DataFrame, name: str, package: Package, types: dict[str, arrow.DataType]) -> bytes:
    """Return the content of a file of that name; raises UnicodeEncodeError where the encoding lacks a sign."""
    resource = package.resource
    if resource.is_parquet(name):
        return _parquet(cells, types)
    missing = {column.name: missing_cell(column, package) or "" for column in package.columns}
    text = "".join(_lines(cells.fillna(missing), resource.dialect, resource.footer_rows))
    content = text.encode(resource.encoding)
    compression = resource.compression_of(name)
    if compression == "gz":
        return gzip.compress(content, mtime=0)
    return _zipped(content, _inner_name(name, resource)) if compression == "zip" else content


def unwritable(cell: Cell, resource: Resource) -> bool:
    """Return whether the package's text files cannot hold a cell: their encoding lacks a sign, or quotes no quote."""
    if cell is None or (cell.isalnum() and cell.isascii()):
        return False
    dialect = resource.dialect
    if not dialect.double_quote and not dialect.escape_char and dialect.quote_char in cell:
        return True
    try:
        cell.encode(resource.encoding)
    except UnicodeEncodeError:
        return True
    return False


def _value_type(kind: arrow.DataType) -> arrow.DataType:
    return kind.value_type if arrow.types.is_dictionary(kind) else kind


def _is_text(kind: arrow.DataType) -> bool:
    return bool(arrow.types.is_string(kind) or arrow.types.is_large_string(kind))


def _parquet(cells: pd.DataFrame, types: dict[str, arrow.DataType]) -> bytes:
    columns = {}
    for name in cells.columns:
        texts = arrow.array(cells[name].astype(object).where(cells[name].notna(), None), arrow.string())
        try:
            columns[name] = texts.cast(types.get(name, arrow.string()))
        except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):
            columns[name] = texts  # which is read as plainly
    file = io.BytesIO()
    write_table(arrow.table(columns), file)
    return file.getvalue()


def _inner_name(name: str, resource: Resource) -> str:
    suffix = ".csv" if PurePosixPath(name).stem == PurePosixPath(name).name.partition(".")[0] else ""
    return resource.innerpath or f"{PurePosixPath(name).stem}{suffix}"


def _zipped(content: bytes, name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, FIRST_DAY), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _lines(cells: pd.DataFrame, dialect: Dialect, footers: int) -> Iterator[str]:
    """Yield the lines: header, rows and footers, and a blank line wherever the dialect says that no row is."""
    end, cell = dialect.line_terminator or "\n", _quoter(dialect, single=len(cells.columns) == 1)
    names = [[*cells.columns], *[[""] * len(cells.columns)] * (len(dialect.header_rows) - 1)]
    header = names if dialect.header else []
    comments = set(dialect.comment_rows)
    before = set(range(1, max(dialect.header_rows))) - set(dialect.header_rows) if dialect.names_header_rows else set()
    number = 0
    for row in _rows(header, cells):
        number += 1
        while number in comments | before:
            yield end
            number += 1
        yield dialect.delimiter.join(cell(text, place == 0) for place, text in enumerate(row)) + end
    yield from [f"{FOOTER}{end}"] * footers


def _rows(header: list[list[str]], cells: pd.DataFrame) -> Iterable[tuple[str, ...] | list[str]]:
    yield from header
    yield from cells.itertuples(index=False, name=None)


def _quoter(dialect: Dialect, single: bool) -> Callable[[str, bool], str]:
    """Return what writes a cell, in quotes where it would be read as something else without."""
    quote, escape = dialect.quote_char, dialect.escape_char or ""
    special = {dialect.delimiter, quote, escape, "\r", "\n", " "} - {""}
    empty = f"{quote}{quote}" if single or (dialect.delimiter == " " and dialect.skip_initial_space) else ""

    def write(text: str, first: bool) -> str:
        comment = first and dialect.comment_char is not None and text.startswith(dialect.comment_char)
        if not text:
            return empty
        if not comment and not special & set(text):
            return text
        inside = text.replace(escape, escape * 2) if escape else text
        inside = inside.replace(quote, (quote if dialect.double_quote else escape) + quote)
        return f"{quote}{inside}{quote}"

    return write
