"""candidates, training table -> out-of-fold probabilities, and which candidate they favour"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t
from sklearn.base import clone
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from src.contract.package import Costs
from src.model.calibration import bounds
from src.model.formulas import Trees
from src.model.kinds import KINDS
from src.model.metrics import GREATER_IS_BETTER, Bad, Vector, score_all
from src.params import Candidate, Train

FEWEST_MEMBERS = 2  # of a blend
Scores = Mapping[str, Mapping[str, list[float]]]
"""candidate -> metric -> its value on each fold"""


@dataclass(frozen=True)
class Choice:
    """What training decided: the candidate, by which metric and rule, and whether it is calibrated.

    `brier_gain` is by how much calibration lowers the candidate's Brier score, out of fold.
    """

    candidate: str
    metric: str
    rule: str
    calibrated: bool
    brier_gain: float


@dataclass(frozen=True)
class OutOfFold:
    """What cross-validation predicted: `pd[name]` has shape (repeats, rows), `fold` gives each row's fold alike.

    `too_large` names the candidates whose first fit had too many nodes; they have no predictions.
    """

    bad: Bad
    fold: NDArray[np.intp]
    pd: dict[str, NDArray[np.float64]]
    too_large: tuple[str, ...] = ()

    def parts(self) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Yield every repeat and the mask of each of its folds' rows."""
        for repeat, folds in enumerate(self.fold):
            for fold in np.unique(folds):
                yield repeat, folds == fold

    def scores(self, name: str, threshold: float, costs: Costs) -> dict[str, list[float]]:
        """Return metric -> its value on each fold, repeat by repeat."""
        folds = [
            score_all(self.bad[rows], self.pd[name][repeat, rows], threshold, costs) for repeat, rows in self.parts()
        ]
        return {metric: [fold[metric] for fold in folds] for metric in GREATER_IS_BETTER}


def cross_validate(
    pipelines: Mapping[str, Pipeline],
    candidates: Mapping[str, Candidate],
    X: pd.DataFrame,
    bad: Bad,
    folds: int,
    repeats: int,
    seed: int,
    progress: Callable[[str], object],
    most_nodes: int | None = None,
) -> OutOfFold:
    """Predict every row by models that have not seen it, in `repeats` stratified partitions of `folds`.

    A blend is the mean of its members' probabilities, which is what its own fit would predict. `progress` is called
    with a text after each fit. A candidate whose first fit has more than `most_nodes` nodes is fitted no more, and is
    no part of a blend.
    """
    fold = np.zeros((repeats, len(bad)), dtype=np.intp)
    pd_of = {name: np.zeros((repeats, len(bad))) for name, candidate in candidates.items() if not candidate.parts}
    too_large: list[str] = []
    for repeat in range(repeats):
        splits = StratifiedKFold(folds, shuffle=True, random_state=seed + repeat).split(X, bad)
        for number, (seen, unseen) in enumerate(splits):
            fold[repeat, unseen] = number
            for name in list(pd_of):
                fitted = clone(pipelines[name]).fit(X.iloc[seen], bad[seen])
                if repeat == number == 0 and nodes_of(fitted, candidates[name]) > (most_nodes or np.inf):
                    too_large.append(name)
                    del pd_of[name]
                    continue
                pd_of[name][repeat, unseen] = fitted.predict_proba(X.iloc[unseen])[:, 1]
                progress(f"{name}, repeat {repeat + 1}, fold {number + 1}")
    found = {name: pd_of[name] for name in candidates if name in pd_of}
    for name, candidate in candidates.items():
        parts = [pd_of[part] for part in candidate.parts if part in pd_of]
        if len(parts) >= FEWEST_MEMBERS:
            found[name] = np.mean(parts, axis=0)
    return OutOfFold(bad, fold, {name: found[name] for name in candidates if name in found}, tuple(too_large))


def nodes_of(fitted: Pipeline, candidate: Candidate) -> int:
    """Return the number of nodes and leaves in a fitted candidate's trees; 0 where it has none, or none can be read."""
    read = KINDS[candidate.kind].formula
    formula = read(fitted[-1]) if read else None
    return sum(len(tree.left) for tree in formula.trees) if isinstance(formula, Trees) else 0


def choose(found: OutOfFold, scores: Scores, params: Train) -> Choice:
    """Return the choice that the parameters' metric, rule and calibration make of what cross-validation found."""
    chosen = select({name: s[params.metric] for name, s in scores.items()}, params.metric, params.rule)
    gain = calibration_gain(found, chosen)
    calibrated = params.calibration == "isotonic" and gain > 0
    return Choice(chosen, params.metric, params.rule, calibrated, gain)


def select(scores: Mapping[str, list[float]], metric: str, rule: str) -> str:
    """Return the chosen candidate's name; `scores` maps candidates, the simplest first, to `metric` on each fold.

    "best" takes the best mean; "one_standard_error" the first whose mean is within one standard error of the best's
    mean (Breiman et al. 1984, 3.4.3), the standard error being that of the best's folds.
    """
    sign = 1 if GREATER_IS_BETTER[metric] else -1
    means = {name: sign * float(np.mean(values)) for name, values in scores.items()}
    best = max(means, key=lambda name: means[name])
    if rule == "best":
        return best
    error = float(np.std(scores[best], ddof=1) / np.sqrt(len(scores[best])))
    return next(name for name, mean in means.items() if mean >= means[best] - error)


def paired_difference(
    first: Sequence[float], second: Sequence[float], folds: int, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return the mean of `first - second` over the same folds, and its interval's ends.

    Folds share training rows, so their variance is corrected as Nadeau and Bengio (2003) do: by 1 / their number plus
    test rows / training rows.

    >>> [round(value, 3) for value in paired_difference([0.8, 0.9, 0.7], [0.7, 0.7, 0.7], folds=3)]
    [0.1, -0.293, 0.493]
    """
    differences = np.subtract(first, second)
    mean = float(differences.mean())
    if len(differences) < 2:
        return mean, mean, mean
    error = float(differences.std(ddof=1)) * (1 / len(differences) + 1 / (folds - 1)) ** 0.5
    reach = error * float(t.ppf((1 + confidence) / 2, len(differences) - 1))
    return mean, mean - reach, mean + reach


def calibration_gain(found: OutOfFold, name: str) -> float:
    """Return by how much isotonic calibration lowers the candidate's Brier score, out of fold.

    Each fold's probabilities are calibrated on the same repeat's other folds, whose models did not see them either.
    """
    before, after = [], []
    for repeat, rows in found.parts():
        pd_of = found.pd[name][repeat]
        calibrated = calibrate(pd_of[~rows], found.bad[~rows], pd_of[rows])
        before.append(np.mean((pd_of[rows] - found.bad[rows]) ** 2))
        after.append(np.mean((calibrated - found.bad[rows]) ** 2))
    return float(np.mean(before) - np.mean(after))


def calibrate(pd_seen: Vector, bad: Bad, pd_new: Vector) -> Vector:
    """Return `pd_new` mapped by the isotonic regression of `bad` on `pd_seen`, within its rows' bounds."""
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(pd_seen, bad)
    return np.clip(np.asarray(fitted.predict(pd_new), dtype=np.float64), *bounds(bad))
