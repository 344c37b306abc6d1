"""the log -> GET /predictions, /predictions/{id}"""

import json
import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BeforeValidator

from src.api.openapi import problems
from src.api.problems import ProblemError
from src.api.schemas import PageOut, RecordedModel, RecordedOut
from src.api.security import Caller
from src.journal.journal import Journal, Page
from src.journal.tables import Entry
from src.model.points import Decision

Limit = Annotated[int, Query(ge=1, le=500, description="predictions on a page")]
Cursor = Annotated[UUID | None, Query(description="`next` of the page before")]
DATED = re.compile(r"\d{4}-\d\d-\d\d")


def dated(value: Any) -> Any:
    """Refuse bare numbers, which pydantic would take for seconds since 1970."""
    if isinstance(value, str) and not DATED.match(value):
        raise ValueError("must begin with a date, such as 2026-01-31")
    return value


Moment = Annotated[
    AwareDatetime | None, BeforeValidator(dated), Query(description="with its zone, such as 2026-01-31T12:00:00Z")
]


class History:
    """What the reading routes need."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def prediction(self, prediction_id: UUID, request: Request) -> RecordedOut:
        """Return one prediction of this key."""
        caller: Caller = request.state.caller
        entry = self.journal.find(caller.key_id, str(prediction_id))
        if entry is None:
            raise ProblemError(404, "This key has no prediction with this id.")
        return recorded(entry)

    def predictions(
        self,
        request: Request,
        limit: Limit = 50,
        cursor: Cursor = None,
        since: Moment = None,
        until: Moment = None,
        decision: Decision | None = None,
    ) -> PageOut:
        """Return this key's predictions, newest first."""
        caller: Caller = request.state.caller
        wanted = Page(limit + 1, str(cursor) if cursor else None, since, until, decision)
        entries = self.journal.page(caller.key_id, wanted)
        more = entries[limit - 1].id if len(entries) > limit else None
        return PageOut(predictions=[recorded(entry) for entry in entries[:limit]], next=more)

    def router(self) -> APIRouter:
        """Return the routes."""
        routes = APIRouter(tags=["history"])
        routes.add_api_route("/predictions", self.predictions, responses=problems(422))
        routes.add_api_route("/predictions/{prediction_id}", self.prediction, responses=problems(404, 422))
        return routes


def recorded(entry: Entry) -> RecordedOut:
    """Return a row of the log as an answer."""
    return RecordedOut(
        prediction_id=entry.id,
        time=entry.time,
        probability_of_default=entry.probability_of_default,
        score=entry.score,
        decision=entry.decision,
        reasons=json.loads(entry.reasons),
        inputs=json.loads(entry.inputs),
        model=RecordedModel(sha256=entry.model_sha256, version=entry.model_version),
        threshold=entry.threshold,
        scale=json.loads(entry.scale) if entry.scale else None,
        purpose=entry.purpose,
    )
