"""the log's last applicants, two versions -> GET /models/{version}/swaps"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from src.api.openapi import problems
from src.api.routes.history import Asker, History
from src.api.routes.models import WORDS, Named
from src.api.schemas import SwapSetOut
from src.api.versions import CHAMPION, Version
from src.api.watch import Watch
from src.journal.journal import Journal, Page
from src.serving.swaps import swap_set

MOST = 1000  # applicants that are scored again
Against = Annotated[
    str, Query(description="the other version: champion, challenger or a number", json_schema_extra={**WORDS})
]


class Swaps:
    """What the route needs."""

    def __init__(self, watch: Watch, journal: Journal, history: History) -> None:
        self.watch, self.journal, self.history = watch, journal, history

    def swaps(self, version: Named, request: Request, against: Against = CHAMPION, caller: Asker = None) -> SwapSetOut:
        """Return whom one version would approve and the other decline, of the last 1 000 applicants of this caller.

        An applicant whom one of the contracts refuses is left out, and counted.
        """
        now = self.watch.now
        pair = {str(one.number): one for one in (now.at(version), now.asked(against))}
        if len(pair) == 1:
            return SwapSetOut(rows=0, left_out=0, both_approve=0, both_decline=0, groups=[])
        wanted = Page(MOST, purpose="application")
        texts = [entry.inputs for entry in self.journal.page(self.history.whose(request, caller), wanted)]
        applicants = understood(texts, list(pair.values()))
        features = next(iter(pair.values())).card.features
        found = swap_set({name: one.scorer for name, one in pair.items()}, applicants, features)
        return SwapSetOut(
            rows=found.rows,
            left_out=len(texts) - found.rows,
            both_approve=found.both_approve,
            both_decline=found.both_decline,
            groups=[
                group._asdict() | {"traits": [trait._asdict() for trait in group.traits]} for group in found.groups
            ],
        )

    def router(self) -> APIRouter:
        """Return the route."""
        routes = APIRouter(tags=["model"])
        title = "Whom one version approves and another declines"
        routes.add_api_route("/models/{version}/swaps", self.swaps, responses=problems(404, 422, 503), summary=title)
        return routes


def understood(texts: Sequence[str], versions: Sequence[Version]) -> list[dict[str, Any]]:
    """Return the applicants whom every version's contract takes, each asked for the fields that it knows."""
    asked = [(version.one.read, [*known.get("properties", {})]) for version in versions for known in [version.schema]]
    found = []
    for text in texts:
        applicant = from_json(text)
        try:
            for read, names in asked:
                read(to_json({name: applicant[name] for name in names if name in applicant}))
        except ValidationError:
            continue
        found.append(applicant)
    return found
