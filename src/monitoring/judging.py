"""counts of windows that have closed, days and the last application -> rows of table checks, each judged once"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from src.journal.monitoring_tables import CHECKS, HOURLY_COUNTS
from src.journal.tables import PREDICTIONS
from src.lineage.policy import Monitoring
from src.model.stability import psi
from src.monitoring.counts import Counts, hours_where, total
from src.monitoring.drift import judge
from src.monitoring.performance import Calibration
from src.monitoring.progress import utc
from src.monitoring.rebasing import rebased
from src.monitoring.versions import Version
from src.monitoring.volume import WEEKS, silence, volume
from src.monitoring.windows import DAY, closed, midnight

Row = dict[str, Any]
Days = Mapping[date, int]


def drift_rows(
    engine: sa.Engine, version: Version, days: Days, since: date, policy: Monitoring, now: datetime
) -> Iterator[Row]:
    """Yield the checks of a version's windows that closed on the days from `since` on."""
    windows = closed(days, judged_days(engine, version, since), since, now, policy.least_rows)
    if not windows or version.development is None:
        return
    training = {subject: one.rows for subject, one in version.development.subjects.items()}
    based = rebased(engine, version.form_sha256)
    first, last = min(window.start for window in windows), windows[-1].end
    by_day = counts_by_day(engine, version.form_sha256, first, last)
    for window in windows:
        base = row_of(version, "drift", window.start, window.end)
        if window.rows < policy.least_rows:
            says = f"too few: {window.rows} applications in the week, {policy.least_rows} are needed"
            yield base | {"subject": "", "rows": window.rows, "says": says}
            continue
        live = total(by_day.get(day, {}) for day in window.days)
        yield from (base | found for found in judged(live, training, based, policy))


def judged(live: Counts, training: Counts, based: Counts, policy: Monitoring) -> Iterator[Row]:
    """Yield what the check of each subject finds; `based` counts take the place of training's where there are any."""
    samples = {
        subject: (based.get(subject, rows), live[subject])
        for subject, rows in training.items()
        if len(live.get(subject, ())) == len(based.get(subject, rows)) == len(rows)
    }
    for subject, found in judge(samples, policy.alpha, policy.least_psi).items():
        yield {
            "subject": subject,
            "rows": sum(live[subject]),
            "psi": found.psi,
            "psi_training": psi(training[subject], live[subject]) if subject in based else found.psi,
            "statistic": found.statistic,
            "p_value": found.p_value,
            "value": found.psi,
            "limit": policy.least_psi,
            "alarm": found.alarm,
            "says": None if found.p_value is not None else "all rows lie in one bin: there is nothing to compare",
        }


def volume_rows(days: Days, since: date, policy: Monitoring, now: datetime) -> Iterator[Row]:
    """Yield the checks of each day's applications, of all versions together, from the ninth week on."""
    if not days:
        return
    first = max(since, min(days) + timedelta(weeks=WEEKS))
    for offset in range((now.date() - first).days):
        day = first + offset * DAY
        found = volume(days, day, policy.volume_ratio, policy.alpha)
        if found is not None:
            yield row_of(None, "volume", midnight(day), midnight(day + DAY)) | {
                "subject": "applications",
                "rows": found.rows,
                "p_value": found.p_value,
                "value": found.ratio,
                "limit": policy.volume_ratio,
                "alarm": found.alarm,
                "says": None if found.usual else "this weekday usually has no applications",
            }


def silence_rows(connection: sa.Connection, policy: Monitoring, now: datetime) -> Iterator[Row]:
    """Yield a check where the log has fallen silent since the last one, or speaks again."""
    check = CHECKS.c
    newest = sa.select(check.alarm).where(check.kind == "silence").order_by(check.id.desc()).limit(1)
    silent, last = bool(connection.execute(newest).scalar()), last_application(connection)
    if last is None:
        return
    found = silence(last, now, policy.silence_hours) if policy.silence_hours is not None else None
    alarm = found is not None and found.alarm
    if alarm != silent:
        hours = (now - last) / timedelta(hours=1)
        values = {"subject": "applications", "rows": 0, "value": hours, "limit": policy.silence_hours, "alarm": alarm}
        yield row_of(None, "silence", last if alarm else now, now) | values


def calibration_row(
    version: Version, when: tuple[datetime, datetime], rows: int, found: Calibration, most: float
) -> Row:
    """Return the check of a month's bads."""
    says = None if found.multiple is not None else "no bads are observed or expected: there is nothing to compare"
    return row_of(version, "calibration", *when) | {
        "subject": "bads",
        "rows": rows,
        "statistic": found.statistic,
        "p_value": found.p_value,
        "value": found.multiple,
        "limit": most,
        "alarm": found.alarm,
        "says": says,
    }


def row_of(version: Version | None, kind: str, start: datetime, end: datetime) -> Row:
    """Return a row with what all checks of a window share, and nothing found yet."""
    nothing = dict.fromkeys(("psi", "psi_training", "statistic", "p_value", "value", "limit", "alarm", "says"))
    return {
        "form_sha256": version.form_sha256 if version else "",
        "model_version": version.number if version else None,
        "model_sha256": version.model_sha256 if version else None,
        "kind": kind,
        "window_start": start,
        "window_end": end,
        **nothing,
    }


def write_checks(connection: sa.Connection, rows: Sequence[Row], now: datetime) -> None:
    """Insert checks; a window that was judged before stays as it was."""
    if not rows:
        return
    names = [column.name for column in CHECKS.columns if column.name != "id"]
    quoted = [f'"{name}"' for name in names]
    text = sa.text(
        f"INSERT INTO checks ({', '.join(quoted)}) VALUES ({', '.join(f':{name}' for name in names)}) "  # noqa: S608
        "ON CONFLICT (form_sha256, kind, subject, window_start) DO NOTHING"
    )
    types = [sa.bindparam(name, type_=CHECKS.c[name].type) for name in names]
    connection.execute(text.bindparams(*types), [row | {"judged_at": now} for row in rows])


def judged_days(engine: sa.Engine, version: Version, since: date) -> set[date]:
    """Return the days of the week of `since` that are windows by themselves."""
    check, monday = CHECKS.c, midnight(since - timedelta(days=since.weekday()))
    query = sa.select(check.window_start, check.window_end).distinct()
    chosen = (check.form_sha256 == version.form_sha256) & (check.kind == "drift") & (check.window_start >= monday)
    with engine.connect() as connection:
        return {utc(start).date() for start, _ in connection.execute(query.where(chosen))}


def calibrated(engine: sa.Engine, version: Version) -> set[datetime]:
    """Return the months of a version that are judged, by their starts."""
    check = CHECKS.c
    chosen = (check.form_sha256 == version.form_sha256) & (check.kind == "calibration")
    with engine.connect() as connection:
        return {utc(start) for start in connection.execute(sa.select(check.window_start).where(chosen)).scalars()}


def counts_by_day(engine: sa.Engine, form: str, first: datetime, last: datetime) -> dict[date, Counts]:
    """Return a form's counts from one moment to another, by day."""
    row = HOURLY_COUNTS.c
    found: dict[date, Counts] = {}  # summed up as they come: a year of hours would be a million lists
    for key, hour in hours_where(engine, (row.form_sha256 == form) & (row.hour >= first) & (row.hour < last)):
        day = key.hour.date()
        found[day] = total([found.get(day, {}), hour.counts])
    return found


def rows_by_day(engine: sa.Engine) -> dict[str, dict[date, int]]:
    """Return how many applications each form had on each day."""
    sqlite = "substr(hour, 1, 10)"
    day = sqlite if engine.dialect.name == "sqlite" else "to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
    query = sa.text(f"SELECT form_sha256, {day} AS day, sum(rows) FROM hourly_counts GROUP BY 1, 2 ORDER BY 2")  # noqa: S608
    found: dict[str, dict[date, int]] = {}
    with engine.connect() as connection:
        for form, when, rows in connection.execute(query):
            found.setdefault(form, {})[date.fromisoformat(when)] = int(rows)
    return found


def summed(days: Iterable[Days]) -> dict[date, int]:
    """Return the applications of each day, of all forms together."""
    found: dict[date, int] = {}
    for each in days:
        for day, rows in each.items():
            found[day] = found.get(day, 0) + rows
    return found


def last_application(connection: sa.Connection) -> datetime | None:
    """Return when the newest application was answered."""
    row = PREDICTIONS.c
    newest = sa.select(row.time).where(row.purpose.is_distinct_from("what-if")).order_by(row.id.desc()).limit(1)
    found = connection.execute(newest).scalar()
    return utc(found) if found else None
