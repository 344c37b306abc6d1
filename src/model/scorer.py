"""applicants -> PD, points, decision, adverse-action reasons; the same numbers one by one or together"""

from collections.abc import Iterator, Mapping, Sequence
from math import log2
from typing import Any, NamedTuple, Protocol

from src.model.card import Card, Value
from src.model.points import LEAST, Decision, decide, points

MOST_REASONS = 4
Applicant = Mapping[str, Any]
Row = list[Any]


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


class Form(Protocol):
    """A model as it is served: rows of whatever it computes from, and their PDs."""

    def row(self, applicant: Applicant) -> Row:
        """One applicant, features in the card's order."""

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """The PD of each row."""


class Scorer:
    """A model in its serving form with its card's decisions."""

    def __init__(self, form: Form, card: Card) -> None:
        self.form = form
        self.threshold, self.scale = card.threshold, card.scale
        self.features = [(feature.name, feature.title) for feature in card.features]
        self.reference = form.row(card.reference)

    def score(self, applicant: Applicant, reasons: bool = False) -> Scored:
        """One applicant; reasons where declined, or wherever `reasons` asks for them."""
        row = self.form.row(applicant)
        replaced = self.replacements(row)
        pd, *others = self.form.probabilities([row, *(changed for _, changed in replaced)])
        places = [place for place, _ in replaced]
        return self.answer(applicant, pd, list(zip(others, places, strict=True)), reasons)

    def score_all(self, applicants: Sequence[Applicant], reasons: bool = False) -> list[Scored]:
        """Many applicants: one table of them, then one of all replacements that are needed."""
        rows = [self.form.row(applicant) for applicant in applicants]
        pds = self.form.probabilities(rows)
        wanted = [reasons or self.decision(pd) == "decline" for pd in pds]
        replaced = [self.replacements(row) if wish else [] for row, wish in zip(rows, wanted, strict=True)]
        changed = [row for found in replaced for _, row in found]
        others = iter(self.form.probabilities(changed) if changed else [])
        return [
            self.answer(applicant, pd, [(next(others), place) for place, _ in found], reasons)
            for applicant, pd, found in zip(applicants, pds, replaced, strict=True)
        ]

    def replacements(self, row: Row) -> list[tuple[int, Row]]:
        """The row with each feature in turn as the reference applicant has it, where that differs."""
        return list(self.replacing(row))

    def replacing(self, row: Row) -> Iterator[tuple[int, Row]]:
        """(place, changed row) of each feature that differs."""
        for place, value in enumerate(self.reference):
            if row[place] != value:
                changed = row.copy()
                changed[place] = value
                yield place, changed

    def answer(self, applicant: Applicant, pd: float, others: list[tuple[float, int]], reasons: bool) -> Scored:
        """The answer from the PD and the PDs of the replacements."""
        decision = self.decision(pd)
        given = self.reasons(applicant, pd, others) if reasons or decision == "decline" else []
        return Scored(pd, points(pd, self.scale), decision, given)

    def decision(self, pd: float) -> Decision:
        """At the card's threshold."""
        return decide(pd, self.threshold)

    def reasons(self, applicant: Applicant, pd: float, others: list[tuple[float, int]]) -> list[Reason]:
        """The replacements that lower the PD most, the strongest first."""
        lower = sorted(other for other in others if other[0] < pd)[:MOST_REASONS]
        found, now = [], log_odds(pd)
        for other, place in lower:
            name, title = self.features[place]
            gain = round(self.scale.pdo * (log_odds(other) - now), 1)
            found.append(Reason(name, title, applicant[name], gain))
        return found


def log_odds(pd: float) -> float:
    """Odds of repaying, as a power of two."""
    kept = min(max(pd, LEAST), 1 - LEAST)
    return log2((1 - kept) / kept)
