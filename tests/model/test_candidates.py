import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from threadpoolctl import threadpool_limits

from src.model.artifact import to_bytes
from src.model.candidates import build


@pytest.fixture(scope="module")
def fitted(params, features, table) -> dict:
    X, bad = table
    with threadpool_limits(1):
        return {name: pipeline.fit(X, bad) for name, pipeline in build(params, features, seed=3).items()}


def test_candidates_come_in_the_order_of_params(params, features) -> None:
    assert list(build(params, features, 0)) == list(params)


@pytest.mark.parametrize("name", ["scorecard", "additive", "forest", "boosting", "blend"])
def test_candidate_gives_probabilities_that_rank_the_risk(fitted, table, name: str) -> None:
    X, bad = table
    pd = fitted[name].predict_proba(X)[:, 1]
    assert ((pd >= 0) & (pd <= 1)).all()
    assert pd[bad == 1].mean() > pd[bad == 0].mean() + 0.1


@pytest.mark.parametrize("name", ["scorecard", "additive", "forest", "boosting", "blend"])
def test_one_row_scores_as_in_the_table(fitted, table, name: str) -> None:
    X, _ = table
    whole = fitted[name].predict_proba(X)[:20, 1]
    rows = np.array([fitted[name].predict_proba(X.iloc[[row]])[0, 1] for row in range(20)])
    assert np.abs(rows - whole).max() < 1e-12


def test_blend_is_the_mean_of_its_members(fitted, table) -> None:
    X, _ = table
    members = [fitted[name].predict_proba(X) for name in ("scorecard", "forest", "boosting")]
    assert np.allclose(fitted["blend"].predict_proba(X), np.mean(members, axis=0), atol=1e-12)


def test_boosting_keeps_the_direction_that_the_contract_names(fitted, table) -> None:
    X, _ = table
    richer = X.assign(income=X["income"] + 10)
    before, after = (fitted["boosting"].predict_proba(frame)[:, 1] for frame in (X, richer))
    assert (after <= before + 1e-12).all()
    assert (after < before).any()


def test_column_order_and_extra_columns_do_not_matter(fitted, table) -> None:
    X, _ = table
    shuffled = X[list(reversed(X.columns))]
    for name, model in fitted.items():
        assert (model.predict_proba(X) == model.predict_proba(shuffled)).all(), name


@pytest.mark.parametrize("name", ["scorecard", "additive", "forest", "boosting", "blend"])
def test_two_fits_give_the_same_bytes_that_pickle_can_read(params, features, table, name: str) -> None:
    X, bad = table
    with threadpool_limits(1):
        contents = [to_bytes(build(params, features, seed=3)[name].fit(X, bad)) for _ in range(2)]
    assert contents[0] == contents[1]
    model = pickle.loads(contents[0])
    assert (model.predict_proba(X) == build(params, features, 3)[name].fit(X, bad).predict_proba(X)).all()


def test_calibrated_candidate_is_one_estimator_that_clone_refits(params, features, table) -> None:
    X, bad = table
    model = CalibratedClassifierCV(build(params, features, 3)["scorecard"], method="isotonic", cv=3, ensemble=False)
    first = model.fit(X, bad).predict_proba(X)
    assert (clone(model).fit(X, bad).predict_proba(X) == first).all()
