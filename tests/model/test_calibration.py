"""Isotonic regression ends at 0 and 1, which no number of rows shows; what is served never does"""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from src.compile.compiler import compile_model
from src.compile.parity import rows_of
from src.model.artifact import to_bytes
from src.model.calibration import bounded, bounds, known
from src.model.candidates import build
from src.model.kinds import Blend
from src.model.selection import calibrate, cross_validate
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


@pytest.mark.parametrize(("name", "apart"), [("blend", False), ("blend", True), ("scorecard", False)])
def test_calibration_takes_what_cross_validation_found_and_has_the_bytes_of_one_that_fits_again(
    params, features, table, monkeypatch: pytest.MonkeyPatch, name: str, apart: bool
) -> None:
    X, bad = table
    light = {each: params[each] for each in ("scorecard", "boosting")}
    light["boosting"] = light["boosting"].model_copy(update={"iterations": 20})
    light["blend"] = Blend(kind="blend", members=list(light))
    pipelines = build(light, features, 0)
    fitted: list[int] = []
    fit = Pipeline.fit

    def counted(self: Pipeline, X: pd.DataFrame, *rest: object) -> Pipeline:
        fitted.append(len(X))
        return fit(self, X, *rest)

    with threadpool_limits(1):
        set_apart = np.arange(len(bad)) < 30 if apart else None
        found = cross_validate(pipelines, light, X, bad, 3, 1, 0, lambda _: None, None, set_apart)
        again = final(pipelines[name], calibrated=True, folds=3, seed=0).fit(X, bad)
        monkeypatch.setattr(Pipeline, "fit", counted)
        with known(found.pd[name][0]):
            model = final(pipelines[name], calibrated=True, folds=3, seed=0).fit(X, bad)
    assert to_bytes(model) == to_bytes(again)
    # a part of the rows was in no fold, or the scorecard's decision function is what is calibrated
    assert (min(fitted) < len(X)) == (apart or name == "scorecard")
