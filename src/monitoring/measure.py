"""a log -> new rows counted, closed windows judged, months and views brought up to date

Each step reads first and then writes in one short transaction, which begins with how far that step had come: where
another monitor was faster, it writes nothing. What has not changed is not computed again.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from src.journal.monitoring_tables import HOURLY_COUNTS
from src.lineage.policy import Monitoring
from src.monitoring.batches import batch_days, count_batches, of_service
from src.monitoring.counts import count_new
from src.monitoring.judging import drift_rows, rows_by_day, silence_rows, summed, volume_rows, write_checks
from src.monitoring.months import renew_cohorts
from src.monitoring.progress import noted, step
from src.monitoring.showing import renew_views
from src.monitoring.versions import Version

WINDOWS = "windows"  # by form, and "" for all together: the first day that is not looked at yet


class Measured(NamedTuple):
    """What a run did: applications counted, checks judged, months brought up to date."""

    rows_counted: int
    checks: int
    cohorts: int


def measure(engine: sa.Engine, versions: Sequence[Version], policy: Monitoring, now: datetime) -> Measured:
    """Count what is new, judge what has closed at `now`, and bring months and views up to date."""
    now = now.astimezone(UTC)
    counted = count_new(engine, versions, now) + count_batches(engine, now)
    versions = numbered(engine, versions)
    days = rows_by_day(engine)
    checks = judge_windows(engine, versions, days, policy, now)
    months, judged = renew_cohorts(engine, versions, days, policy, now)
    renew_views(engine, versions, days, now)
    return Measured(counted, checks + judged, months)


def numbered(engine: sa.Engine, versions: Sequence[Version]) -> list[Version]:
    """Return the versions, one whose number no delivery tells by what its rows of the log say."""
    row = HOURLY_COUNTS.c
    query = sa.select(row.form_sha256, sa.func.max(row.model_version)).group_by(row.form_sha256)
    if all(version.number for version in versions):
        return list(versions)
    with engine.connect() as connection:
        said: dict[str, str | None] = dict(connection.execute(query).all())
    return [one._replace(number=one.number or said.get(one.form_sha256)) for one in versions]


def judge_windows(
    engine: sa.Engine,
    versions: Sequence[Version],
    days: Mapping[str, Mapping[date, int]],
    policy: Monitoring,
    now: datetime,
) -> int:
    """Judge each window that has closed, each day's volume, and silence; return how many checks that were.

    A batch is no stream of applicants: its rows drift as others do, and are no part of a day's volume.
    """
    with engine.connect() as connection:
        before, batches = noted(connection, WINDOWS), batch_days(connection)
        rows = list(silence_rows(connection, policy, now))
    known: dict[str, str] = dict(before or {})
    for version in versions:
        form = version.form_sha256
        if form in days and version.development is not None:
            since = date.fromisoformat(known.get(form, min(days[form]).isoformat()))
            rows += drift_rows(engine, version, days[form], since, policy, now)
            known[form] = now.date().isoformat()
    if everybody := of_service(summed(days.values()), batches):
        since = date.fromisoformat(known.get("", min(everybody).isoformat()))
        rows += volume_rows(everybody, since, policy, now)
        known[""] = now.date().isoformat()
    if not rows and known == (before or {}):
        return 0
    rows.sort(key=lambda row: row["window_end"])
    with engine.begin() as connection:
        if not step(connection, WINDOWS, before, known, now):
            return 0
        write_checks(connection, rows, now)
    return len(rows)
