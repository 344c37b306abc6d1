"""sources, each named by its content -> snapshots of a table, in the newest of which the last one's rows stand"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pyarrow as arrow
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from src.lake.catalog import table_of
from src.lake.columns import fit
from src.lake.commits import commit

SOURCE = "lastro.source"  # in a snapshot's summary: whose rows it holds


class Source(NamedTuple):
    """Rows that replace a table's: what names them, and how they are read; None where they cannot be had now."""

    name: str
    rows: Callable[[], arrow.Table | None]


def put(
    catalog: Catalog, name: str, sources: Sequence[Source], schema: arrow.Schema, *, last_stands: bool = True
) -> dict[str, int]:
    """Give a table a snapshot of each source that it has none of; return the rows of those written, by their source.

    It is one commit. The last one's rows are what readers see afterwards: in any case where `last_stands`, else only
    where something was written. `schema` is that of a table that is not there.
    """
    table = table_of(catalog, name, schema)
    return commit(table, lambda transaction: write(transaction, sources, last_stands))


def write(transaction: Transaction, sources: Sequence[Source], last_stands: bool) -> dict[str, int]:
    """Write what a table lacks."""
    written: dict[str, int] = {}
    for source in sources:
        known = snapshots_of(transaction.table_metadata)
        is_last = source is sources[-1] and (last_stands or written)
        if source.name in known and not (is_last and present(transaction.table_metadata) != source.name):
            continue
        if (rows := source.rows()) is not None:
            fit(transaction, rows.schema)
            replace(transaction, rows, {SOURCE: source.name})
            written[source.name] = rows.num_rows
    return written


def replace(transaction: Transaction, rows: arrow.Table, summary: dict[str, str]) -> None:
    """Put rows in the place of all others."""
    if holds_rows(transaction.table_metadata):
        transaction.overwrite(rows, snapshot_properties=summary)
    else:
        transaction.append(rows, snapshot_properties=summary)


def holds_rows(metadata: TableMetadata) -> bool:
    """Say whether a table's present snapshot has any row."""
    snapshot = metadata.current_snapshot()
    return snapshot is not None and number(snapshot, "total-records") > 0


def present(metadata: TableMetadata) -> str | None:
    """Return whose rows a table holds now."""
    snapshot = metadata.current_snapshot()
    return said(snapshot, SOURCE) if snapshot else None


def snapshots_of(metadata: TableMetadata) -> dict[str, int]:
    """Return the newest snapshot of each source."""
    ordered = sorted(metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
    return {name: snapshot.snapshot_id for snapshot in ordered if (name := said(snapshot, SOURCE))}


def said(snapshot: Snapshot, key: str) -> str | None:
    """Return what a snapshot's summary says under a key."""
    return snapshot.summary.additional_properties.get(key) if snapshot.summary else None


def number(snapshot: Snapshot, key: str) -> int:
    """Return a number of a snapshot's summary."""
    return int(said(snapshot, key) or 0)


def rows_of(table: Table) -> int:
    """Return how many rows a table holds now."""
    snapshot = table.metadata.current_snapshot()
    return number(snapshot, "total-records") if snapshot else 0
