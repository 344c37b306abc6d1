"""a part of a file -> its cells as plain text, each column by its distinct cells and which of them each row has"""

import json
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import pyarrow as arrow
import pyarrow.compute as compute
from numpy.typing import NDArray
from pyarrow import csv
from pyarrow.parquet import ParquetFile

from src.contract.fields import ContractError
from src.contract.layout import Layout, Source

Places = NDArray[np.int32]
RAGGED = b"ragged"  # rows of another width: their places in the part, and how many cells they have
TEXT = arrow.dictionary(arrow.int32(), arrow.string())
EXACT = 2**53


class Distinct(NamedTuple):
    """A column: its distinct cells, None for no value, and the place among them of each row's."""

    cells: list[str | None]
    places: Places


class Cells(NamedTuple):
    """The cells of a part: columns by their names, those that the file holds as other than text, the rows' places.

    `rows` are those that have a cell for each column, by their place in the part; `ragged` the others, with how many.
    """

    columns: dict[str, Distinct]
    typed: frozenset[str]
    rows: NDArray[np.int64]
    ragged: list[tuple[int, int]]


def read_columns(source: Source, layout: Layout, start: int, stop: int, wanted: Sequence[str]) -> Cells:
    """Return the rows of a Parquet file from one to another."""
    places = layout.places(wanted)
    with source.columns() as opened:
        file = ParquetFile(opened)
        names = [file.schema_arrow.names[place] for place in places.values()]
        texts = [name for name in names if _is_text(file.schema_arrow.field(name).type)]
        opened.seek(0)
        file = ParquetFile(opened, read_dictionary=texts)
        first, before = 0, 0
        groups: list[int] = []
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if first < stop and start < first + rows:
                before = before if groups else first
                groups.append(group)
            first += rows
        table = file.read_row_groups(groups, columns=names, use_threads=False)
    return of_table(table.slice(start - before, stop - start).rename_columns(list(places)))


def read_lines(content: bytes, layout: Layout, wanted: Sequence[str]) -> Cells:
    """Return the rows of a text in which each line is one, its header left out; raises ContractError."""
    ragged: list[tuple[int, int]] = []
    width = len(layout.columns)

    def skip(row: Any) -> str:
        ragged.append((row.number - 1, row.actual_columns))
        return "skip"

    places = layout.places(wanted)
    names = list(map(str, range(width)))
    kept = [str(place) for place in places.values()]
    try:
        table = csv.read_csv(
            arrow.BufferReader(content),
            csv.ReadOptions(use_threads=False, block_size=max(len(content), 1), column_names=names),
            csv.ParseOptions(
                delimiter=layout.dialect.delimiter, quote_char=False, invalid_row_handler=skip, ignore_empty_lines=False
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(kept, TEXT), include_columns=kept, null_values=[], strings_can_be_null=False
            ),
        )
    except arrow.ArrowInvalid as error:
        raise ContractError(f"not a table in {layout.resource.encoding}: {error}") from None
    return of_table(table.rename_columns(list(places)), ragged)


def read_content(content: bytes) -> Cells:
    """Return the rows that a part carries."""
    with arrow.ipc.open_stream(content) as stream:
        table = stream.read_all()
    ragged = json.loads((table.schema.metadata or {}).get(RAGGED, b"[]"))
    return of_table(table, [(place, cells) for place, cells in ragged])


def of_table(table: arrow.Table, ragged: Sequence[tuple[int, int]] = ()) -> Cells:
    """Return the cells of a table."""
    typed = frozenset(field.name for field in table.schema if not _is_text(field.type))
    columns = {name: distinct(table.column(name)) for name in table.column_names}
    rows = np.arange(len(table) + len(ragged), dtype=np.int64)
    return Cells(columns, typed, np.delete(rows, [place for place, _ in ragged]), list(ragged))


def distinct(column: arrow.ChunkedArray) -> Distinct:
    """Return a column by its distinct cells."""
    column = column.unify_dictionaries() if arrow.types.is_dictionary(column.type) else column.dictionary_encode()
    array = column.combine_chunks()
    array = array.chunk(0) if isinstance(array, arrow.ChunkedArray) else array
    cells = composed(plain(array.dictionary).to_pylist())
    indices = array.indices.cast(arrow.int32())
    if indices.null_count:
        indices = indices.fill_null(len(cells))
        cells.append(None)
    return Distinct(cells, indices.to_numpy(zero_copy_only=False))


def composed(cells: list[str | None]) -> list[str | None]:
    """Return the cells with each accent one sign with its letter (NFC)."""
    return [cell if cell is None or cell.isascii() else unicodedata.normalize("NFC", cell) for cell in cells]


def plain(values: arrow.Array) -> arrow.Array:
    """Return values as plain text: a decimal point and no groups, true or false, ISO dates; NaN is none."""
    kind = values.type
    if arrow.types.is_floating(kind):
        values = compute.if_else(compute.is_nan(values), None, values.cast(arrow.float64()))
        whole = compute.if_else(compute.less(compute.abs(values), EXACT), values, None)
        whole = compute.if_else(compute.equal(compute.floor(whole), whole), whole, None)
        return compute.coalesce(whole.cast(arrow.int64(), safe=False).cast(arrow.string()), values.cast(arrow.string()))
    if arrow.types.is_timestamp(kind):
        local = values if kind.tz is None else compute.local_timestamp(values)
        values = local.cast(arrow.date32(), safe=False)
    with suppress(arrow.ArrowNotImplementedError, arrow.ArrowInvalid):
        return values.cast(arrow.string())
    raise ContractError(f"a column holds {kind}, which is no value")


def packed_rows(rows: Sequence[Sequence[str]], layout: Layout, wanted: Sequence[str]) -> bytes:
    """Return rows of text as a part carries them."""
    width, null = len(layout.columns), layout.dialect.null_sequence
    ragged = [(place, len(row)) for place, row in enumerate(rows) if len(row) != width]
    columns = list(zip(*(row for row in rows if len(row) == width), strict=True)) or [()] * width
    table = arrow.table(
        {
            name: arrow.array([None if cell == null else cell for cell in columns[place]], arrow.string())
            for name, place in layout.places(wanted).items()
        }
    )
    return packed_table(table.replace_schema_metadata({RAGGED: json.dumps(ragged)}))


def packed_table(table: arrow.Table) -> bytes:
    """Return a table as a part carries it."""
    encoded = [
        column if arrow.types.is_dictionary(column.type) else column.dictionary_encode() for column in table.columns
    ]
    table = arrow.table(encoded, names=table.column_names).replace_schema_metadata(table.schema.metadata)
    file = BytesIO()
    with arrow.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table.unify_dictionaries().combine_chunks())
    return file.getvalue()


def _is_text(kind: arrow.DataType) -> bool:
    kind = kind.value_type if arrow.types.is_dictionary(kind) else kind
    return bool(arrow.types.is_string(kind) or arrow.types.is_large_string(kind))
