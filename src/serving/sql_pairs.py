"""an additive model's pairs of fields -> their part of the SQL statement: places in a table, and its weights"""

from collections.abc import Sequence
from typing import NamedTuple

from src.serving.pairs import PairCode


class PairColumns(NamedTuple):
    """A pair, the places of its fields from 1 on, and the reference applicant's row and column of its weights."""

    number: int
    pair: PairCode
    first: int
    second: int
    row: int
    column: int

    @property
    def both(self) -> str:
        """Return the column of what the two fields add."""
        return f'"lastro pair {self.number}"'

    @property
    def sides(self) -> tuple[str, str]:
        """Return the columns of the applicant's row and column in the table."""
        return f'"lastro row {self.number}"', f'"lastro column {self.number}"'

    @property
    def others(self) -> tuple[str, str]:
        """Return the columns of what the two would add with the reference's first, and with its second."""
        return f'"lastro first {self.number}"', f'"lastro second {self.number}"'


def weight_of_pair(columns: PairColumns) -> str:
    """Return the CASE of what two fields add."""
    row, column = columns.sides
    return case(row, [case(column, list(map(number, line))) for line in columns.pair.weights])


def others_of_pair(columns: PairColumns) -> tuple[str, str]:
    """Return the CASEs of what two fields would add with the reference's value of the first, of the second."""
    row, column = columns.sides
    weights = columns.pair.weights
    with_first = list(map(number, weights[columns.row]))
    return case(column, with_first), case(row, [number(line[columns.column]) for line in weights])


def case(asked: str, found: Sequence[str]) -> str:
    """Return what stands at the place that a column holds."""
    branches = " ".join(f"WHEN {place} THEN {text}" for place, text in enumerate(found))
    return f"CASE {asked} {branches} END"


def gains_of(place: int, pairs: Sequence[PairColumns]) -> str:
    """Return what a field costs in its pairs against the reference's value."""
    found = [
        f" + scaled.{pair.both} - scaled.{other}"
        for pair in pairs
        for own, other in zip((pair.first, pair.second), pair.others, strict=True)
        if own == place
    ]
    return "".join(found)


def number(value: float) -> str:
    """Return a number that every database reads as the same float64: with an exponent it is no decimal."""
    text = repr(float(value))
    text = text if "e" in text else f"{text}e0"
    return f"({text})" if text.startswith("-") else text
