"""rows -> an archive's object, verified before it counts; and away again, with each former version of it"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from src.errors import LastroError
from src.forgetting.blanking import blanked
from src.forgetting.desk import Desk
from src.journal.archive_file import content_of
from src.journal.archive_tables import ARCHIVED, ARCHIVES, LEAVING, STORED, WRITING
from src.journal.archived import fetch, key_of
from src.journal.tables import Entry
from src.lineage.removal import remove

Move = Callable[[sa.Connection, int], None]  # what a transaction does in which the object of a number begins to count


def store(desk: Desk, entries: Sequence[Entry], now: datetime, move: Move) -> str:
    """Write rows as an object, read it back, compare, and let it count in the transaction of `move`; return its key.

    The log names the object before it is there: whoever is killed leaves none of which nobody knows.
    """
    content = content_of(entries)
    key = key_of(content)
    with desk.alone() as connection:
        row = {"object": key, "state": WRITING, "rows": len(entries), "time": now}
        connection.execute(ARCHIVES.insert().values(row))
    desk.place.create(key, content)
    if fetch(desk.place.get, key) != list(entries):
        raise LastroError(f"{key}: what was read back is not what was written; nothing has left the log")
    with desk.alone() as connection:
        move(connection, number_of(connection, key))
        connection.execute(ARCHIVES.update().where(ARCHIVES.c.object == key).values(state=STORED))
    return key


def number_of(connection: sa.Connection, key: str) -> int:
    """Return the number by which rows name an object."""
    found: int = connection.execute(sa.select(ARCHIVES.c.number).where(ARCHIVES.c.object == key)).scalar_one()
    return found


def recover(desk: Desk) -> list[str]:
    """Remove what killed commands left half-written, or were about to remove; return commands for what stays."""
    with desk.engine.connect() as connection:
        query = sa.select(ARCHIVES.c.object).where(ARCHIVES.c.state != STORED)
        keys = list(connection.execute(query).scalars())
    return [command for key in keys for command in take_away(desk, key)]


def take_away(desk: Desk, key: str) -> list[str]:
    """Remove an object and then its row; return commands for the versions that the bucket would not let go of."""
    kept = remove(desk.place, key)
    with desk.alone() as connection:
        connection.execute(ARCHIVES.delete().where(ARCHIVES.c.object == key))
    return kept


def rewrite(desk: Desk, key: str, ids: Collection[str], now: datetime) -> list[str]:
    """Write an archive anew with these predictions blank, then remove the former; return commands for what stays."""
    entries = fetch(desk.place.get, key)

    def move(connection: sa.Connection, new: int) -> None:
        mine = ARCHIVED.c.archive == number_of(connection, key)
        gone = {"forgotten": True, "applicant_id": None}
        connection.execute(ARCHIVED.update().where(mine, ARCHIVED.c.id.in_(list(ids))).values(gone))
        connection.execute(ARCHIVED.update().where(mine).values(archive=new))
        connection.execute(ARCHIVES.update().where(ARCHIVES.c.object == key).values(state=LEAVING))

    store(desk, [blanked(entry) if entry.id in ids else entry for entry in entries], now, move)
    return take_away(desk, key)
