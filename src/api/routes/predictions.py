"""POST /predict, POST /predict/batch: contract -> scorer -> journal -> answer"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.responses import Response

from src.api.bodies import JSON, Json
from src.api.callers import Caller
from src.api.metrics import Metrics
from src.api.openapi import problems
from src.api.problems import ProblemError
from src.api.schemas import BatchOut, PredictionOut
from src.api.trial import Row, Trial
from src.api.versions import CHAMPION, MODEL_RULE, WORD, Version
from src.api.watch import Watch
from src.journal.clock import SYSTEM, Clock
from src.journal.journal import Journal
from src.journal.tables import PURPOSES, Entry, Purpose
from src.serving.scorer import Applicant, Reason, Scored

Word = TypeVar("Word", bound=str)
REASON = Reason._fields
MOST_WISHES = 256
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
    {
        "name": "model",
        "in": "query",
        "description": "champion, challenger or a version's number: who is to answer, by its own contract",
        "schema": {"type": "string", "pattern": f"^({WORD.pattern})$", "default": CHAMPION},
    },
]


class Wish(NamedTuple):
    """What a request asks for beside its body: reasons in any case, for what purpose, which version."""

    reasons: bool
    purpose: Purpose
    model: str | None

    @property
    def open(self) -> bool:
        """Say whether the challenger may have a part in it: somebody applies, and no version was asked for."""
        return self.model is None and self.purpose == PURPOSES[0]


class Predictions:
    """What the two routes need."""

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
        caller: Caller = request.scope["state"]["caller"]
        wish = wishes(request.scope["query_string"])
        now = self.watch.now  # all of an answer is of one moment
        version = now.champion if wish.model is None else now.asked(wish.model)
        applicant = await version.one.of(request)
        version.date([applicant], self.time)
        prediction_id = self.new_id()
        trial = self.trial if self.trial and wish.open else None
        if trial:
            version, _, applicant = trial.draw(now, prediction_id, applicant)
        scored = version.scorer.score(applicant, wish.reasons)
        entry, answer = self.record(version, caller.key_id, prediction_id, applicant, scored, wish)
        await self.journal.write([entry])
        if trial:
            trial.answered(now, [(version, prediction_id, applicant)])
        self.count([scored], wish.purpose)
        return Json(answer)

    async def predict_batch(self, request: Request) -> Response:
        """Return an answer to each of 1 to 1 000 applicants, in their order, all or none."""
        caller: Caller = request.scope["state"]["caller"]
        wish = wishes(request.scope["query_string"])
        now = self.watch.now
        version = now.champion if wish.model is None else now.asked(wish.model)
        applicants = (await version.many.of(request))["applicants"]
        version.date(applicants, self.time)
        trial = self.trial if self.trial and wish.open else None
        rows = [(version, self.new_id(), applicant) for applicant in applicants]
        if trial:
            rows = [trial.draw(now, one, applicant) for _, one, applicant in rows]
        scored = await run_in_threadpool(score_all, rows, wish.reasons)
        pairs = [
            self.record(version, caller.key_id, one, applicant, found, wish)
            for (version, one, applicant), found in zip(rows, scored, strict=True)
        ]
        await self.journal.write([entry for entry, _ in pairs])
        if trial:
            trial.answered(now, rows)
        self.count(scored, wish.purpose)
        answers = b",".join(answer for _, answer in pairs)
        return Json(b'{"predictions":[' + answers + b"]}")

    def record(
        self, version: Version, key_id: str, prediction_id: str, applicant: Applicant, scored: Scored, wish: Wish
    ) -> tuple[Entry, bytes]:
        """Return the log's row and the answer as JSON; what both hold is written once."""
        pd, score, decision, found = scored
        reasons = to_json([dict(zip(REASON, reason, strict=True)) for reason in found])
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
        """Return the two routes, their bodies in the document taken from the card."""
        return [
            APIRoute(
                path,
                endpoint,
                methods=["POST"],
                tags=["predictions"],
                operation_id=endpoint.__name__,
                response_model=answer,
                responses=problems(404, 408, 413, 415, 422),
                openapi_extra=operation(name),
            )
            for path, endpoint, name, answer in (
                ("/predict", self.predict, "Applicant", PredictionOut),
                ("/predict/batch", self.predict_batch, "Batch", BatchOut),
            )
        ]


def score_all(rows: Sequence[Row], reasons: bool) -> list[Scored]:
    """Score applicants, each by its version, those of a version together."""
    found: dict[str, Scored] = {}
    for version in {row[0] for row in rows}:
        own = [(one, applicant) for by, one, applicant in rows if by is version]
        scored = version.scorer.score_all([applicant for _, applicant in own], reasons)
        found |= zip((one for one, _ in own), scored, strict=True)
    return [found[one] for _, one, _ in rows]


@lru_cache(MOST_WISHES)
def wishes(query: bytes) -> Wish:
    """Return what a request's query wishes; raises ProblemError 422 for other words.

    Kept for the queries that come again: to read one takes a tenth of what a whole request does.
    """
    given = QueryParams(query)
    models = given.getlist("model")
    if len(models) > 1:
        raise ProblemError(422, MODEL_RULE)
    reasons = word(given, "reasons", ("false", "true")) == "true"
    return Wish(reasons, word(given, "purpose", PURPOSES), models[0] if models else None)


def word(query: QueryParams, name: str, words: Sequence[Word]) -> Word:
    """Return a parameter's word, the first where it is not given; raises ProblemError 422 for others, and for two."""
    given = query.getlist(name) or [words[0]]
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
