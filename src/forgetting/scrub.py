"""a log from which values were taken -> its files without them: SQLite's WAL emptied, PostgreSQL's dead rows removed

SQLite zeroes what it deletes here (`secure_delete`), but the log before the changes still holds it, and pages that were
split long ago may hold copies in their free space. The first is emptied; the second is looked for, byte by byte, and
where it is found, the file is written anew.
"""

import time
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from src.errors import LastroError
from src.forgetting.desk import PATIENCE, Desk
from src.journal.outcome_tables import OUTCOME_GROUPS
from src.journal.tables import PREDICTIONS

PAUSE = 0.05
AT_ONCE = 1 << 23  # bytes of a file in memory
READ = "others read the log all the time: its -wal file still holds the values; the same command again empties it"
COPIES = (
    "copies were left in free space of {file}: it was written anew (VACUUM), for which others waited {seconds:.1f} s"
)
SERVER = (
    "PostgreSQL: dead rows removed (VACUUM). What the server overwrites later: free space of its pages (at once with"
    " `VACUUM FULL predictions, outcome_groups`, for which the service waits); what it keeps by its own settings: its"
    " write-ahead log, archived WAL, replicas behind"
)
TABLES = (PREDICTIONS.name, OUTCOME_GROUPS.name, "archived_predictions", "forgotten")


def scrubbed(desk: Desk, needles: Iterable[bytes]) -> list[str]:
    """Clean the files of the log; `needles` are bytes that must be nowhere. Returns sentences. Raises LastroError."""
    if desk.file is None:
        vacuum_server(desk)
        return [SERVER]
    empty_wal(desk)
    if not any_in(desk.file, needles):
        return [f"{desk.file}: its bytes and its -wal hold none of it"]
    return [COPIES.format(file=desk.file, seconds=vacuum_file(desk))]


def empty_wal(desk: Desk) -> None:
    """Write the log before SQLite's file into it, and cut it to nothing; raises LastroError where others hold it."""
    end = time.monotonic() + PATIENCE
    while True:
        with desk.engine.connect() as connection:
            busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if not busy:
            return
        if time.monotonic() > end:
            raise LastroError(READ)
        time.sleep(PAUSE)


def vacuum_file(desk: Desk) -> float:
    """Write SQLite's file anew without what is free in it, and return for how many seconds others waited."""
    begun = time.monotonic()
    with desk.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM")
    empty_wal(desk)
    return time.monotonic() - begun


def vacuum_server(desk: Desk) -> None:
    """Remove the dead rows of PostgreSQL's tables."""
    with desk.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        try:
            for table in TABLES:
                connection.execute(sa.text(f"VACUUM {table}"))
        finally:
            connection.execute(sa.text("RESET statement_timeout"))


def any_in(file: Path, needles: Iterable[bytes]) -> bool:
    """Return whether the file or its WAL holds any of these bytes."""
    wanted = [needle for needle in needles if needle]
    return any(holds(path, wanted) for path in (file, file.with_name(f"{file.name}-wal")))


def holds(path: Path, needles: list[bytes]) -> bool:
    """Return whether a file holds any of these bytes."""
    if not needles or not path.is_file() or not path.stat().st_size:
        return False
    overlap, before = max(map(len, needles)) - 1, b""
    with path.open("rb") as opened:
        while content := opened.read(AT_ONCE):
            here = before + content
            if any(needle in here for needle in needles):
                return True
            before = here[len(here) - overlap :]
    return False
