"""the service itself -> GET /health, /ready, /metrics"""

from typing import Literal

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import Response

from src.api.gauges import gauges_of
from src.api.metrics import Metrics
from src.api.openapi import problems
from src.journal.journal import Journal

TEXT = {"content": {"text/plain": {"schema": {"type": "string"}}}}


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """The model is loaded and the log can be written."""

    status: Literal["ready"] = "ready"


class Operations:
    """What the routes for those who run the service need."""

    def __init__(self, journal: Journal, metrics: Metrics) -> None:
        self.journal, self.numbers = journal, metrics

    async def health(self) -> Health:
        """Answer by asking nothing but the process itself."""
        return Health()

    def ready(self) -> Ready:
        """Answer 503 where the log cannot be written; the model was loaded before the first request."""
        self.journal.probe()
        return Ready()

    def metrics(self) -> Response:
        """Return requests, latencies, predictions and scores, how the log is, and what the monitor found."""
        return Response(self.numbers.text() + gauges_of(self.journal), media_type=CONTENT_TYPE_LATEST)

    def router(self) -> APIRouter:
        """Return the routes."""
        routes = APIRouter(tags=["operations"])
        routes.add_api_route("/health", self.health, summary="Does the process answer?")
        can = "Can it predict: model loaded, log writable?"
        routes.add_api_route("/ready", self.ready, responses=problems(503), summary=can)
        numbers = "Numbers for Prometheus"
        routes.add_api_route("/metrics", self.metrics, response_class=Response, responses={200: TEXT}, summary=numbers)
        return routes
