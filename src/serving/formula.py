"""the sums of a model's parts -> its probability of default"""

from collections.abc import Callable, Sequence
from math import exp
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from src.serving.calibration import Calibration

Number = Callable[[Sequence[int]], float]


class Step(BaseModel):
    """A step of the formula."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Total(Step):
    """A part's sum, or its mean over so many trees."""

    kind: Literal["total"] = "total"
    part: int
    trees: Annotated[int, Field(ge=1)] = 1


class Sigmoid(Step):
    """The probability of log-odds."""

    kind: Literal["sigmoid"] = "sigmoid"
    of: "Formula"


class Isotonic(Step):
    """What an isotonic regression makes of log-odds, or of a probability."""

    kind: Literal["isotonic"] = "isotonic"
    of: "Formula"
    steps: Calibration


class Mean(Step):
    """The mean of several probabilities."""

    kind: Literal["mean"] = "mean"
    of: list["Formula"]


Formula = Annotated[Total | Sigmoid | Isotonic | Mean, Field(discriminator="kind")]


def sigmoid(log_odds: float) -> float:
    """Return the probability of these log-odds; never overflows."""
    if log_odds >= 0:
        return 1 / (1 + exp(-log_odds))
    odds = exp(log_odds)
    return odds / (1 + odds)


def function_of(formula: Formula, exponents: Sequence[int]) -> Number:
    """Return the function from the parts' sums, whole numbers of `2 ** -exponent` each, to what the formula says."""
    match formula:
        case Total(part=part, trees=trees):
            unit = 2.0 ** -exponents[part]
            if trees == 1:
                return lambda sums: sums[part] * unit
            return lambda sums: sums[part] * unit / trees
        case Sigmoid(of=Total(part=part, trees=1)):
            return sigmoid_of(part, 2.0 ** -exponents[part])
        case Sigmoid(of=inner):
            log_odds = function_of(inner, exponents)
            return lambda sums: sigmoid(log_odds(sums))
        case Isotonic(of=inner, steps=steps):
            read, calibrated = function_of(inner, exponents), steps.probability
            return lambda sums: calibrated(read(sums))
        case Mean(of=several):
            return mean_of([function_of(each, exponents) for each in several])


def sigmoid_of(part: int, unit: float) -> Number:
    """Return the probability of a part's sum as log-odds; two calls less than by steps."""

    def probability(sums: Sequence[int]) -> float:
        log_odds = sums[part] * unit
        if log_odds >= 0:
            return 1 / (1 + exp(-log_odds))
        odds = exp(log_odds)
        return odds / (1 + odds)

    return probability


def mean_of(several: list[Number]) -> Number:
    """Return the mean of functions, added up in their order."""
    first, *others = several
    count = len(several)

    def mean(sums: Sequence[int]) -> float:
        total = first(sums)
        for other in others:
            total += other(sums)
        return total / count

    return mean
