"""POST /predict, POST /predict/batch: contract -> scorer -> journal -> answer"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from src.api.bodies import JSON, Json
from src.api.callers import Caller
from src.api.metrics import Metrics
from src.api.openapi import problems
from src.api.schemas import BatchOut, PredictionOut
from src.api.trial import Row, Trial
from src.api.versions import Version, Versions
from src.api.watch import Watch
from src.api.wishes import PARAMETERS, Wish, wishes
from src.journal.clock import SYSTEM, Clock
from src.journal.journal import Journal
from src.journal.tables import Entry, Purpose
from src.serving.scorer import Applicant, Scored


class Source(NamedTuple):
    """Whose stored features an applicant's are, and of when; neither where the request brought them."""

    applicant_id: str | None = None
    feature_time: datetime | None = None


class Asked(NamedTuple):
    """Who asks for what, and what is served at that moment: all of an answer is of one."""

    key_id: str
    wish: Wish
    now: Versions
    version: Version


BROUGHT = Source()


class Predictions:
    """What all routes that predict need."""

    def __init__(
        self,
        watch: Watch,
        journal: Journal,
        metrics: Metrics,
        service_id: str,
        trial: Trial | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.watch, self.journal, self.metrics = watch, journal, metrics
        self.service_id, self.trial = service_id, trial
        self.time, self.new_id = clock

    async def predict(self, request: Request) -> Response:
        """Return the probability of default, points, decision and reasons of one applicant."""
        asked = self.asked(request)
        return await self.answer(asked, await asked.version.one.of(request))

    async def predict_batch(self, request: Request) -> Response:
        """Return an answer to each of 1 to 1 000 applicants, in their order, all or none."""
        asked = self.asked(request)
        return await self.answer_all(asked, (await asked.version.many.of(request))["applicants"])

    def asked(self, request: Request) -> Asked:
        """Return what a request asks beside its body; raises ProblemError 404, 422 or 503."""
        caller: Caller = request.scope["state"]["caller"]
        wish = wishes(request.scope["query_string"])
        now = self.watch.now
        version = now.champion if wish.model is None else now.asked(wish.model)
        return Asked(caller.key_id, wish, now, version)

    async def answer(self, asked: Asked, applicant: dict[str, Any], source: Source = BROUGHT) -> Response:
        """Score an applicant, write it down, answer."""
        key_id, wish, now, version = asked
        version.date([applicant], self.time)
        prediction_id = self.new_id()
        trial = self.trial if self.trial and wish.open else None
        if trial:
            version, _, applicant = trial.draw(now, prediction_id, applicant)
        scored = version.scorer.score(applicant, wish.reasons)
        entry, answer = self.record(version, key_id, prediction_id, applicant, scored, wish, source)
        await self.journal.write([entry])
        if trial:
            trial.answered(now, [(version, prediction_id, applicant)])
        self.count([scored], wish.purpose)
        return Json(answer)

    async def answer_all(
        self, asked: Asked, applicants: Sequence[dict[str, Any]], sources: Sequence[Source] = ()
    ) -> Response:
        """Score applicants, write them down together, answer in their order."""
        key_id, wish, now, version = asked
        sources = sources or [BROUGHT] * len(applicants)
        version.date(applicants, self.time)
        trial = self.trial if self.trial and wish.open else None
        rows = [(version, self.new_id(), applicant) for applicant in applicants]
        if trial:
            rows = [trial.draw(now, one, applicant) for _, one, applicant in rows]
        scored = await run_in_threadpool(score_all, rows, wish.reasons)
        pairs = [
            self.record(version, key_id, one, applicant, found, wish, source)
            for (version, one, applicant), found, source in zip(rows, scored, sources, strict=True)
        ]
        await self.journal.write([entry for entry, _ in pairs])
        if trial:
            trial.answered(now, rows)
        self.count(scored, wish.purpose)
        answers = b",".join(answer for _, answer in pairs)
        return Json(b'{"predictions":[' + answers + b"]}")

    def record(
        self,
        version: Version,
        key_id: str,
        prediction_id: str,
        applicant: Applicant,
        scored: Scored,
        wish: Wish,
        source: Source,
    ) -> tuple[Entry, bytes]:
        """Return the log's row and the answer as JSON; what both hold is written once."""
        pd, score, decision, found = scored
        reasons = to_json(
            [
                {"feature": feature, "title": title, "value": value, "points": points}
                for feature, title, value, points in found
            ]
        )
        entry = Entry(
            key_id,
            prediction_id,
            self.time(),
            version.sha256,
            version.number,
            to_json(applicant).decode(),
            pd,
            score,
            decision,
            reasons.decode(),
            version.threshold,
            version.scale,
            wish.purpose,
            version.form_sha256,
            version.git_commit,
            wish.model,
            self.service_id,
            *source,
        )
        head = to_json(
            {"prediction_id": prediction_id, "probability_of_default": pd, "score": score, "decision": decision}
        )
        return entry, b'%b,"reasons":%b,"model":%b}' % (head[:-1], reasons, version.json)

    def count(self, scored: Sequence[Scored], purpose: Purpose) -> None:
        """Count for Prometheus those who applied."""
        if purpose == "application":
            for found in scored:
                self.metrics.prediction(found.decision, found.score, found.probability_of_default)

    def routes(self) -> list[APIRoute]:
        """Return the two routes whose requests bring the applicants."""
        return [
            route("/predict", self.predict, PredictionOut, operation("Applicant")),
            route("/predict/batch", self.predict_batch, BatchOut, operation("Batch")),
        ]


def route(
    path: str, endpoint: Callable[[Request], Awaitable[Response]], answer: type, document: dict[str, Any], *more: int
) -> APIRoute:
    """Return a route that predicts: its endpoint reads the request itself, and may refuse by `more` than the others."""
    return APIRoute(
        path,
        endpoint,
        methods=["POST"],
        tags=["predictions"],
        operation_id=endpoint.__name__,
        response_model=answer,
        responses=problems(404, 408, *more, 413, 415, 422),
        openapi_extra=document,
    )


def score_all(rows: Sequence[Row], reasons: bool) -> list[Scored]:
    """Score applicants, each by its version, those of a version together."""
    found: dict[str, Scored] = {}
    for version in {row[0] for row in rows}:
        own = [(one, applicant) for by, one, applicant in rows if by is version]
        scored = version.scorer.score_all([applicant for _, applicant in own], reasons)
        found |= zip((one for one, _ in own), scored, strict=True)
    return [found[one] for _, one, _ in rows]


def operation(name: str, *parameters: dict[str, Any], required: bool = True) -> dict[str, Any]:
    """Return the document's body and parameters of a route that reads the request itself."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {
        "requestBody": {"required": required, "content": {JSON: {"schema": schema}}},
        "parameters": [*parameters, *PARAMETERS],
    }
