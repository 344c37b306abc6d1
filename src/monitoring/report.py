"""what the monitor wrote into the log -> one HTML file that opens without a network: `python -m src.monitoring report`

It holds counts only, no applicant, and is read through the same queries as GET /monitoring.
"""

import sys
from argparse import Namespace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.document.markup import document, tag
from src.errors import LastroError
from src.files import write_bytes
from src.journal import monitored
from src.journal.reader import reading_engine
from src.journal.settings import Settings
from src.journal.writer import reason
from src.monitoring import sections
from src.monitoring.found import Found

FILE, YEAR = "monitoring.html", timedelta(days=366)
NOT_RUN = "no monitor has run yet on this log: `python -m src.monitoring run` reads it"


def report(asked: Namespace) -> int:
    """Write the file and say where; raises LastroError where no monitor has run."""
    settings, now = Settings(), datetime.now(UTC)
    engine = reading_engine(settings.journal_url, settings.database_timeout)
    try:
        found = read(engine, now)
    finally:
        engine.dispose()
    path = asked.output or settings.state / FILE
    write_bytes(path, html(found, now).encode())
    sys.stdout.write(f"{path}\n")
    return 0


def read(engine: sa.Engine, now: datetime) -> Found:
    """Return what the monitor found in the year before `now`; raises LastroError where it never ran."""
    try:
        with engine.connect() as connection:
            run = monitored.last_run(connection)
            if run is None:
                raise LastroError(NOT_RUN)
            return Found(
                run=run,
                checks=monitored.checks(connection, now - YEAR),
                cohorts=monitored.cohorts(connection),
                views=monitored.views(connection),
                alerts=monitored.alerts(connection),
                versions=monitored.versions(connection),
            )
    except SQLAlchemyError as error:
        raise LastroError(f"the prediction log: {reason(error)}") from None


def html(found: Found, now: datetime) -> str:
    """Return the file: what holds for all versions, then a part for each that was judged."""
    parts = [tag("p", f"Written {now:%Y-%m-%d %H:%M} UTC. Counts only, no applicant. {ran(found)}", of="what")]
    if any(view["kind"] == monitored.SIMULATED for view in found.views):
        parts.append(tag("p", "Simulated traffic: nobody applied, and nothing here is of a model in use.", of="mark"))
    parts += [tag("p", f"⚠ {view['says']}", of="mark") for view in found.views if view["kind"] == monitored.VERSION]
    if len(found.checks) == monitored.MOST_CHECKS:
        parts.append(tag("p", f"The newest {monitored.MOST_CHECKS:,} checks of the last year.", of="what"))
    parts += [tag("h2", "All versions"), *sections.alerts(found), *sections.volume(found)]
    for form, version in found.forms().items():
        parts.append(tag("h2", f"Version {version}" if version else f"Not published ({form[:12]})"))
        parts += [part for section in sections.OF_VERSION for part in section(found.of(form))]
    return document("Monitoring", *parts)


def ran(found: Found) -> str:
    """Return when the monitor ran, and how much it counted."""
    last = datetime.fromisoformat(found.run["last_success"])
    rows = found.run["rows_counted"]
    return f"The monitor last ran {last:%Y-%m-%d %H:%M} UTC; it then counted {rows:,} new predictions."
