"""entries -> rows on the disk: the one connection that inserts, asked by the database's own driver

SQLAlchemy opens it and spells the statement, once for each number of rows; nothing of it stands between a group of
requests and the disk.
"""

import re
import sqlite3
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from src.journal.group_commit import WriteRefusedError
from src.journal.tables import PREDICTIONS, Entry

MOMENT = 0.001  # seconds that `commit_now` waits for another process that writes, which holds SQLite's lock for less
MOST_ROWS = 64  # of one INSERT, of which the driver keeps one prepared for each number of rows
BUSY = 0.001  # seconds between two commits in which the check after the one is the check before the other
WIDTH, TIME, FEATURE_TIME = len(Entry._fields), *map(Entry._fields.index, ("time", "feature_time"))


class JournalUnavailableError(WriteRefusedError):
    """The log cannot be written or read now."""


class Writer:
    """Inserts and waits for the disk; after a failure it begins anew with the next group."""

    def __init__(self, engine: sa.Engine, file: Path | None, timeout: float) -> None:
        dialect = engine.dialect
        self.engine, self.file, self.timeout = engine, file, timeout
        self.failures = (dialect.loaded_dbapi.Error, SQLAlchemyError, OSError, JournalUnavailableError)
        self.bind_time = PREDICTIONS.c.time.type.dialect_impl(dialect).bind_processor(dialect) or str
        self.statement = lru_cache(MOST_ROWS)(partial(statement, dialect))
        self.connection: sa.Connection | None = None
        self.cursor: Any = None  # the driver's own
        self.run: Callable[[str, list[Any]], Any]  # a statement with its values
        self.patience: float  # how long SQLite waits for others now
        self.inode: tuple[int, int] | None = None
        self.checked = 0.0

    def commit(self, entries: list[Entry]) -> None:
        """Insert `entries` and wait for the disk; a file that was exchanged under us is an error too."""
        try:
            if self.connection is None:
                self.connect()
            elif monotonic() - self.checked > BUSY:
                self.check()
            self.wait_at_most(self.timeout)
            self.insert(entries)
            self.check()
        except self.failures as error:
            self.disconnect()
            raise JournalUnavailableError(reason(error)) from None
        except Exception:  # a fault of the program: no transaction stays open, which the next rows would join
            self.disconnect()
            raise

    def commit_now(self, entries: list[Entry]) -> bool:
        """Insert a few `entries` into a file that is open, without waiting for others; say whether that was done.

        Otherwise nothing of them is written; `commit` finds out why.
        """
        if self.connection is None or len(entries) > MOST_ROWS:
            return False
        try:
            if monotonic() - self.checked > BUSY:
                self.check()
            self.wait_at_most(MOMENT)
            self.insert_part(entries)
            self.check()
        except self.failures:
            return False
        return True

    def wait_at_most(self, seconds: float) -> None:
        """Let SQLite wait so long for others that write; a server has been told."""
        if self.file and self.patience != seconds:
            self.cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
            self.patience = seconds

    def insert(self, entries: list[Entry]) -> None:
        """Insert by one statement, which is a transaction of its own; many rows take several in one transaction.

        The driver gives way to other threads at every step of a statement, and has to wait for its turn again.
        """
        if len(entries) <= MOST_ROWS:
            self.insert_part(entries)
            return
        self.cursor.execute("BEGIN")
        for start in range(0, len(entries), MOST_ROWS):
            self.insert_part(entries[start : start + MOST_ROWS])
        self.cursor.execute("COMMIT")

    def insert_part(self, entries: list[Entry]) -> None:
        """Insert by one statement."""
        values: list[Any] = []
        for entry in entries:
            values += entry
        values[TIME::WIDTH] = map(self.bind_time, values[TIME::WIDTH])
        values[FEATURE_TIME::WIDTH] = [time and self.bind_time(time) for time in values[FEATURE_TIME::WIDTH]]
        self.run(self.statement(len(entries)), values)

    def check(self) -> None:
        """Raise where the file that the connection holds is no longer the one at the address."""
        if self.inode != self.present_inode():
            raise JournalUnavailableError("the database's file has been replaced")
        self.checked = monotonic()

    def connect(self) -> None:
        """Open the connection and remember which file it writes to."""
        self.engine.dispose()
        self.inode = self.present_inode()
        self.patience = self.timeout
        self.connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self.cursor, self.run = asked_directly(self.connection.connection.driver_connection)

    def disconnect(self) -> None:
        """Forget the connection, whatever state it is in."""
        connection, self.connection, self.cursor = self.connection, None, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def present_inode(self) -> tuple[int, int] | None:
        """Return which file stands at the address now, None for a server; raises OSError if there is none."""
        if self.file is None:
            return None
        found = self.file.stat()
        return found.st_dev, found.st_ino


def asked_directly(driver: Any) -> tuple[Any, Callable[[str, list[Any]], Any]]:
    """Return a cursor of the driver's connection and what runs a statement by it with the least between."""
    if not isinstance(driver, sqlite3.Connection):
        from psycopg import RawCursor  # another one looks through each statement for signs that it has to number

        cursor = RawCursor(driver)
        return cursor, cursor.execute
    cursor = driver.cursor()
    # `execute` would ask for the new row's id too, give way to other threads for it, and wait for its turn
    return cursor, lambda text, values: cursor.executemany(text, (values,))


def statement(dialect: sa.Dialect, rows: int) -> str:
    """Return the INSERT of so many rows, as the driver takes it."""
    start, row = insert_of(dialect)
    text = f"{start} {', '.join([row] * rows)}"
    numbers = count(1)
    return re.sub("%s", lambda _: f"${next(numbers)}", text) if dialect.name == "postgresql" else text


def insert_of(dialect: sa.Dialect) -> tuple[str, str]:
    """Return an INSERT up to its values, and the values of one row, in a database's own signs.

    SQLAlchemy's statement for many rows takes a millisecond a row to make, and groups have every size.
    """
    signs, columns = dialect.identifier_preparer, PREDICTIONS.columns
    names = ", ".join(signs.format_column(column) for column in columns)
    row = sa.tuple_(*(sa.bindparam(column.name, type_=column.type) for column in columns)).compile(dialect=dialect)
    return f"INSERT INTO {signs.format_table(PREDICTIONS)} ({names}) VALUES", str(row)


def reason(error: Exception) -> str:
    """Return what went wrong, in the database's words and without any value of a row."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, OSError):
        return f"{type(cause).__name__}: {cause.strerror}"
    return str(cause).strip().partition("\n")[0] or type(cause).__name__
