"""batch runs of the log -> table hourly_counts, each once; which days' rows are theirs, and which runs a month has

A run has counted its rows itself. They count in the hour at which it was recorded, and how far that has come is noted
with what was read of the service's rows: whoever counts either waits for the other.
"""

from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa
from pydantic_core import from_json

from src.journal.batch_runs import run_of_row, runs
from src.journal.batch_tables import BATCH_RUNS, BatchRun
from src.monitoring.cohorts import Month
from src.monitoring.counts import Hour, Key, added, read_hours, upsert
from src.monitoring.progress import hold, note, noted, utc
from src.monitoring.reading import BATCH, NAME


def count_batches(engine: sa.Engine, now: datetime) -> int:
    """Count the rows of every run that was not counted yet, and return how many those are."""
    with engine.connect() as connection:
        if not uncounted(connection, noted(connection, NAME)):
            return 0
    with engine.begin() as connection:
        before = hold(connection, NAME, now)
        new = uncounted(connection, before)
        hours: dict[Key, Hour] = {}
        for run in new.values():
            hour = Hour(run.model_version, run.model_sha256, run.scored, from_json(run.counts))
            key = Key(run.form_sha256, run.time.replace(minute=0, second=0, microsecond=0))
            hours[key] = added(hours.get(key), hour)
        present = dict(read_hours(engine, {key.form_sha256 for key in hours}, {key.hour for key in hours}))
        upsert(connection, {key: added(present.get(key), hour) for key, hour in hours.items()})
        note(connection, NAME, (before or {}) | {BATCH: max(new, default=last(before))}, now)
    return sum(run.scored for run in new.values())


def uncounted(connection: sa.Connection, progress: Mapping[str, int] | None) -> dict[int, BatchRun]:
    """Return the runs that were not counted yet, by their numbers in the log, in which they were committed."""
    query = sa.select(BATCH_RUNS).where(BATCH_RUNS.c.id > last(progress)).order_by(BATCH_RUNS.c.id)
    return {row["id"]: run_of_row(row) for row in map(dict, connection.execute(query).mappings())}


def last(progress: Mapping[str, int] | None) -> int:
    """Return the number of the last run that was counted."""
    return (progress or {}).get(BATCH, 0)


def batch_days(connection: sa.Connection) -> dict[date, int]:
    """Return how many rows of batches are counted on each day."""
    row, found = BATCH_RUNS.c, dict[date, int]()
    query = sa.select(row.time, row.rows - row.rejected).where(row.id <= last(noted(connection, NAME)))
    for time, rows in connection.execute(query):
        day = utc(time).date()
        found[day] = found.get(day, 0) + rows
    return found


def of_service(days: Mapping[date, int], batches: Mapping[date, int]) -> dict[date, int]:
    """Return the rows of each day that are no batch's, without days that have none."""
    left = {day: rows - batches.get(day, 0) for day, rows in days.items()}
    return {day: rows for day, rows in left.items() if rows}


def runs_of_month(connection: sa.Connection, month: Month) -> list[BatchRun]:
    """Return the runs that were recorded in a month."""
    return runs(connection, BATCH_RUNS.c.time >= month.start, BATCH_RUNS.c.time < month.end)
