"""the log -> table gold.outcomes: what was told of predictions, each once, in the order of its arrival

Who records waits for who records (src/journal/outcomes.py): the log's numbers are in the order of commits. Where the
row that was read last is not there any more, all rows are read again, and those that the table has are left out.
"""

import json
from typing import Any

import pyarrow as arrow
import sqlalchemy as sa
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table, Transaction

from src.journal.outcome_tables import OUTCOMES as TOLD
from src.journal.tables import zoned
from src.lake.catalog import OUTCOMES, table_of
from src.lake.commits import commit
from src.lake.predictions import AGAIN, MOMENT, PROGRESS, ROWS

SCHEMA = arrow.schema(
    [
        ("prediction_id", arrow.string()),
        ("outcome", arrow.string()),
        ("observed_at", MOMENT),
        ("received_at", MOMENT),
        ("key_id", arrow.string()),
    ]
)
ONCE = ["prediction_id", "outcome", "observed_at"]  # of each, the log has one row


def sync_outcomes(catalog: Catalog, log: sa.Engine, rows: int = ROWS) -> int:
    """Add what was told since, so many rows a commit; return how many. A log without outcomes has none."""
    table, added, left = table_of(catalog, OUTCOMES, SCHEMA), 0, sa.inspect(log).has_table(TOLD.name)
    while left:
        done, left = commit(table, lambda transaction: add_part(table, transaction, log, rows))
        added += done
    return added


def add_part(table: Table, transaction: Transaction, log: sa.Engine, rows: int) -> tuple[int, bool]:
    """Add the next rows; return how many, and whether more are left."""
    known = json.loads(table.properties.get(PROGRESS, "{}"))
    with log.connect() as connection:
        if known and not is_there(connection, known):
            known = {AGAIN: True}
        query = sa.select(TOLD).where(TOLD.c.id > known.get("id", 0)).order_by(TOLD.c.id).limit(rows)
        found = connection.execute(query).all()
    if not found:
        return 0, False
    new = arrow.table([[value_of(row, name) for row in found] for name in SCHEMA.names], schema=SCHEMA)
    new = lacking(table, new) if AGAIN in known else new
    if new.num_rows:
        transaction.append(new)
    after = {"id": found[-1].id, "prediction_id": found[-1].prediction_id}
    transaction.set_properties({PROGRESS: json.dumps(after | ({AGAIN: True} if AGAIN in known else {}))})
    return new.num_rows, True


def is_there(connection: sa.Connection, known: dict[str, Any]) -> bool:
    """Say whether the row that was read last has its number still; SQLite gives one again that was the highest."""
    query = sa.select(TOLD.c.prediction_id).where(TOLD.c.id == known.get("id"))
    return bool(connection.execute(query).scalar() == known.get("prediction_id"))


def value_of(row: Any, name: str) -> Any:
    """Return a value of a row, a moment with its zone."""
    value = getattr(row, name)
    return zoned(value) if name.endswith("_at") else value


def lacking(table: Table, new: arrow.Table) -> arrow.Table:
    """Return the rows that are not in the table."""
    held = table.scan().select(*ONCE).to_arrow().select(ONCE)
    known = {tuple(row.values()) for row in held.to_pylist()}
    kept = [tuple(row.values()) not in known for row in new.select(ONCE).to_pylist()]
    return new.filter(arrow.array(kept, arrow.bool_()))
