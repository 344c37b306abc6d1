"""a model with isotonic calibration -> the same, never answering 0 or 1; what it makes of others; a part of it"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import numpy as np
from sklearn import calibration

from src.model.metrics import Bad, Vector


def bounds(bad: Bad) -> tuple[float, float]:
    """Return the least and the greatest PD for which so many goods and bads can speak.

    They are the targets that calibration gives a good and a bad row in place of 0 and 1 (Platt 1999, 2.2):

    >>> bounds(np.array([0] * 8 + [1] * 2))
    (0.1, 0.75)
    """
    bads = int(bad.sum())
    return 1 / (len(bad) - bads + 2), (bads + 1) / (bads + 2)


@contextmanager
def known(pd_of: Vector) -> Iterator[None]:
    """Let CalibratedClassifierCV.fit take its out-of-fold PDs from here, and not fit each fold again to find the same.

    They are found as ever where a row has none (NaN), for it was in no fold, and for a model that is calibrated by its
    decision function.
    """
    find = calibration.cross_val_predict

    def found(*, method: str, **asked: Any) -> Any:
        if method != "predict_proba" or np.isnan(pd_of).any():
            return find(method=method, **asked)
        return np.column_stack((1 - pd_of, pd_of))

    calibration.cross_val_predict = found
    try:
        yield
    finally:
        calibration.cross_val_predict = find


def bounded(model: Any, bad: Bad) -> None:
    """Keep the steps of a fitted CalibratedClassifierCV's isotonic regressions within the bounds of its rows."""
    for part in model.calibrated_classifiers_:
        for isotonic in part.calibrators:
            isotonic.y_thresholds_ = np.clip(isotonic.y_thresholds_, *bounds(bad))
        part.calibrators = [
            copy(isotonic) for isotonic in part.calibrators
        ]  # a copy interpolates between the new steps


def mapped(model: Any, pd_of: Vector) -> Vector:
    """Return what a fitted CalibratedClassifierCV, made of one model, would answer for that model's PDs."""
    ((isotonic,),) = (part.calibrators for part in model.calibrated_classifiers_)
    return np.asarray(isotonic.predict(pd_of), dtype=np.float64)


def part_of(model: Any, calibrated: bool, chosen: str, name: str) -> Any:
    """Return the fitted candidate of this name where the fitted model is it, or holds it; else None."""
    base = model.calibrated_classifiers_[0].estimator if calibrated else model
    return base if name == chosen else getattr(base[-1], "named_estimators_", {}).get(name)
