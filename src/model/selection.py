"""candidates, training table -> out-of-fold probabilities, and which candidate they favour"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from joblib.externals.loky import get_reusable_executor
from numpy.typing import NDArray
from scipy.stats import t
from sklearn.base import clone
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from src.contract.costs import Costs
from src.model.calibration import bounds
from src.model.formulas import Trees
from src.model.kinds import KINDS
from src.model.metrics import GREATER_IS_BETTER, Bad, Vector, score_all
from src.params import Candidate, Train

FEWEST_MEMBERS = 2  # of a blend
WORKERS = 2
MANY_ROWS = 20_000  # from which a fit takes longer than a process to start
Matrix = NDArray[np.float64]
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


class Part(NamedTuple):
    """One fold of a repeat: the places of the rows that are fitted, and of those that are predicted."""

    repeat: int
    number: int
    seen: NDArray[np.intp]
    unseen: NDArray[np.intp]

    @property
    def first(self) -> bool:
        """Return whether it is the one by which a candidate's size is judged."""
        return self.repeat == self.number == 0

    def __str__(self) -> str:
        return f"repeat {self.repeat + 1}, fold {self.number + 1}"


Job = tuple[str, Part]


@dataclass(frozen=True)
class Fit:
    """What fits a candidate on one part and predicts the other, in whichever process: on one thread, so equal bits."""

    pipelines: Mapping[str, Pipeline]
    X: pd.DataFrame
    bad: Bad
    candidates: Mapping[str, Candidate] = field(default_factory=dict)
    most_nodes: float | None = None

    def __call__(self, name: str, part: Part) -> Vector | None:
        """Return the PDs of the rows that the fit has not seen; None where the first part's has too many nodes."""
        with threadpool_limits(1):
            fitted = clone(self.pipelines[name]).fit(self.X.iloc[part.seen], self.bad[part.seen])
            if part.first and self.most_nodes and nodes_of(fitted, self.candidates[name]) > self.most_nodes:
                return None
            found: Vector = fitted.predict_proba(self.X.iloc[part.unseen])[:, 1]
        return found


def each(fit: Fit, jobs: Sequence[Job]) -> Iterator[tuple[Job, Vector | None]]:
    """Yield each job and what it predicts; where rows are many, two processes fit.

    Of each fold the last candidate comes first, which takes the longest: so none is left alone with it in the end.
    """
    workers = min(WORKERS, cpu_count()) if len(fit.bad) >= MANY_ROWS else 1
    names = list(fit.pipelines)
    jobs = sorted(jobs, key=lambda job: (job[1].repeat, job[1].number, -names.index(job[0]))) if workers > 1 else jobs
    found = Parallel(n_jobs=workers, return_as="generator")(delayed(fit)(*job) for job in jobs)
    yield from zip(jobs, found, strict=True)
    if workers > 1:
        get_reusable_executor().shutdown()  # what they hold is wanted for the final fit


@dataclass(frozen=True)
class OutOfFold:
    """What cross-validation predicted: `pd[name]` has shape (repeats, rows), `fold` gives each row's fold alike.

    A row that was set apart has fold -1 and no prediction (NaN). `too_large` names the candidates whose first fit had
    too many nodes; they have no predictions.
    """

    bad: Bad
    fold: NDArray[np.intp]
    pd: dict[str, NDArray[np.float64]]
    too_large: tuple[str, ...] = ()

    def parts(self) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Yield every repeat and the mask of each of its folds' rows."""
        for repeat, folds in enumerate(self.fold):
            for fold in np.unique(folds[folds >= 0]):
                yield repeat, folds == fold

    def partitioned(self) -> list[Part]:
        """Return what was fitted and predicted in each."""
        return [
            Part(repeat, number, np.flatnonzero(~rows), np.flatnonzero(rows))
            for number, (repeat, rows) in enumerate(self.parts())
        ]

    def calibrated(self, name: str, repeat: int) -> Vector:
        """Return the candidate's PDs of a repeat, each fold's calibrated on its other folds.

        Their models did not see them either. A row that was set apart has none (NaN).
        """
        pd_of, fold = self.pd[name][repeat], self.fold[repeat]
        found = np.full(len(self.bad), np.nan)
        for number in np.unique(fold[fold >= 0]):
            rows, others = fold == number, (fold != number) & (fold >= 0)
            found[rows] = calibrate(pd_of[others], self.bad[others], pd_of[rows])
        return found

    def predicted(self, choice: Choice) -> tuple[Vector, Vector]:
        """Return the first repeat's PDs of what was chosen, calibrated where it is, and the same without that."""
        bare = self.pd[choice.candidate][0]
        return (self.calibrated(choice.candidate, 0) if choice.calibrated else bare), bare

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
    apart: NDArray[np.bool_] | None = None,
) -> OutOfFold:
    """Predict every row by models that have not seen it, in `repeats` stratified partitions of `folds`.

    Rows set `apart` are in no fold: every model sees them, and none predicts them.

    A blend is the mean of its members' probabilities, which is what its own fit would predict. `progress` is called
    with a text after each fit. A candidate whose first fit has more than `most_nodes` nodes is fitted no
    more, and is no part of a blend.
    """
    fold = np.full((repeats, len(bad)), -1, dtype=np.intp)
    pd_of = {name: np.full(fold.shape, np.nan) for name, candidate in candidates.items() if not candidate.parts}
    too_large: set[str] = set()
    parts = [
        Part(repeat, number, seen, unseen)
        for repeat in range(repeats)
        for number, (seen, unseen) in enumerate(partition(bad, folds, seed + repeat, apart))
    ]
    for part in parts:
        fold[part.repeat, part.unseen] = part.number
    fit = Fit(pipelines, X, bad, candidates, most_nodes)
    for some in (parts[:1], parts[1:]):
        for (name, part), found in each(fit, [(name, part) for part in some for name in pd_of]):
            if found is None:
                too_large.add(name)
            else:
                pd_of[name][part.repeat, part.unseen] = found
                progress(f"{name}, {part}")
        pd_of = {name: predicted for name, predicted in pd_of.items() if name not in too_large}
    return OutOfFold(bad, fold, with_blends(pd_of, candidates), tuple(name for name in candidates if name in too_large))


def with_blends(
    pd_of: Mapping[str, NDArray[np.float64]], candidates: Mapping[str, Candidate]
) -> dict[str, NDArray[np.float64]]:
    """Return the predictions with the blends' beside those of their members, in the order of the candidates."""
    found = {name: pd_of[name] for name, candidate in candidates.items() if name in pd_of and not candidate.parts}
    for name, candidate in candidates.items():
        parts = [pd_of[part] for part in candidate.parts if part in pd_of]
        if len(parts) >= FEWEST_MEMBERS:
            found[name] = np.mean(parts, axis=0)
    return {name: found[name] for name in candidates if name in found}


def partition(
    bad: Bad, folds: int, seed: int, apart: NDArray[np.bool_] | None = None
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield of each stratified fold the rows outside of it and its own; those set `apart` are outside of all."""
    rows = np.arange(len(bad)) if apart is None else np.flatnonzero(~apart)
    for _, chosen in StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, bad[rows]):
        yield np.setdiff1d(np.arange(len(bad)), rows[chosen]), rows[chosen]


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
    """Return by how much isotonic calibration lowers the candidate's Brier score, out of fold."""
    before, after = [], []
    calibrated = [found.calibrated(name, repeat) for repeat in range(len(found.fold))]
    for repeat, rows in found.parts():
        before.append(np.mean((found.pd[name][repeat, rows] - found.bad[rows]) ** 2))
        after.append(np.mean((calibrated[repeat][rows] - found.bad[rows]) ** 2))
    return float(np.mean(before) - np.mean(after))


def calibrate(pd_seen: Vector, bad: Bad, pd_new: Vector) -> Vector:
    """Return `pd_new` mapped by the isotonic regression of `bad` on `pd_seen`, within its rows' bounds."""
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(pd_seen, bad)
    return np.clip(np.asarray(fitted.predict(pd_new), dtype=np.float64), *bounds(bad))
