"""POST /outcomes: what became of applicants, and which groups they belong to -> the log, each message once"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic_core import ErrorDetails
from starlette.concurrency import run_in_threadpool

from src.api.bodies import JSON, Body
from src.api.callers import Caller
from src.api.metrics import Metrics
from src.api.openapi import problems
from src.api.outcome_bodies import names, outcomes_type
from src.api.problems import invalid
from src.api.schemas import OutcomesOut, OutcomeStatus
from src.api.versions import Versions
from src.api.watch import Watch
from src.journal import outcomes as journal_outcomes
from src.journal.clock import SYSTEM, Clock
from src.journal.journal import Journal
from src.journal.outcomes import Predicted, Status, Told, wrong_time
from src.serving.outcomes import Label, NotInContractError, OutcomeContract


class Given(NamedTuple):
    """An entry of a body, what is left out or null as None or nothing."""

    prediction_id: UUID
    outcome: Label | None = None
    observed_at: datetime | None = None
    groups: Mapping[str, Label | None] | None = None


class Outcomes:
    """What the route needs."""

    def __init__(self, watch: Watch, journal: Journal, metrics: Metrics, clock: Clock = SYSTEM) -> None:
        self.watch, self.journal, self.metrics, self.clock = watch, journal, metrics, clock
        self.body = Body(outcomes_type(), names=names)

    async def outcomes(self, request: Request) -> OutcomesOut:
        """Record what became of 1 to 1 000 predictions, in their order, all or none; return the status of each.

        `recorded`: stored. `repeated`: stored before, or what counts already. `corrected`: stored, and something else
        counts now. `unknown`: no application has this id; a what-if is none. The latest `observed_at` counts.
        """
        caller: Caller = request.state.caller
        entries = [Given(**entry) for entry in (await self.body.of(request))["outcomes"]]
        found = await run_in_threadpool(self.record, caller.key_id, entries)
        for status, count in Counter(found).items():
            self.metrics.outcomes[status](count)
        results = [
            OutcomeStatus(prediction_id=str(entry.prediction_id), status=status)
            for entry, status in zip(entries, found, strict=True)
        ]
        return OutcomesOut(results=results)

    def record(self, key_id: str, entries: Sequence[Given]) -> list[Status]:
        """Check entries by the contracts that answered, and store them all; raises ProblemError 422 if one is wrong."""
        now = self.clock.now()
        with self.journal.transaction() as connection:
            known = journal_outcomes.predicted(connection, [str(entry.prediction_id) for entry in entries])
        told, errors = checked(self.watch.now, entries, known, now)
        if errors:
            raise invalid(errors)
        with self.journal.transaction() as connection:
            return journal_outcomes.record(connection, told, known, key_id, now)

    def router(self) -> APIRouter:
        """Return the route."""
        routes = APIRouter(tags=["outcomes"])
        schema = {"$ref": "#/components/schemas/Outcomes"}
        routes.add_api_route(
            "/outcomes",
            self.outcomes,
            methods=["POST"],
            summary="Record what became of applicants",
            responses=problems(408, 413, 415, 422, 503),
            openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}},
        )
        return routes


def checked(
    versions: Versions, entries: Sequence[Given], known: Mapping[str, Predicted], now: datetime
) -> tuple[list[Told], list[ErrorDetails]]:
    """Return what entries tell, as the log keeps it, and all that is wrong with them."""
    told, errors = [], []
    for place, entry in enumerate(entries):
        found = known.get(str(entry.prediction_id))
        one, wrong = told_by(entry, contract_of(versions, found), found, now)
        told.append(one)
        errors += [
            ErrorDetails(type="contract", loc=("outcomes", place, *path), msg=problem, input=None)
            for path, problem in wrong
        ]
    return told, errors


def told_by(
    entry: Given, contract: OutcomeContract, known: Predicted | None, now: datetime
) -> tuple[Told, list[tuple[tuple[str, ...], str]]]:
    """Return what an entry tells, and what is wrong with it: the path of a field, and the problem with its rule."""
    late = wrong_time(entry.observed_at, known, now) if entry.observed_at else None
    wrong: list[tuple[tuple[str, ...], str]] = [(("observed_at",), late)] if late else []
    outcome: str | None = None
    groups: dict[str, str] = {}
    try:
        outcome = None if entry.outcome is None else contract.outcome(entry.outcome)
    except NotInContractError as error:
        wrong.append((("outcome",), str(error)))
    for name, value in (entry.groups or {}).items():
        try:
            if value is None:
                contract.require_group(name)
            else:
                groups[name] = contract.group(name, value)
        except NotInContractError as error:
            wrong.append((("groups", name), str(error)))
    return Told(str(entry.prediction_id), outcome, entry.observed_at, groups), wrong


def contract_of(versions: Versions, known: Predicted | None) -> OutcomeContract:
    """Return the contract that answered, the champion's where that form is not served here, or its card names nothing.

    A card of an earlier release names no labels; those of another version are then the best that is known.
    """
    own = versions.by_form(known.form_sha256) if known and known.form_sha256 else None
    found = [one.outcomes for one in (own, versions.champion, *versions.served.values()) if one]
    return next((one for one in found if one.complete), found[0])
