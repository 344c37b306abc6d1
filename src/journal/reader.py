"""a log of this release, or of one before or after it -> its rows, for commands that only read

Nothing is migrated, made or written: the log of a running service is read beside it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from itertools import islice
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from src.errors import LastroError
from src.journal.archive_tables import ARCHIVED
from src.journal.archived import Archives, Get
from src.journal.database import connect_engine, sqlite_file
from src.journal.identifiers import first_id
from src.journal.service import Service
from src.journal.settings import Settings
from src.journal.tables import FORGOTTEN_INPUTS, PREDICTIONS, SERVICES, Entry
from src.journal.writer import reason

ROWS = 10_000  # that are in memory at once
MANY = 500  # identifiers in one question


class Reader:
    """A log to read from; `with` it, and its connection is closed afterwards. Every method raises LastroError.

    `get` reads the place of DVC's objects, where archives are; it is asked only for predictions that left the log.
    """

    def __init__(self, address: str, timeout: float, get: Get | None = None) -> None:
        self.engine, self.get = reading_engine(address, timeout), get

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.engine.dispose()

    def find(self, prediction_id: str) -> list[Entry]:
        """Return the predictions with this id, whoever asked for them."""
        found = self.entries(PREDICTIONS.c.id == prediction_id, MANY)
        return found or list(self.archived(ARCHIVED.c.id == prediction_id))

    def since(self, moment: datetime, limit: int | None = None) -> Iterator[list[Entry]]:
        """Yield the predictions from a moment on, the oldest first, so many together as memory has room for.

        Those that left the log come first.
        """
        left = limit
        older = self.archived(ARCHIVED.c.id >= first_id(moment))
        while found := list(islice(older, ROWS if left is None else min(ROWS, left))):
            yield found
            left = None if left is None else left - len(found)
        after = PREDICTIONS.c.id >= first_id(moment)
        while left is None or left > 0:
            found = self.entries(after, ROWS if left is None else min(ROWS, left))
            if not found:
                return
            yield found
            after, left = PREDICTIONS.c.id > found[-1].id, None if left is None else left - len(found)

    def recent_inputs(self, form_sha256: str, limit: int) -> list[str]:
        """Return the inputs of the newest applications that a served form answered, newest first, as JSON texts."""
        row = PREDICTIONS.c
        chosen = sa.select(row.inputs).where(row.form_sha256 == form_sha256, row.purpose.is_distinct_from("what-if"))
        chosen = chosen.where(row.inputs != FORGOTTEN_INPUTS)
        return [found["inputs"] for found in self.rows(chosen.order_by(row.id.desc()).limit(limit))]

    def archived(self, *chosen: sa.ColumnElement[bool], newest_first: bool = False) -> Iterator[Entry]:
        """Yield the predictions that left the log and are chosen, by their identifiers; of an earlier log none."""
        if not self.has_archives:
            return
        yield from Archives(self.rows, self.get or nowhere).entries(*chosen, newest_first=newest_first)

    @cached_property
    def has_archives(self) -> bool:
        """Return whether this log is of a release whose predictions can leave it."""
        try:
            return sa.inspect(self.engine).has_table(ARCHIVED.name)
        except SQLAlchemyError as error:
            raise LastroError(f"the prediction log: {reason(error)}") from None

    def entries(self, chosen: sa.ColumnElement[bool], limit: int) -> list[Entry]:
        """Return the first predictions that are chosen, times with their zone."""
        query = self.columns(PREDICTIONS).where(chosen).order_by(PREDICTIONS.c.id).limit(limit)
        return [Entry(**row).zoned() for row in self.rows(query)]

    def services(self, ids: Iterable[str]) -> dict[str, Service]:
        """Return the services of these ids; a log from before they were written down has none."""
        wanted = sorted(set(ids))
        parts = [wanted[place : place + MANY] for place in range(0, len(wanted), MANY)]
        query = self.columns(SERVICES) if parts else sa.select()
        rows = [row for part in parts for row in self.rows(query.where(SERVICES.c.id.in_(part)))]
        return {row["id"]: Service(**row) for row in rows}

    def columns(self, table: sa.Table) -> sa.Select[Any]:
        """Return the query of those columns of a table that this log has."""
        try:
            there = {column["name"] for column in sa.inspect(self.engine).get_columns(table.name)}
        except NoSuchTableError:
            raise LastroError(f"the prediction log has no table {table.name}") from None
        except SQLAlchemyError as error:
            raise LastroError(f"the prediction log: {reason(error)}") from None
        return sa.select(*(column for column in table.c if column.name in there))

    def rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """Return rows by the names of their columns."""
        try:
            with self.engine.connect() as connection:
                return [dict(row._mapping) for row in connection.execute(query)]
        except SQLAlchemyError as error:
            raise LastroError(f"the prediction log: {reason(error)}") from None


def nowhere(key: str) -> None:
    """Raise LastroError: who reads did not say where archives are."""
    raise LastroError(f"{key}: what left the log is not read here")


def read_log(get: Get | None = None) -> Reader:
    """Return the log of this deployment; raises LastroError, which repeats no value, for wrong settings."""
    try:
        settings = Settings()
    except ValidationError as error:
        names = ", ".join(f"LASTRO_{'_'.join(map(str, each['loc']))}".upper() for each in error.errors())
        raise LastroError(f"{names}: wrong, as the API would say") from None
    return Reader(settings.journal_url, settings.database_timeout, get)


def reading_engine(address: str, timeout: float) -> sa.Engine:
    """Return an engine that cannot write; raises LastroError where a SQLite log is not there.

    A file beside which no write-ahead log lies is whole, and nobody writes it. It is opened as one that never changes,
    or SQLite would make that log even for who only reads.
    """
    file = sqlite_file(address)
    if file is None:
        return connect_engine(address, timeout).execution_options(postgresql_readonly=True)
    if not file.is_file():
        raise LastroError(f"the prediction log: {file}: no such file")
    arguments = {"uri": True, "timeout": timeout}
    whole = {} if file.with_name(f"{file.name}-wal").exists() else {"immutable": "1"}
    query = {"mode": "ro", "uri": "true", **whole}
    url = sa.URL.create("sqlite", database=f"file:{quote(str(file))}", query=query)
    return sa.create_engine(url, connect_args=arguments, hide_parameters=True)
