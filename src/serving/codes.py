"""one applicant -> its codes: all that any exported model can see of it

A model splits a number at finitely many cut points, so an applicant is a cell in a grid. The comparison is made here,
in float64; what a predictor computes from the codes cannot depend on how a float is rounded.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

MISSING = -1.0


class FieldCode(BaseModel):
    """How one feature becomes a code; a number's is how many `cuts` it reaches, a category's its label's place.

    In a scorecard each code has a weight, missing first: what it adds to the log-odds of default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    labels: list[str] | None = None
    cuts: list[float] = []
    weights: list[float] | None = None

    def coder(self) -> Callable[[Any], float]:
        """Return the function from a value (None: missing) to its code."""
        codes = range(len(self.cuts) + 1 if self.labels is None else len(self.labels))
        return self.reader(MISSING, [float(code) for code in codes])

    def weigher(self) -> Callable[[Any], float]:
        """Return the function from a value (None: missing) to its code's weight."""
        missing, *known = self.weights or [0.0]
        return self.reader(missing, known)

    def reader(self, missing: float, known: list[float]) -> Callable[[Any], float]:
        """Return the function from a value to what is `known` of its code."""
        if self.labels is not None:
            by_label = dict(zip(self.labels, known, strict=True))
            return lambda label: by_label.get(label, missing)
        cuts = self.cuts
        # a model reads float64: a whole number above 2 ** 53 is rounded before it is compared
        return lambda number: missing if number is None else known[bisect_right(cuts, float(number))]


class Encoder:
    """All features' codes, in the card's order."""

    def __init__(self, fields: list[FieldCode]) -> None:
        self.coders = [(field.name, field.coder()) for field in fields]

    def codes(self, applicant: Mapping[str, Any]) -> list[float]:
        """Return the codes of one applicant; a feature that is None or not there is missing."""
        return [code(applicant.get(name)) for name, code in self.coders]
