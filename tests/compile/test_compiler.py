"""The serving form of every kind of model says what the fitted model says"""

from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline

from src.compile.compiler import compile_model
from src.compile.fitted import NotExportableError
from src.compile.parity import random_applicants
from src.serving.predictors import OnnxPredictor
from tests.serving.kinds import (
    NAMES,
    applicants,
    compiled,
    features,
    fitted,
    fitted_pds,
    served,
    served_pds,
    table,
    typical,
)

CLOSE = 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_every_training_row_and_random_applicants_have_the_same_pd(name: str) -> None:
    given = applicants(table()[0]) + applicants(random_applicants(features(), 1000, seed=1))
    assert any(None in applicant.values() for applicant in given)
    assert np.abs(served_pds(served(name), given) - fitted_pds(name, given)).max() < CLOSE


@pytest.mark.parametrize("name", NAMES)
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


@pytest.mark.parametrize("name", ["scorecard", "forest, calibrated"])
def test_graph_of_every_model_says_the_same_whichever_form_is_served(name: str) -> None:
    given = applicants(table()[0])
    found = compiled(name)
    graph = OnnxPredictor(found.model.SerializeToString(), found.fields)
    assert np.abs(served_pds(graph, given) - fitted_pds(name, given)).max() < CLOSE


@pytest.mark.parametrize("name", NAMES)
def test_compiling_twice_gives_the_same_bytes(name: str) -> None:
    once, twice = (compile_model(fitted(name), features()) for _ in range(2))
    assert once.fields == twice.fields
    assert once.model.SerializeToString(deterministic=True) == twice.model.SerializeToString(deterministic=True)


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
