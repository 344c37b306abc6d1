"""counts and cohorts of now -> table monitor_views, where they have changed since"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json, to_json

from src.files import sha256_of
from src.journal.monitoring_tables import COHORTS, MONITOR_VIEWS, REBASES
from src.model.development import Development
from src.monitoring import views
from src.monitoring.cohorts import Month
from src.monitoring.counts import total
from src.monitoring.judging import counts_by_day
from src.monitoring.progress import noted, step, utc
from src.monitoring.rebasing import rebased
from src.monitoring.versions import Version
from src.monitoring.windows import midnight

VIEWS = "views"  # a hash of what they were made of
NOT_HERE = "it is not among the versions that are delivered here: its rows are counted, and not judged"
View = tuple[str, dict[str, Any]]
Days = Mapping[str, Mapping[date, int]]


def renew_views(engine: sa.Engine, versions: Sequence[Version], days: Days, now: datetime) -> bool:
    """Bring the views up to date; say whether anything they show has changed."""
    with engine.connect() as connection:
        before = noted(connection, VIEWS)
        seen = seen_of(connection, versions, days, now)
    if seen == before:
        return False
    known = {version.form_sha256: version for version in versions}
    rows = []
    for form in sorted(days):
        version = known.get(form) or Version(form, "", None, None, None, NOT_HERE)
        for kind, found in views_of(engine, version, now):
            values = {"model_version": version.number, "found": to_json(found).decode(), "time": now}
            rows.append({"form_sha256": form, "kind": kind, **values})
    with engine.begin() as connection:
        if not step(connection, VIEWS, before, seen, now):
            return False
        connection.execute(MONITOR_VIEWS.delete().where(MONITOR_VIEWS.c.form_sha256 != ""))  # that log is simulated
        if rows:
            connection.execute(MONITOR_VIEWS.insert(), rows)
    return True


def seen_of(connection: sa.Connection, versions: Sequence[Version], days: Days, now: datetime) -> str:
    """Return a hash of what the views are made of: the day, applications, cohorts, rebases, and who is judged."""
    cohorts = connection.execute(sa.select(sa.func.count(), sa.func.max(COHORTS.c.time))).one()
    rebases = connection.execute(sa.select(sa.func.count()).select_from(REBASES)).scalar()
    applications = {form: sum(its.values()) for form, its in sorted(days.items())}
    judged = [(version.form_sha256, version.says) for version in versions]
    latest = str(utc(cohorts[1])) if cohorts[1] else None
    return sha256_of(to_json([str(now.date()), applications, cohorts[0], latest, rebases, judged]))


def views_of(engine: sa.Engine, version: Version, now: datetime) -> Iterator[View]:
    """Yield what is drawn of a version; of one that is not judged only why."""
    if version.development is None:
        yield "version", {"says": version.says}
        return
    development, form = version.development, version.form_sha256
    yield from live_views(engine, development, form, now)
    cohorts = cohorts_of(engine, form)
    yield "bands", views.bands(development, list(cohorts.values()))
    yield "vintages", views.vintages(cohorts, now)


def live_views(engine: sa.Engine, development: Development, form: str, now: datetime) -> Iterator[View]:
    """Yield how the applicants of the last closed days are distributed, and what that means in points."""
    today = midnight(now.date())
    first = today - timedelta(days=views.LIVE_DAYS)
    live = total(counts_by_day(engine, form, first, today).values())
    yield "distribution", views.distribution(development, rebased(engine, form), live)
    yield "points", views.points(development, live)


def cohorts_of(engine: sa.Engine, form: str) -> dict[Month, dict[str, Any]]:
    """Return what is known of each of a form's months."""
    row = COHORTS.c
    with engine.connect() as connection:
        found = connection.execute(sa.select(row.month, row.found).where(row.form_sha256 == form))
        return {Month(*map(int, month.split("-"))): from_json(text) for month, text in found}
