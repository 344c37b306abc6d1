"""an additive model's codes -> its log-odds and reasons: steps of one field and of two, looked up and summed"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from src.serving.reasons import Replaced, Row

Grid = list[list[float]]


class PairCode(BaseModel):
    """What two features add together to the log-odds of default.

    `rows` and `columns` say which row and which column of `weights` each code of the first and of the second feature
    has; those of -1 come first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str
    second: str
    rows: list[int]
    columns: list[int]
    weights: Grid

    def grid(self) -> Grid:
        """Return the weight of each code of the first, by each of the second; equal rows are one list."""
        wide = [[row[column] for column in self.columns] for row in self.weights]
        return [wide[row] for row in self.rows]

    def turned(self) -> Grid:
        """Return the grid of each code of the second, by each of the first."""
        wide = [[row[column] for row in self.weights] for column in range(len(self.weights[0]))]
        long = [[line[row] for row in self.rows] for line in wide]
        return [long[column] for column in self.columns]


class Partner(NamedTuple):
    """Another feature that a feature is paired with: its place, and the weights of one's codes by the other's."""

    place: int
    grid: Grid


class Sum:
    """The log-odds of rows of codes, which count from 0 for -1."""

    def __init__(self, names: Sequence[str], weights: Grid, intercept: float, pairs: Sequence[PairCode]) -> None:
        self.weights, self.intercept = weights, intercept
        place = {name: number for number, name in enumerate(names)}
        self.pairs = [(place[pair.first], place[pair.second], pair.grid()) for pair in pairs]
        self.partners: list[list[Partner]] = [[] for _ in names]
        for pair, (first, second, grid) in zip(pairs, self.pairs, strict=True):
            self.partners[first].append(Partner(second, grid))
            self.partners[second].append(Partner(first, pair.turned()))

    def log_odds(self, row: "Row") -> float:
        """Return the sum of a row's weights, one after another: from Python 3.12 on, `sum` rounds otherwise."""
        total = 0.0
        for weights, code in zip(self.weights, row, strict=True):
            total += weights[code]
        for first, second, grid in self.pairs:
            total += grid[row[first]][row[second]]
        return self.intercept + total

    def replaced(self, row: "Row", reference: "Row", probability: Callable[[float], float]) -> "list[Replaced]":
        """Return the PDs with each code in turn as the reference has it: a sum less what it adds, plus the other."""
        total, found = self.log_odds(row), []
        for place, (code, other) in enumerate(zip(row, reference, strict=True)):
            if code != other:
                weights = self.weights[place]
                changed = total - weights[code] + weights[other]
                for partner, grid in self.partners[place]:
                    with_it = row[partner]
                    changed += grid[other][with_it] - grid[code][with_it]
                found.append((probability(changed), place))
        return found
