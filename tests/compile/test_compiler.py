"""What is served of every kind of model says what the fitted model says"""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from src.compile.compiler import compile_model, least_whole
from src.compile.fitted import NotExportableError, trees_of
from src.contract.package import Package
from src.model import additive
from src.model.applicants import random_applicants
from src.model.candidates import build
from src.model.card import Feature, features_of
from src.pipeline.export import trees_of as content_of
from src.serving.calibration import Calibration
from src.serving.predictors import TreesPredictor, predictor_of
from tests.serving.kinds import (
    NAMES,
    applicants,
    committed,
    compiled,
    features,
    fitted,
    fitted_pds,
    served,
    served_pds,
    table,
    typical,
)

CLOSE = 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_every_training_row_and_random_applicants_have_the_same_pd(name: str) -> None:
    given = applicants(table()[0]) + applicants(random_applicants(features(), 1000, seed=1))
    assert any(None in applicant.values() for applicant in given)
    assert np.abs(served_pds(served(name), given) - fitted_pds(name, given)).max() < CLOSE


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("r")])  # a slope has no cuts
def test_numbers_at_and_beside_every_cut_point_fall_on_the_same_side(name: str) -> None:
    given = []
    for field in compiled(name).fields:
        for cut in field.cuts:
            near = [cut, float(np.nextafter(cut, -np.inf)), float(np.nextafter(cut, np.inf))]
            given += [typical() | {field.name: value} for value in (near if field.name in ("income", "ratio") else ())]
    assert given
    assert np.abs(served_pds(served(name), given) - fitted_pds(name, given)).max() < CLOSE


@pytest.mark.parametrize("name", NAMES)
def test_each_value_that_may_be_missing_and_all_of_them_together(name: str) -> None:
    optional = [feature.name for feature in features() if not feature.required]
    given = [typical() | {field: None} for field in optional] + [typical() | dict.fromkeys(optional)]
    assert np.abs(served_pds(served(name), given) - fitted_pds(name, given)).max() < CLOSE


def little(kind: str, **columns: Any) -> tuple[Any, list[Feature], pd.DataFrame]:
    """A model of optional whole numbers, fitted on few rows."""
    fields = [{"name": name, "type": "integer"} for name in columns]
    target = {"name": "paid", "role": "target", "bad": "no", "categories": ["yes", "no"]}
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": [*fields, target]}}
    package = Package.model_validate({"name": "little", "resources": [resource]})
    X = pd.DataFrame({name: pd.array(values, dtype="Int64") for name, values in columns.items()})
    model = build(committed(), features_of(package), seed=1)[kind].fit(X, np.arange(len(X)) % 3 // 2)
    return model, features_of(package), X


@pytest.mark.parametrize(
    ("kind", "values", "leaves"),
    [
        ("forest", [7] * 60, {True}),
        ("boosting", [7] * 60, {True}),
        ("forest", [None] * 60, {True}),
        ("boosting", [None] * 60, {True}),
        ("forest", [7] * 59 + [8], {True, False}),  # a tree splits where its sample holds the last row
    ],
    ids=["constant forest", "constant boosting", "missing forest", "missing boosting", "forest of both"],
)
def test_trees_that_never_split_add_their_one_leaf(kind: str, values: list[Any], leaves: set[bool]) -> None:
    model, known, X = little(kind, x=values)
    assert {bool(tree.left[0] < 0) for tree in trees_of(model[-1])} == leaves
    found = compile_model(model, known)
    predictor = predictor_of(found, found.trees)
    assert np.abs(served_pds(predictor, applicants(X)) - model.predict_proba(X)[:, 1]).max() < CLOSE


@pytest.mark.parametrize("kind", ["forest", "boosting"])
def test_missing_whole_number_takes_the_way_of_a_median_that_is_not_whole(kind: str) -> None:
    model, known, X = little(kind, x=[*([21, 22] * 40), *([None] * 20)], other=list(range(100)))
    assert model[0].medians_["x"] == 21.5
    found = compile_model(model, known)
    assert 21.5 in found.fields[0].cuts
    given = pd.concat([X, X.assign(x=pd.array([None] * 100, dtype="Int64"))], ignore_index=True)
    predictor = predictor_of(found, found.trees)
    assert np.abs(served_pds(predictor, applicants(given)) - model.predict_proba(given)[:, 1]).max() < CLOSE


def test_whole_numbers_cut_is_the_least_number_that_can_occur_at_or_above_it() -> None:
    assert [least_whole(cut, [21.5]) for cut in (20.1, 21.0, 21.2, 21.5, 21.7, 22.0)] == [21, 21, 21.5, 21.5, 22, 22]
    assert least_whole(21.2, []) == 22


def test_probability_at_a_step_of_the_calibration_is_the_steps_own() -> None:
    xs, ys = [0.1, 0.3, 0.7], [0.1, 0.2, 1.0]
    steps = Calibration(x=xs, y=ys)
    given = [0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]
    assert [steps.probability(x) for x in given] == np.interp(given, xs, ys).tolist()


def test_forests_pd_is_the_fitted_one_to_the_last_bit() -> None:
    given = applicants(table()[0])
    assert served_pds(served("forest"), given).tolist() == fitted_pds("forest", given).tolist()


@pytest.mark.parametrize("name", NAMES)
def test_compiling_twice_gives_the_same_bytes(name: str) -> None:
    once, twice = (compile_model(fitted(name), features()) for _ in range(2))
    assert once.fields == twice.fields
    assert once.formula == twice.formula
    assert content_of(once) == content_of(twice)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (DummyClassifier(), "DummyClassifier"),
        (Pipeline([("encode", "passthrough"), ("classify", LogisticRegression())]), "Pipeline"),
        (Pipeline([*fitted("scorecard").steps[:1], ("classify", GaussianNB())]), "GaussianNB"),
    ],
    ids=["no pipeline", "another encoder", "another classifier"],
)
def test_model_without_a_serving_form_is_named(model: Any, said: str) -> None:
    with pytest.raises(NotExportableError, match=f"no serving form for {said}"):
        compile_model(model, features())


def test_additive_member_of_a_blend_is_trees_like_the_others() -> None:
    members = {"members": ["scorecard", "additive"]}
    named = committed() | {"blend": committed()["blend"].model_copy(update=members)}
    X, bad = table()
    with threadpool_limits(1), pytest.MonkeyPatch.context() as patch:
        patch.setattr(additive, "LEAST_GAIN", -math.inf)
        model = build(named, features(), seed=3)["blend"].fit(X, bad)
        assert model[-1].estimators_[1][-1].chosen_
        wanted = model.predict_proba(X)[:, 1]
    found = compile_model(model, features())
    predictor = predictor_of(found, found.trees)
    assert isinstance(predictor, TreesPredictor)
    assert served_pds(predictor, applicants(X)) == pytest.approx(wanted, abs=1e-12)
