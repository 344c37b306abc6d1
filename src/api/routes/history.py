"""the log -> GET /predictions, /predictions/{id}"""

import json
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from src.api.callers import Caller
from src.api.entries import ADMIN
from src.api.openapi import problems
from src.api.problems import ProblemError
from src.api.schemas import OutcomeOut, PageOut, RecordedModel, RecordedOut, Timed
from src.api.security import Gate
from src.journal.batch_ids import of_batch, row_of
from src.journal.batch_runs import runs_of
from src.journal.journal import Journal, Page
from src.journal.outcomes import Standing, standing
from src.journal.tables import Entry, Purpose
from src.model.points import Decision

Limit = Annotated[int, Query(ge=1, le=500, description="predictions on a page")]
Cursor = Annotated[UUID | None, Query(description="`next` of the page before")]
NO_CONTROL = r"^[^\x00-\x1f]*$"  # which no database of ours could hold
Version = Annotated[str | None, Query(max_length=64, pattern=NO_CONTROL, description="of the model that answered")]
Asker = Annotated[
    str | None,
    Query(
        max_length=80,
        pattern=NO_CONTROL,
        description="whose: a key's name or user:NAME instead of you; scope admin only",
    ),
]

BATCH = (
    "This is row {row} of the batch run {run}, recorded {time:%Y-%m-%d %H:%M} UTC: its answer stands in the run's"
    " output, not in the log. Where the project is: `python -m src.lineage.replay {id}`."
)
Moment = Annotated[Timed | None, Query(description="with its zone, such as 2026-01-31T12:00:00Z")]


class History:
    """What the reading routes need."""

    def __init__(self, journal: Journal, gate: Gate) -> None:
        self.journal, self.gate = journal, gate

    def prediction(self, prediction_id: UUID, request: Request, caller: Asker = None) -> RecordedOut:
        """Return one prediction of this caller."""
        return self.recorded([self.entry(prediction_id, request, caller)])[0]

    def entry(self, prediction_id: UUID, request: Request, caller: str | None) -> Entry:
        """Return the row of a prediction of this caller; raises ProblemError 404."""
        entry = self.journal.find(self.whose(request, caller), str(prediction_id))
        if entry is None:
            raise ProblemError(404, self.lacking(str(prediction_id)))
        return entry

    def lacking(self, prediction_id: str) -> str:
        """Return why there is no such prediction; a batch's row is told by its run."""
        if of_batch(prediction_id):
            with self.journal.transaction() as connection:
                run = runs_of(connection, [prediction_id]).get(prediction_id)
            if run is not None:
                return BATCH.format(row=row_of(prediction_id), run=run.run_id, time=run.time, id=prediction_id)
        return "This caller has no prediction with this id."

    def predictions(
        self,
        request: Request,
        limit: Limit = 50,
        cursor: Cursor = None,
        since: Moment = None,
        until: Moment = None,
        decision: Decision | None = None,
        version: Version = None,
        purpose: Purpose | None = None,
        caller: Asker = None,
    ) -> PageOut:
        """Return this caller's predictions, newest first."""
        wanted = Page(limit + 1, str(cursor) if cursor else None, since, until, decision, version, purpose)
        entries = self.journal.page(self.whose(request, caller), wanted)
        more = entries[limit - 1].id if len(entries) > limit else None
        return PageOut(predictions=self.recorded(entries[:limit]), next=more)

    def recorded(self, entries: Sequence[Entry]) -> list[RecordedOut]:
        """Return rows of the log as answers, with the outcomes that count."""
        with self.journal.transaction() as connection:
            known = standing(connection, [entry.id for entry in entries])
        return [recorded(entry, known.get(entry.id)) for entry in entries]

    def whose(self, request: Request, wanted: str | None) -> str:
        """Return whose predictions are wanted: one's own, or another's with scope admin; raises ProblemError 403."""
        caller: Caller = request.state.caller
        if wanted is None:
            return caller.key_id
        self.gate.require(ADMIN, caller, request.scope)
        return wanted

    def router(self) -> APIRouter:
        """Return the routes."""
        routes = APIRouter(tags=["history"])
        routes.add_api_route("/predictions", self.predictions, responses=problems(422))
        routes.add_api_route("/predictions/{prediction_id}", self.prediction, responses=problems(404, 422))
        return routes


def recorded(entry: Entry, outcome: Standing | None) -> RecordedOut:
    """Return a row of the log, and what became of the applicant, as an answer."""
    return RecordedOut(
        prediction_id=entry.id,
        caller=entry.key_id,
        time=entry.time,
        probability_of_default=entry.probability_of_default,
        score=entry.score,
        decision=entry.decision,
        reasons=json.loads(entry.reasons),
        inputs=json.loads(entry.inputs),
        model=RecordedModel(
            sha256=entry.model_sha256,
            version=entry.model_version,
            form_sha256=entry.form_sha256,
            git_commit=entry.git_commit,
        ),
        model_asked=entry.model_asked,
        threshold=entry.threshold,
        scale=json.loads(entry.scale) if entry.scale else None,
        purpose=entry.purpose,
        applicant_id=entry.applicant_id,
        feature_time=entry.feature_time,
        outcome=OutcomeOut(outcome=outcome.value, observed_at=outcome.observed_at) if outcome else None,
        kept=entry.kept,
    )
