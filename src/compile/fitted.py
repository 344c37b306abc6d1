"""a fitted pipeline -> its parts: base pipelines, their trees, and the numbers at which they tell numbers apart"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from src.compile.trees import Tree, boosting, forest
from src.errors import LastroError
from src.model.features import ApplicantEncoder


class NotExportableError(LastroError):
    """The model has a part that has no serving form."""


def bases(estimator: Any) -> Iterator[Pipeline]:
    """The pipelines of encoder and classifier inside a model."""
    match estimator:
        case FrozenEstimator():
            yield from bases(estimator.estimator)
        case CalibratedClassifierCV():
            for part in estimator.calibrated_classifiers_:
                yield from bases(part.estimator)
        case Pipeline() if isinstance(estimator[-1], VotingClassifier) and len(estimator) == 1:
            for member in estimator[-1].estimators_:
                yield from bases(member)
        case Pipeline() if len(estimator) == 2 and isinstance(estimator[0], ApplicantEncoder):
            yield estimator
        case _:
            raise NotExportableError(f"no serving form for {type(estimator).__name__}")


def trees_of(classifier: Any) -> list[Tree]:
    """The trees of a classifier; empty for a logistic regression."""
    match classifier:
        case LogisticRegression():
            return []
        case RandomForestClassifier():
            return list(forest(classifier))
        case HistGradientBoostingClassifier():
            return list(boosting(classifier))
        case _:
            raise NotExportableError(f"no serving form for {type(classifier).__name__}")


def matrix_columns(encoder: ApplicantEncoder) -> list[tuple[str, bool]]:
    """The columns of a tree's matrix: the feature, and whether the column says that it is missing."""
    columns = []
    for name in encoder.numeric:
        columns += [(name, False), (name, True)] if name in encoder.optional else [(name, False)]
    return columns + [(name, False) for name in encoder.categories]


def cut_points(base: Pipeline) -> Iterator[tuple[str, float]]:
    """Every (feature, number): the part tells numbers below from those at or above."""
    encoder = base[0]
    for name in encoder.edges_:
        yield from ((name, float(edge)) for edge in encoder.edges_[name])
    columns = matrix_columns(encoder)
    for tree in trees_of(base[-1]):
        for node in np.flatnonzero(tree.left >= 0):
            name, missing = columns[tree.column[node]]
            if not missing and name not in encoder.categories:
                yield name, float(tree.cut[node])
