import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from src.contract.costs import Costs
from src.model import selection
from src.model.baseline import baseline, logistic_regression
from src.model.candidates import build
from src.model.kinds import Blend
from src.model.metrics import GREATER_IS_BETTER, score_all

COSTS = Costs(false_accept=5, false_reject=1)


@pytest.fixture(scope="module")
def found(params, features, table) -> selection.OutOfFold:
    chosen = {name: params[name] for name in ("scorecard", "boosting")}
    chosen["blend"] = Blend(kind="blend", members=["scorecard", "boosting"])
    X, bad = table
    said: list[str] = []
    result = selection.cross_validate(build(chosen, features, 0), chosen, X, bad, 3, 2, 0, said.append)
    assert said[0] == "scorecard, repeat 1, fold 1"
    assert len(said) == 2 * 3 * 2
    return result


def test_every_row_is_predicted_once_a_repeat_in_stratified_folds(found, table) -> None:
    _, bad = table
    assert found.fold.shape == (2, len(bad))
    for folds in found.fold:
        assert np.bincount(folds).tolist() == [100, 100, 100]
        assert np.ptp([bad[folds == fold].mean() for fold in range(3)]) < 0.02
    assert (found.fold[0] != found.fold[1]).any()


def test_two_processes_predict_what_one_does_to_the_bit(
    found, params, features, table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MANY_ROWS", 1)
    monkeypatch.setattr(selection, "cpu_count", lambda: 2)
    chosen = {name: params[name] for name in ("scorecard", "boosting")}
    X, bad = table
    said: list[str] = []
    again = selection.cross_validate(build(chosen, features, 0), chosen, X, bad, 3, 2, 0, said.append)
    assert said == [
        f"{name}, repeat {repeat}, fold {fold}"
        for repeat in (1, 2)
        for fold in (1, 2, 3)
        for name in ("boosting", "scorecard")
    ]
    for name in chosen:
        assert np.array_equal(again.pd[name], found.pd[name])


def test_blend_is_the_mean_of_its_members_out_of_fold(found) -> None:
    assert np.allclose(found.pd["blend"], (found.pd["scorecard"] + found.pd["boosting"]) / 2)


def test_scores_are_those_of_each_fold(found, table) -> None:
    _, bad = table
    scores = found.scores("scorecard", 1 / 6, COSTS)
    assert {name: len(values) for name, values in scores.items()} == dict.fromkeys(GREATER_IS_BETTER, 6)
    rows = found.fold[1] == 2
    assert scores["brier"][5] == score_all(bad[rows], found.pd["scorecard"][1, rows], 1 / 6, COSTS)["brier"]


def test_out_of_fold_scores_are_not_those_of_seen_rows(found, params, features, table) -> None:
    X, bad = table
    seen = build({"boosting": params["boosting"]}, features, 0)["boosting"].fit(X, bad).predict_proba(X)[:, 1]
    unseen = np.mean(found.scores("boosting", 1 / 6, COSTS)["roc_auc"])
    assert score_all(bad, seen, 1 / 6, COSTS)["roc_auc"] > unseen + 0.02


def test_baselines_have_the_candidates_folds_and_the_regression_finds_what_a_line_can(found, features, table) -> None:
    X, bad = table
    folds: list[int] = []
    with threadpool_limits(1):
        result = baseline(found, X, logistic_regression(features, 0), lambda: folds.append(1))
        again = baseline(found, X, logistic_regression(features, 0), lambda: None)
    assert len(folds) == 6
    assert (result.fold == found.fold).all()
    assert (result.pd["logistic_regression"] == again.pd["logistic_regression"]).all()
    unseen = found.fold[1] == 2
    assert set(result.pd["bad_rate"][1, unseen]) == {bad[~unseen].mean()}
    rate, regression = (np.mean(result.scores(name, 1 / 6, COSTS)["roc_auc"]) for name in result.pd)
    assert rate == 0.5
    assert regression > np.mean(found.scores("scorecard", 1 / 6, COSTS)["roc_auc"]) - 0.03
    mixed = [feature.model_copy(update={"states": ["unknown"]}) for feature in features]
    assert (baseline(found, X, logistic_regression(mixed, 0), lambda: None).pd["logistic_regression"] > 0).all()


@pytest.mark.parametrize(
    ("metric", "rule", "chosen"),
    [
        ("roc_auc", "best", "complex"),
        ("roc_auc", "one_standard_error", "simple"),
        ("brier", "best", "poor"),
        ("brier", "one_standard_error", "poor"),
    ],
)
def test_selection_follows_metric_and_rule(metric: str, rule: str, chosen: str) -> None:
    scores = {"poor": [0.60, 0.61, 0.62], "simple": [0.78, 0.79, 0.80], "complex": [0.77, 0.80, 0.83]}
    assert selection.select(scores, metric, rule) == chosen


def test_chosen_pds_are_the_first_repeats_each_fold_calibrated_on_the_others(found, table) -> None:
    _, bad = table
    same, bare = found.predicted(selection.Choice("blend", "roc_auc", "best", False, -0.01))
    assert np.array_equal(bare, found.pd["blend"][0])
    assert same is bare
    calibrated, again = found.predicted(selection.Choice("blend", "roc_auc", "best", True, 0.01))
    assert again is bare or np.array_equal(again, bare)
    rows = found.fold[0] == 1
    again = selection.calibrate(bare[~rows], bad[~rows], bare[rows])
    assert np.array_equal(calibrated[rows], again)
    apart = selection.OutOfFold(bad, np.where(np.arange(len(bad)) < 9, -1, found.fold), found.pd)
    assert np.isnan(apart.calibrated("blend", 0)).tolist() == [True] * 9 + [False] * (len(bad) - 9)


def test_calibration_gains_where_probabilities_are_off_and_loses_where_they_are_right() -> None:
    random = np.random.default_rng(0)
    true = random.random((1, 4000))
    bad = (random.random(4000) < true[0]).astype("int64")
    fold = np.arange(4000).reshape(1, -1) % 5
    off = selection.OutOfFold(bad, fold, {"right": true, "off": true**3})
    assert selection.calibration_gain(off, "off") > 0.01
    assert selection.calibration_gain(off, "right") < 0
