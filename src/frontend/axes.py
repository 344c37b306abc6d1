"""a number and its bounds -> the numbers that it can be changed to, counted in steps from the applicant's own"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from src.frontend.schema import Field, Value, says_something

NEAREST = 1 / 128  # the nearest number that is tried first, as a share of the way to the bound
FINEST = 1000  # parts of a range that a number which is not whole is changed by

T = TypeVar("T")


@dataclass(frozen=True)
class Axis:
    """The numbers around one number: `below` and `above` say how many steps it is to the bounds."""

    start: float
    step: float
    span: float
    below: int
    above: int

    def at(self, offset: int) -> int | float:
        """Return the number so many steps away."""
        return round(self.start + offset * self.step, 10)

    def offset(self, value: float) -> int:
        """Return how many steps away a number is."""
        return round((value - self.start) / self.step)

    def share(self, value: float) -> float:
        """Return how far away a number is, as a share of the range."""
        return abs(value - self.start) / self.span

    def rungs(self, most: int) -> list[int]:
        """Return the offsets to try first, at most so many of a side: the farther apart the farther away they are."""
        found = []
        for sign, count in ((-1, self.below), (1, self.above)):
            ladder = {math.ceil(count * NEAREST ** (part / (most - 1))) for part in range(most)}
            found += [sign * each for each in (range(1, count + 1) if count <= most else ladder)]
        return sorted(found, key=lambda offset: (abs(offset), offset))

    def nearer(self, share: float) -> list[int]:
        """Return the offsets of all numbers that are less far away than this share of the range."""
        most = math.ceil(share * self.span / self.step) - 1
        return [offset for offset in range(-min(self.below, most), min(self.above, most) + 1) if offset]


def can_move(field: Field) -> bool:
    """Say whether the applicant can change a field to values that are known: a day or a text of one's own is none."""
    return field.changeable and field.kind not in ("text", "date")


def axis(field: Field, value: Value) -> Axis | None:
    """Return a field's numbers; None where it has labels, or lacks a bound, or the applicant's own is not known."""
    low = field.above if field.minimum is None else field.minimum
    high = field.below if field.maximum is None else field.maximum
    if field.choices or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not (says_something(low) and says_something(high) and low < high):
        return None
    step = 1 if field.kind == "integer" else 10.0 ** math.floor(math.log10((high - low) / FINEST))
    whole = Axis(value, step, high - low, math.floor((value - low) / step), math.floor((high - value) / step))
    return Axis(
        value,
        step,
        whole.span,
        whole.below - (field.broken(whole.at(-whole.below)) is not None),  # an exclusive bound is no number to go to
        whole.above - (field.broken(whole.at(whole.above)) is not None),
    )


def labels(field: Field, value: Value) -> list[Value]:
    """Return the other values of a field that has labels or is true or false, the neighbours first.

    A reason for having no value is none of them: nobody gets a loan for not being asked.
    """
    allowed: Sequence[Value] = (True, False) if field.kind == "boolean" else field.choices
    place = allowed.index(value) if value in allowed else 0
    return sorted((each for each in allowed if each != value), key=lambda each: abs(allowed.index(each) - place))


def spread(values: Sequence[T], most: int) -> list[T]:
    """Return so many of the values, as far apart as they can be."""
    count = len(values)
    return list(values) if count <= most else [values[(part + 1) * count // (most + 1)] for part in range(most)]
