"""what became of applicants, and which groups they belong to -> tables outcomes and outcome_groups; and back

Both only grow. Of what is told of a prediction, the entry with the latest `observed_at` counts; at a tie, the one that
came later. What is stored already is not stored again, so that a message may come any number of times, and late.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from src.journal.archive_tables import ARCHIVED, FORGOTTEN
from src.journal.batch_ids import BATCH, VERSION_AT
from src.journal.batch_runs import runs_of
from src.journal.database import alone_in
from src.journal.outcome_tables import OUTCOME_GROUPS, OUTCOMES
from src.journal.tables import PREDICTIONS, zoned

Status = Literal["recorded", "repeated", "corrected", "unknown"]
STORED: tuple[Status, ...] = ("recorded", "repeated", "corrected")  # what is told of an application
FUTURE = timedelta(minutes=5)  # by which the clock of who tells may be ahead
MANY = 500  # predictions in one question
LOCK = 0x6F7574636F6D65  # "outcome": one process at a time records
Key = tuple[str, str]  # a prediction's id, and of what it is told: a protected field, or "" for the outcome
Fact = tuple[Key, str, datetime]  # of what, the value, when it was observed


class Predicted(NamedTuple):
    """Whose prediction it was, when it was made, and by which served form (null in rows of old releases)."""

    key_id: str
    time: datetime
    form_sha256: str | None


class Told(NamedTuple):
    """What is told of a prediction: an outcome or none, when it was observed (None: now), groups by their fields."""

    prediction_id: str
    outcome: str | None
    observed_at: datetime | None
    groups: Mapping[str, str]


class Standing(NamedTuple):
    """What counts of a prediction, and since when."""

    value: str
    observed_at: datetime


def predicted(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Predicted]:
    """Return the predictions with these ids, whoever asked for them, archived ones too.

    A what-if is no applicant, and not among them. Those of a batch's rows are known by their run.
    """
    asked = set(ids)
    batch = {one for one in asked if one[VERSION_AT] == BATCH}  # `of_batch` of each, without a call for each
    wanted = asked - batch if batch else asked
    found: dict[str, Predicted] = {}
    for table in (PREDICTIONS, ARCHIVED):
        row = table.c
        query = sa.select(row.id, row.key_id, row.time, row.form_sha256).where(row.purpose.is_distinct_from("what-if"))
        for part in parts(wanted - set(found)):
            known = connection.execute(query.where(row.id.in_(part)))
            found |= {one.id: Predicted(one.key_id, zoned(one.time), one.form_sha256) for one in known}
    its = runs_of(connection, batch) if batch else {}
    return found | {one: Predicted(run.key_id, run.time, run.form_sha256) for one, run in its.items()}


def wrong_time(observed_at: datetime, known: Predicted | None, now: datetime) -> str | None:
    """Return what is wrong with a time of observation; None where nothing is, or nothing will be stored.

    The second in which the prediction was made is not before it: many programs write no fractions.
    """
    if known is None:
        return None
    if observed_at < known.time.replace(microsecond=0):
        return "must not be before the prediction"
    return "must not be more than 5 minutes in the future" if observed_at > now + FUTURE else None


def record(
    connection: sa.Connection, told: Sequence[Told], known: Mapping[str, Predicted], key_id: str, now: datetime
) -> list[Status]:
    """Store what is told and not stored yet; return what became of each entry, in order.

    All in the caller's transaction, which is to begin with this: others who record wait until its end. `corrected` is
    an entry by which something else counts than before. Groups of who was forgotten are not stored again.
    """
    alone_in(connection, LOCK)
    told = without_groups(told, forgotten(connection, [one.prediction_id for one in told if one.groups]))
    ledger = Ledger(facts(connection, [one.prediction_id for one in told if one.prediction_id in known]))
    found = [ledger.add(one, known.get(one.prediction_id), now) for one in told]
    received = {"received_at": now, "key_id": key_id}
    outcomes = [
        {"prediction_id": one, "outcome": value, "observed_at": at, "prediction_key_id": known[one].key_id} | received
        for (one, field), value, at in ledger.new
        if not field
    ]
    groups = [
        {"prediction_id": one, "field": field, "value": value, "observed_at": at} | received
        for (one, field), value, at in ledger.new
        if field
    ]
    for table, rows in ((OUTCOMES, outcomes), (OUTCOME_GROUPS, groups)):
        if rows:
            connection.execute(table.insert(), rows)
    return found


class Ledger:
    """What is stored of some predictions, and what counts; takes what is told beside it."""

    def __init__(self, stored: Sequence[Fact]) -> None:
        self.stored, self.standing = set(stored), latest(stored)
        self.new: list[Fact] = []

    def add(self, told: Told, known: Predicted | None, now: datetime) -> Status:
        """Take an entry; return what became of it, the most of what became of its parts; nothing told is no news."""
        if known is None:
            return "unknown"
        moment = max(now, known.time)
        given = [("", told.outcome)] if told.outcome is not None else []
        parts = [
            self.fact((told.prediction_id, field), value, told.observed_at, moment)
            for field, value in (*given, *told.groups.items())
        ]
        return next(status for status in ("corrected", "recorded", "repeated") if status in {*parts, "repeated"})

    def fact(self, key: Key, value: str, observed_at: datetime | None, now: datetime) -> Status:
        """Take one value; what was observed at no time that is told is observed now, unless it counts already."""
        before = self.standing.get(key)
        if observed_at is None and before and before.value == value:
            return "repeated"
        at = now if observed_at is None else observed_at.astimezone(UTC)
        if (key, value, at) in self.stored:
            return "repeated"
        self.stored.add((key, value, at))
        self.new.append((key, value, at))
        if before and at < before.observed_at:
            return "recorded"
        self.standing[key] = Standing(value, at)
        return "corrected" if before and before.value != value else "recorded"


def forgotten(connection: sa.Connection, ids: Iterable[str]) -> set[str]:
    """Return which of these predictions are of applicants who were forgotten, or are to be."""
    one = FORGOTTEN.c.prediction_id
    return {found for part in parts(ids) for found in connection.execute(sa.select(one).where(one.in_(part))).scalars()}


def without_groups(told: Sequence[Told], ids: set[str]) -> list[Told]:
    """Return what is told, without the groups of some."""
    return [one._replace(groups={}) if one.prediction_id in ids else one for one in told]


def standing(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Standing]:
    """Return the outcome that counts of each prediction that has one."""
    return {one: found for (one, _), found in latest(facts(connection, ids, groups=False)).items()}


def latest(found: Iterable[Fact]) -> dict[Key, Standing]:
    """Return what counts, of facts in the order of their arrival."""
    counts: dict[Key, Standing] = {}
    for key, value, at in found:
        if key not in counts or at >= counts[key].observed_at:
            counts[key] = Standing(value, at)
    return counts


def facts(connection: sa.Connection, ids: Iterable[str], *, groups: bool = True) -> list[Fact]:
    """Return what is stored of predictions, in the order of its arrival."""
    outcome, group = OUTCOMES.c, OUTCOME_GROUPS.c
    none = sa.literal("").label("field")
    queries: list[tuple[sa.Select[Any], Any]] = [
        (sa.select(outcome.prediction_id, none, outcome.outcome, outcome.observed_at).order_by(outcome.id), outcome)
    ]
    if groups:
        told = sa.select(group.prediction_id, group.field, group.value, group.observed_at)
        queries.append((told.order_by(group.id), group))
    return [
        ((one, field), value, zoned(at))
        for query, table in queries
        for part in parts(ids)
        for one, field, value, at in connection.execute(query.where(table.prediction_id.in_(part)))
    ]


def parts(ids: Iterable[str]) -> list[list[str]]:
    """Return identifiers in lists of so many as one question takes."""
    wanted = sorted(set(ids))
    return [wanted[place : place + MANY] for place in range(0, len(wanted), MANY)]
