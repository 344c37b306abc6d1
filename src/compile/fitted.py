"""a fitted pipeline -> its parts: base pipelines, their trees, and the numbers at which they tell numbers apart"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from src.errors import LastroError
from src.model.features import ApplicantEncoder
from src.model.formulas import Formula, Mean, Tree, Trees
from src.model.kinds import KINDS


class NotExportableError(LastroError):
    """A model has a part without a serving form."""


def formula_of(classifier: Any) -> Formula:
    """Return what a fitted classifier computes, read as its kind says; raises NotExportableError."""
    said = f"no serving form for {type(classifier).__name__}"
    for name, kind in KINDS.items():
        if kind.fits(classifier):
            if kind.formula is None:
                raise NotExportableError(f"{said}: candidates of kind {name!r} can be trained, but not exported")
            return kind.formula(classifier)
    raise NotExportableError(f"{said}: no kind of candidate fits it")


def bases(estimator: Any) -> Iterator[Pipeline]:
    """Yield the pipelines of encoder and classifier inside a model."""
    match estimator:
        case FrozenEstimator():
            yield from bases(estimator.estimator)
        case CalibratedClassifierCV():
            for part in estimator.calibrated_classifiers_:
                yield from bases(part.estimator)
        case Pipeline() if len(estimator) == 1 and isinstance(formula := formula_of(estimator[0]), Mean):
            for member in formula.members:
                yield from bases(member)
        case Pipeline() if len(estimator) == 2 and isinstance(estimator[0], ApplicantEncoder):
            yield estimator
        case _:
            raise NotExportableError(f"no serving form for {type(estimator).__name__}")


def trees_of(classifier: Any) -> list[Tree]:
    """Return the trees of a classifier; none where its formula has none."""
    formula = formula_of(classifier)
    return formula.trees if isinstance(formula, Trees) else []


def matrix_columns(encoder: ApplicantEncoder) -> list[tuple[str, bool]]:
    """Return the columns of a tree's matrix: the feature, and whether the column says that it is missing."""
    columns = []
    for name in encoder.numeric:
        columns += [(name, False), (name, True)] if name in encoder.optional else [(name, False)]
    return columns + [(name, False) for name in encoder.categories]


def fillings(base: Pipeline) -> Iterator[tuple[str, float]]:
    """Yield every (feature, number) that stands in for a missing number which may occur."""
    encoder = base[0]
    yield from ((name, median) for name, median in encoder.medians_.items() if name in encoder.optional)


def cut_points(base: Pipeline) -> Iterator[tuple[str, float]]:
    """Yield every (feature, number) such that the part tells numbers below from those at or above."""
    encoder = base[0]
    for name in encoder.edges_:
        yield from ((name, float(edge)) for edge in encoder.edges_[name])
    columns = matrix_columns(encoder)
    for tree in trees_of(base[-1]):
        for node in np.flatnonzero(tree.left >= 0):
            name, missing = columns[tree.column[node]]
            if not missing and name not in encoder.categories:
                yield name, float(tree.cut[node])
