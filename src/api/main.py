"""settings and models/ -> the service: `uvicorn --factory src.api.main:create_app`"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from pydantic import ValidationError
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from src.api import logs, openapi, problems, protocol
from src.api.metrics import Metrics
from src.api.middleware import Envelope
from src.api.provenance import provenance
from src.api.routes import operations
from src.api.routes.history import History
from src.api.routes.models import Models
from src.api.routes.predictions import Predictions
from src.api.security import Gate
from src.api.settings import Settings
from src.errors import LastroError
from src.journal.journal import Journal
from src.serving.predictors import load


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service; raises LastroError where the model is not the one that its card names.

    Without settings they are read from the environment, and what is wrong there ends the process with a sentence.
    """
    if settings is not None:
        return service(settings)
    try:
        return service(Settings())
    except LastroError as error:
        sys.exit(f"error: {error}")
    except ValidationError as error:
        sys.exit("\n".join(f"error: {sentence}" for sentence in wrong_variables(error)))


def wrong_variables(error: ValidationError) -> list[str]:
    """A sentence for each variable that is wrong; never its value, which may be a secret."""
    return [
        f"LASTRO_{'_'.join(map(str, problem['loc'][:1])).upper()}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def service(settings: Settings) -> FastAPI:
    """The application of these settings."""
    logs.configure(settings.log_level)
    protocol.install(settings.max_head_bytes, settings.head_timeout)
    served = load(settings.models)
    origin = provenance(settings.models, served.card)
    gate, metrics = Gate(settings), Metrics(settings.multiprocess_metrics)
    metrics.model.labels(origin.name, origin.version or "", origin.sha256).set(1)
    journal = Journal(settings.journal_url, settings.database_timeout)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        journal.start()
        yield
        journal.close()

    app = FastAPI(
        title="Lastro",
        version=origin.version or "0",
        description=f"Credit scores of {served.card.dataset.title}. The version is the model's; 0 is not published.",
        lifespan=lifespan,
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # else it is asked for at every request
        generate_unique_id_function=lambda route: route.name,  # what a generated client calls its functions
    )
    predictions = Predictions(served, origin, gate, journal, metrics)
    app.router.routes += predictions.routes()  # first and direct, for they are asked most
    app.include_router(History(journal).router(gate))
    app.include_router(Models(served, origin, settings.models).router(gate))
    app.include_router(operations.router(journal, metrics, gate, settings.metrics_open))
    openapi.install(app, predictions.batch, gate)
    problems.install(app)
    add_layers(app, settings, metrics)
    return app


def add_layers(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """The envelope around every request; what is outside of it only where a deployment asks for it."""
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["x-api-key", "content-type", "x-request-id"],
            expose_headers=["x-request-id", "retry-after"],
        )
    app.add_middleware(
        Envelope,
        metrics=metrics,
        max_head_bytes=settings.max_head_bytes,
        max_body_bytes=settings.max_body_bytes,
        body_timeout=settings.body_timeout,
    )
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
