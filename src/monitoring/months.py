"""what is newly known of a month's applicants -> tables cohorts and checks, the months alone of which more is known"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json

from src.journal.monitoring_tables import COHORTS
from src.lineage.policy import Monitoring
from src.model.development import Development
from src.monitoring.batch_outcomes import read_batches, told_of
from src.monitoring.cohort_view import found_of
from src.monitoring.cohorts import Batches, Cohort, Month, approved_pds, read_month, told
from src.monitoring.judging import Row, calibrated, calibration_row, counts_by_day, write_checks
from src.monitoring.progress import noted, step
from src.monitoring.versions import Version

MONTHS = "cohorts"  # by form and month: rows, outcomes and groups that were told, whether it is over, and old enough


def renew_cohorts(
    engine: sa.Engine,
    versions: Sequence[Version],
    days: Mapping[str, Mapping[date, int]],
    policy: Monitoring,
    now: datetime,
) -> tuple[int, int]:
    """Bring the months up to date of which more is known than before; return how many, and how many of them judged."""
    with engine.connect() as connection:
        before, heard = noted(connection, MONTHS), cache(partial(news, connection))
        after = {
            f"{version.form_sha256} {month.text}": [rows, *heard(month), *ages(month, policy, now)]
            for version in versions
            if version.development is not None
            for month, rows in months_of(days.get(version.form_sha256, {})).items()
        }
    changed = {name: seen[0] for name, seen in after.items() if seen != (before or {}).get(name)}
    if not changed:
        return 0, 0
    rows, checks = [], []
    for version, cohort in cohorts_of(engine, versions, changed, now):
        if version.card and version.development:
            shown, judged = found_of(cohort, version.card, version.development, policy, now)
            rows.append(row_of(version, cohort.month, shown, judged is not None, now))
            if judged is not None and cohort.month.start not in calibrated(engine, version):
                when = cohort.month.start, cohort.month.end
                checks.append(calibration_row(version, when, shown["known"], judged, policy.ratio))
    with engine.begin() as connection:
        if not step(connection, MONTHS, before, (before or {}) | after, now):
            return 0, 0
        write_cohorts(connection, rows)
        write_checks(connection, checks, now)
    return len(rows), len(checks)


def news(connection: sa.Connection, month: Month) -> tuple[int, int]:
    """Return how many outcomes and groups were told of a month's predictions, rows of batches among them."""
    service, batches = told(connection, month), told_of(connection, month)
    return service[0] + batches[0], service[1] + batches[1]


def ages(month: Month, policy: Monitoring, now: datetime) -> tuple[bool, bool]:
    """Return whether a month is over, and whether it is old enough for most outcomes to be known."""
    return month.end <= now, month.end + timedelta(days=policy.maturity_days) <= now


def months_of(days: Mapping[date, int]) -> dict[Month, int]:
    """Return how many applications each month has."""
    found: dict[Month, int] = defaultdict(int)
    for day, rows in days.items():
        found[Month(day.year, day.month)] += rows
    return found


def cohorts_of(
    engine: sa.Engine, versions: Sequence[Version], changed: Mapping[str, int], now: datetime
) -> Iterator[tuple[Version, Cohort]]:
    """Yield the cohorts that are named by form and month, with their applications.

    While a month goes on, its approved are counted by the hour: its rows are read once, when it is over.
    """
    months = {Month(*map(int, name.split()[-1].split("-"))) for name in changed}
    for month in sorted(months):
        with engine.connect() as connection:
            known = read_month(connection, month, versions)
            pds = approved_pds(connection, month, versions) if month.end <= now else {}
            batches = read_batches(connection, month, versions, over=month.end <= now)
        for version in versions:
            form, development = version.form_sha256, version.development
            name = f"{form} {month.text}"
            if name in changed and development is not None:
                cohort = known.get(form, Cohort(month, 0, 0, [], [], []))
                cohort = cohort._replace(predictions=changed[name], pds=pds.get(form, []), batches=batches.get(form))
                counted = None if month.end <= now else approvals(engine, form, month, development)
                yield version, with_approved(cohort, counted)


def with_approved(cohort: Cohort, counted: int | None) -> Cohort:
    """Return a cohort with how many are approved: as they were counted, or, where None, those whose PDs were read.

    What could not be read of batches is left out.
    """
    batches = cohort.batches or Batches(0, (), {}, ())
    predictions, approved = batches.lacking
    approved = len(cohort.pds) + batches.approved if counted is None else counted - approved
    return cohort._replace(predictions=cohort.predictions - predictions, approved=approved)


def approvals(engine: sa.Engine, form: str, month: Month, development: Development) -> int:
    """Return how many applicants of a month were approved, of those that are counted."""
    place = development.decision.labels.index("approve")
    days = counts_by_day(engine, form, month.start, month.end).values()
    return sum(bins[place] for each in days if (bins := each.get("decision")))


def row_of(version: Version, month: Month, shown: Mapping[str, Any], mature: bool, now: datetime) -> Row:
    """Return a cohort as the table's row."""
    return {
        "form_sha256": version.form_sha256,
        "month": month.text,
        "model_version": version.number,
        "mature": mature,
        "found": to_json(shown).decode(),
        "time": now,
    }


def write_cohorts(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Write each cohort in the place of what was known of it before."""
    for row in rows:
        same = (COHORTS.c.form_sha256 == row["form_sha256"]) & (COHORTS.c.month == row["month"])
        connection.execute(COHORTS.delete().where(same))
    connection.execute(COHORTS.insert(), rows)
