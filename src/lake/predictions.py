"""the log -> table gold.predictions, a partition a day: each prediction once, however late it was committed

How far the log was read stands in the table's properties, which change in the commit that adds the rows: a sync that is
killed, or another at the same moment, leaves no row out and none twice.
"""

import json
from datetime import date
from typing import Any, NamedTuple

import pyarrow as arrow
import pyarrow.compute as compute
import sqlalchemy as sa
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table, Transaction

from src.journal.unread import (
    NOTHING,
    PLACE,
    Progress,
    Rows,
    Wanted,
    answered,
    place_of,
    placed,
    restored,
    snapshot,
    unread,
)
from src.lake.catalog import PREDICTIONS, table_of
from src.lake.commits import any_of, commit

ROWS = 100_000  # in one commit
PROGRESS = "lastro.progress"  # a property of the table
DAY, TIME, ID, KEY = "day", "time", "prediction_id", "key_id"
MOMENT = arrow.timestamp("us", tz="UTC")
COLUMNS = {  # of the log -> of the table, which has `day` besides
    "id": (ID, arrow.string()),
    "key_id": (KEY, arrow.string()),
    "time": (TIME, MOMENT),
    "model_version": ("model_version", arrow.string()),
    "model_sha256": ("model_sha256", arrow.string()),
    "form_sha256": ("form_sha256", arrow.string()),
    "git_commit": ("git_commit", arrow.string()),
    "purpose": ("purpose", arrow.string()),
    "probability_of_default": ("probability_of_default", arrow.float64()),
    "score": ("score", arrow.int64()),
    "decision": ("decision", arrow.string()),
    "threshold": ("threshold", arrow.float64()),
    "scale": ("scale", arrow.string()),
    "model_asked": ("model_asked", arrow.string()),
    "service_id": ("service_id", arrow.string()),
    "inputs": ("inputs", arrow.string()),
    "reasons": ("reasons", arrow.string()),
}
PRIVATE = ("inputs", "reasons")  # what an applicant said, and what of it decided
SCHEMA = arrow.schema([*COLUMNS.values(), (DAY, arrow.date32())])
NOTHING_SAID = (None, "", "{}")  # inputs of who was forgotten
EVERY = "(key_id, id) > (:key_id, :id) ORDER BY key_id, id LIMIT :rows"  # on another server, whatever transactions say
AGAIN = "again"  # in the progress: what is in the table already may be read once more, and is left out


class Part(NamedTuple):
    """Rows of the log, and how far that is."""

    rows: Rows
    after: Progress


def sync_predictions(catalog: Catalog, log: sa.Engine, inputs: bool, rows: int = ROWS) -> int:
    """Add what the log has more, so many rows a commit, with inputs and reasons or without; return how many."""
    table, added, left = table_of(catalog, PREDICTIONS, SCHEMA, by=DAY), 0, True
    while left:
        done, left = commit(table, lambda transaction: add_part(table, transaction, log, inputs, rows))
        added += done
    return added


def add_part(table: Table, transaction: Transaction, log: sa.Engine, inputs: bool, rows: int) -> tuple[int, bool]:
    """Add the next rows; return how many, and whether more are left."""
    known: Progress = json.loads(table.properties.get(PROGRESS, "{}"))
    while True:
        part = next_part(log, known, inputs, rows)
        if part.rows or part.after == known:
            break
        known = part.after  # PostgreSQL's rows from before transactions were kept are over
    if not part.rows:
        return 0, False
    new = table_of_rows(part.rows, log.dialect.name)
    new = lacking(table, new) if AGAIN in part.after else new
    if new.num_rows:
        transaction.append(new)
    transaction.set_properties({PROGRESS: json.dumps(part.after)})
    return new.num_rows, True


def next_part(log: sa.Engine, known: Progress, inputs: bool, rows: int) -> Part:
    """Return the next rows of the log, from its begin where what was read last cannot be found again."""
    place = {name: value for name, value in known.items() if name != AGAIN}
    again = {AGAIN: True} if AGAIN in known else {}
    with log.begin() as connection:
        wanted = wanted_of(connection, inputs)
        if place and is_another(connection, place):
            again, place = {AGAIN: True}, begin(connection)
        read = every if "every" in place else unread
        found, after = read(connection, wanted, place, rows)
    return Part(found, after | again)


def is_another(connection: sa.Connection, place: Progress) -> bool:
    """Say whether a place means nothing in this log: its row is not there any more, or the log was restored."""
    if connection.dialect.name == "sqlite":
        return place_of(connection, place) is None
    return restored(connection, {"old": place.get("every", NOTHING), **place})


def begin(connection: sa.Connection) -> Progress:
    """Return the place before all rows, which on another server are not to be read by their transactions' numbers."""
    if connection.dialect.name == "sqlite":
        return {}
    return {"every": snapshot(connection), "key_id": "", "id": ""}


def every(connection: sa.Connection, wanted: Wanted, place: Progress, rows: int) -> tuple[Rows, Progress]:
    """Return the next rows of all, by their key; what is committed meanwhile comes after the snapshot of the begin."""
    found = answered(connection, wanted, EVERY, {"key_id": place["key_id"], "id": place["id"], "rows": rows})
    if len(found) < rows:
        return found, {"old": place["every"]}
    return found, {"every": place["every"], **placed(found[-1], "id", "key_id")}


def wanted_of(connection: sa.Connection, inputs: bool) -> Wanted:
    """Return the question for the table's columns; those that an older log lacks are null."""
    there = {column["name"] for column in sa.inspect(connection).get_columns("predictions")}
    left_out = () if inputs else PRIVATE
    columns = (name if name in there and name not in left_out else "NULL" for name in COLUMNS)
    return Wanted(f"SELECT {', '.join(columns)}, {PLACE[connection.dialect.name]} FROM predictions")  # noqa: S608


def table_of_rows(rows: Rows, dialect: str) -> arrow.Table:
    """Return the log's rows as the table has them."""
    columns = list(zip(*rows, strict=True))
    arrays: list[Any] = []
    for place, (name, kind) in enumerate(COLUMNS.values()):
        if name == TIME:
            arrays.append(moments(columns[place], dialect))
        elif name in PRIVATE:
            arrays.append(arrow.array([None if value in NOTHING_SAID else value for value in columns[place]], kind))
        else:
            arrays.append(arrow.array(columns[place], kind))
    days = arrays[list(COLUMNS).index("time")].cast(arrow.timestamp("us")).cast(arrow.date32(), safe=False)
    return arrow.table([*arrays, days], schema=SCHEMA)


def moments(values: tuple[Any, ...], dialect: str) -> arrow.Array:
    """Return moments as the driver gives them, SQLite's as text in UTC."""
    if dialect != "sqlite":
        return arrow.array(values, MOMENT)
    return compute.assume_timezone(arrow.array(values, arrow.string()).cast(arrow.timestamp("us")), "UTC")


def lacking(table: Table, new: arrow.Table) -> arrow.Table:
    """Return the rows that are not in the table."""
    days: list[date] = compute.unique(new.column(DAY)).to_pylist()
    held = table.scan(any_of(DAY, days)).select(ID, KEY).to_arrow().select([ID, KEY])
    known = {tuple(row.values()) for row in held.to_pylist()}
    kept = [tuple(row.values()) not in known for row in new.select([ID, KEY]).to_pylist()]
    return new.filter(arrow.array(kept, arrow.bool_()))
