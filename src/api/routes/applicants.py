"""POST /predict/applicant/{id}, POST /predict/applicants: stored features -> contract -> scorer -> journal -> answer

A problem names where an id stands in the request, never the applicant's features.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, ParamSpec, TypeVar

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import ValidationError
from pydantic_core import from_json, to_json
from starlette._utils import get_route_path
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from src.api.bodies import Body, require_json, whole
from src.api.problems import SHOWN, FieldError, ProblemError
from src.api.routes.predictions import Asked, Predictions, Source, operation, route
from src.api.schemas import BatchOut, FeaturesOut, PredictionOut
from src.api.versions import Version
from src.feature_store.online import Found, NoStoreError, Online, StoreUnavailableError
from src.feature_store.table import Package, State
from src.serving.overrides import LONGEST_ID, ids_type

Asking = ParamSpec("Asking")
Said = TypeVar("Said")
PATH = "/predict/applicant/{id}"
ID: dict[str, Any] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "the applicant's id in the feature store",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_ID},
}
NO_STORE = "There are no applicants by id here: `python -m src.feature_store materialize` brings them."
logger = logging.getLogger(__name__)
SILENT = "The feature store does not answer; nothing was recorded. Try again shortly."


class Fault(NamedTuple):
    """Why a stored applicant cannot be scored."""

    status: int
    rule: str
    detail: str


UNKNOWN = Fault(404, "unknown", "is unknown")
FOREIGN = Fault(409, "package", "has features of another data package than this version's")
EXPIRED = Fault(409, "expired", "has features that have expired")
INCOMPLETE = Fault(422, "incomplete", "has features that are not all that this version needs")
FAULTS = (UNKNOWN, FOREIGN, EXPIRED, INCOMPLETE)


class Applicants:
    """What the routes of stored applicants need; they score, record and answer as `Predictions` does."""

    def __init__(self, predictions: Predictions, online: Online, age: timedelta | None) -> None:
        self.predictions, self.online, self.age = predictions, online, age
        self.ids = Body(ids_type(), names=len)
        self.compared: tuple[Package, Version, bool] | None = None

    async def predict_applicant(self, request: Request) -> Response:
        """Return the answer for a stored applicant; what the body says counts instead of what is stored."""
        asked = self.predictions.asked(request)
        body = await whole(request)
        overrides: dict[str, Any] = {}
        if body:
            require_json(request.scope["headers"])
            overrides = asked.version.overrides.parsed(body)
        applicant_id = get_route_path(request.scope)[len(PATH.partition("{")[0]) :]
        found = await self.found(applicant_id)
        applicant = self.applicant(asked, found, overrides)
        if found is None or isinstance(applicant, Fault):
            fault = applicant if isinstance(applicant, Fault) else UNKNOWN
            raise ProblemError(fault.status, f"The applicant {fault.detail}.", [told(fault, "/id")])
        return await self.predictions.answer(asked, applicant, Source(applicant_id, found.event_time))

    async def predict_applicants(self, request: Request) -> Response:
        """Return an answer to each of 1 to 1 000 stored applicants, in their order, all or none."""
        asked = self.predictions.asked(request)
        ids: list[str] = (await self.ids.of(request))["ids"]
        rows = await asking(self.online.find_all, ids)
        read = [self.applicant(asked, found, {}) for found in rows]
        refuse([one if isinstance(one, Fault) else None for one in read])
        applicants = [one for one in read if not isinstance(one, Fault)]
        sources = [Source(one, row.event_time) for one, row in zip(ids, rows, strict=True) if row]
        return await self.predictions.answer_all(asked, applicants, sources)

    async def found(self, applicant_id: str) -> Found | None:
        """Return an applicant's newest features; raises ProblemError 404 or 503."""
        if not self.online.immediate:
            return await asking(self.online.find, applicant_id)
        try:
            return self.online.find(applicant_id)
        except (NoStoreError, StoreUnavailableError) as error:
            raise silent(error) from None

    def applicant(self, asked: Asked, found: Found | None, overrides: dict[str, Any]) -> dict[str, Any] | Fault:
        """Return a stored applicant as the version's contract has it, or why there is none."""
        version = asked.version
        if found is None:
            return UNKNOWN
        if not self.fits(found.package, version):
            return FOREIGN
        if self.age is not None and self.predictions.time() - found.event_time > self.age:
            return EXPIRED
        features: str | bytes = found.features
        if overrides or not found.package.fields.keys() <= version.names:
            stored = from_json(features)
            kept = {name: value for name, value in stored.items() if name in version.names}
            features = to_json(kept | overrides)
        try:
            read: dict[str, Any] = version.one.read(features)
        except ValidationError:
            return INCOMPLETE
        return read

    def fits(self, package: Package, version: Version) -> bool:
        """Say whether a version takes a package's rows; the last pair's answer is kept."""
        last = self.compared
        if last is None or last[0] is not package or last[1] is not version:
            last = self.compared = (package, version, fits(package, version))
        return last[2]

    async def features_status(self) -> FeaturesOut:
        """Return how it stands with the stored features, and whether the champion's contract takes them.

        Nothing is stored where nobody has materialized anything.
        """
        try:
            states = await run_in_threadpool(self.online.states)
        except NoStoreError:
            states = []
        except StoreUnavailableError as error:
            raise silent(error) from None
        return status(states, self.predictions.watch.now.champion, self.predictions.time())

    def direct(self) -> list[APIRoute]:
        """Return the two routes that predict."""
        one, many = operation("Overrides", ID, required=False), operation("Ids")
        return [
            route(PATH, self.predict_applicant, PredictionOut, one, 409),
            route("/predict/applicants", self.predict_applicants, BatchOut, many, 409),
        ]

    def router(self) -> APIRouter:
        """Return the route of the store itself."""
        routes = APIRouter(tags=["predictions"])
        routes.add_api_route("/features/status", self.features_status)
        return routes


async def asking(ask: Callable[Asking, Said], *arguments: Asking.args, **named: Asking.kwargs) -> Said:
    """Return what the online table says, asked in a thread; raises ProblemError 404 or 503."""
    try:
        return await run_in_threadpool(ask, *arguments, **named)
    except (NoStoreError, StoreUnavailableError) as error:
        raise silent(error) from None


def silent(error: Exception) -> ProblemError:
    """Return 404 where nobody has materialized anything, 503 where the table does not answer."""
    if isinstance(error, NoStoreError):
        return ProblemError(404, NO_STORE)
    logger.error("feature store unavailable", extra={"reason": str(error)})
    return ProblemError(503, SILENT, headers={"Retry-After": "1"})


def fits(package: Package, version: Version) -> bool:
    """Say whether rows that were checked by a data package are what a version's contract asks for."""
    card = version.card
    return package.name == card.dataset.name and all(
        package.fields.get(feature.name) == feature.type for feature in card.features
    )


def refuse(faults: Sequence[Fault | None]) -> None:
    """Raise ProblemError for the gravest fault that any has, with the places of all whose fault it is."""
    for fault in FAULTS:
        places = [place for place, found in enumerate(faults) if found is fault]
        if places:
            errors = [told(fault, f"#/ids/{place}") for place in places[:SHOWN]]
            count = f"{len(places)} of {len(faults)} applicants: each {fault.detail}"
            more = f"; the first {SHOWN} are named" if len(places) > SHOWN else ""
            raise ProblemError(fault.status, f"{count}{more}.", errors)


def told(fault: Fault, pointer: str) -> FieldError:
    """Return a fault as a problem document names it."""
    return FieldError(pointer=pointer, detail=f"The applicant {fault.detail}", type=fault.rule)


def status(states: Sequence[State], champion: Version, now: datetime) -> FeaturesOut:
    """Return how it stands: with the rows that the champion takes, else with those that were brought last."""
    if not states:
        return FeaturesOut(compatible=False, rows=0, newest=None, age_s=None, package=None)
    own = [state for state in states if fits(state.package, champion)]
    state = (own or states)[-1]
    age = (now - state.newest).total_seconds() if state.newest else None
    return FeaturesOut(
        compatible=bool(own), rows=state.rows, newest=state.newest, age_s=age, package=state.package.name
    )
