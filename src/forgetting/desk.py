"""a deployment's settings -> its log, opened to take values out of it, by one process at a time"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from src.errors import LastroError, sentences
from src.journal.database import connect_engine, is_later_or_same, revision, sqlite_file
from src.journal.settings import Settings
from src.journal.writer import reason
from src.lineage.folder import Folder
from src.lineage.settings import ROOT
from src.lineage.storage import Bucket, remote

NEEDED = "0008"  # the first schema of which rows can leave
PATIENCE = 30.0  # seconds that a command waits for the log: it is in no hurry
LOCK = 0x666F72676574  # "forget": one process at a time takes values out
BUSY = "another `forget` or `archive` works on this log: wait for its end"


class Desk:
    """A log, and the place where its archives are (found when it is first needed)."""

    def __init__(self, engine: sa.Engine, file: Path | None, root: Path = ROOT) -> None:
        self.engine, self.file, self.root = engine, file, root

    @cached_property
    def place(self) -> Bucket | Folder:
        """Return the place of DVC's objects; raises StorageError."""
        return remote(self.root)

    @property
    def sqlite(self) -> bool:
        """Return whether the log is a file."""
        return self.file is not None

    @contextmanager
    def alone(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that begins as the database's one writer."""
        with self.engine.begin() as connection:
            if self.sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection


@contextmanager
def opened(settings: Settings | None = None, root: Path = ROOT) -> Iterator[Desk]:
    """Yield the log of this deployment, held alone; raises LastroError where it is not there, or of an earlier schema.

    What SQLite deletes or shortens is overwritten with zeros, and it keeps no temporary file.
    """
    settings = settings or read_settings()
    file = sqlite_file(settings.journal_url)
    if file is not None and not file.is_file():
        raise LastroError(f"the prediction log: {file}: no such file")
    engine = connect_engine(settings.journal_url, max(PATIENCE, settings.database_timeout))
    if file is not None:
        sa.event.listen(engine, "connect", overwriting)
    try:
        if not is_later_or_same(revision(engine), NEEDED):
            raise LastroError("the prediction log is of an earlier release: the API brings it to this one at its start")
        with held(engine, file):
            yield Desk(engine, file, root)
    except SQLAlchemyError as error:
        raise LastroError(f"the prediction log: {reason(error)}") from None
    finally:
        engine.dispose()


def read_settings() -> Settings:
    """Return the environment's settings; raises LastroError."""
    try:
        return Settings()
    except ValidationError as error:
        raise LastroError(sentences(error, "the environment")) from None


def overwriting(connection: Any, _: Any) -> None:
    """Let SQLite overwrite what it deletes."""
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA temp_store=MEMORY")


@contextmanager
def held(engine: sa.Engine, file: Path | None) -> Iterator[None]:
    """Hold the log against other commands that take values out of it; raises LastroError where one does."""
    if file is not None:
        descriptor = os.open(file.with_name(f"{file.name}.forgetting"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LastroError(BUSY) from None
        else:
            yield
        finally:
            os.close(descriptor)
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(LOCK))).scalar():
            raise LastroError(BUSY)
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(LOCK)))
