"""candidates, half of the training rows -> the candidates with the best parameters that Optuna's trials found on them

A study is a file of Optuna's journal storage, named by all that decides how a search ends but the number of trials. It
takes a trial once it is measured, so that a search that was killed goes on with what it had, and one that is asked for
more trials goes on from its last. Each trial's sampler is seeded by the seed and the trial's number: it knows nothing
but the trials before it. Optuna is imported where something is searched, and nowhere else.
"""

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from tqdm import tqdm

from src.contract.costs import Costs
from src.errors import LastroError
from src.files import DIGITS, sha256_of
from src.model.artifact import library_versions
from src.model.entrants import Entrants
from src.model.kinds import KINDS, Range
from src.model.metrics import GREATER_IS_BETTER, Bad, cost_threshold
from src.model.selection import cross_validate
from src.params import Candidate, Train

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial as Asked

Build = Callable[[Mapping[str, Candidate]], Mapping[str, Pipeline]]
SCORES = "scores"  # a trial's attribute in the study
NO_MATTER = {"candidates", "search", "repeats", "rule", "calibration"}  # of params.yaml's `train`, for how it ends


@dataclass(frozen=True)
class Search:
    """What the searches of all candidates share: the training rows, what is measured on their half, where studies are.

    `build` makes unfitted pipelines of candidates; `data` names what the rows were read from, by their hashes.
    """

    build: Build
    X: pd.DataFrame
    bad: Bad
    train: Train
    trials: int
    costs: Costs
    seed: int
    folder: Path
    data: Mapping[str, str]


@dataclass(frozen=True)
class Trial:
    """What one trial found: its candidate with the parameters tried, and metric -> its value on each fold.

    There are no scores where the candidate has too many nodes for `train.max_nodes`.
    """

    name: str
    number: int
    candidate: Candidate
    scores: Mapping[str, list[float]]

    def mean(self, metric: str) -> float:
        """Return the metric's mean over the folds, to 6 digits: more of them could differ between machines."""
        return round(float(np.mean(self.scores[metric])), DIGITS)


@dataclass(frozen=True)
class Searched:
    """The candidates as the search leaves them, every trial, and the mask of the rows that were searched on."""

    entered: Entrants
    trials: tuple[Trial, ...] = ()
    rows: NDArray[np.bool_] | None = None

    def best(self, metric: str) -> dict[str, Trial]:
        """Return each searched candidate's best trial, the first of equals; none where all were too large."""
        sign = 1 if GREATER_IS_BETTER[metric] else -1
        best: dict[str, Trial] = {}
        for trial in self.trials:
            found = best.get(trial.name)
            if trial.scores and (found is None or sign * (trial.mean(metric) - found.mean(metric)) > 0):
                best[trial.name] = trial
        return best

    def told(self, metric: str) -> dict[str, dict[str, object]]:
        """Return each searched candidate's rows, number of trials, best one, and the given and the best mean score."""
        first = {trial.name: trial for trial in self.trials if trial.number == 0}
        return {
            name: {
                "rows": 0 if self.rows is None else int(self.rows.sum()),
                "trials": sum(trial.name == name for trial in self.trials),
                "best": best.number + 1,
                "given": first[name].mean(metric) if first[name].scores else None,
                "found": best.mean(metric),
            }
            for name, best in self.best(metric).items()
        }


def search(entered: Entrants, over: Search) -> Searched:
    """Return each candidate whose kind has a space with its best parameters; the others are as they were.

    The first trial of each is what params.yaml says. What is searched on is one half of the rows of either outcome,
    drawn by the seed; the other half is left for the comparison. Raises LastroError where a half has too few rows.
    """
    names = [name for name, candidate in entered.present.items() if KINDS[candidate.kind].space]
    if not names:
        return Searched(entered)
    rows = half(over.bad, over.seed)
    if min(np.bincount(over.bad[part], minlength=2).min() for part in (rows, ~rows)) < over.train.folds:
        raise LastroError(
            f"train.search: {over.train.folds} folds of half of the training rows need as many rows of each outcome"
        )
    found: list[Trial] = []
    with tqdm(total=len(names) * over.trials * over.train.folds, unit="fit") as bar:
        for name in names:
            found += _trials(name, entered.present[name], over, rows, bar)
    searched = Searched(entered, tuple(found), rows)
    best = {name: trial.candidate for name, trial in searched.best(over.train.metric).items()}
    return replace(searched, entered=Entrants(entered.present | best, entered.left_out))


def half(bad: Bad, seed: int) -> NDArray[np.bool_]:
    """Return the mask of one half of the rows, with half of the bads."""
    found = np.zeros(len(bad), dtype=bool)
    found[next(StratifiedKFold(2, shuffle=True, random_state=seed).split(bad, bad))[0]] = True
    return found


def _trials(name: str, given: Candidate, over: Search, rows: NDArray[np.bool_], bar: "tqdm[Any]") -> list[Trial]:
    """Return the candidate's trials: what its study holds, and what is missing there."""
    found = []
    with _study(name, given, over) as (kept, study):
        for number in range(over.trials):
            bar.set_description(f"search {name}, trial {number + 1}")
            if number < len(study.trials):
                bar.update(over.train.folds)
            else:
                _try(study, name, given, over, rows, bar)
                kept.add_trial(study.trials[number])
            known = study.trials[number]
            found.append(Trial(name, number, _with(given, known.params), known.user_attrs[SCORES]))
    return found


def _try(study: "Study", name: str, given: Candidate, over: Search, rows: NDArray[np.bool_], bar: "tqdm[Any]") -> None:
    """Add a trial to the study: the given parameters where it is the first, else what the sampler suggests."""
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    number = len(study.trials)
    seed = int(np.random.SeedSequence([over.seed, number]).generate_state(1)[0])
    study.sampler = TPESampler(seed=seed, multivariate=False)  # together only where all trials have the same parameters
    asked = study.ask()
    params = _suggested(asked, KINDS[given.kind].space) if number else {}
    trial = Trial(name, number, _with(given, params), _scores(name, _with(given, params), over, rows, bar))
    asked.set_user_attr(SCORES, trial.scores)
    if trial.scores:
        study.tell(asked, trial.mean(over.train.metric))
    else:
        study.tell(asked, state=TrialState.PRUNED)


def _suggested(asked: "Asked", space: Mapping[str, Range]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, values in space.items():
        if isinstance(values.low, int) and isinstance(values.high, int):
            found[name] = asked.suggest_int(name, values.low, values.high, log=values.log)
        else:
            found[name] = asked.suggest_float(name, values.low, values.high, log=values.log)
    return found


def _with(given: Candidate, params: Mapping[str, float]) -> Candidate:
    """Return the candidate with a trial's parameters, to three digits: more of them could differ between machines."""
    return given.model_copy(update={n: v if isinstance(v, int) else float(f"{v:.3g}") for n, v in params.items()})


def _scores(
    name: str, candidate: Candidate, over: Search, rows: NDArray[np.bool_], bar: "tqdm[Any]"
) -> dict[str, list[float]]:
    """Return metric -> its value on each fold of the searched rows; nothing where the candidate is too large.

    It may have as many nodes as the rows that are searched on are a part of all.
    """
    train, one, before = over.train, {name: candidate}, bar.n
    nodes, X, bad = max(1, int(train.max_nodes * rows.mean())), over.X[rows], over.bad[rows]
    found = cross_validate(over.build(one), one, X, bad, train.folds, 1, over.seed, lambda _: bar.update(), nodes)
    bar.update(before + train.folds - bar.n)
    return {} if name in found.too_large else found.scores(name, cost_threshold(over.costs), over.costs)


@contextlib.contextmanager
def _study(name: str, given: Candidate, over: Search) -> Iterator[tuple["Study", "Study"]]:
    """Yield the study as it is kept and a copy in memory, while no other process has it.

    A line that a killed machine left half written is taken away, and so is the lock of a killed process.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    direction = "maximize" if GREATER_IS_BETTER[over.train.metric] else "minimize"
    file = over.folder / f"{given.kind}-{_key(name, given, over)}.journal"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.truncate(file.read_bytes().rfind(b"\n") + 1)
        Path(f"{file}.lock").unlink(missing_ok=True)
        storage = JournalStorage(JournalFileBackend(str(file)))
        kept = optuna.create_study(storage=storage, study_name=name, direction=direction, load_if_exists=True)
        study = optuna.create_study(direction=direction)
        study.add_trials(kept.trials)
        yield kept, study


def _key(name: str, given: Candidate, over: Search) -> str:
    """Return a name for all that decides what a trial finds: data, parameters, code and libraries."""
    kind = KINDS[given.kind]
    decides = {
        "candidate": {name: given.model_dump()},
        "space": {param: asdict(values) for param, values in kind.space.items()},
        "train": over.train.model_dump(exclude=NO_MATTER),
        "costs": over.costs.model_dump(),
        "seed": over.seed,
        "data": dict(over.data),
        "code": sha256_of(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))),
        "libraries": library_versions({"optuna", "scikit-learn", kind.library}),
    }
    return sha256_of(json.dumps(decides, sort_keys=True).encode())[:16]
