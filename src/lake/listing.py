"""the lake -> a line a table: its rows, snapshots, tags and when it was written last"""

from datetime import UTC, datetime
from typing import Any

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from src.lake.catalog import TABLES, find_table
from src.lake.whole import rows_of


def listed(catalog: Catalog) -> list[dict[str, Any]]:
    """Return what there is to say of each table that was made."""
    return [entry(name, table) for name in TABLES if (table := find_table(catalog, name))]


def entry(name: str, table: Table) -> dict[str, Any]:
    """Return what there is to say of a table."""
    snapshot = table.metadata.current_snapshot()
    return {
        "table": name,
        "rows": rows_of(table),
        "snapshots": len(table.metadata.snapshots),
        "tags": sorted((ref for ref in table.metadata.refs if ref != "main"), key=lambda ref: (len(ref), ref)),
        "written": datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC).isoformat() if snapshot else None,
        "location": table.location(),
    }


def lines(found: list[dict[str, Any]]) -> list[str]:
    """Return the tables as lines."""
    return [
        f"{one['table']:<20} {one['rows']:>12,} rows, {one['snapshots']} snapshots"
        f"{', ' + ', '.join(one['tags']) if one['tags'] else ''}; {one['location']}"
        for one in found
    ]
