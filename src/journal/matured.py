"""the log -> applications that are old enough to be judged, with what became of them, as it counts at a moment"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from heapq import merge
from operator import attrgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from src.journal.archive_tables import ARCHIVED
from src.journal.monitored import in_utc
from src.journal.outcome_tables import OUTCOME_GROUPS, OUTCOMES
from src.journal.outcomes import Fact, latest
from src.journal.reader import ROWS, Reader
from src.journal.tables import PREDICTIONS, zoned

OUTCOME = ""  # the field of a fact that is no group


class Matured(NamedTuple):
    """An application: its inputs, outcome and groups (by their fields) as the log keeps them, and what was answered.

    Who was forgotten has no inputs.
    """

    id: str
    time: datetime
    inputs: dict[str, Any]
    outcome: str
    groups: dict[str, str]
    probability_of_default: float
    score: int
    decision: str


def told_until(log: Reader, until: datetime) -> dict[str, dict[str, str]]:
    """Return, of what was observed until a moment, what counts of each prediction: outcome ("") and groups by fields.

    Rows of batches are among them. Raises LastroError.
    """
    told: dict[str, dict[str, str]] = defaultdict(dict)
    for (prediction, field), standing in latest(facts(log, until)).items():
        told[prediction][field] = standing.value
    return told


def matured(log: Reader, before: datetime, told: Mapping[str, Mapping[str, str]]) -> Iterator[Matured]:
    """Yield the applications made before a moment whose outcome was told, by their identifiers.

    A what-if is none; those that left the log are among them; rows of batches are not in the log. Raises LastroError.
    """
    for one in merge(logged(log, before), left(log, before), key=attrgetter("id")):
        groups = dict(told.get(one.id, {}))
        outcome = groups.pop(OUTCOME, None)
        if outcome is not None:
            yield one._replace(outcome=outcome, groups=groups)


def logged(log: Reader, before: datetime) -> Iterator[Matured]:
    """Yield the applications of the log made before a moment of which an outcome is known, without it."""
    row = PREDICTIONS.c
    names = (row.id, row.time, row.inputs, row.probability_of_default, row.score, row.decision)
    query, last = sa.select(*names).where(*judged(row, before)), ""
    while found := log.rows(query.where(row.id > last).order_by(row.id).limit(ROWS)):
        last = found[-1]["id"]
        for one in found:
            kept = {"time": zoned(one["time"]), "inputs": json.loads(one["inputs"])}
            yield Matured(**one | kept, outcome="", groups={})


def left(log: Reader, before: datetime) -> Iterator[Matured]:
    """Yield those that left the log."""
    for one in log.archived(*judged(ARCHIVED.c, before)):
        inputs = json.loads(one.inputs)
        yield Matured(one.id, one.time, inputs, "", {}, one.probability_of_default, one.score, one.decision)


def judged(row: Any, before: datetime) -> list[sa.ColumnElement[bool]]:
    """Return what applications meet that were made before a moment, and of which an outcome is known."""
    known = row.id.in_(sa.select(OUTCOMES.c.prediction_id))
    return [row.time < in_utc(before), row.purpose.is_distinct_from("what-if"), known]


def facts(log: Reader, until: datetime) -> Iterator[Fact]:
    """Yield what was observed until a moment, outcomes and groups, each in the order of its arrival."""
    for table in (OUTCOMES, OUTCOME_GROUPS):
        query = log.columns(table).where(table.c.observed_at <= in_utc(until)).order_by(table.c.id)
        for one in log.rows(query):
            value = one["outcome"] if table is OUTCOMES else one["value"]
            yield (one["prediction_id"], one.get("field", OUTCOME)), value, zoned(one["observed_at"])
