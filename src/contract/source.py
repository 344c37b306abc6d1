"""a file as it was published, compressed or not -> its lines, or the columns of a Parquet file"""

import gzip
import unicodedata
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

import pyarrow as arrow
import pyarrow.compute as compute
from pyarrow.parquet import ParquetFile

from src.contract.fields import Column, ContractError
from src.contract.package import Resource

BROKEN = (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)  # the last: a zip with a password


@contextmanager
def opened(path: Path, resource: Resource) -> Iterator[IO[bytes]]:
    """Yield the file's bytes, unpacked where it is compressed; raises ContractError where it cannot be unpacked."""
    with unpacked(path, resource.compression_of(path.name), resource.innerpath) as (content, _):
        yield content


@contextmanager
def unpacked(path: Path, compression: str | None, innerpath: str | None) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Yield the bytes that are packed in the file, and the file itself: how far it is read is how far the work is.

    Raises ContractError where it cannot be unpacked.
    """
    with ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        try:
            if compression == "gz":
                yield cast(IO[bytes], stack.enter_context(gzip.open(file))), file
            elif compression == "zip":
                archive = stack.enter_context(zipfile.ZipFile(file))
                yield stack.enter_context(archive.open(_member(path, archive.namelist(), innerpath))), file
            else:
                yield file, file
        except BROKEN as error:
            raise ContractError(f"{path.name}: cannot be unpacked as {compression}: {error}") from None


def _member(path: Path, names: Sequence[str], wanted: str | None) -> str:
    files = [name for name in names if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if wanted is not None and wanted in files:
        return wanted
    listed = ", ".join(files) or "nothing"
    if wanted is not None:
        raise ContractError(f"{path.name}: innerpath {wanted!r} is not in it; it holds {listed}")
    if len(files) != 1:
        raise ContractError(f"{path.name}: the package names the file in it by `innerpath`; it holds {listed}")
    return files[0]


@contextmanager
def lines_of(path: Path, resource: Resource) -> Iterator[Iterator[str]]:
    """Yield the file's lines with their ends, composed (NFC), without a byte order mark and without the footers.

    An accent that the file writes as a sign of its own is then the same as the package's and the API's.
    """
    with opened(path, resource) as source, TextIOWrapper(source, resource.encoding, newline="") as text:
        try:
            yield _composed(_without_last(text, resource.footer_rows))
        except UnicodeError as error:
            raise ContractError(f"{path.name}: not a table in {resource.encoding}: {error}") from None


def _composed(lines: Iterable[str]) -> Iterator[str]:
    first = True
    for line in lines:
        text = line.removeprefix("\ufeff") if first else line
        first = False
        yield text if text.isascii() else unicodedata.normalize("NFC", text)


def _without_last(lines: Iterable[str], count: int) -> Iterator[str]:
    """Leave out the last lines that are not blank, and the blank ones between and behind them."""
    if not count:
        yield from lines
        return
    held: deque[str] = deque()
    filled = 0
    for line in lines:
        held.append(line)
        filled += bool(line.strip())
        while filled > count:
            out = held.popleft()
            filled -= bool(out.strip())
            yield out


def read_columns(path: Path, wanted: dict[int, Column]) -> tuple[dict[int, arrow.Array], set[int]]:
    """Return columns of a Parquet file as plain text by their place, and the places of those that were no text.

    A number has a decimal point and no groups, a boolean is true or false, a date is ISO; NaN is a null.
    """
    file = ParquetFile(path)
    table = file.read(columns=[file.schema_arrow.names[place] for place in wanted])
    texts, typed = {}, set()
    for place, column in wanted.items():
        values = table.column(file.schema_arrow.names[place])
        if arrow.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if not arrow.types.is_string(values.type) and not arrow.types.is_large_string(values.type):
            typed.add(place)
        try:
            texts[place] = _plain(values, column)
        except (arrow.ArrowNotImplementedError, arrow.ArrowInvalid):
            raise ContractError(f"{path.name}: column {column.name!r} holds {values.type}, which is no value") from None
    return texts, typed


def _plain(values: arrow.ChunkedArray, column: Column) -> arrow.ChunkedArray:
    if arrow.types.is_floating(values.type):
        values = compute.if_else(compute.is_nan(values), None, values)
        whole = compute.if_else(compute.equal(compute.floor(values), values), values, None)
        integers = compute.cast(whole, arrow.int64(), safe=False).cast(arrow.string())
        exact = compute.less(compute.abs(whole), 2**53)
        return compute.coalesce(compute.if_else(exact, integers, None), values.cast(arrow.string()))
    if arrow.types.is_timestamp(values.type) and column.type in ("date", "datetime"):
        values = values if values.type.tz is None else compute.local_timestamp(values)
        values = values.cast(arrow.date32(), safe=False)
    return values.cast(arrow.string())


def header_of_columns(path: Path) -> tuple[list[str], int]:
    """Return the names of a Parquet file's columns and its number of rows."""
    try:
        file = ParquetFile(path)
    except (arrow.ArrowInvalid, OSError) as error:
        raise ContractError(f"{path.name}: not a Parquet file: {error}") from None
    return [unicodedata.normalize("NFC", name) for name in file.schema_arrow.names], file.metadata.num_rows
