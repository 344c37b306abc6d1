"""a pool of people, a change -> applicants of a day, and what will become of each

Until the change people come as in the development sample, and default as often as the pool's model and its reference
expect. From then on a segment that was rare, and that the model likes best, becomes common and defaults more often:
what that model knows of it is out of date, and its outcomes tell a new one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from src.errors import LastroError
from src.model.metrics import Vector
from src.monitoring.traffic import Pool, jittered

RARE, COMMON = (0.02, 0.15), 0.5  # the segment's share of applicants: before the change, and after it
ODDS = 4.0  # times as high as before are the segment's odds of default after the change
TRIES = 100  # at an applicant whom nobody is equal to
Random = np.random.Generator
Key = tuple[Any, ...]


class Segment(NamedTuple):
    """Those who give one answer to one question, and their share of applicants before the change."""

    feature: str
    value: Any
    share: float


class Person(NamedTuple):
    """An applicant, the protected fields that are no features, and whether the loan would default."""

    inputs: dict[str, Any]
    groups: dict[str, str]
    bad: bool


@dataclass
class Population:
    """People to draw, none of whom is equal to a known row or to one who was drawn before."""

    pool: Pool
    random: Random
    known: set[Key]
    segment: Segment
    drawn: set[Key] = field(default_factory=set)

    def people(self, count: int, *, changed: bool) -> list[Person]:
        """Return so many applicants, before or after the change.

        Protected fields are drawn apart from the answers: no group is riskier than another, or comes with the change.
        """
        weights = self.pool.weights * (self.factors() if changed else 1.0)
        rows = self.random.choice(len(weights), count, p=weights / weights.sum())
        inputs = [self.new(int(row)) for row in rows]
        risks = self.risks(inputs, changed=changed)
        bad = self.random.random(count) < risks
        groups = [
            dict(self.pool.groups[int(row)]) for row in self.random.choice(len(weights), count, p=self.pool.weights)
        ]
        return [Person(*one) for one in zip(inputs, groups, map(bool, bad), strict=True)]

    def new(self, row: int) -> dict[str, Any]:
        """Return a row of the pool, its numbers a little off; raises LastroError where all such people came before."""
        for _ in range(TRIES):
            (found,) = jittered([self.pool.applicants[row]], self.pool.served.card.features, self.random)
            if (key := key_of(found)) not in self.known and key not in self.drawn:
                self.drawn.add(key)
                return found
        raise LastroError("the data set has too few numbers for so many applicants, none equal to another")

    def factors(self) -> Vector:
        """Return by what each weight changes, so that the segment gets its share after the change."""
        share = self.segment.share
        inside, outside = COMMON / share, (1 - COMMON) / (1 - share)
        return np.where(self.inside(self.pool.applicants), inside, outside)

    def inside(self, people: Sequence[dict[str, Any]]) -> NDArray[np.bool_]:
        """Return who belongs to the segment."""
        return np.array([person[self.segment.feature] == self.segment.value for person in people], dtype=np.bool_)

    def risks(self, people: Sequence[dict[str, Any]], *, changed: bool) -> Vector:
        """Return the true probability that each defaults."""
        approved = self.pool.development.approved
        level = approved.observed / approved.expected if approved.expected else 1.0
        scored = self.pool.served.scorer.score_all(people)
        pd = np.clip(level * np.array([one.probability_of_default for one in scored]), 0.0, 0.99)
        if not changed:
            return pd
        return np.where(self.inside(people), ODDS * pd / (1 - pd + ODDS * pd), pd)


def key_of(person: dict[str, Any]) -> Key:
    """Return what two equal applicants have in common."""
    return tuple(sorted(person.items()))


def segment_of(pool: Pool) -> Segment:
    """Return the rare answer whose people have the lowest mean PD; raises LastroError where no answer is rare."""
    found = [(pd, segment) for feature in pool.served.card.features if feature.categories
             for pd, segment in rare(pool, feature.name)]  # fmt: skip
    if not found:
        raise LastroError("no question of the data set has an answer that is rare, and could become common")
    return min(found, key=lambda one: (one[0], one[1].feature, str(one[1].value)))[1]


def rare(pool: Pool, feature: str) -> Iterator[tuple[float, Segment]]:
    """Yield the rare answers to a question, with the mean PD of those who give them."""
    answers = np.array([applicant[feature] for applicant in pool.applicants], dtype=object)
    pd = np.array([one.probability_of_default for one in pool.scored])
    for value in sorted({answer for answer in answers if answer is not None}, key=str):
        weights = pool.weights * (answers == value)
        share = float(weights.sum())
        if RARE[0] <= share <= RARE[1]:
            yield float(np.dot(weights, pd) / share), Segment(feature, value, share)
