"""one applicant -> its codes: all that any exported model can see of it

A model splits a number at finitely many cut points, so an applicant is a cell in a grid. The comparison is made here,
in float64; what the serving form computes from the codes cannot depend on how a float is rounded.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

MISSING = -1.0


class FieldCode(BaseModel):
    """How one feature becomes a code; a number's is how many `cuts` it reaches, a category's its label's place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    labels: list[str] | None = None
    cuts: list[float] = []

    def coder(self) -> Callable[[Any], float]:
        """The function from a value (None: missing) to its code."""
        if self.labels is not None:
            places = {label: float(place) for place, label in enumerate(self.labels)}
            return lambda label: places.get(label, MISSING)
        cuts = self.cuts
        return lambda number: MISSING if number is None else float(bisect_right(cuts, number))


class Encoder:
    """All features' codes, in the card's order."""

    def __init__(self, fields: list[FieldCode]) -> None:
        self.fields = fields
        self.coders = [(field.name, field.coder()) for field in fields]

    def codes(self, applicant: Mapping[str, Any]) -> list[float]:
        """The codes of one applicant; every feature must be named, None where it is missing."""
        return [code(applicant[name]) for name, code in self.coders]


class Parity(BaseModel):
    """How far the serving form is from the fitted model: rows compared, largest |ΔPD|, decisions that differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset_rows: int
    random_rows: int
    largest_difference: float
    flipped_decisions: int


class Export(BaseModel):
    """models/export.json: which file is served, why, its hash, encoder, libraries and parity with `model`'s file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    file: str
    sha256: str | None
    why: str | None
    fields: list[FieldCode]
    libraries: dict[str, str]
    parity: Parity | None
