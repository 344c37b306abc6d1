"""the log's predictions before a moment -> Parquet objects, each verified before its rows leave the log

The log keeps a narrow row of each, without inputs and reasons: `POST /outcomes`, `GET /predictions/{id}` and the
monitor need no more. Its outcomes, groups and shadows stay where they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from src.errors import LastroError
from src.forgetting.desk import Desk
from src.forgetting.lake import read_by_lake
from src.forgetting.objects import recover, store
from src.forgetting.progress import Progress
from src.forgetting.scrub import empty_wal, vacuum_file
from src.forgetting.waiting import Progress as Place
from src.forgetting.waiting import free
from src.journal.archive_tables import ARCHIVED
from src.journal.identifiers import first_id
from src.journal.monitored import in_utc
from src.journal.tables import FORGOTTEN_INPUTS, PREDICTIONS, Entry
from src.lineage.policy import POLICY, read_policy

ROWS = 10_000  # of an object: in memory at once, and moved in one transaction, for which who writes waits
MANY = 500  # rows of a statement
SPACE = "{file}: {free:.1f} MB of {size:.1f} are free, and new rows take them; --vacuum gives them back at once"
WAIT = (
    "{rows} rows before then wait: for the monitor to count them (`python -m src.monitoring run`), for the lake to take"
    " them (`python -m src.lake sync`), or as the last of the log"
)


class Moved(NamedTuple):
    """How many rows left the log, and what there is to say."""

    rows: int
    told: list[str]


def archive(desk: Desk, before: datetime, now: datetime, *, vacuum: bool = False) -> Moved:
    """Move what was predicted before a moment; raises LastroError where that is too young, or something fails."""
    refuse_young(desk, before, now)
    left = recover(desk)
    lake = read_by_lake()
    total, waits = counted(desk, before, lake)
    rows = 0
    with Progress(total) as progress:
        for entries in parts(desk, before, lake):
            store(desk, entries, now, partial(move, entries))
            rows += len(entries)
            progress.at(rows)
    told = [f"{rows} predictions moved to {desk.place.address.removesuffix('/dvc')}"] if rows else ["nothing to move"]
    told += [WAIT.format(rows=waits)] if waits else []
    return Moved(rows, [*told, *space(desk, vacuum=vacuum), *left])


def refuse_young(desk: Desk, before: datetime, now: datetime) -> None:
    """Raise LastroError where rows would leave whose outcomes are still awaited."""
    days = read_policy(desk.root / POLICY).monitoring.maturity_days
    if before > now - timedelta(days=days):
        raise LastroError(
            f"--before: {before:%Y-%m-%dT%H:%M:%SZ} is less than {days} days ago, which {POLICY} names as"
            f" monitoring.maturity_days; T is at most {now - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
        )


def old(before: datetime) -> sa.ColumnElement[bool]:
    """Return the condition of rows that were predicted before a moment."""
    return sa.and_(PREDICTIONS.c.id < first_id(before), PREDICTIONS.c.time < in_utc(before))


def counted(desk: Desk, before: datetime, lake: Place | None) -> tuple[int, int]:
    """Return how many rows are to leave, and how many have to wait."""
    with desk.engine.connect() as connection:
        query = sa.select(sa.func.count()).select_from(PREDICTIONS).where(old(before))
        every = connection.execute(query).scalar_one()
        leaving = connection.execute(query.where(free(connection, lake))).scalar_one()
    return leaving, every - leaving


def parts(desk: Desk, before: datetime, lake: Place | None) -> Iterator[list[Entry]]:
    """Yield the rows that are to leave, the oldest first; each part must have left before the next is asked for."""
    query = sa.select(PREDICTIONS).where(old(before)).order_by(PREDICTIONS.c.id, PREDICTIONS.c.key_id).limit(ROWS)
    while True:
        with desk.engine.connect() as connection:
            found = [Entry(*row) for row in connection.execute(query.where(free(connection, lake)))]
        if not found:
            return
        yield [entry.zoned() for entry in whole(found)]


def whole(found: list[Entry]) -> list[Entry]:
    """Return the rows of a part without those of its last identifier, which may have more: two keys may have one."""
    kept = [entry for entry in found if entry.id != found[-1].id]
    return kept if kept and len(found) == ROWS else found


def batches(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield identifiers, so many together."""
    left = iter(ids)
    while part := list(islice(left, size)):
        yield part


def move(entries: Sequence[Entry], connection: sa.Connection, number: int) -> None:
    """Leave a narrow row of each prediction, and delete it; raises LastroError where one is not there any more."""
    names = [column.name for column in ARCHIVED.c if column.name in PREDICTIONS.c]
    gone = (PREDICTIONS.c.inputs == FORGOTTEN_INPUTS).label("forgotten")
    kept: list[Any] = [*(PREDICTIONS.c[name] for name in names), sa.literal(number), gone]
    done = 0
    for part in batches({entry.id: None for entry in entries}, MANY):
        some = PREDICTIONS.c.id.in_(part)
        rows = sa.select(*kept).where(some)
        connection.execute(ARCHIVED.insert().from_select([*names, "archive", "forgotten"], rows))
        done += connection.execute(PREDICTIONS.delete().where(some)).rowcount
    if done != len(entries):
        raise LastroError("the log changed while its rows were moved: nothing has left it, try again")


def space(desk: Desk, *, vacuum: bool) -> list[str]:
    """Return what became of the space that the rows took."""
    if desk.file is None:
        return ["PostgreSQL's autovacuum lets new rows take the space; `VACUUM FULL predictions` gives it back at once"]
    empty_wal(desk)
    if vacuum:
        seconds = vacuum_file(desk)
        return [f"{desk.file}: written anew, {desk.file.stat().st_size / 1e6:.1f} MB; others waited {seconds:.1f} s"]
    with desk.engine.connect() as connection:
        size, pages = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_size", "freelist_count")
        )
    whole = desk.file.stat().st_size / 1e6
    return [SPACE.format(file=desk.file, free=size * pages / 1e6, size=whole)]
