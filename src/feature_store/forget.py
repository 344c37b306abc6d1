"""applicants' ids -> the same store without them: the online table and every delivery; sentences of what was done"""

import sqlite3
from collections.abc import Sequence
from typing import Any

import pyarrow as arrow
import pyarrow.compute as compute
import sqlalchemy as sa
from pyarrow.parquet import read_table
from sqlalchemy.exc import SQLAlchemyError

from src.errors import LastroError
from src.feature_store import offline
from src.feature_store.offline import FOLDER, ID, Delivery, package_in, present
from src.feature_store.settings import read_settings
from src.feature_store.table import ROWS, open_table, recount, said
from src.journal.database import sqlite_file

MANY = 500  # ids in one question


def forget(applicants: Sequence[str], *, dry_run: bool) -> list[str]:
    """Delete these applicants' rows from the online table and from the deliveries; return what was, or would be, done.

    Run in the project's folder. Raises LastroError; doing it again goes on where it was. What DVC's cache and remote
    keep of a delivery's former bytes is not touched: a sentence has the command for it.
    """
    wanted = sorted(set(applicants))
    found = from_table(read_settings().features_address, wanted, dry_run=dry_run)
    for delivery in offline.deliveries() if FOLDER.is_dir() else []:
        found += from_delivery(present(delivery), wanted, dry_run=dry_run)
    return found


def from_table(address: str, applicants: Sequence[str], *, dry_run: bool) -> list[str]:
    """Delete rows of the online table; in SQLite's file nothing of them is left, nor in its write-ahead log."""
    file = sqlite_file(address)
    if file is not None and not file.is_file():
        return []
    engine = open_table(address)
    try:
        count = deleted(engine, applicants, dry_run=dry_run)
        if count and not dry_run and file is not None:
            erased(engine)
    except SQLAlchemyError as error:
        raise LastroError(f"the online table: {said(error)}") from None
    finally:
        engine.dispose()
    if not count:
        return []
    server = "; VACUUM feature_rows takes their bytes out of the server's file" if file is None else ""
    return [f"the online table: {count} row(s) {'would be deleted' if dry_run else 'deleted'}{server}"]


def deleted(engine: sa.Engine, applicants: Sequence[str], *, dry_run: bool) -> int:
    """Return how many rows these applicants had; they are gone, but for a dry run."""
    count = 0
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        for start in range(0, len(applicants), MANY):
            theirs = ROWS.c.id.in_(applicants[start : start + MANY])
            count += connection.execute(sa.select(sa.func.count()).select_from(ROWS).where(theirs)).scalar_one()
            if not dry_run:
                connection.execute(ROWS.delete().where(theirs))
        if count and not dry_run:
            recount(connection)
    return count


def erased(engine: sa.Engine) -> None:
    """Write SQLite's log into its file and empty it; raises LastroError where a reader holds it for too long."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        try:
            busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            raise LastroError(f"the online table: {said(error)}") from None
    if busy:
        raise LastroError("the online table: a reader holds its write-ahead log; forget again")


def from_delivery(delivery: Delivery, applicants: Sequence[str], *, dry_run: bool) -> list[str]:
    """Write a delivery without these applicants, and give it to DVC again."""
    table = read_table(delivery.path)
    theirs = compute.is_in(table.column(ID), value_set=arrow.array(applicants, arrow.string()))
    count = int(compute.sum(theirs).as_py() or 0)
    if not count:
        return []
    if dry_run:
        return [f"{delivery.path}: {count} row(s) would be deleted"]
    offline.write(table.filter(compute.invert(theirs)), package_in(delivery.path), delivery.path)
    offline.give_to_dvc(delivery.path)
    return [
        f"{delivery.path}: {count} row(s) deleted; commit {delivery.path}.dvc, `dvc push`, and materialize",
        f"{delivery.path}: DVC keeps its former bytes, in its cache and, where they were pushed, in its remote:"
        f" `python -m src.lineage.removal {delivery.md5}`",
    ]
