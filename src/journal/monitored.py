"""what the monitor has written -> rows that others show: checks, cohorts, views, versions, alerts, its last run

Every function asks by a connection of the caller's, and returns times with their zone.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from src.journal.monitoring_tables import (
    ALERT_EVENTS,
    ALERTS,
    CHECKS,
    COHORTS,
    HOURLY_COUNTS,
    MONITOR_PROGRESS,
    MONITOR_VIEWS,
)

Row = dict[str, Any]
RUN = "run"  # the name under which the monitor writes of its last success
VERSION = "version"  # the view that says why a version is not judged
SIMULATED = "simulated"  # a view that a demonstration's log has, and keeps
FIRING, ACKNOWLEDGED = "firing", "acknowledged"
MOST_CHECKS = 10_000  # a year of days of one version has 8 000
MOST_ALERTS = 500
RECENT = timedelta(days=60)  # before the newest check, in which a version's checks still tell of now


def checks(connection: sa.Connection, since: datetime | None = None, version: str | None = None) -> list[Row]:
    """Return the newest judged windows, newest first: that ended since a moment, of one version or of none."""
    query = sa.select(CHECKS).where(whose(CHECKS, version))
    if since:
        query = query.where(CHECKS.c.window_end >= in_utc(since))
    return rows(connection, query.order_by(CHECKS.c.window_end.desc(), CHECKS.c.id).limit(MOST_CHECKS))


def cohorts(connection: sa.Connection, version: str | None = None) -> list[Row]:
    """Return each version's months of applications, newest first."""
    query = sa.select(COHORTS).where(whose(COHORTS, version))
    query = query.order_by(COHORTS.c.month.desc(), COHORTS.c.form_sha256)
    return [told(row) for row in rows(connection, query)]


def views(connection: sa.Connection, version: str | None = None) -> list[Row]:
    """Return what each version's pictures are drawn from."""
    query = sa.select(MONITOR_VIEWS).where(whose(MONITOR_VIEWS, version))
    return [told(row) for row in rows(connection, query.order_by(MONITOR_VIEWS.c.form_sha256, MONITOR_VIEWS.c.kind))]


def versions(connection: sa.Connection, version: str | None = None) -> list[Row]:
    """Return which versions were counted: rows, first and last hour, the newest first."""
    count = HOURLY_COUNTS.c
    names = (count.form_sha256, sa.func.max(count.model_version).label("model_version"), count.model_sha256)
    spans = (sa.func.min(count.hour).label("first"), sa.func.max(count.hour).label("last"))
    query = sa.select(*names, sa.func.sum(count.rows).label("rows"), *spans).where(whose(HOURLY_COUNTS, version))
    return rows(connection, query.group_by(count.form_sha256, count.model_sha256).order_by(sa.desc("last")))


def alerts(connection: sa.Connection, *conditions: sa.ColumnElement[bool], most: int = MOST_ALERTS) -> list[Row]:
    """Return the newest alerts that meet all conditions, newest first, each with its events, the oldest first."""
    query = sa.select(ALERTS).where(*conditions).order_by(ALERTS.c.id.desc()).limit(most)
    found = {row["id"]: row | {"events": []} for row in rows(connection, query)}
    events = sa.select(ALERT_EVENTS).where(ALERT_EVENTS.c.alert_id.in_(found)).order_by(ALERT_EVENTS.c.id)
    for event in rows(connection, events):
        found[event["alert_id"]]["events"].append(event)
    return list(found.values())


def open_alerts(connection: sa.Connection) -> list[Row]:
    """Return the alerts that fire now, and those of which somebody has said that they are known."""
    return alerts(connection, ALERTS.c.state.in_((FIRING, ACKNOWLEDGED)))


def last_run(connection: sa.Connection) -> Row | None:
    """Return what the monitor wrote of its last success; None where it never had one."""
    query = sa.select(MONITOR_PROGRESS.c.value).where(MONITOR_PROGRESS.c.name == RUN)
    value = connection.execute(query).scalar()
    return json.loads(value) if value else None


def newest_drift(connection: sa.Connection) -> list[Row]:
    """Return the last judged window of each subject of each version that is still checked."""
    check = CHECKS.c
    last = (
        sa.select(check.form_sha256, check.subject, sa.func.max(check.window_start).label("start"))
        .where(check.kind == "drift")
        .group_by(check.form_sha256, check.subject)
        .subquery()
    )
    same = (check.form_sha256 == last.c.form_sha256) & (check.subject == last.c.subject)
    query = sa.select(CHECKS).join(last, same & (check.window_start == last.c.start)).where(check.kind == "drift")
    found = rows(connection, query.order_by(check.window_end))
    return [row for row in found if row["window_end"] > found[-1]["window_end"] - RECENT]


def newest_mature(connection: sa.Connection) -> list[Row]:
    """Return the last mature month of each version."""
    cohort = COHORTS.c
    last = sa.select(cohort.form_sha256, sa.func.max(cohort.month).label("month")).where(cohort.mature)
    newest = last.group_by(cohort.form_sha256).subquery()
    same = (cohort.form_sha256 == newest.c.form_sha256) & (cohort.month == newest.c.month)
    return [told(row) for row in rows(connection, sa.select(COHORTS).join(newest, same).order_by(cohort.month))]


def firing_by_kind(connection: sa.Connection) -> dict[str, int]:
    """Return how many alerts of each kind fire."""
    query = sa.select(ALERTS.c.kind, sa.func.count()).where(ALERTS.c.state == FIRING).group_by(ALERTS.c.kind)
    return dict(connection.execute(query).all())


def whose(table: sa.Table, version: str | None) -> sa.ColumnElement[bool]:
    """Return the condition of one version's rows and of those of no version, such as the volume; of all for None."""
    return sa.true() if version is None else (table.c.model_version == version) | (table.c.form_sha256 == "")


def in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one of the year 1 or 9999 that is in no year there, as it is written.

    >>> in_utc(datetime.fromisoformat("2026-03-01T01:00:00+01:00")).isoformat()
    '2026-03-01T00:00:00+00:00'
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def told(row: Row) -> Row:
    """Return a row with what its JSON text `found` says in that text's place."""
    found: Row = json.loads(row["found"])
    return {name: value for name, value in row.items() if name != "found"} | found


def rows(connection: sa.Connection, query: sa.Select[Any]) -> list[Row]:
    """Return rows by the names of their columns, times with their zone, which SQLite does not keep."""
    result = connection.execute(query)
    names = list(result.keys())
    times = [column.name for column in query.selected_columns if isinstance(column.type, sa.DateTime)]
    found = [dict(zip(names, row, strict=True)) for row in result]
    for row in found:
        for name in times:
            moment = row[name]
            if moment is not None and moment.tzinfo is None:
                row[name] = moment.replace(tzinfo=UTC)
    return found
