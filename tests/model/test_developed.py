"""The development sample, counted: every row in one bin of every feature, PDs out of fold, and a small file"""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import brier_score_loss, roc_auc_score

from src.model import developed as module
from src.model.calibration import bounded
from src.model.card import Card, Feature, read_card
from src.model.developed import LIMIT, bands_of, developed, metrics_of, out_of_fold
from src.model.development import Development
from src.model.distributions import Fineness, Predict, typed_features, with_points
from src.model.metrics import Vector
from src.model.points import points
from src.model.rows import trained_of
from src.model.selection import Choice
from src.model.selection import OutOfFold as OutOfFoldPds
from src.params import Evaluate, read_params
from tests.conftest import ROOT

PARAMS: Evaluate = read_params(ROOT / "params.yaml").evaluate.model_copy(update={"bootstrap": 50})
FINE = Fineness(10, 50)
ANYBODY: dict[str, Any] = {"description": "", "unit": None, "categories": None, "enum": None, "example": None}


def feature(name: str, type_: str, **facts: Any) -> Feature:
    """A feature that may be missing."""
    said = ANYBODY | {"title": name, "required": False, "direction": None}
    return Feature.model_validate({"name": name, "type": type_, **said, **facts})


def carded(features: list[Feature], reference: dict[str, Any], **facts: Any) -> Card:
    """The committed card with other features."""
    card = read_card(ROOT / "models/model.json")
    return card.model_copy(update={"features": features, "reference": reference, **facts})


class Echo(ClassifierMixin, BaseEstimator):
    """A model whose PD is the one column that it is given."""

    def fit(self, _: pd.DataFrame, y: np.ndarray) -> "Echo":
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self.classes_[(X["pd"] > 0.5).astype(int)]

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return np.column_stack([1 - X["pd"], X["pd"]])


ODD = [
    feature("income", "number"),
    feature("since", "date", states=["never"]),
    feature("employer", "text", suggestions=["Mill", "Quarry"], trim=True, ignore_case=True),
    feature("owner", "boolean"),
    feature("region", "category", categories=["north", "south", "west"], required=True),
]
REFERENCE = {"income": 20.0, "since": 100, "employer": "Mill", "owner": True, "region": "north"}


def odd(rows: int) -> pd.DataFrame:
    """A table of every kind, as `inputs` makes it: dates are days, a reason stands in the place of a number."""
    random = np.random.default_rng(3)
    days = pd.Series(random.integers(0, 4000, rows), dtype=object)
    texts = random.choice(["Mill", " mill", "Quarry", "Inn", "Shop", "Shop"], rows)
    return pd.DataFrame(
        {
            "income": pd.Series(random.lognormal(3, 1, rows), dtype="Float64").mask(random.random(rows) < 0.1),
            "since": days.mask(random.random(rows) < 0.2, "never").mask(random.random(rows) < 0.1, None),
            "employer": pd.Series(texts, dtype="str").mask(random.random(rows) < 0.05),
            "owner": pd.Series(random.random(rows) < 0.6, dtype="boolean").mask(random.random(rows) < 0.05),
            "region": pd.Series(random.choice(["north", "south"], rows), dtype="str"),
        }
    )


def riskier_by_income(X: pd.DataFrame) -> Vector:
    """A model that knows incomes alone."""
    income = X["income"].astype("Float64").to_numpy(dtype=np.float64, na_value=20.0)
    return np.asarray(1 / (1 + np.exp(income / 20)))


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    X, card = odd(600), carded(ODD, REFERENCE)
    return dict(with_points(typed_features(X, card, FINE, set(REFERENCE)), X, card, riskier_by_income))


def test_every_row_is_in_one_bin_of_every_feature(found: dict[str, Any]) -> None:
    X = odd(600)
    for name, distribution in found.items():
        values = [None if pd.isna(value) else value for value in X[name].astype(object)]
        places = Counter(distribution.places(values).tolist())
        assert distribution.rows == [places[place] for place in range(len(distribution.labels))], name
        assert sum(distribution.rows) == 600, name


def test_numbers_have_ten_groups_and_reasons_texts_truths_and_categories_their_own(found: dict[str, Any]) -> None:
    known = found["income"].rows[:-2]
    assert len(known) == 10
    assert max(known) - min(known) <= 1
    assert found["since"].labels[10:] == ["never", "missing", "other"]
    assert found["employer"].labels == ["Mill", "Quarry", "missing", "other"]
    assert found["owner"].labels == ["false", "true", "missing", "other"]
    assert found["region"].labels == ["north", "south", "west", "missing", "other"]
    assert found["region"].rows[2:] == [0, 0, 0]


def test_points_are_what_the_model_gives_the_typical_applicant_for_a_bins_value(found: dict[str, Any]) -> None:
    income, scale = (
        odd(600)["income"].dropna().sort_values(ignore_index=True),
        read_card(ROOT / "models/model.json").scale,
    )
    assert found["region"].points == [0, 0, 0, None, None], "required, and none was anything else"
    assert found["employer"].points == [0, 0, 0, 0]
    first = float(income[: found["income"].rows[0]].sort_values().iloc[(found["income"].rows[0] - 1) // 2])
    table = pd.DataFrame({"income": pd.array([20.0, first], dtype="Float64")})
    own, other = (points(pd_of, scale) for pd_of in riskier_by_income(table))
    assert found["income"].points[0] == pytest.approx(other - own, abs=1)
    assert found["income"].points[0] < 0 < found["income"].points[9]
    assert found["income"].points[10:] == [0, None], "missing counts as 20, and no number is none of them"


def test_categories_beyond_the_most_frequent_are_other() -> None:
    names = [f"c{number:02}" for number in range(60)]
    many = feature("many", "category", categories=names, states=["unknown"])
    X = pd.DataFrame({"many": pd.Series([name for number, name in enumerate(names) for _ in range(number + 1)])})
    found = typed_features(X, carded([many], {"many": "c59"}), FINE, {"many"})["many"].distribution
    assert found.labels == [*names[10:], "unknown", "missing", "other"]
    assert found.rows[-1] == sum(range(1, 11))


def sample(rows: int, known: int) -> pd.DataFrame:
    """The training rows' table: outcomes, and out-of-fold PDs of the first `known` rows."""
    random = np.random.default_rng(5)
    pd_of = random.beta(1, 4, rows)
    bad = (random.random(rows) < pd_of).astype(np.int64)
    return pd.DataFrame(
        {"bad": bad, "probability_of_default": np.where(np.arange(rows) < known, pd_of.round(9), np.nan)}
    )


def written(X: pd.DataFrame, card: Card, trained: pd.DataFrame, predict: Predict = riskier_by_income) -> Development:
    """The file as it is read again."""
    content = developed(X, out_of_fold(trained, None, card), card, predict, [f.name for f in card.features], PARAMS, 0)
    assert len(content) <= LIMIT
    return Development.model_validate_json(content)


def test_answers_and_approved_are_of_the_rows_that_were_predicted_out_of_fold() -> None:
    card, trained = carded(ODD, REFERENCE), sample(500, 400)
    found = written(odd(600), card, trained)
    known = trained[:400]
    approved = known[known["probability_of_default"] < card.threshold]
    assert (found.rows, found.out_of_fold, found.left_out) == (600, 400, 0)
    for answer in (found.probability_of_default, found.score, found.decision):
        assert sum(answer.rows) == 400
    assert found.decision.rows == [len(approved), 400 - len(approved), 0, 0]
    assert (found.approved.rows, found.approved.observed) == (len(approved), approved["bad"].sum())
    assert found.approved.expected == pytest.approx(approved["probability_of_default"].sum(), abs=1e-6)
    bands = found.approved.bands
    assert sum(band.rows for band in bands) == len(approved)
    assert sum(band.observed for band in bands) == found.approved.observed
    assert sum(band.expected for band in bands) == pytest.approx(found.approved.expected, abs=1e-5)
    assert (bands[0].low, bands[-1].high) == (None, None)
    assert [one.high + 1 for one in bands[:-1] if one.high] == [one.low for one in bands[1:]]
    auc, brier = found.approved.metrics["roc_auc"], found.approved.metrics["brier"]
    assert auc is not None
    assert brier is not None
    assert auc.value == pytest.approx(roc_auc_score(approved["bad"], approved["probability_of_default"]), abs=1e-6)
    assert brier.value == pytest.approx(brier_score_loss(approved["bad"], approved["probability_of_default"]), abs=1e-6)
    assert auc.low < auc.value < auc.high


def test_calibrated_answers_have_the_steps_of_the_models_own_calibration() -> None:
    random = np.random.default_rng(8)
    bare = random.beta(1.2, 3, 2000)
    bad = (random.random(2000) < bare**1.2).astype(np.int64)
    fold = np.arange(2000)[None, :] % 5
    found = OutOfFoldPds(bad, fold, {"m": bare[None, :]})
    X = pd.DataFrame({"pd": bare})
    model = CalibratedClassifierCV(Echo(), method="isotonic", cv=3, ensemble=False).fit(X, bad)
    bounded(model, bad)
    trained = trained_of(X, bad, *found.predicted(Choice("m", "roc_auc", "best", True, 0.1)))
    card = carded(ODD, REFERENCE, calibrated=True)
    seen = out_of_fold(trained, model, card)
    assert np.array_equal(seen.pd_of, trained["probability_of_default"])
    assert np.abs(seen.answered - model.predict_proba(X)[:, 1]).max() < 1e-4
    development = Development.model_validate_json(
        developed(odd(600), seen, card, riskier_by_income, list(REFERENCE), PARAMS, 0)
    )
    live = model.predict_proba(pd.DataFrame({"pd": random.beta(1.2, 3, 20_000)}))[:, 1]
    distribution = development.probability_of_default

    def counted(pds: Vector) -> list[int]:
        return np.bincount(distribution.places(pds.tolist()), minlength=len(distribution.rows))[:-2].tolist()

    assert chi2_contingency([distribution.rows[:-2], counted(live)]).pvalue > 0.001
    assert chi2_contingency([counted(seen.pd_of), counted(live)]).pvalue < 1e-6, "by folds, it would be drift"


def test_without_approved_or_with_one_outcome_there_are_no_metrics() -> None:
    card = carded(ODD, REFERENCE, threshold=0.0)
    found = written(odd(30), card, sample(20, 20))
    assert (found.approved.rows, found.approved.bands) == (0, [])
    assert set(found.approved.metrics.values()) == {None}
    bad, pd_of = np.zeros(9, dtype=np.int64), np.full(9, 0.1)
    assert set(metrics_of(bad, pd_of, card, PARAMS, 0).values()) == {None}
    assert [(band.rows, band.low, band.high) for band in bands_of(bad, pd_of, card)] == [(9, None, None)]


@pytest.mark.parametrize(
    ("limit", "groups", "whole"), [(40_000, 10, True), (20_000, 5, True), (15_000, 3, True), (8_000, 3, False)]
)
def test_wide_table_has_a_small_file(limit: int, groups: int, whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", limit)
    random = np.random.default_rng(1)
    names = [f"field_number_{number:02}" for number in range(80)]
    X = pd.DataFrame({name: pd.array(random.integers(0, 10**6, 60), dtype="Int64") for name in names})
    card = carded([feature(name, "integer") for name in names], dict.fromkeys(names, 7))
    content = developed(
        X, out_of_fold(sample(60, 60), None, card), card, lambda table: np.full(len(table), 0.2), names, PARAMS, 0
    )
    found = Development.model_validate_json(content)
    assert limit / 2 < len(content) <= limit
    assert {len(one.edges) + 1 for one in found.features.values()} == {groups}
    assert (found.left_out == 0) is whole
    assert list(found.features) == names[: 80 - found.left_out], "the most important ones stay"
