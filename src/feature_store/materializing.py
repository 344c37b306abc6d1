"""deliveries -> the online table: the newest row of each applicant that is known by now

A row takes an older one's place, by (event_time, known_at), whatever the order in which deliveries come; doing it again
changes nothing. Parts are committed as they come: who is killed goes on with the same command.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as arrow
import pyarrow.compute as compute
import sqlalchemy as sa
from pyarrow.parquet import ParquetFile
from sqlalchemy.exc import SQLAlchemyError
from tqdm import tqdm

from src.contract.fields import state_column
from src.errors import LastroError
from src.feature_store.fragments import features_of
from src.feature_store.offline import EVENT_TIME, GROUP, ID, KNOWN_AT, Delivery, package_in, present
from src.feature_store.table import DELIVERIES, PACKAGES, Package, micros, recount, said

WRITE = """
INSERT INTO feature_rows (id, event_time, known_at, package, features) {source}
ON CONFLICT (id) DO UPDATE SET
  event_time = EXCLUDED.event_time, known_at = EXCLUDED.known_at,
  package = EXCLUDED.package, features = EXCLUDED.features
WHERE (EXCLUDED.event_time, EXCLUDED.known_at, EXCLUDED.features)
  > (feature_rows.event_time, feature_rows.known_at, feature_rows.features)
"""
SQLITE = WRITE.format(source="VALUES (?, ?, ?, ?, ?)")
STAGED = "CREATE TEMPORARY TABLE staged (LIKE feature_rows) ON COMMIT DROP"
COPY = "COPY staged (id, event_time, known_at, package, features) FROM STDIN"
NEWEST = """
SELECT DISTINCT ON (id) id, event_time, known_at, package, features FROM staged
ORDER BY id, event_time DESC, known_at DESC, features DESC
"""
POSTGRESQL = WRITE.format(source=NEWEST)
CACHE = -200_000  # KiB of SQLite's pages in memory while it is filled
Row = tuple[str, int, int, int, str]


class Filled(NamedTuple):
    """What a run did: deliveries and rows that it looked at, rows that are not known yet."""

    deliveries: int
    rows: int
    later: int


def materialize(engine: sa.Engine, deliveries: Sequence[Delivery], now: datetime) -> Filled:
    """Bring all that is known by `now` into the online table, with a progress bar; raises LastroError."""
    try:
        waiting = pending(engine, deliveries, now)
        found = fill(engine, waiting, now)
        with engine.begin() as connection:
            recount(connection, now)
    except SQLAlchemyError as error:
        raise LastroError(f"the online table: {said(error)}") from None
    return found


def pending(engine: sa.Engine, deliveries: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """Return the deliveries that are not in the table as they are, or of which rows became known since."""
    row, until = DELIVERIES.c, micros(now)
    with engine.connect() as connection:
        query = sa.select(row.name, row.md5, row.latest, row.watermark)
        done = {name: (md5, latest or 0, seen) for name, md5, latest, seen in connection.execute(query)}
    return [one for one in deliveries if not taken_in(done.get(one.path.name), one.md5, until)]


def taken_in(done: tuple[str, int, int] | None, md5: str, until: int) -> bool:
    """Say whether nothing of a delivery is new."""
    if done is None or done[0] != md5:
        return False
    _, latest, seen = done
    return latest <= seen or until <= seen


def fill(engine: sa.Engine, deliveries: Sequence[Delivery], now: datetime) -> Filled:
    """Take in these deliveries, part by part."""
    files = [present(delivery) for delivery in deliveries]
    rows = later = 0
    with tqdm(total=sum(one.rows() for one in files), unit="row", unit_scale=True, desc="materialize") as bar:
        for one in files:
            package, latest, count = number_of(engine, package_in(one.path)), 0, 0
            for part in parts(one, package):
                known = [row for row in part if max(row[1], row[2]) <= micros(now)]
                put(engine, known)
                latest = max([latest, *(max(row[1], row[2]) for row in part)])
                rows, later, count = rows + len(known), later + len(part) - len(known), count + len(part)
                bar.update(len(part))
            note(engine, one, count, latest, now)
    return Filled(len(files), rows, later)


def parts(delivery: Delivery, package: int) -> Iterator[list[Row]]:
    """Yield a delivery's rows as the table has them, some ten thousand at a time."""
    file = ParquetFile(delivery.path)
    fields = package_in(delivery.path).fields
    states = {name: state_column(name) for name in fields if state_column(name) in file.schema_arrow.names}
    for batch in file.iter_batches(GROUP):
        features = features_of(batch, fields, states)
        known = (batch.column(name) for name in (EVENT_TIME, KNOWN_AT))
        moments = [compute.cast(column, arrow.int64()).to_pylist() for column in known]
        keys = batch.column(ID).to_pylist()
        yield list(zip(keys, *moments, [package] * len(keys), features, strict=True))


def number_of(engine: sa.Engine, package: Package) -> int:
    """Return the number by which rows name their package, a new one where it is new."""
    row = PACKAGES.c
    named = (row.name == package.name, row.fields == package.text())
    with engine.begin() as connection:
        found = connection.execute(sa.select(row.id).where(*named)).scalar()
        if found is None:
            connection.execute(PACKAGES.insert().values(name=package.name, fields=package.text()))
            found = connection.execute(sa.select(row.id).where(*named)).scalar_one()
    return int(found)


def put(engine: sa.Engine, rows: Sequence[Row]) -> None:
    """Write rows where they are newer than what is there, in one transaction, by the database's own driver."""
    with engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA cache_size = {CACHE}")
            driver.executemany(SQLITE, rows)
            return
        with driver.cursor() as cursor:
            cursor.execute(STAGED)
            with cursor.copy(COPY) as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(POSTGRESQL)


def note(engine: sa.Engine, delivery: Delivery, rows: int, latest: int, now: datetime) -> None:
    """Write down that a delivery has been taken in as it is."""
    name = delivery.path.name
    values = {"name": name, "md5": delivery.md5, "rows": rows, "latest": latest, "watermark": micros(now)}
    with engine.begin() as connection:
        connection.execute(DELIVERIES.delete().where(DELIVERIES.c.name == name))
        connection.execute(DELIVERIES.insert().values(values))
