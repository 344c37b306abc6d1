"""a table in memory -> the same as Iceberg holds it, and a lake's table that has its columns"""

from collections import Counter

import pyarrow as arrow
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Transaction

from src.lake.catalog import LakeError


def plain(table: arrow.Table) -> arrow.Table:
    """Return a table whose texts are texts and whose dates are days; raises LakeError for names that differ in case.

    Most engines do not tell `Age` from `age`.
    """
    counts = Counter(name.lower() for name in table.column_names)
    if twice := [name for name in table.column_names if counts[name.lower()] > 1]:
        raise LakeError(f"columns {', '.join(twice)}: names in a lake differ in more than upper and lower case")
    fields = [arrow.field(field.name, type_of(field.type)) for field in table.schema]
    return table.replace_schema_metadata(None).cast(arrow.schema(fields))


def type_of(kind: arrow.DataType) -> arrow.DataType:
    """Return the type by which every reader knows values of a type."""
    if arrow.types.is_dictionary(kind):
        return type_of(kind.value_type)
    if arrow.types.is_timestamp(kind):
        return arrow.date32() if kind.tz is None else arrow.timestamp("us", tz="UTC")
    if arrow.types.is_integer(kind):
        return arrow.int64()
    texts = arrow.types.is_large_string(kind) or arrow.types.is_string_view(kind) or arrow.types.is_null(kind)
    return arrow.string() if texts else kind


def fit(transaction: Transaction, schema: arrow.Schema) -> None:
    """Give a table these columns: a column of another type goes, and comes anew; snapshots keep those that they had."""
    held = schema_to_pyarrow(transaction.table_metadata.schema(), include_field_ids=False)
    before = {field.name: type_of(field.type) for field in held}
    after = {field.name: field.type for field in schema}
    gone = [name for name, kind in before.items() if after.get(name) != kind]
    new = [name for name, kind in after.items() if before.get(name) != kind]
    if gone:
        with transaction.update_schema() as update:
            for name in gone:
                update.delete_column((name,))
    if new:
        with transaction.update_schema() as update:
            update.union_by_name(arrow.schema([arrow.field(name, after[name]) for name in new]))
