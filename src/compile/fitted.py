"""a fitted pipeline -> its parts: base pipelines, their trees, and the numbers at which they tell numbers apart"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from src.errors import LastroError
from src.model.features import ApplicantEncoder, StatefulEncoder
from src.model.formulas import Additive, Formula, Mean, Tree, Trees
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


class Seen(NamedTuple):
    """What a column of a tree's matrix tells of a feature: its value, or by 1 that it is missing or of a state."""

    name: str
    missing: bool = False
    state: str | None = None


def matrix_columns(encoder: ApplicantEncoder) -> list[Seen]:
    """Return the columns of a tree's matrix."""
    columns = []
    for name in encoder.numeric:
        flags = [Seen(name, state=state) for state in all_states_of(encoder, name)]
        missing = [Seen(name, missing=True)] if name in encoder.optional else []
        columns += [Seen(name), *flags, *missing]
    return [*columns, *(Seen(name) for name in encoder.categories), *(Seen(name) for name in texts_of(encoder))]


def all_states_of(encoder: ApplicantEncoder, name: str) -> list[str]:
    """Return the states of a feature that have a column, seen or not."""
    return encoder.states.get(name, []) if isinstance(encoder, StatefulEncoder) else []


def states_of(encoder: ApplicantEncoder, name: str) -> list[str]:
    """Return the states of a feature that the encoder has seen."""
    return encoder.seen_.get(name, []) if isinstance(encoder, StatefulEncoder) else []


def labels_of(encoder: ApplicantEncoder, name: str) -> list[str]:
    """Return the labels of a category that have a code, its states among them."""
    found: list[str] = (encoder.labels_ if isinstance(encoder, StatefulEncoder) else encoder.categories)[name]
    return found


def texts_of(encoder: ApplicantEncoder) -> list[str]:
    """Return the names of the features that are coded by their values' risk."""
    return encoder.texts if isinstance(encoder, StatefulEncoder) else []


def fillings(base: Pipeline) -> Iterator[tuple[str, float]]:
    """Yield every (feature, number) that stands in for a missing number which may occur."""
    encoder = base[0]
    yield from (
        (name, median)
        for name, median in encoder.medians_.items()
        if name in encoder.optional or states_of(encoder, name)
    )


def cut_points(base: Pipeline) -> Iterator[tuple[str, float]]:
    """Yield every (feature, number) such that the part tells numbers below from those at or above."""
    encoder = base[0]
    for name in encoder.numeric:
        yield from ((name, float(edge)) for edge in encoder.edges_.get(name, ()))
    columns, numeric = matrix_columns(encoder), set(encoder.numeric)
    if isinstance(formula := formula_of(base[-1]), Additive):
        for (name, missing, state), cuts in zip(columns, formula.cuts, strict=True):
            if name in numeric and not missing and state is None:
                yield from ((name, float(cut)) for cut in cuts)
    for tree in trees_of(base[-1]):
        for node in np.flatnonzero(tree.left >= 0):
            name, missing, state = columns[tree.column[node]]
            if name in numeric and not missing and state is None:
                yield name, float(tree.cut[node])
