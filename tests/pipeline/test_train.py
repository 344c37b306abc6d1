"""Training: the choice follows the rule, the card says what was decided, a failure changes nothing"""

import json
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from threadpoolctl import threadpool_limits

from src.contract.costs import Costs
from src.contract.package import ContractError, Package, read_package
from src.contract.table import read_table
from src.errors import LastroError
from src.files import sha256_of
from src.lineage import tracking
from src.lineage.mlflow_backend import opened
from src.lineage.settings import Settings
from src.model import candidates, scorecard
from src.model.artifact import load_model, to_bytes
from src.model.card import features_of
from src.model.compared import described, readability, readable
from src.model.entrants import Entrants, entrants
from src.model.kinds import KINDS
from src.model.metrics import GREATER_IS_BETTER
from src.model.selection import Choice, OutOfFold, Scores, choose
from src.params import Params, read_params
from src.pipeline import evaluate, train
from tests.conftest import ROOT, Project
from tests.pipeline.conftest import PACKAGE, outputs


@pytest.fixture(scope="module")
def package() -> Package:
    return read_package(ROOT / PACKAGE)


@pytest.fixture
def params(light_run: Project) -> Params:
    return read_params(light_run.root / "params.yaml", KINDS)


@pytest.fixture
def table(light_run: Project) -> pd.DataFrame:
    return read_table(light_run.root / "data/processed/train.parquet")


def out_of_fold(quality: dict[str, float]) -> OutOfFold:
    """400 rows in 4 folds, predicted by candidates whose probabilities follow the truth more or less."""
    random = np.random.default_rng(3)
    bad = (np.arange(400) % 4 == 0).astype("int64")
    noise = random.random(400)
    pd_of = {name: np.clip(share * bad + (1 - share) * noise, 0.01, 0.99)[None] for name, share in quality.items()}
    return OutOfFold(bad, (np.arange(400) // 4 % 4)[None], pd_of)


def chosen(found: OutOfFold, params: Params, **changes: object) -> Choice:
    return choose(found, scores_of(found), params.train.model_copy(update=changes))


def scores_of(found: OutOfFold) -> Scores:
    return {name: found.scores(name, 1 / 6, Costs(false_accept=5, false_reject=1)) for name in found.pd}


def test_best_rule_takes_the_best_mean_of_the_named_metric(params: Params) -> None:
    found = out_of_fold({"simple": 0.30, "complex": 0.32})
    assert chosen(found, params, rule="best").candidate == "complex"
    assert chosen(found, params, rule="best", metric="brier").candidate == "complex"
    assert chosen(out_of_fold({"simple": 0.4, "complex": 0.3}), params, rule="best").candidate == "simple"


def test_one_standard_error_rule_takes_the_simplest_that_is_near_enough(params: Params) -> None:
    near, far = out_of_fold({"simple": 0.30, "complex": 0.302}), out_of_fold({"simple": 0.0, "complex": 0.3})
    assert chosen(near, params, rule="one_standard_error").candidate == "simple"
    assert chosen(far, params, rule="one_standard_error").candidate == "complex"


def test_calibration_is_kept_only_where_it_lowers_the_brier_score(params: Params) -> None:
    found = out_of_fold({"only": 0.2})
    skewed = chosen(found, params)
    assert skewed.calibrated is True
    assert skewed.brier_gain > 0
    assert chosen(found, params, calibration="none").calibrated is False
    random = np.random.default_rng(0)
    truth = np.repeat([0.1, 0.3, 0.6], 130)
    bad = (random.random(390) < truth).astype("int64")
    honest = chosen(OutOfFold(bad, random.permutation(390)[None] % 3, {"only": truth[None]}), params)
    assert honest.brier_gain < 0
    assert honest.calibrated is False


def test_choice_is_a_frozen_record_and_candidates_json_repeats_it(params: Params) -> None:
    found = out_of_fold({"simple": 0.30, "complex": 0.32})
    choice = chosen(found, params, metric="brier", rule="one_standard_error")
    with pytest.raises(FrozenInstanceError):
        choice.candidate = "simple"
    forest = params.train.candidates["forest"]
    two = params.train.model_copy(update={"candidates": {"simple": forest, "complex": forest, "small": forest}})
    entered = Entrants({"simple": forest, "complex": forest}, {"small": "rows"})
    base = {"bad_rate": scores_of(found)["simple"]}
    facts = {"simple": {"directions": "free"}}
    asked = params.model_copy(update={"train": two})
    said = described(choice, scores_of(found), base, asked, entered, 400, facts)
    assert list(said) == ["chosen", "metric", "rule", "calibrated", "brier_gain_of_calibration", "rows", "folds",
                          "repeats", "baseline", "readability", "candidates"]  # fmt: skip
    assert (said["rows"], said["folds"], said["repeats"]) == (400, 2, 1)
    assert [found["left_out"] for found in said["candidates"].values()] == [None, None, "rows"]
    assert said["candidates"]["small"].keys() == {"kind", "params", "left_out"}
    assert said["candidates"]["simple"]["params"] == {"trees": 20, "min_samples_leaf": 1, "max_features": "sqrt"}
    assert said["candidates"]["simple"]["directions"] == "free"
    assert said["baseline"]["bad_rate"]["brier"] == said["candidates"]["simple"]["brier"]
    assert said["readability"] == {"best": "complex", "readable": None, "difference": None, "low": None, "high": None}
    assert said["chosen"] == choice.candidate
    assert (said["metric"], said["rule"]) == ("brier", "one_standard_error")
    assert (said["calibrated"], said["brier_gain_of_calibration"]) == (choice.calibrated, choice.brier_gain)
    assert said["candidates"]["simple"]["brier"]["mean"] == pytest.approx(np.mean(scores_of(found)["simple"]["brier"]))


def test_final_model_is_one_estimator_that_clone_can_refit(
    table: pd.DataFrame, package: Package, params: Params
) -> None:
    X = table[[column.name for column in package.features]]
    bad = (table[package.target.name] == package.target.bad_label).to_numpy().astype("int64")
    entered = entrants(params.train.candidates, len(table)).present
    pipeline = candidates.build(entered, features_of(package), 1)["scorecard"]
    assert not isinstance(train.final(pipeline, False, 3, 1), CalibratedClassifierCV)
    model = train.final(pipeline, True, 3, 1)
    once, again = (clone(model).fit(X, bad).predict_proba(X) for _ in range(2))
    assert np.array_equal(once, again)
    assert once.shape == (800, 2)


def test_candidate_inside_the_model_is_what_its_own_fit_would_be(
    table: pd.DataFrame, package: Package, params: Params
) -> None:
    X = table[[column.name for column in package.features]]
    bad = (table[package.target.name] == package.target.bad_label).to_numpy().astype("int64")
    pipelines = candidates.build(entrants(params.train.candidates, len(table)).present, features_of(package), 1)
    with threadpool_limits(1):
        alone = clone(pipelines["scorecard"]).fit(X, bad).predict_proba(X)
        blend = clone(pipelines["blend"]).fit(X, bad)
        calibrated = train.final(pipelines["scorecard"], True, 3, 1).fit(X, bad)
    for model, candidate in ((blend, "blend"), (calibrated, "scorecard")):
        choice = Choice(candidate, "roc_auc", "best", model is calibrated, 0.0)
        assert np.array_equal(
            train.part_of(model, choice.calibrated, choice.candidate, "scorecard").predict_proba(X), alone
        )
    assert train.part_of(blend, False, "blend", "another") is None
    assert train.part_of(calibrated, True, "scorecard", "blend") is None


def test_costs_of_params_override_the_packages(params: Params, package: Package) -> None:
    own = Costs(false_accept=3, false_reject=2)
    assert train.costs_of(params, package).source == "data package"
    assert train.costs_of(params, package).pair == Costs(false_accept=5, false_reject=1)
    override = train.costs_of(params.model_copy(update={"costs": own}), package)
    assert (override.source, override.pair) == ("params.yaml", own)
    without = package.model_copy(update={"resources": [package.resource.model_copy(update={"costs": None})]})
    with pytest.raises(ContractError, match="costs: neither"):
        train.costs_of(params, without)


def test_more_folds_than_rows_of_an_outcome_are_refused(table: pd.DataFrame, params: Params) -> None:
    bad = np.array([1] * 3 + [0] * 97)
    with pytest.raises(LastroError, match=r"train.folds: 4 folds need as many rows of each outcome"):
        train.compare({}, Entrants({}, {}), params.train.model_copy(update={"folds": 4}), table.iloc[:100], bad, 1)


def test_progress_bar_shows_candidate_and_fold(
    table: pd.DataFrame, package: Package, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = (table[package.target.name] == package.target.bad_label).to_numpy().astype("int64")
    few = entrants({"scorecard": params.train.candidates["scorecard"]}, len(table))
    pipelines = candidates.build(few.present, features_of(package), 1)
    train.compare(pipelines, few, params.train, table[[column.name for column in package.features]], bad, 1)
    shown = capsys.readouterr().err
    assert "scorecard, repeat 1, fold 2: 100%" in shown
    assert "2/2" in shown


def test_card_says_what_was_decided(light_run: Project) -> None:
    card, model = load_model(light_run.root / "models")
    found = json.loads(light_run.read("reports/candidates.json"))
    assert (card.candidate, card.calibrated) == (found["chosen"], found["calibrated"])
    present = {name: one for name, one in found["candidates"].items() if one["left_out"] is None}
    assert list(present) == ["scorecard", "additive", "forest", "boosting", "blend"]
    cost = found["readability"]
    assert (cost["best"], cost["readable"]) == (card.candidate, "scorecard")
    means = [present[cost[which]]["roc_auc"]["mean"] for which in ("best", "readable")]
    assert cost["difference"] == pytest.approx(means[0] - means[1], abs=2e-6)
    assert cost["low"] < cost["difference"] < cost["high"]
    assert list(found["baseline"]) == ["bad_rate", "logistic_regression"]
    assert (
        found["baseline"]["logistic_regression"].keys()
        == found["baseline"]["bad_rate"].keys()
        == set(GREATER_IS_BETTER)
    )
    assert 0.7 < found["baseline"]["logistic_regression"]["roc_auc"]["mean"] < 0.85
    best = max(present.items(), key=lambda item: item[1]["roc_auc"]["mean"])[0]
    assert card.candidate == best
    assert card.threshold == pytest.approx(1 / 6, abs=1e-6)
    assert len(card.features) == 18
    assert card.protected == ["personal_status_sex", "foreign_worker"]
    assert card.target.bad_rate == 0.3
    applicant = pd.DataFrame([card.reference])
    assert model.predict_proba(applicant)[0, 1] < card.threshold, "the reference applicant is approved"


def test_stage_that_cannot_record_its_run_changes_nothing(worked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(params: dict) -> None:
        params["train"]["candidates"] = {"scorecard": params["train"]["candidates"]["scorecard"]}

    worked.edit("params.yaml", change)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    before = outputs(worked)
    with pytest.raises(tracking.TrackingError):
        train.main()
    assert outputs(worked) == before


def test_training_is_one_run_that_watched_the_models_own_fit_and_has_a_child_for_each_candidate_and_trial(
    worked: Project, package: Package, table: pd.DataFrame
) -> None:
    def change(params: dict) -> None:
        known = params["train"]["candidates"]
        params["train"]["candidates"] = {"scorecard": known["scorecard"], "forest": known["forest"]}
        params["train"] |= {"rule": "one_standard_error", "calibration": "none", "search": {"trials": 1}}

    worked.edit("params.yaml", change)
    train.main()
    card, _ = load_model(worked.root / "models")
    assert card.candidate == "scorecard"
    with opened(Settings()) as mlflow:
        runs = {run.info.run_name: run for run in mlflow.search_runs(search_all_experiments=True, output_format="list")}
    trials = {"scorecard, trial 1", "forest, trial 1"}
    assert runs.keys() == {"train", "scorecard", "forest"} | trials
    parent = runs["train"].data
    assert parent.params["classify__C"] == "0.1"
    assert parent.params["folds"] == "2"
    assert {"training_roc_auc", "training_log_loss", "cv_roc_auc"} < parent.metrics.keys()
    assert parent.tags["model.sha256"] == card.sha256
    forest = runs["forest"].data
    assert forest.tags["mlflow.parentRunId"] == runs["train"].info.run_id
    given = {"kind": "forest", "trees": "20", "min_samples_leaf": "1", "max_features": "sqrt"}
    assert forest.params == {f"candidate.{name}": value for name, value in given.items()}
    tried = runs["forest, trial 1"].data
    assert (tried.params, tried.tags["mlflow.parentRunId"]) == (forest.params, runs["train"].info.run_id)
    assert (tried.tags["searched"], tried.tags["trial"]) == ("forest", "1")
    found = json.loads(worked.read("reports/candidates.json"))["candidates"]["forest"]
    score = tried.metrics["cv/roc_auc_mean"]
    assert found["searched"] == {
        "rows": 400,
        "trials": 1,
        "best": 1,
        "given": round(score, 6),
        "found": round(score, 6),
    }
    assert len(list((worked.root.parent / "state/search").iterdir())) == len(trials)
    assert not [name for name in forest.metrics if not name.startswith("cv/")], "no candidate is fitted again"
    assert card.sha256 == sha256_of(unwatched(package, table, read_params(worked.root / "params.yaml", KINDS)))
    evaluate.main()
    filed = scorecard.read(worked.root / "reports/scorecard.csv")
    assert [row["feature"] for row in filed if row["bin"] == "no checking account"] == ["checking_status"]
    assert json.loads(worked.read("models/evaluation.json"))["scorecard"] == filed


def test_fit_of_many_rows_is_not_watched_and_its_run_says_the_rest(
    worked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(params: dict) -> None:
        params["train"]["candidates"] = {"scorecard": params["train"]["candidates"]["scorecard"]}

    worked.edit("params.yaml", change)
    monkeypatch.setattr(train, "WATCHED_ROWS", 799)
    train.main()
    with opened(Settings()) as mlflow:
        runs = {run.info.run_name: run for run in mlflow.search_runs(search_all_experiments=True, output_format="list")}
    assert runs.keys() == {"train", "scorecard"}
    parent = runs["train"].data
    assert parent.tags["model.sha256"] == load_model(worked.root / "models")[0].sha256
    assert "cv_roc_auc" in parent.metrics
    assert not [name for name in parent.metrics if name.startswith("training_")]


def test_readability_is_the_paired_difference_between_the_best_and_the_best_readable(params: Params) -> None:
    known = params.train.candidates
    entered = entrants({name: known[name] for name in ("scorecard", "additive", "forest")}, 100)
    values = {"scorecard": [0.70, 0.72, 0.71], "additive": [0.75, 0.77, 0.73], "forest": [0.77, 0.80, 0.74]}
    choice = Choice("forest", "roc_auc", "best", False, 0.0)
    three = params.model_copy(update={"train": params.train.model_copy(update={"folds": 3})})
    found = readability(values, choice, entered, three)
    assert (found["best"], found["readable"]) == ("forest", "additive")
    error = 0.01 * (1 / 3 + 1 / 2) ** 0.5  # of .02, .03, .01; their variance is corrected for shared training rows
    reach = 4.302653 * error
    assert [found[end] for end in ("difference", "low", "high")] == pytest.approx([0.02, 0.02 - reach, 0.02 + reach])
    same = readability(values | {"additive": [0.9] * 3}, choice, entered, three)
    assert same == {"best": "additive", "readable": "additive", "difference": 0.0, "low": 0.0, "high": 0.0}


def test_table_of_points_is_the_chosen_candidates_else_that_of_the_best_that_has_one(params: Params) -> None:
    known = params.train.candidates
    coarse = known["scorecard"].model_copy(update={"bins": 2})
    entered = entrants({"fine": known["scorecard"], "coarse": coarse, "forest": known["forest"]}, 100)
    scores: Scores = {name: {"brier": [value]} for name, value in (("fine", 0.2), ("coarse", 0.1), ("forest", 0.05))}
    choices = {name: Choice(name, "brier", "best", False, 0.0) for name in scores}
    assert {name: readable(choice, scores, entered) for name, choice in choices.items()} == {
        "fine": "fine", "coarse": "coarse", "forest": "coarse"
    }  # fmt: skip
    alone = entrants({"forest": known["forest"]}, 100)
    assert readable(choices["forest"], scores, alone) is None


def unwatched(package: Package, table: pd.DataFrame, params: Params) -> bytes:
    """The scorecard's pickle where nothing watched its fit."""
    entered = entrants(params.train.candidates, len(table)).present
    pipeline = candidates.build(entered, features_of(package), params.seed)["scorecard"]
    bad = (table[package.target.name] == package.target.bad_label).to_numpy().astype("int64")
    with threadpool_limits(1):
        return to_bytes(pipeline.fit(table[[column.name for column in package.features]], bad))
