"""answered predictions -> the durable log, on disk before the answer leaves; and back"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.journal.archive_tables import ARCHIVED, narrow_rows
from src.journal.database import SchemaError, connect_engine, migrate, sqlite_file
from src.journal.group_commit import GroupCommit
from src.journal.identifiers import first_id
from src.journal.service import Service
from src.journal.shadows import Agreement, Shadow, agreement, write_shadows
from src.journal.tables import PREDICTIONS, PROBE, SERVICES, Entry, Purpose
from src.journal.writer import JournalUnavailableError, Writer, reason
from src.model.points import Decision

FRESH = 5.0  # seconds for which a commit proves that the log can be written
CAPACITY = 10_000  # requests that may wait for the disk; more are refused


class Page(NamedTuple):
    """Which predictions to list: older than the one named `before`, within a time, of one kind."""

    limit: int
    before: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    decision: Decision | None = None
    version: str | None = None
    purpose: Purpose | None = None


class Journal:
    """The prediction log: `write` returns once its rows are on disk; `find` and `page` read (and block)."""

    def __init__(self, address: str, timeout: float) -> None:
        self.file = sqlite_file(address)
        self.engine = connect_engine(address, timeout)
        self.writer = Writer(self.engine, self.file, timeout)
        self.commits = GroupCommit(self.commit, CAPACITY, self.commit_now if self.file else None)
        self.write = self.commits.write
        self.committed = -FRESH

    def start(self) -> None:
        """Bring the schema up to date and begin to write; raises JournalUnavailableError."""
        try:
            migrate(self.engine, self.file)
        except (SQLAlchemyError, OSError, SchemaError) as error:
            raise JournalUnavailableError(f"the prediction log: {reason(error)}") from None
        self.commits.start()

    def register(self, service: Service) -> None:
        """Write down which process answers from now on; raises JournalUnavailableError."""
        try:
            with self.engine.begin() as connection:
                connection.execute(SERVICES.insert().values(service._asdict()))
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailableError(f"the prediction log: {reason(error)}") from None

    def shadow(self, shadows: Sequence[Shadow]) -> None:
        """Write down what the challenger says (blocks); raises JournalUnavailableError."""
        try:
            self.writer.present_inode()
            write_shadows(self.engine, shadows)
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailableError(reason(error)) from None

    def agreement(self, champion: str, challenger: str) -> Agreement | None:
        """Return how far two forms agree on what both have scored (blocks); raises JournalUnavailableError."""
        try:
            self.writer.present_inode()
            return agreement(self.engine, champion, challenger)
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailableError(reason(error)) from None

    def close(self) -> None:
        """Write what waits, then let go of the database."""
        self.commits.close()
        self.writer.disconnect()
        self.engine.dispose()

    @property
    def waiting(self) -> int:
        """Return how many requests wait for the disk, those of the commit that is under way left out."""
        return len(self.commits.waiting)

    def commit(self, entries: list[Entry]) -> None:
        """Insert `entries` and wait for the disk."""
        self.writer.commit(entries)
        self.committed = time.monotonic()

    def commit_now(self, entries: list[Entry]) -> bool:
        """Insert `entries` at once, and say whether that was done."""
        if done := self.writer.commit_now(entries):
            self.committed = time.monotonic()
        return done

    def probe(self) -> None:
        """Prove that the log can be written now, by a commit unless there was one just before (blocks)."""
        if time.monotonic() - self.committed < FRESH:
            return
        try:
            self.writer.present_inode()
            with self.engine.begin() as connection:
                connection.execute(PROBE.update().values(time=datetime.now(UTC)))
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailableError(reason(error)) from None

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction of its own (blocks); raises JournalUnavailableError."""
        try:
            self.writer.present_inode()
            with self.engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailableError(reason(error)) from None

    def find(self, key_id: str, prediction_id: str) -> Entry | None:
        """Return the prediction with this id, if this key asked for it (blocks); an archived one narrow."""
        for query, row in owned(key_id):
            if found := self.read(query.where(row.id == prediction_id)):
                return found[0]
        return None

    def page(self, key_id: str, page: Page) -> list[Entry]:
        """Return this key's predictions, newest first (blocks), of archived ones what is kept here."""
        found = []
        for query, row in owned(key_id):
            chosen = query.where(*conditions(row, page)).order_by(row.id.desc()).limit(page.limit)
            found += self.read(chosen)
        return sorted(found, key=lambda entry: entry.id, reverse=True)[: page.limit]

    def read(self, query: sa.Select[Any]) -> list[Entry]:
        """Return rows as entries, times with their zone."""
        try:
            self.writer.present_inode()
            with self.engine.connect() as connection:
                entries = [Entry(*row) for row in connection.execute(query)]
        except (SQLAlchemyError, OSError) as error:
            raise JournalUnavailableError(reason(error)) from None
        return [entry.zoned() for entry in entries]


def owned(key_id: str) -> list[tuple[sa.Select[Any], Any]]:
    """Return the queries of one key's predictions, in the log and archived, each with its table's columns."""
    queries: tuple[tuple[sa.Select[Any], Any], ...] = (
        (sa.select(PREDICTIONS), PREDICTIONS.c),
        (narrow_rows(), ARCHIVED.c),
    )
    return [(query.where(row.key_id == key_id), row) for query, row in queries]


def conditions(row: Any, page: Page) -> list[sa.ColumnElement[bool]]:
    """Return what the rows of a page meet."""
    wanted: list[tuple[Any, Any]] = [
        (row.id.__lt__, page.before),
        (row.id.__ge__, first_id(page.since) if page.since else None),
        (row.id.__lt__, first_id(page.until) if page.until else None),
        (row.decision.__eq__, page.decision),
        (row.model_version.__eq__, page.version),
        (row.purpose.__eq__, page.purpose),
    ]
    return [meets(value) for meets, value in wanted if value is not None]
