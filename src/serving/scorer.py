"""applicants -> PD, points, decision, adverse-action reasons; the same numbers one by one or together"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from src.model.card import Card, Value
from src.model.points import Decision, decide, points
from src.serving.reasons import Model, Row, Yardstick

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


class Predictor(Model, Protocol):
    """A model as it is served: rows of whatever it computes from, and their PDs."""

    computed_by: str
    """how: points, kernel, numpy or nodes"""

    def row(self, applicant: Applicant) -> Row:
        """Return one applicant's row, features in the card's order."""

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """Return the PD of each row."""


class Scorer:
    """A predictor with its card's decisions."""

    def __init__(self, predictor: Predictor, card: Card) -> None:
        self.predictor = predictor
        self.threshold, self.scale = card.threshold, card.scale
        self.features = [(feature.name, feature.title) for feature in card.features]
        self.yardstick = Yardstick(predictor, predictor.row(card.reference), card.scale.pdo)

    def score(self, applicant: Applicant, reasons: bool = False) -> Scored:
        """Score one applicant; reasons where declined, or wherever `reasons` asks for them."""
        row = self.predictor.row(applicant)
        return self.scored(applicant, row, self.predictor.own(row), reasons)

    def score_all(self, applicants: Sequence[Applicant], reasons: bool = False) -> list[Scored]:
        """Score many applicants, their PDs together."""
        rows = [self.predictor.row(applicant) for applicant in applicants]
        pds = self.predictor.probabilities(rows)
        return [
            self.scored(applicant, row, pd, reasons) for applicant, row, pd in zip(applicants, rows, pds, strict=True)
        ]

    def scored(self, applicant: Applicant, row: Row, pd: float, reasons: bool) -> Scored:
        """Return what the model says of an applicant whose row has this PD."""
        decision, found = self.decision(pd), []
        if reasons or decision == "decline":
            for place, told in self.yardstick.gains(row, pd):
                name, title = self.features[place]
                found.append(Reason(name, title, applicant.get(name), told))
        return Scored(pd, points(pd, self.scale), decision, found)

    def decision(self, pd: float) -> Decision:
        """Return the decision at the card's threshold."""
        return decide(pd, self.threshold)
