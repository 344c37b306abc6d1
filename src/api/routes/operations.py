"""the service itself -> GET /health, /ready, /metrics"""

from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import Response

from src.api.metrics import Metrics
from src.api.openapi import KEYED, problems
from src.api.security import Gate
from src.journal.journal import Journal

TEXT = {"content": {"text/plain": {"schema": {"type": "string"}}}}


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """The model is loaded and the log can be written."""

    status: Literal["ready"] = "ready"


def router(journal: Journal, metrics: Metrics, gate: Gate, metrics_open: bool) -> APIRouter:
    """The routes for those who run the service."""
    routes = APIRouter(tags=["operations"])
    routes.add_api_route("/health", health, response_model=Health, summary="Does the process answer?")
    routes.add_api_route(
        "/ready",
        ready_by(journal),
        response_model=Ready,
        responses=problems(503),
        summary="Can it predict: model loaded, log writable?",
    )
    routes.add_api_route(
        "/metrics",
        metrics_of(metrics, gate, metrics_open),
        name="metrics",
        response_class=Response,
        responses={200: TEXT, **problems(401, 429, 503)},
        openapi_extra=None if metrics_open else KEYED,
        summary="Numbers for Prometheus",
    )
    return routes


async def health() -> Health:
    """Nothing but the process itself is asked."""
    return Health()


def ready_by(journal: Journal) -> Callable[[], Ready]:
    """The readiness of this service."""

    def ready() -> Ready:
        """503 where the log cannot be written; the model was loaded before the first request."""
        journal.probe()
        return Ready()

    return ready


def metrics_of(metrics: Metrics, gate: Gate, is_open: bool) -> Callable[[Request], Response]:
    """The numbers of this service; with a key unless they are open."""

    def read(request: Request) -> Response:
        """Requests, latencies, predictions and scores."""
        headers = {} if is_open else gate.admit(request).headers
        return Response(metrics.text(), headers=headers, media_type=CONTENT_TYPE_LATEST)

    return read
