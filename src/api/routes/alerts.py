"""the monitor's alerts -> GET /alerts/status, /alerts/history; a message -> POST /alerts/test, /alerts/send

What is posted stands in the outbox, from which the monitor sends it: the API has no receiver's address. Posting wants
the scope `admin`, for a message reaches people and cannot be taken back.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from src.api.bodies import JSON, Body
from src.api.monitoring_schemas import AlertHistoryOut, AlertOut, AlertStatusOut, Message, QueuedOut
from src.api.openapi import problems
from src.api.routes.history import Cursor, Moment
from src.api.routes.monitoring import concerning, run_of
from src.journal import monitored, outbox
from src.journal.clock import SYSTEM, Clock
from src.journal.journal import Journal
from src.journal.monitoring_tables import ALERTS
from src.serving.applicants import schema_of

Limit = Annotated[int, Query(ge=1, le=500, description="alerts on a page")]
TEST = Message(
    title="Test of the alerts",
    text="Somebody has asked by POST /alerts/test whether alerts arrive here. They do; nothing is wrong.",
    severity="info",
)


class Alerts:
    """What the routes need."""

    def __init__(self, journal: Journal, clock: Clock = SYSTEM) -> None:
        self.journal, self.clock = journal, clock
        self.body = Body(Message, names=lambda message: len(message.model_fields_set))

    def alert_status(self) -> AlertStatusOut:
        """Return the alerts that fire now or are known, and whether people learn of them."""
        with self.journal.transaction() as connection:
            found = monitored.last_run(connection) or {}
            run = run_of(found)
            return AlertStatusOut(
                alerts=[AlertOut(**row) for row in monitored.open_alerts(connection)],
                receiver=found.get("receiver", "none"),
                undelivered=outbox.waiting(connection).undelivered,
                last_success=run.last_success if run else None,
            )

    def alert_history(self, since: Moment = None, limit: Limit = 50, cursor: Cursor = None) -> AlertHistoryOut:
        """Return alerts with what became of each, newest first; with `since`, those in which something happened since.

        The last page has no `next`.
        """
        older = [ALERTS.c.id < str(cursor)] if cursor else []
        with self.journal.transaction() as connection:
            rows = monitored.alerts(connection, *concerning(since), *older, most=limit + 1)
        following = rows[limit - 1]["id"] if len(rows) > limit else None
        return AlertHistoryOut(alerts=[AlertOut(**row) for row in rows[:limit]], next=following)

    def test_alerts(self) -> QueuedOut:
        """Let the monitor send a message that says it is a test."""
        return self.queued(TEST)

    async def send_alert(self, request: Request) -> QueuedOut:
        """Let the monitor send a message of the caller's."""
        return await run_in_threadpool(self.queued, await self.body.of(request))

    def queued(self, message: Message) -> QueuedOut:
        """Put a message into the outbox."""
        with self.journal.transaction() as connection:
            about = (message.title, message.text, message.severity)
            return QueuedOut(id=outbox.enqueue(connection, *about, None, self.clock.now(), self.clock.new_id()))

    def router(self) -> APIRouter:
        """Return the routes."""
        routes = APIRouter(tags=["monitoring"])
        routes.add_api_route("/alerts/status", self.alert_status, responses=problems(503), summary="What fires now")
        routes.add_api_route("/alerts/history", self.alert_history, responses=problems(422, 503))
        routes.add_api_route(
            "/alerts/test", self.test_alerts, methods=["POST"], status_code=202, responses=problems(503)
        )
        schema, _ = schema_of(Message)
        routes.add_api_route(
            "/alerts/send",
            self.send_alert,
            methods=["POST"],
            status_code=202,
            responses=problems(408, 413, 415, 422, 503),
            openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}},
        )
        return routes
