"""SQL -> rows of the lake's tables, by DuckDB on pyiceberg's batches: a file of a table in memory at a time

Only tables that the question names are read, and of these only the columns that it needs. Nothing can be written: the
question is one SELECT, the database is a memory's own, and no file and no address can be reached from it.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import duckdb
import pyarrow as arrow
import pyarrow.dataset as dataset
from pyiceberg.catalog import Catalog
from pyiceberg.io.pyarrow import ArrowScan, schema_to_pyarrow
from pyiceberg.table import DataScan, Table

from src.lake.catalog import BRONZE, SILVER, TABLES, LakeError, find_table
from src.lake.tags import NAME, tag_of

SAFE = ("python_enable_replacements=false", "enable_external_access=false", "lock_configuration=true")
READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
OF_VERSIONS = (BRONZE, SILVER)  # tables of which a version has a snapshot


class Answer(NamedTuple):
    """Names of columns, and rows in parts."""

    columns: list[str]
    rows: Iterator[list[tuple[Any, ...]]]


class Rows(dataset.Dataset):  # type: ignore[misc]
    """A table's snapshot as DuckDB reads Arrow's data sets: by columns and a condition, as often as it likes."""

    def __init__(self, table: Table, snapshot: int | None) -> None:  # Arrow's own makes nothing of ours
        self.table, self.snapshot = table, snapshot

    @property
    def schema(self) -> arrow.Schema:
        """Return the snapshot's columns."""
        return schema_to_pyarrow(self.scan().projection(), include_field_ids=False)

    def scan(self, *columns: str) -> DataScan:
        """Return a scan of some columns; of all where none is named."""
        return self.table.scan(selected_fields=columns or ("*",), snapshot_id=self.snapshot)

    def scanner(self, columns: Sequence[str] | None = None, filter: Any = None, **_: Any) -> dataset.Scanner:
        """Return what reads some columns of the rows that meet a condition."""
        names = self.schema.names
        asked = names if columns is None else [name for name in names if name in columns or name in str(filter)]
        scan = self.scan(*asked)
        schema = schema_to_pyarrow(scan.projection(), include_field_ids=False)
        reader = arrow.RecordBatchReader.from_batches(schema, batches_of(scan, schema))
        return dataset.Scanner.from_batches(reader, columns=list(names if columns is None else columns), filter=filter)


def batches_of(scan: DataScan, schema: arrow.Schema) -> Iterator[arrow.RecordBatch]:
    """Yield a scan's rows; of all its files at once, as pyiceberg reads them by itself, memory could lack room."""
    reader = ArrowScan(scan.table_metadata, scan.io, scan.projection(), scan.row_filter)
    for task in scan.plan_files():
        for batch in reader.to_record_batches([task]):
            yield batch.cast(schema)


def answer(catalog: Catalog, sql: str, version: int | None = None) -> Answer:
    """Return what the lake's tables say, at a version's training where one is named; raises LakeError for wrong SQL."""
    connection = duckdb.connect(":memory:")
    tables = {name: table for name in TABLES if (table := find_table(catalog, name))}
    snapshots = snapshots_at(tables, version)
    try:
        check(connection, sql)
        for name, snapshot in snapshots.items():
            show(connection, name, Rows(tables[name], snapshot))
        for setting in SAFE:
            connection.execute(f"SET {setting}")
        found = connection.execute(sql)
    except duckdb.Error as error:
        raise LakeError(f"the SQL: {sentence(error)}{hint(error, list(snapshots))}") from None
    return Answer([column[0] for column in found.description or []], parts(connection))


def snapshots_at(tables: dict[str, Table], version: int | None) -> dict[str, int | None]:
    """Return each table's snapshot: the present one, or that of a version's data; raises LakeError where none is."""
    if version is None:
        return {name: table.metadata.current_snapshot_id for name, table in tables.items()}
    tag = tag_of(version)
    found = {name: tables[name].metadata.refs for name in OF_VERSIONS if name in tables}
    tagged = {name: refs[tag].snapshot_id for name, refs in found.items() if tag in refs}
    if SILVER not in tagged:
        known = sorted(int(ref.removeprefix(f"{NAME}-")) for ref in found.get(SILVER, {}) if ref.startswith(NAME))
        raise LakeError(
            f"--model-version: the lake has no data of version {version};"
            f" it has those of {', '.join(map(str, known)) or 'none'}: `sync` brings them"
        )
    return dict(tagged)


def check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise LakeError for anything but one question."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type not in READING:
        raise LakeError("the SQL: one SELECT is wanted; nothing is written here")


def show(connection: duckdb.DuckDBPyConnection, name: str, rows: Rows) -> None:
    """Let a question see a table under its name."""
    schema, table = name.split(".")
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    connection.register(f"{schema}_{table}", rows)
    connection.execute(f"CREATE VIEW {schema}.{table} AS SELECT * FROM {schema}_{table}")  # noqa: S608 (TABLES)


def parts(connection: duckdb.DuckDBPyConnection, rows: int = 10_000) -> Iterator[list[tuple[Any, ...]]]:
    """Yield an answer's rows, some at a time; raises LakeError where a value stops the question on its way."""
    try:
        while found := connection.fetchmany(rows):
            yield found
    except duckdb.Error as error:
        raise LakeError(f"the SQL: {sentence(error)}") from None


def hint(error: duckdb.Error, names: Sequence[str]) -> str:
    """Return which tables can be asked, where one was asked that cannot."""
    return f"; there is {', '.join(names) or 'none yet'}" if isinstance(error, duckdb.CatalogException) else ""


def sentence(error: duckdb.Error) -> str:
    """Return the first line of what DuckDB says."""
    return str(error).strip().partition("\n")[0]
