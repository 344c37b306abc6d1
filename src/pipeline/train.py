"""data/processed/train.parquet -> models/{model.pkl,model.json,train_rows.parquet,r}, reports/{candidates,scorecard}"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from src.contract.costs import Costs
from src.contract.fields import ContractError
from src.contract.package import Package, read_package
from src.contract.table import read_table, write_table
from src.errors import LastroError, run
from src.files import DIGITS, digest, rounded, sha256_of, write_bytes, write_json
from src.lineage import tracking
from src.model import candidates, filing, scorecard, selection
from src.model.artifact import library_versions, to_bytes
from src.model.baseline import baseline, logistic_regression
from src.model.calibration import bounded, known, part_of
from src.model.card import (
    CARD,
    MODEL,
    Card,
    CardCosts,
    Dataset,
    Feature,
    FromR,
    Target,
    Time,
    Value,
    feature_of,
    features_of,
    target_of,
    translations_of,
    write_card,
)
from src.model.compared import BOUNDS, described, facts_of, readable
from src.model.directions import Ways, asked, better, bindable
from src.model.entrants import Entrants, entrants, repeats_of
from src.model.features import kept_texts
from src.model.inputs import inputs, time_of
from src.model.kinds import KINDS
from src.model.metrics import Bad, cost_threshold
from src.model.r import keeping
from src.model.r.candidate import require
from src.model.r.keeping import kept
from src.model.reference import reference
from src.model.rows import TRAIN_ROWS, trained_of, with_readable
from src.model.search import Build, Search, Searched, Trial, search
from src.model.selection import Choice, Scores, choose
from src.params import Params, Text, Train, read_params

PARAMS = Path("params.yaml")
APPLICATIONS = Path("data/raw/applications.parquet")
TRAIN = Path("data/processed/train.parquet")
MODELS = Path("models")
FROM_R = MODELS / "r"
CANDIDATES = Path("reports/candidates.json")
SCORECARD = Path("reports/scorecard.csv")
NAME = "credit-score"
WATCHED_ROWS = 100_000  # of more, MLflow's six predictions of them all would take as long as the fit itself


def costs_of(params: Params, package: Package) -> CardCosts:
    """Return the costs that params.yaml sets, else those of the data package."""
    found, source = (params.costs, "params.yaml") if params.costs else (package.resource.costs, "data package")
    if found is None:
        raise ContractError("costs: neither params.yaml nor the data package names {false_accept, false_reject}")
    return CardCosts(false_accept=found.false_accept, false_reject=found.false_reject, source=source)


def tuned(entered: Entrants, build: Build, X: pd.DataFrame, bad: Bad, costs: Costs, params: Params) -> Searched:
    """Return the candidates with the best parameters that a search finds, where params.yaml asks for one."""
    if params.train.search is None:
        return Searched(entered)
    data = {"train": digest(TRAIN), "package": digest(Path(params.dataset))}
    trials, folder = params.train.search.trials, tracking.searches()
    return search(entered, Search(build, X, bad, params.train, trials, costs, params.seed, folder, data))


def compare(
    pipelines: dict[str, Pipeline],
    entered: Entrants,
    train: Train,
    X: pd.DataFrame,
    bad: Bad,
    seed: int,
    apart: NDArray[np.bool_] | None = None,
) -> selection.OutOfFold:
    """Cross-validate the candidates under a progress bar that shows candidate and fold; `apart` are rows of no fold."""
    if min(bad.sum(), len(bad) - bad.sum()) < train.folds:
        raise LastroError(f"train.folds: {train.folds} folds need as many rows of each outcome in the training split")
    repeats = repeats_of(train.repeats, len(bad))
    fits = sum(not candidate.parts for candidate in entered.present.values())
    with tqdm(total=fits * train.folds * repeats, unit="fit") as bar:

        def progress(text: str) -> None:
            bar.set_description(text)
            bar.update()

        return selection.cross_validate(
            pipelines, entered.present, X, bad, train.folds, repeats, seed, progress, train.max_nodes, apart
        )


def compare_ways(
    entered: Entrants,
    ways: Ways,
    build: Callable[..., dict[str, Pipeline]],
    X: pd.DataFrame,
    bad: Bad,
    costs: Costs,
    params: Params,
    apart: NDArray[np.bool_] | None,
) -> tuple[selection.OutOfFold, Ways]:
    """Cross-validate the candidates as `train.directions` says: bound, free, or both, of which the better enters."""
    train, seed = params.train, params.seed
    found = compare(build(entered.present, free=ways.free), entered, train, X, bad, seed, apart)
    again = {name: entered.present[name] for name in ways.candidates if name in found.pd}
    if train.directions != "best" or not again:
        return found, ways
    free = compare(build(again, free=again), Entrants(again, {}), train, X, bad, seed, apart)

    def score(predicted: selection.OutOfFold, name: str) -> Mapping[str, list[float]]:
        return predicted.scores(name, cost_threshold(costs), costs)

    return better(found, free, train.metric, score, entered.present)


def final(pipeline: Pipeline, calibrated: bool, folds: int, seed: int) -> BaseEstimator:
    """Return the unfitted final estimator: the chosen pipeline, or one isotonic calibration around it."""
    if not calibrated:
        return clone(pipeline)
    inner = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return CalibratedClassifierCV(clone(pipeline), method="isotonic", cv=inner, ensemble=False)


def beside(
    found: selection.OutOfFold, features: list[Feature], X: pd.DataFrame, costs: Costs, params: Params
) -> Scores:
    """Return the scores of the baselines on the candidates' folds, under a progress bar."""
    regression = logistic_regression(features, params.seed, params.train.text)
    with tqdm(total=found.fold.shape[0] * params.train.folds, unit="fit", desc="baseline") as bar:
        predicted = baseline(found, X, regression, bar.update)
    return {name: predicted.scores(name, cost_threshold(costs), costs) for name in predicted.pd}


def applicants(features: list[Feature], time: Time | None) -> pd.DataFrame:
    """Return the features of the whole data set."""
    return inputs(read_table(APPLICATIONS), features, time)


def suggested(features: list[Feature], X: pd.DataFrame, text: Text) -> list[Feature]:
    """Return the features with those values of a text that the model tells apart."""
    found = []
    for feature in features:
        kept = kept_texts(X[feature.name], feature.states, text.least, text.most) if feature.type == "text" else []
        known = [value for value in kept if value not in feature.states]
        found.append(feature.model_copy(update={"suggestions": known}))
    return found


def card_of(
    choice: Choice,
    params: Params,
    entered: Entrants,
    package: Package,
    features: list[Feature],
    time: Time | None,
    reference: dict[str, Value],
    target: Target,
    sha256: str,
    from_r: FromR | None = None,
) -> Card:
    """Return the card: everything downstream needs to know of what was decided here."""
    costs = costs_of(params, package)
    return Card(
        name=NAME,
        candidate=choice.candidate,
        calibrated=choice.calibrated,
        sha256=sha256,
        dataset=Dataset(name=package.name, title=package.title),
        data={"applications": digest(APPLICATIONS, "md5"), "train": digest(TRAIN, "md5")},
        features=features,
        time=time,
        target=target,
        protected=[column.name for column in package.protected],
        groups=[feature_of(column, package) for column in package.with_role("protected")],
        reference=reference,
        costs=costs,
        threshold=cost_threshold(costs.pair),
        scale=params.scale,
        translations=translations_of(package),
        libraries=library_versions(candidates.libraries(entered.present, choice.candidate)),
        r=from_r,
    )


def settings_of(params: Params, rows: int) -> dict[str, object]:
    """Return the parameters of the training's run; each candidate's own are in its child run."""
    said = params.train.model_dump(exclude={"candidates"})
    repeats = repeats_of(params.train.repeats, rows)
    return {"seed": params.seed, "dataset": params.dataset, **said, "repeats": repeats}


def record(run: tracking.Run, entered: Entrants, scores: Scores, card: Card, trials: Sequence[Trial] = ()) -> None:
    """Record a child run for each candidate and trial, on the run itself the chosen one's scores and the hashes."""
    for name, by_metric in scores.items():
        run.candidate(name, entered.present[name].model_dump(exclude=BOUNDS), by_metric)
    for trial in trials:
        tags = {"searched": trial.name, "trial": str(trial.number + 1)}
        name = f"{trial.name}, trial {trial.number + 1}"
        run.candidate(name, trial.candidate.model_dump(exclude=BOUNDS), trial.scores, tags)
    run.log({f"cv_{metric}": float(pd.Series(values).mean()) for metric, values in scores[card.candidate].items()})
    run.tag({"data.md5": card.data["applications"], "model.sha256": card.sha256})
    run.tag({"candidate": card.candidate, "calibrated": str(card.calibrated).lower()})


def main() -> None:
    """Compare, choose, fit, record, write."""
    params = read_params(PARAMS, KINDS)
    package = read_package(Path(params.dataset))
    table = read_table(TRAIN)
    time = time_of(package, table)
    X = inputs(table, features_of(package), time)
    features = suggested(features_of(package), X, params.train.text)
    bad = package.is_bad(table[package.target.name]).to_numpy().astype("int64")
    costs = costs_of(params, package).pair
    entered = entrants(params.train.candidates, len(X))
    require(entered.present)
    ways = asked(bindable(entered.present, features), params.train.directions)
    build = partial(candidates.build, features=features, seed=params.seed, text=params.train.text)

    with threadpool_limits(1):  # with several threads, sums differ in the last bit
        searched = tuned(entered, partial(build, free=ways.free), X, bad, costs, params)
        entered = searched.entered
        found, ways = compare_ways(entered, ways, build, X, bad, costs, params, searched.rows)
        entered = entered.without(dict.fromkeys(found.too_large, "size"))
        pipelines = build(entered.present, free=ways.free)
        scores = {name: found.scores(name, cost_threshold(costs), costs) for name in pipelines}
        choice = choose(found, scores, params.train)
        base = beside(found, features, X, costs, params)
        model = final(pipelines[choice.candidate], choice.calibrated, params.train.folds, params.seed)
        facts = facts_of(pipelines, ways, searched.told(choice.metric), X, bad)
        name = readable(choice, scores, entered)
        with tracking.training_run(settings_of(params, len(X)), tracking.git_tags()) as training:
            watched = training.watching(model) if len(X) <= WATCHED_ROWS else nullcontext()
            with watched, known(found.pd[choice.candidate][0]):
                model.fit(X, bad)
            part = (
                (part_of(model, choice.calibrated, choice.candidate, name) or clone(pipelines[name]).fit(X, bad))
                if name
                else None
            )
            base_model = part_of(model, choice.calibrated, choice.candidate, choice.candidate)
            from_r = kept(base_model, X, bad, partial(applicants, features, time), features, params.seed)
            points = filing.filed(part, X, bad, features, params.scale) if part else []
            if choice.calibrated:
                bounded(model, bad)
            content = to_bytes(model)
            threshold = cost_threshold(costs)
            typical = reference(X, lambda rows: model.predict_proba(rows)[:, 1], threshold, features)
            target = target_of(package, table[package.target.name].unique().tolist(), round(float(bad.mean()), DIGITS))
            card = card_of(
                choice,
                params,
                entered,
                package,
                features,
                time,
                typical,
                target,
                sha256_of(content),
                from_r.facts if from_r else None,
            )
            record(training, entered, scores, card, searched.trials)

    write_bytes(MODELS / MODEL, content)
    write_card(MODELS / CARD, card)
    rows = trained_of(table, bad, *found.predicted(choice))
    write_table(MODELS / TRAIN_ROWS, with_readable(rows, found.pd[name][0]) if name else rows)
    scorecard.write(SCORECARD, points)
    keeping.write(FROM_R, choice.candidate, from_r.rds if from_r else None)
    write_json(CANDIDATES, rounded(described(choice, scores, base, params, entered, len(X), facts)))


if __name__ == "__main__":
    run(main)
