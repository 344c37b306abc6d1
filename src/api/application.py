"""settings and the delivered versions -> the service: its parts, its routes, its layers"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from pydantic import ValidationError
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from src.api import docs, logs, openapi, problems
from src.api.admission import Admission, AdmissionMiddleware
from src.api.direct import DirectMiddleware
from src.api.drain import draining
from src.api.garbage import seldom_collected
from src.api.metrics import Metrics
from src.api.middleware import ExchangeMiddleware
from src.api.protocol import BOUNDS, Bounds
from src.api.routes.alerts import Alerts
from src.api.routes.applicants import Applicants
from src.api.routes.history import History
from src.api.routes.login import Login
from src.api.routes.models import Models
from src.api.routes.monitoring import Monitoring
from src.api.routes.operations import Operations
from src.api.routes.outcomes import Outcomes
from src.api.routes.predictions import Predictions
from src.api.routes.swaps import Swaps
from src.api.routes.verify import Verify
from src.api.security import Gate
from src.api.settings import Settings
from src.api.startup import wrong_variables
from src.api.training_record import TrainingRecord
from src.api.trial import Trial, trial_of
from src.api.watch import Watch
from src.api.workers import Workers
from src.feature_store.online import Online, online
from src.journal.clock import Clock
from src.journal.journal import Journal
from src.journal.service import Service, service_of
from src.journal.settings import ROOT


def from_environment() -> Settings:
    """Return this deployment's settings; raises LastroError, a sentence for each variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise wrong_variables(error) from None


def service(settings: Settings, clock: Clock) -> FastAPI:
    """Return the application of these settings, by this clock."""
    metrics = Metrics(settings.multiprocess_metrics)
    gate = Gate(settings, metrics)
    admission = Admission(gate, metrics_open=settings.metrics_open)
    journal = Journal(settings.journal_url, settings.database_timeout)
    workers = Workers(settings.state / "api" / "workers")
    watch = Watch(settings.models, settings.deliveries, workers, metrics, TrainingRecord(journal))
    process = service_of(ROOT, settings.git_commit, clock)
    metrics.code.labels(process.code_commit or "").set(1)
    trial = trial_of(settings, journal, metrics, clock)
    store = online(settings.features_address, settings.database_timeout)
    bounds = Bounds(settings.max_head_bytes, settings.head_timeout, settings.max_body_bytes, settings.drain_seconds)
    app = FastAPI(
        title="Lastro",
        lifespan=lifespan(journal, process, gate, watch, trial, bounds, store),
        openapi_url=None,
        redirect_slashes=False,  # the address would be made of a header that anybody may write
        telemetry={"tracing": False, "metrics": False, "logs": False},  # else it is asked for at every request
        generate_unique_id_function=lambda route: route.name,  # what a generated client calls its functions
    )
    predictions = Predictions(watch, journal, metrics, process.id, trial, clock)
    applicants = Applicants(predictions, store, settings.features_max_age)
    direct = [*predictions.routes(), *applicants.direct()]
    app.router.routes += direct
    history = History(journal, gate)
    rooms = (
        applicants,
        Login(gate),
        history,
        Verify(history, watch),
        Models(watch, journal),
        Swaps(watch, journal, history),
        Outcomes(watch, journal, metrics, clock),
        Monitoring(journal),
        Alerts(journal, clock),
        Operations(journal, metrics),
    )
    for room in rooms:
        app.include_router(room.router())
    openapi.install(app, lambda: watch.now.champion, admission)
    docs.install(app)
    problems.install(app)
    inner = DirectMiddleware(app.build_middleware_stack(), direct)
    app.middleware_stack = layered(inner, settings, admission, metrics, bounds)
    logs.configure(settings.log_level)
    return app


def lifespan(
    journal: Journal, process: Service, gate: Gate, watch: Watch, trial: Trial | None, bounds: Bounds, store: Online
) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Any]]]:
    """Return what surrounds the service's life; its state reaches each connection of the server."""

    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        journal.start()
        journal.register(process)
        watch.record.take_up(watch.now)
        if trial:
            trial.start()
        with draining(bounds), seldom_collected():
            async with watch.following():
                yield {BOUNDS: bounds}
        if trial:
            trial.close()
        gate.passwords.close()
        store.close()
        journal.close()

    return live


def layered(app: ASGIApp, settings: Settings, admission: Admission, metrics: Metrics, bounds: Bounds) -> ASGIApp:
    """Return an application within our layers, the outermost last; two of them only where a deployment asks for them.

    They stand around FastAPI's own, of which it would put three around what it is given by `add_middleware`.
    """
    app = AdmissionMiddleware(app, admission)
    if settings.cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["x-api-key", "authorization", "content-type", "x-request-id"],
            expose_headers=["x-request-id", "retry-after"],
        )
    app = ExchangeMiddleware(app, metrics, bounds, settings.body_timeout)
    if settings.trusted_proxies:
        app = ProxyHeadersMiddleware(app, trusted_hosts=list(settings.trusted_proxies))  # type: ignore[arg-type, assignment]
    return app
