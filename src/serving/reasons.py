"""rows and their PDs -> the features that count against each, and the points that the reference's values would add"""

from collections.abc import Sequence
from math import log2
from typing import Any, NamedTuple, Protocol

from src.model.points import ROUNDING

MOST = 4  # reasons, where each alone lowers the PD
Row = list[Any]
Replaced = tuple[float, int]
"""a PD, and the place of the feature that was replaced for it"""


class Probabilities(Protocol):
    """What reasons ask of a model."""

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """Return the PD of each row."""

    def replaced(self, rows: Sequence[Row], reference: Row) -> list[list[Replaced]]:
        """Return for each row the PDs with one feature as the reference has it, each feature in turn that differs."""


class Gain(NamedTuple):
    """The place of a feature, and the points that the reference applicant's value would add."""

    place: int
    points: float


class Yardstick:
    """The reference applicant, and what others would gain by its values.

    An applicant's reasons are up to four features, each of which alone lowers the PD, the strongest first. Where none
    does, because trees and isotonic regression rise in steps, they are features that lower it together, each of them
    needed, however many; the points of all are told in equal shares. Either way an applicant with the reference's
    values in every named feature has a lower PD; there are none only where the reference itself has none.
    """

    def __init__(self, predictor: Probabilities, reference: Row, pdo: float) -> None:
        self.predictor, self.reference, self.pdo = predictor, reference, pdo
        (self.pd,) = predictor.probabilities([reference])

    def gains(
        self, rows: Sequence[Row], pds: Sequence[float], replaced: list[list[Replaced]] | None = None
    ) -> list[list[Gain]]:
        """Return each row's reasons; one table holds all single replacements of all rows, unless they are known."""
        if not rows:
            return []
        if replaced is None:
            replaced = self.predictor.replaced(rows, self.reference)
        alone = [self.alone(pd, others) for pd, others in zip(pds, replaced, strict=True)]
        return [
            found or self.together(row, pd)
            for row, pd, found in zip(rows, pds, self.held(rows, pds, alone), strict=True)
        ]

    def alone(self, pd: float, others: list[Replaced]) -> list[Gain]:
        """Return the replacements that lower the PD most, told to one digit; none that is told as 0, if others are."""
        lower = sorted(other for other in others if falls(pd, other[0]))[:MOST]
        gains = [Gain(place, self.points(pd, other)) for other, place in lower]
        kept = [gain for gain in gains if round(gain.points, 1) > 0] or gains[:1]
        return [Gain(place, told(points)) for place, points in kept]

    def held(self, rows: Sequence[Row], pds: Sequence[float], alone: list[list[Gain]]) -> list[list[Gain]]:
        """Return the reasons less the weakest of those rows in which all together would not lower the PD."""
        found = list(alone)
        waiting = [number for number, gains in enumerate(found) if len(gains) > 1]
        while waiting:
            table = [self.put(rows[number], [gain.place for gain in found[number]]) for number in waiting]
            others = zip(waiting, self.predictor.probabilities(table), strict=True)
            failing = [number for number, other in others if not falls(pds[number], other)]
            for number in failing:
                found[number] = found[number][:-1]
            waiting = [number for number in failing if len(found[number]) > 1]
        return found

    def together(self, row: Row, pd: float) -> list[Gain]:
        """Return features that lower the PD only together: first those whose values would hurt the reference most."""
        if not falls(pd, self.pd):
            return []
        places = differing(row, self.reference)
        hurt = self.predictor.probabilities([swapped(self.reference, row, [place]) for place in places])
        order = [place for _, place in sorted(zip(hurt, places, strict=True), key=lambda pair: -pair[0])]
        firsts = [order[: count + 1] for count in range(len(order))]
        others = self.predictor.probabilities([self.put(row, first) for first in firsts])
        falling = (first for first, other in zip(firsts, others, strict=True) if falls(pd, other))
        return self.shared(row, pd, self.needed(row, pd, next(falling)))

    def needed(self, row: Row, pd: float, places: list[int]) -> list[int]:
        """Return the places without those that the others can spare, the last looked at first."""
        for place in reversed(places):
            rest = [other for other in places if other != place]
            if rest and falls(pd, self.changed(row, rest)):
                places = rest
        return places

    def shared(self, row: Row, pd: float, places: list[int]) -> list[Gain]:
        """Return the places with equal shares of the points that they add together."""
        share = told(self.points(pd, self.changed(row, places)) / len(places))
        return [Gain(place, share) for place in places]

    def changed(self, row: Row, places: list[int]) -> float:
        """Return the row's PD with the reference's values at these places."""
        (other,) = self.predictor.probabilities([self.put(row, places)])
        return other

    def put(self, row: Row, places: list[int]) -> Row:
        """Return the row with the reference's values at these places."""
        return swapped(row, self.reference, places)

    def points(self, pd: float, other: float) -> float:
        """Return the points that lie between two PDs."""
        return self.pdo * (log_odds(other) - log_odds(pd))


def falls(pd: float, other: float) -> bool:
    """Say whether the other PD is lower, and not by the rounding of sums."""
    return other < pd - ROUNDING


def differing(row: Row, reference: Row) -> list[int]:
    """Return the places in which a row has another value than the reference."""
    return [place for place, value in enumerate(reference) if row[place] != value]


def swapped(row: Row, other: Row, places: list[int]) -> Row:
    """Return the row with the other's values at these places."""
    found = list(row)
    for place in places:
        found[place] = other[place]
    return found


def told(points: float) -> float:
    """Return the points to one digit after the point, or to their first digit where that would be 0."""
    return round(points, 1) or float(f"{points:.0e}")


def log_odds(pd: float) -> float:
    """Return the odds of repaying, as a power of two."""
    kept = min(max(pd, ROUNDING), 1 - ROUNDING)
    return log2((1 - kept) / kept)
