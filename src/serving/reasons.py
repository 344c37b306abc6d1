"""rows and their PDs -> the features that count against each, and the points that the reference's values would add"""

from math import log2
from typing import Any, NamedTuple, Protocol

from src.model.points import ROUNDING

CERTAIN = 1 - ROUNDING
MOST = 4  # reasons, where each alone lowers the PD
Row = list[Any]
Replaced = tuple[float, int]
"""a PD, and the place of the feature that was replaced for it"""


class Model(Protocol):
    """What reasons ask of a model."""

    def own(self, row: Row) -> float:
        """Return the PD of a row."""

    def replaced(self, row: Row, reference: Row) -> list[Replaced]:
        """Return the PDs with one feature as the reference has it, each feature in turn that differs."""


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

    def __init__(self, model: Model, reference: Row, pdo: float) -> None:
        self.model, self.reference, self.pdo = model, reference, pdo
        self.pd = model.own(reference)

    def gains(self, row: Row, pd: float) -> list[Gain]:
        """Return the reasons of a row that has this PD."""
        gains = self.alone(pd, self.model.replaced(row, self.reference))
        while len(gains) > 1 and not falls(pd, self.changed(row, [gain.place for gain in gains])):
            gains = gains[:-1]  # where all together would not lower the PD, the weakest is none
        return gains or self.together(row, pd)

    def alone(self, pd: float, others: list[Replaced]) -> list[Gain]:
        """Return the replacements that lower the PD most, told to one digit; none that is told as 0, if others are."""
        most = pd - ROUNDING
        lower = sorted([other for other in others if other[0] < most])[:MOST]
        odds = log_odds(pd)
        gains: list[Gain] = []
        for other, place in lower:
            points = self.pdo * (log_odds(other) - odds)
            shown = round(points, 1)
            if gains and shown <= 0:
                break
            gains.append(Gain(place, shown or told(points)))
        return gains

    def together(self, row: Row, pd: float) -> list[Gain]:
        """Return features that lower the PD only together: first those whose values would hurt the reference most."""
        if not falls(pd, self.pd):
            return []
        hurt = self.model.replaced(self.reference, row)
        order = [place for _, place in sorted(hurt, key=lambda pair: -pair[0])]
        firsts = (order[: count + 1] for count in range(len(order)))
        falling = (first for first in firsts if falls(pd, self.changed(row, first)))
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
        return self.model.own(swapped(row, self.reference, places))

    def points(self, pd: float, other: float) -> float:
        """Return the points that lie between two PDs."""
        return self.pdo * (log_odds(other) - log_odds(pd))


def falls(pd: float, other: float) -> bool:
    """Say whether the other PD is lower, and not by the rounding of sums."""
    return other < pd - ROUNDING


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
    if pd < ROUNDING:
        pd = ROUNDING
    elif pd > CERTAIN:
        pd = CERTAIN
    return log2((1 - pd) / pd)
