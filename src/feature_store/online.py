"""the online table, asked by the API: an applicant's id -> its newest features

SQLite is asked where the question is: a lookup takes less than a thread would. A server of PostgreSQL is waited for in
a thread. Neither pandas nor pyarrow is needed here.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.feature_store.table import Package, State, moment, said, states
from src.journal.database import connect_engine, sqlite_file

LOOKUP = "SELECT event_time, package, features FROM feature_rows WHERE id = ?"
LOOKUPS = (
    "SELECT feature_rows.id, event_time, package, features"
    " FROM json_each(?) CROSS JOIN feature_rows ON feature_rows.id = value"
)
PACKAGES = "SELECT id, name, fields FROM feature_packages"
MAPPED = 1 << 40  # bytes of the file that may be read as memory: all of it, by the system's own cache


class Found(NamedTuple):
    """An applicant's newest features, a JSON object, as of when, and the package by which they were checked."""

    event_time: datetime
    package: Package
    features: str


class NoStoreError(Exception):
    """Nothing has been materialized here."""


class StoreUnavailableError(Exception):
    """The online table does not answer."""


class Online:
    """What both databases are asked; `find` and `find_all` return None for an id that they do not have.

    `immediate` says whether `find` is quick enough for an event loop. All raise NoStoreError, StoreUnavailableError.
    """

    immediate = False
    find: Callable[[str], Found | None]
    find_all: Callable[[Sequence[str]], list[Found | None]]
    states: Callable[[], list[State]]
    close: Callable[[], None]


def online(address: str, timeout: float) -> "Sqlite | Postgresql":
    """Return the online table at an address; nothing is opened yet."""
    file = sqlite_file(address)
    return Postgresql(address, timeout) if file is None else Sqlite(file, timeout)


class Sqlite(Online):
    """A file that is opened when it is there, and again where another one has taken its place."""

    immediate = True

    def __init__(self, file: Path, timeout: float) -> None:
        self.file, self.timeout = file, timeout
        self.packages: dict[int, Package] = {}
        self.inode: tuple[int, int] | None = None
        self.connection: sqlite3.Connection | None = None
        self.engine: sa.Engine | None = None
        self.lock = Lock()  # of opening alone: sqlite3 itself lets one thread at a time ask

    def find(self, applicant: str) -> Found | None:
        """Return an applicant's newest features."""
        try:
            rows = self.opened().execute(LOOKUP, (applicant,)).fetchall()
            return self.found(rows[0]) if rows else None
        except UnicodeEncodeError:  # half of a sign is in nobody's id
            return None
        except sqlite3.Error as error:
            raise StoreUnavailableError(said(error)) from None

    def find_all(self, applicants: Sequence[str]) -> list[Found | None]:
        """Return the newest features of each, in their order."""
        try:
            rows = self.opened().execute(LOOKUPS, (json.dumps(applicants),)).fetchall()
            found = {row[0]: self.found(row[1:]) for row in rows}
        except sqlite3.Error as error:
            raise StoreUnavailableError(said(error)) from None
        return [found.get(applicant) for applicant in applicants]

    def states(self) -> list[State]:
        """Return how it stands with each package, the one that was filled last at the end."""
        try:
            self.opened()
            engine = self.engine or connect_engine(f"sqlite:///{self.file}", self.timeout)
            self.engine = engine
            with engine.connect() as connection:
                return states(connection)
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StoreUnavailableError(said(error)) from None

    def found(self, row: Sequence[Any]) -> Found:
        """Return a row as it is answered."""
        package = self.packages.get(row[1])
        if package is None:
            self.packages |= known(self.opened().execute(PACKAGES))
            package = self.packages[row[1]]
        return Found(moment(row[0]), package, row[2])

    def opened(self) -> sqlite3.Connection:
        """Return the connection to the file that is there now."""
        try:
            present = self.file.stat()
        except OSError:
            raise NoStoreError from None
        if self.connection is None or self.inode != (present.st_dev, present.st_ino):
            with self.lock:
                self.reopen((present.st_dev, present.st_ino))
        if self.connection is None:
            raise NoStoreError
        return self.connection

    def reopen(self, inode: tuple[int, int]) -> None:
        """Open the file, and forget what was known of a former one."""
        if self.inode == inode and self.connection is not None:
            return
        self.close()
        address = f"file:{quote(str(self.file))}?mode=rw"
        connection = sqlite3.connect(
            address, self.timeout, uri=True, isolation_level=None, check_same_thread=False, cached_statements=8
        )
        connection.execute(f"PRAGMA mmap_size = {MAPPED}")
        connection.execute("PRAGMA query_only = 1")
        if not list(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'feature_rows'")):
            connection.close()
            raise NoStoreError
        self.packages, self.inode, self.connection = {}, inode, connection

    def close(self) -> None:
        """Let go of the file."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()
        if self.engine is not None:
            self.engine.dispose()


class Postgresql(Online):
    """A server, asked by connections that are kept."""

    def __init__(self, address: str, timeout: float) -> None:
        self.engine = connect_engine(address, timeout).execution_options(isolation_level="AUTOCOMMIT")
        self.packages: dict[int, Package] = {}

    def find(self, applicant: str) -> Found | None:
        """Return an applicant's newest features (blocks)."""
        return self.find_all([applicant])[0]

    def find_all(self, applicants: Sequence[str]) -> list[Found | None]:
        """Return the newest features of each, in their order (blocks)."""
        query = "SELECT id, event_time, package, features FROM feature_rows WHERE id = ANY(%s)"
        try:
            with self.engine.connect() as connection:
                rows = connection.exec_driver_sql(query, (storable(applicants),)).fetchall()
                if any(row[2] not in self.packages for row in rows):
                    self.packages |= known(connection.exec_driver_sql(PACKAGES))
        except SQLAlchemyError as error:
            raise absent_or_silent(error) from None
        found = {row[0]: Found(moment(row[1]), self.packages[row[2]], row[3]) for row in rows}
        return [found.get(applicant) for applicant in applicants]

    def states(self) -> list[State]:
        """Return how it stands with each package, the one that was filled last at the end (blocks)."""
        try:
            with self.engine.connect() as connection:
                return states(connection)
        except SQLAlchemyError as error:
            raise absent_or_silent(error) from None

    def close(self) -> None:
        """Let go of the server."""
        self.engine.dispose()


def known(rows: Any) -> dict[int, Package]:
    """Return the packages by their numbers."""
    return {number: Package(name, json.loads(fields)) for number, name, fields in rows}


def storable(applicants: Sequence[str]) -> list[str]:
    """Return the ids that a text of PostgreSQL can be: none with the sign 0, or half of a sign."""
    return [one for one in applicants if "\0" not in one and one == one.encode(errors="ignore").decode()]


def absent_or_silent(error: SQLAlchemyError) -> Exception:
    """Return what a server's error means: no such table is no store."""
    missing = getattr(getattr(error, "orig", None), "sqlstate", None) == "42P01"
    return NoStoreError() if missing else StoreUnavailableError(said(error))
