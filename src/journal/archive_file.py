"""rows of the log -> the bytes of one Parquet file, the same for the same rows; and back"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from src.errors import LastroError
from src.journal.tables import PREDICTIONS, Entry

if TYPE_CHECKING:
    import pyarrow as pa

LEVEL = 9  # of zstd: what is archived is written once


def content_of(entries: Sequence[Entry]) -> bytes:
    """Return the file of these rows, in their order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, sink = schema_of(), pa.BufferOutputStream()
    columns = [pa.array(values, field.type) for values, field in zip(zip(*entries, strict=True), schema, strict=True)]
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), sink, compression="zstd", compression_level=LEVEL)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def entries_of(content: bytes) -> list[Entry]:
    """Return the rows of a file; what a later release added to rows is null. Raises LastroError for another file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(content))
    except pa.ArrowException as error:
        raise LastroError(f"it is no Parquet file: {str(error).partition(chr(10))[0]}") from None
    if lacking := [name for name in Entry._fields if name not in (*table.column_names, *Entry._field_defaults)]:
        raise LastroError(f"it has no column {', '.join(lacking)}")
    names = [name for name in Entry._fields if name in table.column_names]
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    found = (Entry(**dict(zip(names, row, strict=True))) for row in rows)
    return [entry.zoned() for entry in found]


def schema_of() -> "pa.Schema":
    """Return the columns as the log has them."""
    import pyarrow as pa

    kinds: dict[type[Any], pa.DataType] = {
        sa.Text: pa.string(),
        sa.Float: pa.float64(),
        sa.Integer: pa.int64(),
        sa.DateTime: pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([(name, kinds[type(PREDICTIONS.c[name].type)]) for name in Entry._fields])
