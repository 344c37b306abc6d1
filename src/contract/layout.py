"""a file of applicants + the data package -> how it is written: Parquet or text, packed or not, signs and columns

A file may be written as the package says, codes and all, or plainly: a header of the fields' names and labels below it.
"""

import csv
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from typing import IO, Literal, NamedTuple, cast

import pyarrow as arrow
from pyarrow import NativeFile
from pyarrow.parquet import ParquetFile

from src.contract.dialect import Dialect
from src.contract.fields import ContractError
from src.contract.header import places_of
from src.contract.package import Package, Resource
from src.contract.source import lines_of, unpacked
from src.contract.text import Rows, csv_options

MAGIC = {b"PAR1": "parquet", b"\x1f\x8b": "gz", b"PK\x03\x04": "zip"}
BUFFER = 1 << 20
SIGNS = (",", ";", "\t", "|")
Packed = Literal["gz", "zip"] | None


class Source(NamedTuple):
    """A file by its name, and what opens its bytes, to be read from any place; a function that its module names."""

    name: str
    opener: Callable[[], NativeFile]

    def open(self, mode: str = "rb") -> IO[bytes]:  # noqa: ARG002  # as a path is opened
        """Open it as Python reads files."""
        return BufferedReader(self.opener(), BUFFER)

    def columns(self) -> NativeFile:
        """Open it as Arrow reads files."""
        return self.opener()

    @property
    def path(self) -> Path:
        """Return it as what reads paths takes it: by `name` and `open` alone."""
        return cast(Path, self)


class Layout(NamedTuple):
    """How a file is written: `columns` are the names of all of its columns, in order."""

    parquet: bool
    packed: Packed
    resource: Resource
    columns: tuple[str, ...]

    @property
    def dialect(self) -> Dialect:
        """Return the signs of a text."""
        return self.resource.dialect

    def places(self, wanted: Sequence[str]) -> dict[str, int]:
        """Return the place of each wanted column that the file has."""
        return {name: self.columns.index(name) for name in wanted if name in self.columns}


def layout_of(source: Source, package: Package, needed: Sequence[str]) -> Layout:
    """Return how a file is written; raises ContractError where a column that is needed is missing or is there twice."""
    kind = kind_of(source)
    if kind == "parquet":
        found = Layout(True, None, package.resource, tuple(names_in(source)))
    else:
        found = text_layout(source, package, cast(Packed, kind), needed)
    known = {column.name for column in package.columns}
    twice = sorted(name for name in set(found.columns) & known if found.columns.count(name) > 1)
    if twice:
        raise ContractError(f"{source.name}: header: column named twice: {', '.join(map(repr, twice))}")
    try:
        places_of(found.columns, list(needed), "subset")
    except ContractError as error:
        raise ContractError(f"{source.name}: header: {str(error).partition(' (the data package')[0]}") from None
    return found


def kind_of(source: Source) -> str | None:
    """Return what the first bytes say: parquet, gz or zip; None for text; raises ContractError for an empty file."""
    with source.open() as file:
        head = file.read(4)
    if not head:
        raise ContractError(f"{source.name}: the file is empty; a table needs at least one row")
    return next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), None)


def names_in(source: Source) -> list[str]:
    """Return the names of a Parquet file's columns; raises ContractError where it is none."""
    try:
        with source.columns() as file:
            names = ParquetFile(file).schema_arrow.names
    except (arrow.ArrowInvalid, OSError) as error:
        raise ContractError(f"{source.name}: not a Parquet file: {error}") from None
    return [unicodedata.normalize("NFC", name) for name in names]


def text_layout(source: Source, package: Package, packed: Packed, needed: Sequence[str]) -> Layout:
    """Return how a text is written: plainly where its first line holds the names that are needed."""
    own = written_as(package.resource, packed)
    plain = plain_dialect(source, own, needed)
    if plain is not None:
        line, dialect = plain
        own = own.model_copy(update={"dialect": dialect, "encoding": "utf-8", "footer_rows": 0})
        return Layout(False, packed, own, named(cells_of(line, dialect), []))
    names = [column.name for column in package.columns]
    with lines_of(source.path, own) as lines:
        rows = Rows(source.path, lines, own)
        if own.dialect.header:
            return Layout(False, packed, own, named(rows.header(), names))
        first = list(islice(AnyRows(source.path, chain(lines), own), 1))
    return Layout(False, packed, own, unnamed(source.name, len(first[0]) if first else 0, package))


class AnyRows(Rows):
    """The rows of a text, whatever their width."""

    def __iter__(self) -> Iterator[list[str]]:
        while (row := self._next()) is not None:
            self.begin = 0
            yield row


def written_as(resource: Resource, packed: Packed) -> Resource:
    """Return the package's resource for a file of its kind that is packed in this way."""
    return resource.model_copy(update={"format": "csv", "mediatype": None, "compression": packed, "innerpath": None})


def plain_dialect(source: Source, resource: Resource, needed: Sequence[str]) -> tuple[str, Dialect] | None:
    """Return the first line and its dialect where that is a plain header other than the package's own; else None."""
    with unpacked(source.path, resource.compression, None) as (file, _):
        line = file.readline(BUFFER).decode("utf-8-sig", errors="replace").partition("\r")[0].rstrip("\n")
    dialect = resource.dialect
    for sign in SIGNS:
        names = set(cells_of(line, Dialect(delimiter=sign)))
        if len(names) > 1 and set(needed) <= names:
            own = dialect.header and not dialect.names_header_rows and dialect.delimiter == sign
            return None if own else (line, Dialect(delimiter=sign))
    return None


def cells_of(line: str, dialect: Dialect) -> list[str]:
    """Return the cells of a line by itself."""
    text = unicodedata.normalize("NFC", line)
    return next(csv.reader([text], **csv_options(dialect)), [])


def named(found: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return the header's names; a column without one is the field that the package lists in its place."""
    return tuple(
        names[place] if not name.strip() and place < len(names) and names[place] not in found else name
        for place, name in enumerate(found)
    )


def unnamed(name: str, width: int, package: Package) -> tuple[str, ...]:
    """Return the columns of a file without a header: all of the package's fields, or all but the outcome."""
    names = [column.name for column in package.columns]
    without = [one for one in names if one != package.target.name]
    for columns in (names, without):
        if len(columns) == width:
            return tuple(columns)
    raise ContractError(
        f"{name}: its first row has {width} columns; without a header a file has the data package's {len(names)},"
        f" or those but {package.target.name!r}"
    )


@contextmanager
def content_of(source: Source, layout: Layout) -> Iterator[IO[bytes]]:
    """Yield the bytes of a text, unpacked; raises ContractError where they cannot be unpacked."""
    with unpacked(source.path, layout.packed, None) as (file, _):
        yield file
