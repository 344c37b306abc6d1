"""the log -> POST /predictions/{prediction_id}/verify: the logged inputs scored again by the form that answered them"""

import json
from uuid import UUID

from fastapi import APIRouter, Request

from src.api.openapi import problems
from src.api.problems import ProblemError
from src.api.routes.history import Asker, History
from src.api.schemas import ScoredOut, VerifiedOut
from src.api.watch import Watch
from src.journal.tables import Entry

COMMAND = "python -m src.lineage.replay {id}"
FORGOTTEN = "The applicant was forgotten: nothing is left of which the answer could be computed again."


class Verify:
    """What the route needs."""

    def __init__(self, history: History, watch: Watch) -> None:
        self.history, self.watch = history, watch

    def verify(self, prediction_id: UUID, request: Request, caller: Asker = None) -> VerifiedOut:
        """Score the logged inputs again by the form that answered, and compare each number to its last bit."""
        entry = self.history.entry(prediction_id, request, caller)
        logged = ScoredOut(
            probability_of_default=entry.probability_of_default,
            score=entry.score,
            decision=entry.decision,
            reasons=json.loads(entry.reasons),
        )
        again = self.again(entry, bool(logged.reasons))
        return VerifiedOut(equal=again == logged, logged=logged, again=again)

    def again(self, entry: Entry, reasons: bool) -> ScoredOut:
        """Return what the form that answered says now; raises ProblemError 409 where it is not served here."""
        if entry.kept == "forgotten":
            raise ProblemError(409, FORGOTTEN)
        if entry.kept == "archived":
            raise unproven(entry, "The inputs have left the log for the archive")
        version = self.watch.now.by_form(entry.form_sha256) if entry.form_sha256 else None
        if version is None:
            raise unproven(entry, "The form that answered is not served here")
        try:
            scored = version.served.scorer.score(json.loads(entry.inputs), reasons)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise unproven(entry, "The logged inputs are none of the form that answered") from None
        return ScoredOut(**scored._asdict() | {"reasons": [reason._asdict() for reason in scored.reasons]})

    def router(self) -> APIRouter:
        """Return the route."""
        routes = APIRouter(tags=["history"])
        routes.add_api_route(
            "/predictions/{prediction_id}/verify", self.verify, methods=["POST"], responses=problems(404, 409, 422)
        )
        return routes


def unproven(entry: Entry, why: str) -> ProblemError:
    """Return 409 with the command that computes it again from Git and the bucket."""
    return ProblemError(409, f"{why}. Where the project is: `{COMMAND.format(id=entry.id)}`.")
