"""a database's address -> an engine whose commits are durable and whose schema is the newest"""

import fcntl
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x6C617374726F  # "lastro": one migration at a time on a PostgreSQL server
PAUSE = 0.01  # seconds between two looks at a database that is locked


class SchemaError(Exception):
    """The database's schema is not one that this program knows."""


def connect_engine(address: str, timeout: float) -> sa.Engine:
    """Return an engine for SQLite or PostgreSQL that waits at most `timeout` seconds for a lock or the server.

    Values never show in its errors. Raises `sqlalchemy.exc.ArgumentError` for an address it cannot read.
    """
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        return sqlite_engine(url, timeout)
    milliseconds = int(timeout * 1000)
    arguments = {
        "connect_timeout": max(2, round(timeout)),
        "tcp_user_timeout": milliseconds,
        "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}",
    }
    url = url.set(drivername="postgresql+psycopg")
    return sa.create_engine(url, connect_args=arguments, hide_parameters=True, pool_pre_ping=True, paramstyle="format")


def sqlite_engine(url: URL, timeout: float) -> sa.Engine:
    """Return an engine for SQLite in WAL mode, where every commit waits until the disk has it.

    The file is opened by `mode=rw`: one that vanished is an error, not a new empty log.
    """
    url = url.set(database=f"file:{Path(url.database or '').absolute()}", query={"uri": "true", "mode": "rw"})
    arguments = {"timeout": timeout, "check_same_thread": False}
    engine = sa.create_engine(url, connect_args=arguments, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def durable(connection: Any, _: Any) -> None:
        write_ahead(connection, timeout)
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def write_ahead(connection: sqlite3.Connection, timeout: float) -> None:
    """Put a SQLite database into WAL mode; waits `timeout` seconds for others, which SQLite does not do by itself here.

    Raises sqlite3.OperationalError where it is locked for longer.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(PAUSE)
        else:
            return


def sqlite_file(address: str) -> Path | None:
    """Return the file of a SQLite address; None for a server's."""
    url = make_url(address)
    return Path(url.database or "").absolute() if url.get_backend_name() == "sqlite" else None


@contextmanager
def alone(engine: sa.Engine, file: Path | None) -> Iterator[sa.Connection]:
    """Yield a connection while no other process migrates: by a file's lock beside SQLite's, by PostgreSQL's own."""
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.with_name(f"{file.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            file.touch(mode=0o600)
            with engine.begin() as connection:
                yield connection
        return
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ADVISORY_LOCK)))
        yield connection


def alone_in(connection: sa.Connection, lock: int) -> None:
    """Let one process at a time go on with a transaction that begins with this; the others wait until it has ended.

    On SQLite it is the database's one writer; on PostgreSQL `lock` names what is done alone.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))


def migrate(engine: sa.Engine, file: Path | None) -> None:
    """Bring the schema to the newest, safely with several workers; where it is that, Alembic is not even imported.

    A schema of a later release is taken as it is, for each migration only adds what may be left out: a release can be
    undone. Raises SchemaError where the schema is none of ours.
    """
    if is_later_or_same(revision(engine), newest_known()):
        return
    logging.getLogger("alembic").setLevel(logging.WARNING)  # a command's words are its own
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError
    from alembic.util.exc import CommandError

    scripts = ScriptDirectory(str(MIGRATIONS))
    with alone(engine, file) as connection:
        context = MigrationContext.configure(connection)
        present = context.get_current_revision()
        if is_later_or_same(present, newest_known()):  # another worker was first
            return
        try:
            steps = list(scripts.iterate_revisions("head", present or "base"))
        except (CommandError, RevisionError) as error:
            raise SchemaError(str(error)) from None
        with Operations.context(context):
            for step in reversed(steps):
                step.module.upgrade()
                context.stamp(scripts, step.revision)


def newest_known() -> str:
    """Return the newest revision that this program has a migration for."""
    return max(script.name.partition("_")[0] for script in MIGRATIONS.glob("versions/[0-9]*.py"))


def is_later_or_same(present: str | None, known: str) -> bool:
    """Say whether a schema is that of a release, this one or a later one; revisions are numbers of four digits."""
    return present is not None and len(present) == len(known) and present.isdigit() and present >= known


def revision(engine: sa.Engine) -> str | None:
    """Return the schema's revision; None where there is none, or no database yet."""
    try:
        with engine.connect() as connection:
            query: sa.Select[Any] = sa.select(sa.column("version_num")).select_from(sa.table("alembic_version"))
            return connection.execute(query).scalar()
    except sa.exc.DatabaseError:
        return None
