"""applicants -> PD, points, decision, adverse-action reasons; the same numbers one by one or together"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from src.model.card import Card, Value
from src.model.points import Decision, decide, points
from src.serving.foresight import Foresight
from src.serving.reasons import Gain, Probabilities, Replaced, Row, Yardstick

Applicant = Mapping[str, Any]


class Reason(NamedTuple):
    """A feature that counts against the applicant; `points` is what the typical approved applicant's value would add.

    Where only several features together lower the PD, each is told with an equal share of the points they add.
    """

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


class Predictor(Probabilities, Protocol):
    """A model as it is served: rows of whatever it computes from, and their PDs."""

    call_costs: bool
    """whether a call costs more than a row"""
    computed_by: str
    """how: points, kernel, numpy or nodes"""

    def row(self, applicant: Applicant) -> Row:
        """Return one applicant's row, features in the card's order."""

    def with_replaced(self, row: Row, reference: Row) -> tuple[float, list[Replaced]]:
        """Return the PD of a row, and those that `replaced` returns of it, by one call."""


class Scorer:
    """A predictor with its card's decisions."""

    def __init__(self, predictor: Predictor, card: Card) -> None:
        self.predictor = predictor
        self.threshold, self.scale = card.threshold, card.scale
        self.features = [(feature.name, feature.title) for feature in card.features]
        self.yardstick = Yardstick(predictor, predictor.row(card.reference), card.scale.pdo)
        self.foresight = Foresight(self.yardstick, card.threshold) if predictor.call_costs else None

    def score(self, applicant: Applicant, reasons: bool = False) -> Scored:
        """Score one applicant; reasons where declined, or wherever `reasons` asks for them."""
        row, replaced = self.predictor.row(applicant), None
        if self.foresight and (reasons or self.foresight.declines(row)):
            pd, others = self.predictor.with_replaced(row, self.yardstick.reference)
            replaced = [others]
        else:
            (pd,) = self.predictor.probabilities([row])
        decision = self.decision(pd)
        gains = self.yardstick.gains([row], [pd], replaced)[0] if reasons or decision == "decline" else []
        return Scored(pd, points(pd, self.scale), decision, self.reasons(applicant, gains))

    def score_all(self, applicants: Sequence[Applicant], reasons: bool = False) -> list[Scored]:
        """Score many applicants: one table of them, then one of all replacements that are needed."""
        rows = [self.predictor.row(applicant) for applicant in applicants]
        pds = self.predictor.probabilities(rows)
        decisions = [self.decision(pd) for pd in pds]
        wanted = [place for place, decision in enumerate(decisions) if reasons or decision == "decline"]
        found = self.yardstick.gains([rows[place] for place in wanted], [pds[place] for place in wanted])
        gains = dict(zip(wanted, found, strict=True))
        return [
            Scored(pd, points(pd, self.scale), decision, self.reasons(applicant, gains.get(place, [])))
            for place, (applicant, pd, decision) in enumerate(zip(applicants, pds, decisions, strict=True))
        ]

    def decision(self, pd: float) -> Decision:
        """Return the decision at the card's threshold."""
        return decide(pd, self.threshold)

    def reasons(self, applicant: Applicant, gains: list[Gain]) -> list[Reason]:
        """Return the features of these places, with the applicant's values."""
        return [Reason(*self.features[place], applicant.get(self.features[place][0]), told) for place, told in gains]
