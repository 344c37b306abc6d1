"""answered predictions -> the durable log, on disk before the answer leaves; and back"""

import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from src.journal.database import SchemaError, connect_engine, migrate, sqlite_file
from src.journal.group_commit import GroupCommit, WriteRefusedError
from src.journal.identifiers import first_id
from src.journal.tables import PREDICTIONS, PROBE, Entry, Purpose
from src.model.points import Decision

FRESH = 5.0  # seconds for which a commit proves that the log can be written
CAPACITY = 10_000  # requests that may wait for the disk; more are refused
MOST_ROWS = 1000  # of one INSERT: databases bound the number of its parameters


class Page(NamedTuple):
    """Which predictions to list: older than the one named `before`, within a time, of one kind."""

    limit: int
    before: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    decision: Decision | None = None
    version: str | None = None
    purpose: Purpose | None = None


class JournalUnavailableError(WriteRefusedError):
    """The log cannot be written or read now."""


class Journal:
    """The prediction log: `write` returns once its rows are on disk; `find` and `page` read (and block)."""

    def __init__(self, address: str, timeout: float) -> None:
        self.file = sqlite_file(address)
        self.engine = connect_engine(address, timeout)
        dialect = self.engine.dialect
        self.insert, self.row = insert_of(dialect)
        self.bind_time = PREDICTIONS.c.time.type.dialect_impl(dialect).bind_processor(dialect) or str
        self.commits = GroupCommit(self.commit, CAPACITY)
        self.write = self.commits.write
        self.committed = -FRESH
        self.connection: sa.Connection | None = None
        self.inode: tuple[int, int] | None = None

    def start(self) -> None:
        """Bring the schema up to date and begin to write; raises JournalUnavailableError."""
        try:
            migrate(self.engine, self.file)
        except (SQLAlchemyError, OSError, SchemaError) as error:
            raise JournalUnavailableError(f"the prediction log: {reason(error)}") from None
        self.commits.start()

    def close(self) -> None:
        """Write what waits, then let go of the database."""
        self.commits.close()
        self.disconnect()
        self.engine.dispose()

    def commit(self, entries: list[Entry]) -> None:
        """Insert `entries` and wait for the disk; a file that was exchanged under us is an error too."""
        try:
            connection = self.connection or self.connect()
            self.require_same_file()
            self.insert_all(connection, entries)
            self.require_same_file()
        except (SQLAlchemyError, OSError, JournalUnavailableError) as error:
            self.disconnect()
            raise JournalUnavailableError(reason(error)) from None
        self.committed = time.monotonic()

    def insert_all(self, connection: sa.Connection, entries: list[Entry]) -> None:
        """Insert by one statement, which is a transaction of its own; many rows take several in one transaction.

        The driver gives way to other threads at every step of a statement, and has to wait for its turn again.
        """
        parts = [entries[start : start + MOST_ROWS] for start in range(0, len(entries), MOST_ROWS)]
        if len(parts) > 1:
            connection.exec_driver_sql("BEGIN")
        for part in parts:
            values = [value for entry in part for value in (*entry[:2], self.bind_time(entry.time), *entry[3:])]
            connection.exec_driver_sql(f"{self.insert} {', '.join([self.row] * len(part))}", tuple(values))
        if len(parts) > 1:
            connection.exec_driver_sql("COMMIT")

    def connect(self) -> sa.Connection:
        """Open the writer's connection and remember which file it writes to."""
        self.engine.dispose()
        self.inode = self.present_inode()
        self.connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self.connection

    def require_same_file(self) -> None:
        """Raise where the file that the writer holds is no longer the one at the address."""
        if self.inode != self.present_inode():
            raise JournalUnavailableError("the database's file has been replaced")

    def disconnect(self) -> None:
        """Forget the writer's connection, whatever state it is in."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def present_inode(self) -> tuple[int, int] | None:
        """Return which file stands at the address now, None for a server; raises OSError if there is none."""
        if self.file is None:
            return None
        found = self.file.stat()
        return found.st_dev, found.st_ino

    def probe(self) -> None:
        """Prove that the log can be written now, by a commit unless there was one just before (blocks)."""
        if time.monotonic() - self.committed < FRESH:
            return
        try:
            self.present_inode()
            with self.engine.begin() as connection:
                connection.execute(PROBE.update().values(time=datetime.now(UTC)))
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailableError(reason(error)) from None

    def find(self, key_id: str, prediction_id: str) -> Entry | None:
        """Return the prediction with this id, if this key asked for it (blocks)."""
        found = self.read(owned(key_id).where(PREDICTIONS.c.id == prediction_id))
        return found[0] if found else None

    def page(self, key_id: str, page: Page) -> list[Entry]:
        """Return this key's predictions, newest first (blocks)."""
        chosen, row = owned(key_id), PREDICTIONS.c
        if page.before:
            chosen = chosen.where(row.id < page.before)
        if page.since:
            chosen = chosen.where(row.id >= first_id(page.since))
        if page.until:
            chosen = chosen.where(row.id < first_id(page.until))
        kinds = ((row.decision, page.decision), (row.model_version, page.version), (row.purpose, page.purpose))
        for column, wanted in kinds:
            if wanted is not None:
                chosen = chosen.where(column == wanted)
        return self.read(chosen.order_by(row.id.desc()).limit(page.limit))

    def read(self, query: sa.Select[Any]) -> list[Entry]:
        """Return rows as entries, times with their zone."""
        try:
            self.present_inode()
            with self.engine.connect() as connection:
                entries = [Entry(*row) for row in connection.execute(query)]
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailableError(reason(error)) from None
        return [entry._replace(time=entry.time.replace(tzinfo=entry.time.tzinfo or UTC)) for entry in entries]


def insert_of(dialect: sa.Dialect) -> tuple[str, str]:
    """Return an INSERT up to its values, and the values of one row, in a database's own signs.

    SQLAlchemy's statement for many rows takes a millisecond a row to make, and groups have every size.
    """
    signs, columns = dialect.identifier_preparer, PREDICTIONS.columns
    names = ", ".join(signs.format_column(column) for column in columns)
    row = sa.tuple_(*(sa.bindparam(column.name, type_=column.type) for column in columns)).compile(dialect=dialect)
    return f"INSERT INTO {signs.format_table(PREDICTIONS)} ({names}) VALUES", str(row)


def owned(key_id: str) -> sa.Select[Any]:
    """Return the query of one key's predictions."""
    return sa.select(PREDICTIONS).where(PREDICTIONS.c.key_id == key_id)


def reason(error: Exception) -> str:
    """Return what went wrong, in the database's words and without any value of a row."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, OSError):
        return f"{type(cause).__name__}: {cause.strerror}"
    return str(cause).strip().partition("\n")[0] or type(cause).__name__
