"""POST /predict, POST /predict/batch: key -> limit -> contract -> scorer -> journal -> answer"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from src.api.applicants import applicant_type, batch_type
from src.api.metrics import Metrics
from src.api.openapi import KEYED, problems
from src.api.problems import ProblemError, invalid
from src.api.schemas import BatchOut, ModelOut, PredictionOut
from src.api.security import Gate
from src.journal.identifiers import new_id
from src.journal.journal import Journal
from src.journal.tables import PURPOSES, Entry, Purpose
from src.serving.predictors import Served
from src.serving.scorer import Applicant, Scored

JSON = "application/json"
Word = TypeVar("Word", bound=str)
PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "reasons",
        "in": "query",
        "description": "reasons for an approved applicant too",
        "schema": {"type": "boolean", "default": False},
    },
    {
        "name": "purpose",
        "in": "query",
        "description": "what-if: nobody applies; the record says so, and the metrics leave it out",
        "schema": {"type": "string", "enum": PURPOSES, "default": PURPOSES[0]},
    },
]


class DirectRoute(APIRoute):
    """FastAPI's route in the document, on the wire nothing but the endpoint, which reads the request itself.

    FastAPI's dependencies, body parsing and exit stacks would cost as much as all that `predict` does.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; another method is refused as FastAPI refuses it."""
        if scope["method"] != "POST":
            await super().handle(scope, receive, send)
            return
        response: Response = await self.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


class Predictions:
    """What the two routes need."""

    def __init__(self, served: Served, origin: ModelOut, gate: Gate, journal: Journal, metrics: Metrics) -> None:
        self.scorer, self.gate, self.journal, self.metrics = served.scorer, gate, journal, metrics
        self.origin = origin
        self.model = origin.model_dump()
        self.threshold, self.scale = served.card.threshold, served.card.scale.model_dump_json()
        self.applicant = applicant_type(served.card)
        self.batch = batch_type(self.applicant)
        self.read_one = TypeAdapter(self.applicant).validator.validate_json
        self.read_many = TypeAdapter(self.batch).validator.validate_json

    async def predict(self, request: Request) -> Response:
        """The probability of default, points, decision and reasons of one applicant."""
        caller = self.gate.admit(request)
        reasons, purpose = wishes(request)
        applicant = await body(request, self.read_one)
        scored = self.scorer.score(applicant, reasons)
        entry, answer = self.record(caller.key_id, applicant, scored, purpose)
        await self.journal.write([entry])
        self.count([scored], purpose)
        return Response(to_json(answer), headers=caller.headers, media_type=JSON)

    async def predict_batch(self, request: Request) -> Response:
        """1 to 1 000 applicants, one answer each in their order, all or none."""
        caller = self.gate.admit(request)
        reasons, purpose = wishes(request)
        applicants = (await body(request, self.read_many))["applicants"]
        scored = await run_in_threadpool(self.scorer.score_all, applicants, reasons)
        pairs = [self.record(caller.key_id, one, found, purpose) for one, found in zip(applicants, scored, strict=True)]
        await self.journal.write([entry for entry, _ in pairs])
        self.count(scored, purpose)
        return Response(
            to_json({"predictions": [answer for _, answer in pairs]}), headers=caller.headers, media_type=JSON
        )

    def record(
        self, key_id: str, applicant: Applicant, scored: Scored, purpose: Purpose
    ) -> tuple[Entry, dict[str, Any]]:
        """Return the log's row and the answer."""
        prediction_id = new_id()
        pd, score, decision, found = scored
        reasons = [reason._asdict() for reason in found]
        entry = Entry(
            key_id=key_id,
            id=prediction_id,
            time=datetime.now(UTC),
            model_sha256=self.origin.sha256,
            model_version=self.origin.version,
            inputs=to_json(applicant).decode(),
            probability_of_default=pd,
            score=score,
            decision=decision,
            reasons=to_json(reasons).decode(),
            threshold=self.threshold,
            scale=self.scale,
            purpose=purpose,
        )
        answer = {
            "prediction_id": prediction_id,
            "probability_of_default": pd,
            "score": score,
            "decision": decision,
            "reasons": reasons,
            "model": self.model,
        }
        return entry, answer

    def count(self, scored: Sequence[Scored], purpose: Purpose) -> None:
        """Count for Prometheus those who applied."""
        if purpose == "application":
            for found in scored:
                self.metrics.decisions[found.decision].inc()
                self.metrics.scores.observe(found.score)

    def routes(self) -> list[BaseRoute]:
        """The two routes, their bodies in the document taken from the card."""
        return [
            DirectRoute(
                path,
                endpoint,
                methods=["POST"],
                tags=["predictions"],
                operation_id=endpoint.__name__,
                response_model=answer,
                responses=problems(401, 408, 413, 415, 422, 429, 503),
                openapi_extra=operation(name),
            )
            for path, endpoint, name, answer in (
                ("/predict", self.predict, "Applicant", PredictionOut),
                ("/predict/batch", self.predict_batch, "Batch", BatchOut),
            )
        ]


async def body(request: Request, read: Callable[[bytes], Any]) -> Any:
    """The body as the contract has it; raises ProblemError 415 or 422."""
    if not request.headers.get("content-type", "").startswith(JSON):
        raise ProblemError(415, f"Send the body as {JSON}.")
    try:
        return read(await whole_body(request))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid(details) from None


async def whole_body(request: Request) -> bytes:
    """All parts of the body; most have one. Raises ClientDisconnect where the client has gone."""
    parts, more = [], True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def wishes(request: Request) -> tuple[bool, Purpose]:
    """Return whether reasons are wanted in any case, and the purpose; raises ProblemError 422 for other words."""
    if not request.scope["query_string"]:
        return False, PURPOSES[0]
    return word(request, "reasons", ("false", "true")) == "true", word(request, "purpose", PURPOSES)


def word(request: Request, name: str, words: Sequence[Word]) -> Word:
    """Return the word that a parameter has, the first where it is not given; raises ProblemError 422 for others."""
    given = request.query_params.get(name, words[0])
    for known in words:
        if given == known:
            return known
    raise ProblemError(422, f"{name} is {' or '.join(words)}")


def operation(name: str) -> dict[str, Any]:
    """Return the document's body and parameters of a route that reads the request itself."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return KEYED | {
        "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
        "parameters": PARAMETERS,
    }
