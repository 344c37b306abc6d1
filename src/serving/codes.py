"""one applicant -> its codes: all that any exported model can see of it

A model splits a number at finitely many cut points, so an applicant is a cell in a grid. The comparison is made here,
in float64; what a predictor computes from the codes cannot depend on how a float is rounded.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

RARE = (
    "states",
    "codes",
    "other",
    "missing",
    "trim",
    "ignore_case",
    "before",
    "slope",
)  # written where they say something
Reader = Callable[[Any], float]


class FieldCode(BaseModel):
    """How one feature becomes a code; a number's is how many `cuts` it reaches, a category's its label's place.

    A number's `states`, the reasons for not having one, have codes after those of its cuts; one that training has not
    seen has -1. Of a text several `labels` may share a code: `codes` holds each one's, `other` that of all texts which
    are none of them, `missing` that of no text, and `trim` and `ignore_case` say how texts are compared; elsewhere what
    is missing, or nothing known, is -1. A date is the number of its days before the date that the field `before` holds.

    In a scorecard each code has a weight, that of -1 first: what it adds to the log-odds of default. A number's `slope`
    is what each 1 of it adds to that; where there is no number, nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    labels: list[str] | None = None
    cuts: list[float] = []
    weights: list[float] | None = None
    states: dict[str, int] = {}
    codes: list[int] = []
    other: int | None = None
    missing: int = -1
    trim: bool = False
    ignore_case: bool = False
    before: str | None = None
    slope: float | None = None

    @model_serializer(mode="wrap")
    def _short(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        rare = {name for name in RARE if getattr(self, name) == type(self).model_fields[name].default}
        return {name: value for name, value in written(self).items() if name not in rare}

    @property
    def count(self) -> int:
        """Return how many codes there are from 0 on."""
        if self.labels is None:
            return max(len(self.cuts), *self.states.values()) + 1 if self.states else len(self.cuts) + 1
        return len(self.labels) if self.other is None else max(*self.codes, self.other, self.missing) + 1

    def folded(self, text: str) -> str:
        """Return a text as it is compared."""
        text = text.strip() if self.trim else text
        return text.casefold() if self.ignore_case else text

    def placer(self) -> Reader:
        """Return the function from a value (None: missing) to its code's place: 0 for -1, one more for each code."""
        return self.reader(range(self.count + 1))

    def weigher(self) -> Reader:
        """Return the function from a value (None: missing) to its code's weight."""
        weights = self.weights or [0.0] * (self.count + 1)
        return self.reader(weights) if self.slope is None else self.sloped(self.reader(weights), self.slope)

    def sloped(self, step: Reader, slope: float) -> Reader:
        """Return the function from a value to its step and, where it is a number, what its slope adds."""
        return lambda value: (
            step(value) if value is None or isinstance(value, str) else step(value) + slope * float(value)
        )

    def reader(self, table: Sequence[float]) -> Reader:
        """Return the function from a value to what the table holds for its code; the first is that of -1."""
        absent, *known = table
        if self.labels is not None and self.other is not None:
            by_text = {self.folded(text): known[code] for text, code in zip(self.labels, self.codes, strict=True)}
            absent, other, folded = table[self.missing + 1], known[self.other], self.folded
            return lambda text: by_text.get(folded(text), other) if text else absent
        if self.labels is not None:
            by_label = dict(zip(self.labels, known, strict=True))
            return lambda label: by_label.get(label, absent)
        cuts = self.cuts
        if self.states:
            by_state: dict[str | None, float] = {state: table[code + 1] for state, code in self.states.items()}
            return lambda value: (
                by_state.get(value, absent)
                if value is None or isinstance(value, str)
                else known[bisect_right(cuts, float(value))]
            )
        # a model reads float64: a whole number above 2 ** 53 is rounded before it is compared
        return lambda number: absent if number is None else known[bisect_right(cuts, float(number))]


class Encoder:
    """All features' codes, or whatever else `readers` make of their values, in the card's order."""

    def __init__(self, fields: Sequence[FieldCode], readers: Sequence[Reader]) -> None:
        self.readers = [(field.name, reader) for field, reader in zip(fields, readers, strict=True)]
        self.dates = [(field.name, field.before) for field in fields if field.before is not None]

    def row(self, applicant: Mapping[str, Any]) -> list[float]:
        """Return one applicant's row; a feature that is None or not there is missing."""
        if self.dates:
            applicant = self.dated(applicant)
        return [read(applicant.get(name)) for name, read in self.readers]

    def dated(self, applicant: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the applicant with days for dates; the reference applicant's are days already."""
        given = [(name, before) for name, before in self.dates if isinstance(applicant.get(name), str)]
        return {**applicant, **{name: days_before(applicant[before], applicant[name]) for name, before in given}}


def days_before(made: str, value: str) -> int | str:
    """Return how many days the date `value` lies before the date `made`; a state's label stays."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    return (date.fromisoformat(made) - day).days
