"""what the monitor wrote into the log -> GET /monitoring"""

from datetime import datetime

import sqlalchemy as sa
from fastapi import APIRouter

from src.api.monitoring_schemas import AlertOut, CheckOut, CohortOut, CountedOut, MonitoringOut, RunOut, ViewOut
from src.api.openapi import problems
from src.api.routes.history import Moment, Version
from src.journal import monitored
from src.journal.journal import Journal
from src.journal.monitored import ACKNOWLEDGED, FIRING, VERSION, Row
from src.journal.monitoring_tables import ALERTS


class Monitoring:
    """What the route needs."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def monitoring(self, since: Moment = None, version: Version = None) -> MonitoringOut:
        """Return what the monitor found: the newest 10 000 checks, cohorts, alerts, and what is drawn of them.

        `since` leaves out the checks of windows that ended before, and the alerts that ended before.
        What is of no version, such as the volume, is among what is told of each.
        """
        own = monitored.whose(ALERTS, version)
        with self.journal.transaction() as connection:
            views = monitored.views(connection, version)
            why = {view["form_sha256"]: view.get("says") for view in views if view["kind"] == VERSION}
            return MonitoringOut(
                checks=[CheckOut(**row) for row in monitored.checks(connection, since, version)],
                cohorts=[CohortOut(**row) for row in monitored.cohorts(connection, version)],
                alerts=[AlertOut(**row) for row in monitored.alerts(connection, own, *shown(since))],
                views=[ViewOut(**view) for view in views],
                versions=[counted(row, why) for row in monitored.versions(connection, version)],
                run=run_of(monitored.last_run(connection)),
            )

    def router(self) -> APIRouter:
        """Return the route."""
        routes = APIRouter(tags=["monitoring"])
        title = "Checks, cohorts and alerts"
        routes.add_api_route("/monitoring", self.monitoring, responses=problems(422, 503), summary=title)
        return routes


def concerning(since: datetime | None) -> list[sa.ColumnElement[bool]]:
    """Return the condition of the alerts in which something happened since a moment; none without one."""
    return [ALERTS.c.changed_at >= monitored.in_utc(since)] if since else []


def shown(since: datetime | None) -> list[sa.ColumnElement[bool]]:
    """Return the condition of those alerts, and of all that are open whatever their age; none without a moment."""
    return [sa.or_(ALERTS.c.state.in_((FIRING, ACKNOWLEDGED)), *concerning(since))] if since else []


def counted(row: Row, why: dict[str, str | None]) -> CountedOut:
    """Return a counted version, and why it is not judged where the monitor says so."""
    says = why.get(row["form_sha256"])
    return CountedOut(**row, judged=says is None, says=says)


def run_of(found: Row | None) -> RunOut | None:
    """Return the monitor's last success, if it ever had one."""
    return RunOut.model_validate(found) if found and found.get("last_success") else None
