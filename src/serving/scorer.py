"""applicants -> PD, points, decision, adverse-action reasons; the same numbers one by one or together"""

from collections.abc import Mapping, Sequence
from math import log2
from typing import Any, NamedTuple, Protocol

from src.model.card import Card, Value
from src.model.points import LEAST, Decision, decide, points

MOST_REASONS = 4
Applicant = Mapping[str, Any]
Row = list[Any]
Replaced = tuple[float, int]
"""a PD, and the place of the feature that was replaced for it"""


class Reason(NamedTuple):
    """A feature that counts against the applicant; `points` is what the reference applicant's value would add."""

    feature: str
    title: str
    value: Value
    points: float


class Scored(NamedTuple):
    """What the model says of one applicant."""

    probability_of_default: float
    score: int
    decision: Decision
    reasons: list[Reason]


class Predictor(Protocol):
    """A model as it is served: rows of whatever it computes from, and their PDs."""

    def row(self, applicant: Applicant) -> Row:
        """One applicant, features in the card's order."""

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """The PD of each row."""

    def replaced(self, rows: Sequence[Row], reference: Row) -> list[list[Replaced]]:
        """For each row the PDs with one feature as the reference has it, each feature in turn that differs."""


class Scorer:
    """A model in its serving form with its card's decisions."""

    def __init__(self, predictor: Predictor, card: Card) -> None:
        self.predictor = predictor
        self.threshold, self.scale = card.threshold, card.scale
        self.features = [(feature.name, feature.title) for feature in card.features]
        self.reference = predictor.row(card.reference)

    def score(self, applicant: Applicant, reasons: bool = False) -> Scored:
        """One applicant; reasons where declined, or wherever `reasons` asks for them."""
        return self.score_all([applicant], reasons)[0]

    def score_all(self, applicants: Sequence[Applicant], reasons: bool = False) -> list[Scored]:
        """Many applicants: one table of them, then one of all replacements that are needed."""
        rows = [self.predictor.row(applicant) for applicant in applicants]
        pds = self.predictor.probabilities(rows)
        decisions = [self.decision(pd) for pd in pds]
        wanted = [row for row, decision in zip(rows, decisions, strict=True) if reasons or decision == "decline"]
        replaced = iter(self.predictor.replaced(wanted, self.reference) if wanted else [])
        return [
            Scored(
                pd,
                points(pd, self.scale),
                decision,
                self.reasons(applicant, pd, next(replaced)) if reasons or decision == "decline" else [],
            )
            for applicant, pd, decision in zip(applicants, pds, decisions, strict=True)
        ]

    def decision(self, pd: float) -> Decision:
        """At the card's threshold."""
        return decide(pd, self.threshold)

    def reasons(self, applicant: Applicant, pd: float, others: list[Replaced]) -> list[Reason]:
        """The replacements that lower the PD most, the strongest first."""
        lower = sorted(other for other in others if other[0] < pd)[:MOST_REASONS]
        found, now = [], log_odds(pd)
        for other, place in lower:
            name, title = self.features[place]
            gain = round(self.scale.pdo * (log_odds(other) - now), 1)
            if gain > 0:  # not by the last bits of a rounding
                found.append(Reason(name, title, applicant.get(name), gain))
        return found


def log_odds(pd: float) -> float:
    """Odds of repaying, as a power of two."""
    kept = min(max(pd, LEAST), 1 - LEAST)
    return log2((1 - kept) / kept)
