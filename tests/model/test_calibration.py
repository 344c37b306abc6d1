"""Isotonic regression ends at 0 and 1, which no number of rows shows; what is served never does"""

import pickle

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from src.compile.compiler import compile_model
from src.compile.parity import rows_of
from src.model.artifact import to_bytes
from src.model.calibration import bounded, bounds
from src.model.candidates import build
from src.model.selection import calibrate
from src.pipeline.train import final
from src.serving.predictors import predictor_of


def test_calibrated_pds_stay_within_the_bounds_in_memory_in_the_pickle_and_as_served(params, features, table) -> None:
    X, bad = table
    model = final(build({"scorecard": params["scorecard"]}, features, 0)["scorecard"], calibrated=True, folds=3, seed=0)
    with threadpool_limits(1):
        model.fit(X, bad)
        free = model.predict_proba(X)[:, 1]
        bounded(model, bad)
        kept = model.predict_proba(X)[:, 1]
    low, high = bounds(bad)
    assert free.max() == 1
    assert kept.max() == pytest.approx(high)
    assert kept.min() >= low
    inside = (free >= 0.1) & (free <= 0.9)
    assert inside.sum() > 100
    assert np.abs(kept - free)[inside].max() < 0.02
    assert (pickle.loads(to_bytes(model)).predict_proba(X)[:, 1] == kept).all()
    compiled = compile_model(model, features, None)
    predictor = predictor_of(compiled, compiled.trees)
    assert np.abs(np.array(predictor.probabilities(rows_of(X, predictor.row))) - kept).max() < 1e-9


def test_calibration_is_tried_with_the_bounds_that_it_would_have() -> None:
    bad = np.array([0] * 8 + [1] * 2)
    assert calibrate(np.linspace(0, 1, 10), bad, np.array([-1.0, 0.0, 1.0])) == pytest.approx([0.1, 0.1, 0.75])
