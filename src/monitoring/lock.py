"""a log -> whether this process is the one monitor that works on it; the system lets go of it when the process ends"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

LOCK = 0x6C617374726F6D  # "lastrom": one monitor at a time on a PostgreSQL database


@contextmanager
def alone(engine: sa.Engine, file: Path | None) -> Iterator[bool]:
    """Yield True while no other monitor works on this log, else False at once; `file` is a SQLite log's."""
    if file is not None:
        with file.with_name(f"{file.name}.monitor").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(LOCK))))
        try:
            yield mine
        finally:
            if mine:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(LOCK)))
