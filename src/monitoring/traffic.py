"""rows that a model has not seen, its served form -> made-up applications, answers and outcomes, for as long as wanted

Applicants are test rows, drawn with replacement, their numbers a little off. They are weighted so that each field and
answer is distributed as in the development sample: a sample of a few hundred rows alone would be drift.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic_core import to_json

from src.journal.identifiers import first_id
from src.journal.tables import Entry
from src.model.card import Card, Feature
from src.model.development import ANSWERS, Development, Places
from src.model.inputs import inputs
from src.model.metrics import Vector
from src.model.reference import plain
from src.serving.predictors import Served
from src.serving.scorer import Scored

COPIES = 10  # of each row, each with numbers of its own
SPREAD = 0.05  # standard deviation of what a number is multiplied with
ROUNDS = 50  # of weighting
MOST = 50.0  # times the mean weight
EMPTY = 0.5  # rows of an empty bin
DAYS = (240, 240, 240, 240, 240, 140, 140)  # applications from Monday to Sunday: two days are too small for a window
KEY = "simulated"  # who asked
EARLIEST, LATEST, REPAID = 60, 270, 365  # days after which a bad, at the latest, and a good is known
Random = np.random.Generator


class Told(NamedTuple):
    """What became of a prediction, and when it was known."""

    prediction_id: str
    outcome: str
    observed_at: datetime


class Group(NamedTuple):
    """A protected field of who asked, which is no feature."""

    prediction_id: str
    field: str
    value: str
    observed_at: datetime


class Traffic(NamedTuple):
    """A day's applications, the outcomes that will be known of them, and groups."""

    entries: list[Entry]
    outcomes: list[Told]
    groups: list[Group]


@dataclass(frozen=True)
class Shift:
    """What changes: riskier applicants come, weighted by a number's value so that its mean moves by `deviations`.

    Of the approved, `risk` times as many default as before.
    """

    feature: str
    deviations: float = 0.5
    risk: float = 1.6


@dataclass(frozen=True)
class Pool:
    """Applicants to draw from: what the log holds of each, what the model answers, and how often each comes.

    A date stands in `applicants` as the days before the application; `reasons` are as the log holds them.
    """

    served: Served
    development: Development
    applicants: Sequence[dict[str, Any]]
    groups: Sequence[Mapping[str, str]]
    scored: Sequence[Scored]
    reasons: Sequence[str]
    weights: Vector
    labels: tuple[str, str]
    version: str | None = None

    @cached_property
    def scale(self) -> str:
        """Return the scale as the log holds it."""
        return self.served.card.scale.model_dump_json()

    def shifted(self, shift: Shift) -> Vector:
        """Return weights by which the mean of a number has moved (exponential tilting)."""
        values = np.array([applicant[shift.feature] for applicant in self.applicants], dtype=object)
        known = np.array([type(value) in (int, float) for value in values])
        numbers = np.where(known, values, np.nan).astype(np.float64)
        z = np.where(known, (numbers - np.nanmean(numbers)) / (np.nanstd(numbers) or 1), 0.0)
        return tilted(self.weights, z, shift.deviations)


def pool_of(
    served: Served, development: Development, table: pd.DataFrame, random: Random, version: str | None = None
) -> Pool:
    """Return the pool of a typed table's rows, which the model has not seen, as its served form answers them."""
    card = served.card
    applicants = jittered(people_of(table, card) * COPIES, card.features, random)
    scored = served.scorer.score_all(applicants)
    others = {field.name: table[field.name] for field in card.groups if field.type != "date"}
    groups = [{name: said(column.iloc[row]) for name, column in others.items() if pd.notna(column.iloc[row])}
              for row in range(len(table))] * COPIES  # fmt: skip
    places = placed(development, applicants, scored)
    reasons = [to_json([reason._asdict() for reason in one.reasons]).decode() for one in scored]
    weights, labels = raked(places, development), labels_of(table, card)
    return Pool(served, development, applicants, groups, scored, reasons, weights, labels, version)


def people_of(table: pd.DataFrame, card: Card) -> list[dict[str, Any]]:
    """Return the applicant of each row of a typed table; a date is the days before the application."""
    rows = inputs(table, card.features, card.time)
    columns = {feature.name: [plain(value, feature) for value in rows[feature.name]] for feature in card.features}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def jittered(people: Sequence[dict[str, Any]], features: Sequence[Feature], random: Random) -> list[dict[str, Any]]:
    """Return the applicants, their numbers multiplied with something near 1, within what the contract allows."""
    moved = [feature for feature in features if feature.type in ("integer", "number") and not feature.enum]
    found = []
    for person in people:
        factors = np.exp(random.normal(0, SPREAD, len(moved)))
        changed = {
            feature.name: near(person[feature.name], factor, feature)
            for feature, factor in zip(moved, factors, strict=True)
            if type(person[feature.name]) in (int, float)
        }
        found.append(person | changed)
    return found


def near(value: float, factor: float, feature: Feature) -> float:
    """Return a number times a factor; as it was where the contract does not allow that."""
    found = round(value * factor) if feature.type == "integer" else round(value * factor, 2)
    low, high = feature.minimum, feature.maximum
    least, most = feature.exclusive_minimum, feature.exclusive_maximum
    outside = (low is not None and found < low) or (high is not None and found > high)
    return value if outside or (least is not None and found <= least) or (most is not None and found >= most) else found


def said(value: Any) -> str:
    """Return a value as the log keeps groups and outcomes."""
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def labels_of(table: pd.DataFrame, card: Card) -> tuple[str, str]:
    """Return the labels of a good and of a bad outcome."""
    bad = said(card.target.bad)
    known = table[card.target.name].dropna().map(said)
    return str(known[known != bad].mode().iloc[0]), bad


def placed(
    development: Development, applicants: Sequence[dict[str, Any]], scored: Sequence[Scored]
) -> dict[str, Places]:
    """Return the place of every applicant among the bins of each subject."""
    found = {
        name: one.places([applicant[name] for applicant in applicants]) for name, one in development.features.items()
    }
    answers = {name: development.subjects[name].places([getattr(one, name) for one in scored]) for name in ANSWERS}
    return {**found, **{f"answer {name}": places for name, places in answers.items()}}


def raked(places: Mapping[str, Places], development: Development) -> Vector:
    """Return weights by which each subject is distributed as in the development sample (Deming, Stephan 1940).

    Nobody weighs more than so many times the mean, or less than its like: what the sample lacks stays lacking.
    """
    wanted = [one.rows for one in (*development.features.values(), *(development.subjects[name] for name in ANSWERS))]
    shares = [(np.array(rows) + EMPTY) / (sum(rows) + EMPTY * len(rows)) for rows in wanted]
    weights = np.ones(len(next(iter(places.values()))))
    for _ in range(ROUNDS):
        for share, its in list(zip(shares, places.values(), strict=True))[::-1]:
            there = np.bincount(its, weights, len(share))
            weights *= np.divide(share * weights.sum(), there, out=np.ones(len(share)), where=there > 0)[its]
        weights = np.clip(weights / weights.mean(), 1 / MOST, MOST)
    found: Vector = weights / weights.sum()
    return found


def tilted(weights: Vector, z: Vector, deviations: float) -> Vector:
    """Return the weights times exp(lambda z), with which the mean of z has grown by so many deviations."""
    start, low, high = float(np.dot(weights, z)), 0.0, 10.0
    found = weights
    for _ in range(50):
        middle = (low + high) / 2
        found = weights * np.exp(middle * (z - z.max()))
        found = found / found.sum()
        low, high = (middle, high) if float(np.dot(found, z)) < start + deviations else (low, middle)
    return found


def days_of(pool: Pool, first: date, last: date, random: Random, shift: Shift, since: date) -> Iterator[Traffic]:
    """Yield each day's traffic from the first to the last one; `since` is the day of the shift."""
    later = pool.shifted(shift) if last >= since else pool.weights
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        weights = later if day >= since else pool.weights
        count = int(random.poisson(DAYS[day.weekday()]))
        drawn = random.choice(len(weights), count, p=weights)
        yield traffic_of(pool, day, drawn, random, shift.risk if day >= since else 1.0)


def traffic_of(pool: Pool, day: date, drawn: NDArray[np.intp], random: Random, risk: float) -> Traffic:
    """Return the traffic of those who come on a day, from 6 to 22 o'clock UTC."""
    moments = np.sort(random.uniform(6 * 3600, 22 * 3600, len(drawn)))
    start = datetime.combine(day, time(), UTC)
    entries = [
        entry_of(pool, int(row), start + timedelta(seconds=float(moment)), random)
        for row, moment in zip(drawn, moments, strict=True)
    ]
    approved = pool.development.approved
    ratio = risk * (approved.observed / approved.expected if approved.expected else 1)
    chances, waits = random.random(len(entries)), random.uniform(EARLIEST, LATEST, len(entries))
    outcomes = []
    for entry, chance, wait in zip(entries, chances, waits, strict=True):
        if entry.decision == "approve":
            bad = chance < entry.probability_of_default * ratio
            known = entry.time + timedelta(days=float(wait) if bad else REPAID)
            outcomes.append(Told(entry.id, pool.labels[bool(bad)], known))
    groups = [
        Group(entry.id, field, value, entry.time)
        for entry, row in zip(entries, drawn, strict=True)
        for field, value in pool.groups[int(row)].items()
    ]
    return Traffic(entries, outcomes, groups)


def entry_of(pool: Pool, row: int, moment: datetime, random: Random) -> Entry:
    """Return the log's row of an application at a moment, with an identifier of then."""
    card, scored = pool.served.card, pool.scored[row]
    return Entry(
        key_id=KEY,
        id=identifier(moment, random),
        time=moment,
        model_sha256=card.sha256,
        model_version=pool.version,
        inputs=to_json(dated(pool.applicants[row], card, moment.date())).decode(),
        probability_of_default=scored.probability_of_default,
        score=scored.score,
        decision=scored.decision,
        reasons=pool.reasons[row],
        threshold=card.threshold,
        scale=pool.scale,
        purpose="application",
        form_sha256=pool.served.form_sha256,
    )


def dated(applicant: dict[str, Any], card: Card, day: date) -> dict[str, Any]:
    """Return the applicant as the log holds it: with the day of the application, and dates for days before it."""
    if card.time is None:
        return applicant
    dates = {
        feature.name: (day - timedelta(days=applicant[feature.name])).isoformat()
        for feature in card.features
        if feature.type == "date" and isinstance(applicant[feature.name], int)
    }
    return applicant | dates | {card.time.name: day.isoformat()}


def identifier(moment: datetime, random: Random) -> str:
    """Return an identifier of a moment: the smallest that it can have, with random digits at its end."""
    return f"{first_id(moment)[:-12]}{int(random.integers(2**48)):012x}"
