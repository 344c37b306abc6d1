"""candidates bound to the directions of risk that the contract expects, and free of them -> which of the two enters"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from src.model.card import Feature
from src.model.kinds import KINDS
from src.model.metrics import GREATER_IS_BETTER
from src.model.selection import OutOfFold, with_blends
from src.params import Candidate, Directions, Metric

SIGN = {"increasing": 1, "decreasing": -1}
Way = Literal["bound", "free"]
Score = Callable[[OutOfFold, str], Mapping[str, Sequence[float]]]
"""predictions, a candidate's name -> metric -> its value on each fold"""


@dataclass(frozen=True)
class Ways:
    """Which candidates can be bound, which of these are free, and what being bound gains in ROC AUC where tried."""

    candidates: list[str]
    free: frozenset[str] = frozenset()
    gains: dict[str, float] = field(default_factory=dict)

    def of(self, name: str) -> Way | None:
        """Return whether a candidate is bound or free; None where there is nothing to bind."""
        if name not in self.candidates:
            return None
        return "free" if name in self.free else "bound"


def expected(features: Sequence[Feature]) -> dict[str, int]:
    """Return the features whose risk has an expected direction: 1 where it rises with the number, -1 where it falls."""
    return {f.name: SIGN[f.direction] for f in features if f.numeric and f.direction}


def bindable(candidates: Mapping[str, Candidate], features: Sequence[Feature]) -> list[str]:
    """Return the candidates that an expected direction can bind; none where the contract expects none."""
    return [name for name, each in candidates.items() if expected(features) and KINDS[each.kind].binds(each)]


def asked(candidates: list[str], word: Directions) -> Ways:
    """Return how those candidates are compared first that can be bound: bound, unless directions are ignored."""
    return Ways(candidates, frozenset(candidates if word == "ignore" else ()))


def better(
    bound: OutOfFold, free: OutOfFold, metric: Metric, score: Score, candidates: Mapping[str, Candidate]
) -> tuple[OutOfFold, Ways]:
    """Return the predictions of the better of both ways of each candidate, and which that is.

    `free` holds those candidates that were tried without directions, on the folds of `bound`. Better is the mean of the
    metric over the folds; where both are the same, bound. Blends are of the members that enter.
    """
    sign, gains, freed = 1 if GREATER_IS_BETTER[metric] else -1, {}, []
    for name in free.pd:
        with_it, without = score(bound, name), score(free, name)
        gains[name] = float(np.mean(with_it["roc_auc"]) - np.mean(without["roc_auc"]))
        if sign * np.mean(without[metric]) > sign * np.mean(with_it[metric]):
            freed.append(name)
    pd_of = with_blends(bound.pd | {name: free.pd[name] for name in freed}, candidates)
    return replace(bound, pd=pd_of), Ways([*free.pd, *free.too_large], frozenset(freed), gains)
