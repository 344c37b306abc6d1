"""a fitted pipeline of an R script and its training rows -> the table of points: a row a label, of a number two

Of a number `any` has the points at 0, and `+ 1` says how many each further 1 adds.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from src.model.card import Feature
from src.model.features import ApplicantEncoder, Matrix, StatefulEncoder
from src.model.formulas import MainEffects
from src.model.metrics import Bad
from src.model.scorecard import MISSING, Bins, Records, records_of
from src.params import Scale

MORE = "+ 1"
Steps = list[tuple[str, float]]
"""a bin and its weight"""


def filed(fitted: Pipeline, X: pd.DataFrame, bad: Bad, features: Sequence[Feature], scale: Scale) -> Records:
    """Return the rows of every field that the model weighs, in the order of `features`.

    Points are unrounded; the intercept and the scale's offset are shared equally among the fields.
    """
    encoder, classifier = fitted[0], fitted[-1]
    effects, matrix = classifier.effects, encoder.transform(X)
    used = [feature for feature in features if feature.name in {*effects.slopes, *effects.weights}]
    factor = scale.pdo / math.log(2)
    share = (scale.points - scale.pdo * math.log2(scale.odds) - factor * effects.intercept) / max(len(used), 1)
    records: Records = []
    for feature in used:
        block = matrix[:, classifier.columns.places(feature.name)]
        found = number(encoder, feature, block, effects) if feature.numeric else label(encoder, feature, block, effects)
        steps, rows = found
        bins = Bins([name for name, _ in steps], [], rows)
        of_field = records_of(feature.name, bins, [share - factor * weight for _, weight in steps], bad)
        if feature.numeric and feature.type != "boolean":
            of_field[1] |= {"woe": 0.0, "iv": 0.0, "points": round(-factor * steps[1][1], 10) + 0.0}
        records += [row for row in of_field if row["applicants"] or row["bin"] != MISSING or not feature.required]
    return records


def number(
    encoder: ApplicantEncoder, feature: Feature, block: Matrix, effects: MainEffects
) -> tuple[Steps, NDArray[np.intp]]:
    """Return a number's steps, of which the second is its slope, and each row's; a truth has two of its own."""
    slope = effects.slopes[feature.name]
    typical = slope * encoder.medians_[feature.name]
    truth = feature.type == "boolean"
    states = encoder.states.get(feature.name, []) if isinstance(encoder, StatefulEncoder) else []
    steps = [("false", 0.0), ("true", slope)] if truth else [("any", 0.0), (MORE, slope)]
    steps += [(state, typical) for state in [*states, MISSING]]
    rows = block[:, 0].astype(np.intp) if truth else np.zeros(len(block), dtype=np.intp)
    for place in range(1, block.shape[1]):
        rows = np.where(block[:, place] > 0, place + 1, rows)
    return steps, rows


def label(
    encoder: ApplicantEncoder, feature: Feature, block: Matrix, effects: MainEffects
) -> tuple[Steps, NDArray[np.intp]]:
    """Return a category's steps, and each row's; a state weighs as the base level, and so does what is missing."""
    *weights, base = effects.weights[feature.name]
    labels: list[str] = (encoder.labels_ if isinstance(encoder, StatefulEncoder) else encoder.categories)[feature.name]
    steps = list(zip(labels, [*weights, *([base] * (len(labels) - len(weights)))], strict=True))
    rows = np.where(block[:, 0] < 0, len(labels), block[:, 0]).astype(np.intp)
    return [*steps, (MISSING, base)], rows
