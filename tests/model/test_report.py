import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import auc, roc_auc_score

from src.model import report
from src.model.card import Card, read_card
from src.params import Evaluate
from tests.conftest import ROOT

PARAMS = Evaluate(bootstrap=100, permutations=2, bins=10)


@pytest.fixture
def card() -> Card:
    return read_card(ROOT / "models/model.json").model_copy(update={"protected": ["sex"], "threshold": 0.25})


@pytest.fixture
def predicted() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    pd_of = random.random(1000)
    return (random.random(1000) < pd_of).astype("int64"), pd_of


def test_metrics_stand_beside_their_interval_and_a_baseline_that_knows_nothing(card, predicted) -> None:
    found = report.metrics_of(*predicted, card, PARAMS, seed=1)
    assert found["roc_auc"]["low"] < found["roc_auc"]["value"] < found["roc_auc"]["high"]
    assert found["roc_auc"]["baseline"] == 0.5
    assert found["brier"]["baseline"] > found["brier"]["value"]


def test_curves_are_short_monotonic_and_complete(card, predicted) -> None:
    curves = report.curves_of(*predicted, card, bins=10)
    roc = pd.DataFrame(curves["roc"])
    assert len(roc) <= 200
    assert (roc.iloc[0] == 0).all()
    assert (roc.iloc[-1] == 1).all()
    assert roc["true_positive_rate"].is_monotonic_increasing
    assert sum(row["count"] for row in curves["calibration"]) == 1000
    assert sum(row["count"] for row in curves["confusion"]) == 1000
    assert sum(row["good"] + row["bad"] for row in curves["scores"]) == 1000


@pytest.mark.parametrize("rows", [50, 1000, 60_000])
def test_lines_between_the_points_of_the_roc_have_the_area_of_the_auc(card, rows: int) -> None:
    random = np.random.default_rng(rows)
    pd_of = random.beta(1, 4, rows).round(4)
    bad = (random.random(rows) < pd_of).astype("int64")
    roc = pd.DataFrame(report.curves_of(bad, pd_of, card, bins=10)["roc"])
    area = auc(roc["false_positive_rate"], roc["true_positive_rate"])
    assert round(area, 3) == round(roc_auc_score(bad, pd_of), 3)
    assert len(roc) <= 400


def test_confusion_counts_the_decision_at_the_threshold(card) -> None:
    found = report.curves_of(np.array([0, 0, 1, 1]), np.array([0.1, 0.25, 0.2, 0.9]), card, bins=2)["confusion"]
    assert [(row["outcome"], row["decision"], row["count"]) for row in found] == [
        ("good", "approve", 1),
        ("good", "decline", 1),
        ("bad", "approve", 1),
        ("bad", "decline", 1),
    ]


def test_calibration_of_true_probabilities_is_near_the_diagonal(card, predicted) -> None:
    rows = report.curves_of(*predicted, card, bins=5)["calibration"]
    assert max(abs(row["mean_pd"] - row["bad_rate"]) for row in rows) < 0.1


def test_fairness_compares_each_group_with_the_most_approved_of_at_least_thirty(card) -> None:
    table = pd.DataFrame({"sex": ["a"] * 30 + ["b"] * 30 + ["c"] * 29 + [None]})
    bad = np.array([0] * 24 + [1] * 6 + [1] * 30 + [1] * 29 + [0])
    pd_of = np.array([0.1] * 24 + [0.8] * 6 + [0.1] * 12 + [0.9] * 18 + [0.1] * 29 + [0.8])
    a, b, c, missing = report.fairness_of(table, table, bad, pd_of, card)
    assert (a["group"], a["approval_rate"], a["approval_ratio"], a["roc_auc"]) == ("a", 0.8, 1.0, 1.0)
    assert (b["group"], b["approval_rate"], b["approval_ratio"], b["roc_auc"]) == ("b", 0.4, 0.5, None)
    assert (c["approval_rate"], c["approval_ratio"]) == (1.0, 1.25)  # 29 people are no yardstick, however many pass
    assert (missing["group"], missing["count"], missing["bad_rate"]) == ("missing", 1, 0.0)
    assert [each["too_few"] for each in (a, b, c, missing)] == [False, False, True, True]


@pytest.mark.parametrize(("rows", "pd_of"), [(29, 0.1), (30, 0.9)])
def test_ratio_is_null_where_no_group_of_thirty_is_approved_at_all(card, rows: int, pd_of: float) -> None:
    table = pd.DataFrame({"sex": ["a"] * rows})
    (found,) = report.fairness_of(table, table, np.zeros(rows, int), np.full(rows, pd_of), card)
    assert found["approval_ratio"] is None


def test_protected_number_is_grouped_by_quarters(card) -> None:
    table = pd.DataFrame({"sex": pd.array([*range(20, 60), None], dtype="Int64")})
    found = report.fairness_of(table, table, np.tile([0, 1], 21)[:41], np.full(41, 0.1), card)
    assert [row["count"] for row in found] == [10, 10, 10, 10, 1]
    assert [row["group"] for row in found] == ["20 to 29", "30 to 39", "40 to 49", "50 to 59", "missing"]
    some = report.fairness_of(table, table[5:25], np.tile([0, 1], 10), np.full(20, 0.1), card)
    assert [(row["group"], row["count"]) for row in some] == [("20 to 29", 5), ("30 to 39", 10), ("40 to 49", 5)]


def test_protected_text_and_day_and_state_are_groups_of_a_readable_number(card) -> None:
    many = [f"text {place % 40}" for place in range(70)] + ["frequent"] * 50
    days = pd.Series(pd.date_range("2001-01-01", periods=120, freq="MS"))
    numbers = pd.array([None] * 40 + list(range(80)), dtype="Int64")
    table = pd.DataFrame(
        {"sex": many, "born": days, "number": numbers, "number: state": ["refused"] * 40 + [None] * 80}
    )
    known = card.model_copy(update={"protected": ["sex", "born", "number"]})
    found = report.fairness_of(table, table, np.arange(120) % 2, np.full(120, 0.1), known)
    groups = {name: [(r["group"], r["count"]) for r in found if r["field"] == name] for name in known.protected}
    assert groups["sex"] == [("frequent", 50), ("other", 70)]
    assert groups["born"] == [(str(year), 12) for year in range(2001, 2011)]
    assert ("refused", 40) in groups["number"]
    assert len(groups["number"]) == 5


def test_each_month_of_the_test_rows_is_measured_and_has_no_auc_where_it_has_one_outcome() -> None:
    days = pd.to_datetime(pd.Series(["2024-02-01", "2023-12-31", "2024-02-29", "2023-12-01", None, "2024-02-03"]))
    bad, pd_of = np.array([1, 0, 0, 0, 1, 1]), np.array([0.5, 0.1, 0.2, 0.3, 0.9, 0.1])
    assert report.by_month(days, bad, pd_of) == [
        {"month": "2023-12", "rows": 2, "bads": 0, "roc_auc": None, "brier": pytest.approx(0.05)},
        {"month": "2024-02", "rows": 3, "bads": 2, "roc_auc": 0.5, "brier": pytest.approx(1.1 / 3)},
    ]


def test_importance_finds_the_feature_that_matters() -> None:
    class Reader(ClassifierMixin, BaseEstimator):
        classes_ = np.array([0, 1])

        def fit(self, *_: object) -> "Reader":
            return self

        def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
            return np.column_stack([1 - X["used"], X["used"]])

    random = np.random.default_rng(0)
    X = pd.DataFrame({"unused": random.random(200), "used": random.random(200)})
    found = report.importance_of(Reader(), X, (X["used"] > 0.5).to_numpy().astype("int64"), rounds=3, seed=0)
    assert [row["feature"] for row in found] == ["used", "unused"]
    assert found[0]["loss"] > 0.3
    assert found[1]["loss"] == 0


def test_importance_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(1)
    X = pd.DataFrame({name: random.random(80) for name in "abc"})
    bad = (X["a"] + 0.3 * X["b"] + random.random(80) > 1).to_numpy().astype("int64")
    model = RandomForestClassifier(20, random_state=0).fit(X, bad)
    theirs = permutation_importance(model, X, bad, scoring="roc_auc", n_repeats=3, random_state=5)
    ours = {row["feature"]: (row["loss"], row["std"]) for row in report.importance_of(model, X, bad, 3, seed=5)}
    for name, mean, std in zip(X.columns, theirs.importances_mean, theirs.importances_std, strict=True):
        assert ours[name] == pytest.approx((mean, std), abs=1e-12)


def test_importance_by_two_processes_is_that_of_one_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    X = pd.DataFrame({name: random.random(80) for name in "abc"})
    bad = (X["a"] + random.random(80) > 1).to_numpy().astype("int64")
    model = RandomForestClassifier(5, random_state=0).fit(X, bad)
    alone = report.importance_of(model, X, bad, 3, seed=5)
    monkeypatch.setattr(report, "MANY_SHUFFLED", 1)
    monkeypatch.setattr(report, "cpu_count", lambda: 2)
    assert report.importance_of(model, X, bad, 3, seed=5) == alone


def test_rows_are_drawn_once_there_are_many_with_their_share_of_bads() -> None:
    bad = np.array([1] + [0] * 899 + [1] * 100)
    assert report.drawn(bad, 1000, seed=0).tolist() == list(range(1000))
    kept = report.drawn(bad, 100, seed=0)
    assert len(np.unique(kept)) == 100
    assert bad[kept].sum() == 10
    assert report.drawn(np.array([1] + [0] * 999), 10, seed=0)[0] == 0
    assert kept.tolist() == report.drawn(bad, 100, seed=0).tolist() != report.drawn(bad, 100, seed=1).tolist()


def test_rows_that_outcomes_have_added_are_measured_apart(card, predicted) -> None:
    bad, pd_of = predicted
    assert report.by_origin(bad, pd_of, len(bad), card, PARAMS, seed=1) == {}
    own, joined = report.by_origin(bad, pd_of, 700, card, PARAMS, seed=1)["by_origin"]
    assert (own["origin"], own["rows"], own["bads"]) == ("package", 700, int(bad[:700].sum()))
    assert own["metrics"] == report.metrics_of(bad[:700], pd_of[:700], card, PARAMS, seed=1)
    assert (joined["origin"], joined["rows"], joined["expected"]) == ("outcomes", 300, float(pd_of[700:].sum()))
    _, none = report.by_origin(np.append(bad, 0), np.append(pd_of, 0.1), 1000, card, PARAMS, seed=1)["by_origin"]
    assert (none["rows"], none["bads"], none["metrics"]) == (1, 0, None)
