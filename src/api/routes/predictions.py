"""POST /predict, POST /predict/batch: contract -> scorer -> journal -> answer"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from src.api.applicants import applicant_type, batch_type
from src.api.bodies import JSON, Body, Json
from src.api.callers import Caller
from src.api.metrics import Metrics
from src.api.openapi import problems
from src.api.problems import ProblemError
from src.api.schemas import BatchOut, ModelOut, PredictionOut
from src.journal.identifiers import new_id
from src.journal.journal import Journal
from src.journal.tables import PURPOSES, Entry, Purpose
from src.serving.predictors import Served
from src.serving.scorer import Applicant, Reason, Scored

Word = TypeVar("Word", bound=str)
REASON = Reason._fields
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


class Predictions:
    """What the two routes need."""

    def __init__(self, served: Served, origin: ModelOut, journal: Journal, metrics: Metrics, service_id: str) -> None:
        self.scorer, self.journal, self.metrics = served.scorer, journal, metrics
        self.origin, self.form_sha256, self.service_id = origin, served.form_sha256, service_id
        self.model = to_json(origin)
        self.time = served.card.time.name if served.card.time else None
        self.threshold, self.scale = served.card.threshold, served.card.scale.model_dump_json()
        applicant = applicant_type(served.card)
        self.batch = batch_type(applicant)
        self.one = Body(applicant, names=len)
        self.many = Body(self.batch, names=lambda batch: 1 + sum(map(len, batch["applicants"])))

    async def predict(self, request: Request) -> Response:
        """Return the probability of default, points, decision and reasons of one applicant."""
        caller: Caller = request.scope["state"]["caller"]
        reasons, purpose = wishes(request)
        applicant = await self.one.of(request)
        self.date([applicant])
        scored = self.scorer.score(applicant, reasons)
        entry, answer = self.record(caller.key_id, applicant, scored, purpose)
        await self.journal.write([entry])
        self.count([scored], purpose)
        return Json(answer)

    async def predict_batch(self, request: Request) -> Response:
        """Return an answer to each of 1 to 1 000 applicants, in their order, all or none."""
        caller: Caller = request.scope["state"]["caller"]
        reasons, purpose = wishes(request)
        applicants = (await self.many.of(request))["applicants"]
        self.date(applicants)
        scored = await run_in_threadpool(self.scorer.score_all, applicants, reasons)
        pairs = [self.record(caller.key_id, one, found, purpose) for one, found in zip(applicants, scored, strict=True)]
        await self.journal.write([entry for entry, _ in pairs])
        self.count(scored, purpose)
        answers = b",".join(answer for _, answer in pairs)
        return Json(b'{"predictions":[' + answers + b"]}")

    def date(self, applicants: Sequence[dict[str, Any]]) -> None:
        """Write today, in UTC, into each application that does not say when it was made, where the contract asks."""
        if self.time:
            today = datetime.now(UTC).date().isoformat()
            for applicant in applicants:
                applicant[self.time] = applicant.get(self.time) or today

    def record(self, key_id: str, applicant: Applicant, scored: Scored, purpose: Purpose) -> tuple[Entry, bytes]:
        """Return the log's row and the answer as JSON; what both hold is written once."""
        prediction_id, (pd, score, decision, found) = new_id(), scored
        reasons = to_json([dict(zip(REASON, reason, strict=True)) for reason in found])
        entry = Entry(
            key_id,
            prediction_id,
            datetime.now(UTC),
            self.origin.sha256,
            self.origin.version,
            to_json(applicant).decode(),
            pd,
            score,
            decision,
            reasons.decode(),
            self.threshold,
            self.scale,
            purpose,
            self.form_sha256,
            self.origin.git_commit,
            None,
            self.service_id,
        )
        head = to_json(
            {"prediction_id": prediction_id, "probability_of_default": pd, "score": score, "decision": decision}
        )
        return entry, b'%b,"reasons":%b,"model":%b}' % (head[:-1], reasons, self.model)

    def count(self, scored: Sequence[Scored], purpose: Purpose) -> None:
        """Count for Prometheus those who applied."""
        if purpose == "application":
            for found in scored:
                self.metrics.prediction(found.decision, found.score)

    def routes(self) -> list[APIRoute]:
        """Return the two routes, their bodies in the document taken from the card."""
        return [
            APIRoute(
                path,
                endpoint,
                methods=["POST"],
                tags=["predictions"],
                operation_id=endpoint.__name__,
                response_model=answer,
                responses=problems(408, 413, 415, 422),
                openapi_extra=operation(name),
            )
            for path, endpoint, name, answer in (
                ("/predict", self.predict, "Applicant", PredictionOut),
                ("/predict/batch", self.predict_batch, "Batch", BatchOut),
            )
        ]


def wishes(request: Request) -> tuple[bool, Purpose]:
    """Return whether reasons are wanted in any case, and the purpose; raises ProblemError 422 for other words."""
    if not request.scope["query_string"]:
        return False, PURPOSES[0]
    return word(request, "reasons", ("false", "true")) == "true", word(request, "purpose", PURPOSES)


def word(request: Request, name: str, words: Sequence[Word]) -> Word:
    """Return a parameter's word, the first where it is not given; raises ProblemError 422 for others, and for two."""
    given = request.query_params.getlist(name) or [words[0]]
    for known in words:
        if given == [known]:
            return known
    raise ProblemError(422, f"{name} is {' or '.join(words)}")


def operation(name: str) -> dict[str, Any]:
    """Return the document's body and parameters of a route that reads the request itself."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {
        "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
        "parameters": PARAMETERS,
    }
