"""a fitted readable candidate and its training rows -> the table of points: of an additive model also that of pairs"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from src.model import scorecard
from src.model.additive import AdditiveClassifier
from src.model.card import Feature
from src.model.columns import field_of_columns, number_columns
from src.model.features import ApplicantEncoder, Matrix, StatefulEncoder, intervals
from src.model.metrics import Bad
from src.model.r import filing as from_r
from src.model.r.classifier import RClassifier
from src.model.scorecard import MANY, MISSING, OTHER, Bins, Records, grouped, shown, with_unseen
from src.params import Scale

TIMES = " \u00d7 "
WHOLE = ("integer", "boolean", "date")  # a date is days


class Field(NamedTuple):
    """A field's cells: rows of its columns of the matrix, the bins that they make, the first of them between `cuts`."""

    cells: Matrix
    bins: Bins
    cuts: NDArray[np.float64]


def filed(fitted: Pipeline, X: pd.DataFrame, bad: Bad, features: Sequence[Feature], scale: Scale) -> Records:
    """Return a row a bin of every field, in the order of `features`, then of every pair of fields that act together.

    A pair's points are what its fields add beyond their own; the shares of intercept and offset are the fields'.
    """
    if isinstance(fitted[-1], RClassifier):
        return from_r.filed(fitted, X, bad, features, scale)
    if not isinstance(fitted[-1], AdditiveClassifier):
        return scorecard.filed(fitted, X, bad, features, scale)
    fields = {feature.name: field_of(fitted, X, feature) for feature in features}
    found = fitted[-1].tables({name: fields[name].cells for name in dict.fromkeys(field_of_columns(fitted[0]))})
    factor = scale.pdo / math.log(2)
    share = (scale.points - scale.pdo * math.log2(scale.odds) - factor * found.start) / len(features)
    texts = fitted[0].texts if isinstance(fitted[0], StatefulEncoder) else ()
    records: Records = []
    for feature in features:
        weights = found.singles[feature.name]
        side = side_of(fields[feature.name], weights[:, None], feature, alike=False)
        if feature.name in texts and len(side.labels) > MANY:
            side = grouped(side, [float(weights[cell]) for cell in side.columns], {MISSING, *feature.states})
        points = [share - factor * weights[cell] for cell in side.columns]
        records += scorecard.records_of(feature.name, side, points, bad)
    by_name = {feature.name: feature for feature in features}
    for (first, second), table in found.pairs.items():
        one = side_of(fields[first], table, by_name[first], alike=True)
        two = side_of(fields[second], table.T, by_name[second], alike=True)
        labels = [f"{a}{TIMES}{b}" for a in one.labels for b in two.labels]
        points = [-factor * table[a, b] for a in one.columns for b in two.columns]
        both = Bins(labels, [], one.rows * len(two.labels) + two.rows)
        records += scorecard.records_of(f"{first}{TIMES}{second}", both, points, bad)
    return records


def field_of(fitted: Pipeline, X: pd.DataFrame, feature: Feature) -> Field:
    """Return a field's cells and bins; missing is none where the contract forbids it and no row has it."""
    encoder, matrix = fitted[0], fitted[0].transform(X)
    columns = [place for place, name in enumerate(field_of_columns(encoder)) if name == feature.name]
    cuts = fitted[-1].edges_[columns[0]]
    if feature.name in encoder.numeric:
        found = number(
            encoder, feature, np.unique(np.ceil(cuts)) if feature.type in WHOLE else cuts, matrix[:, columns]
        )
    else:
        found = label(encoder, feature.name, X, matrix[:, columns[0]])
    labels, places, rows = found.bins
    if labels[-1] == MISSING and feature.required and not (rows == len(labels) - 1).any():
        found = found._replace(bins=Bins(labels[:-1], places[:-1], rows))
    return with_states(encoder, feature, found) if feature.name not in encoder.numeric else found


def number(encoder: ApplicantEncoder, feature: Feature, cuts: NDArray[np.float64], block: Matrix) -> Field:
    """Return a number's: those between cuts, reasons for not having one, and missing."""
    name = feature.name
    stateful = isinstance(encoder, StatefulEncoder)
    states = encoder.states.get(name, []) if stateful else []
    values = [np.nextafter(cuts[0], -np.inf) if len(cuts) else encoder.medians_[name], *cuts]
    cells = [number_columns(encoder, name, float(value)) for value in values]
    cells += [number_columns(encoder, name, None, state) for state in [*states, None]]
    labels = [*intervals(cuts), *states, MISSING]
    rows = np.searchsorted(cuts, block[:, 0], side="right")
    for place in range(1, block.shape[1]):
        rows = np.where(block[:, place] > 0, len(values) + place - 1, rows)
    return Field(np.array(cells), Bins(labels, list(range(len(labels))), rows), cuts)


def label(encoder: ApplicantEncoder, name: str, X: pd.DataFrame, column: NDArray[np.float64]) -> Field:
    """Return a category's labels, or the values of a text that are kept, and missing."""
    stateful = isinstance(encoder, StatefulEncoder)
    if stateful and name in encoder.texts:
        rows = encoder._tokens(X)[:, encoder.texts.index(name)]
        labels = [*encoder.kept_[name], OTHER, MISSING]
        return Field(encoder.risks(name)[:, None], Bins(labels, list(range(len(labels))), rows), np.empty(0))
    labels = [*(encoder.labels_ if stateful else encoder.categories)[name], MISSING]
    rows = np.where(column < 0, len(labels) - 1, column).astype(np.intp)
    cells = np.array([*range(len(labels) - 1), -1.0])[:, None]
    return Field(cells, Bins(labels, list(range(len(labels))), rows), np.empty(0))


def with_states(encoder: ApplicantEncoder, feature: Feature, field: Field) -> Field:
    """Return a field with the reasons for not having a value that no training row gives."""
    if not isinstance(encoder, StatefulEncoder):
        return field
    bins = field.bins
    for state in encoder.states.get(feature.name, []):
        bins = with_unseen(bins, state, encoder.seen_[feature.name], text=feature.name in encoder.texts)
    return field._replace(bins=bins)


def side_of(field: Field, table: Matrix, feature: Feature, alike: bool) -> Bins:
    """Return a field's bins as a table of its cells tells them apart: neighbouring numbers are one where it does not.

    Where `alike`, labels are, too. Each bin's column is a cell that it holds.
    """
    labels, columns, rows = field.bins
    count = len(field.cuts) + 1 if feature.numeric else 0
    starts = [k for k in range(1, count) if (table[columns[k]] != table[columns[k - 1]]).any()]
    groups: dict[Any, list[int]] = {}
    for place in range(count):
        groups.setdefault(("number", int(np.searchsorted(starts, place, side="right"))), []).append(place)
    for place in range(count, len(labels)):
        groups.setdefault(table[columns[place]].tobytes() if alike and not feature.numeric else place, []).append(place)
    names = intervals(field.cuts[[start - 1 for start in starts]]) if count else []
    names = [shown(name, feature) for name in names]
    named = [*names, *(", ".join(labels[p] for p in found) for found in list(groups.values())[len(names) :])]
    group = np.zeros(len(labels), dtype=np.intp)
    for number_, found in enumerate(groups.values()):
        group[found] = number_
    return Bins(named, [columns[found[0]] for found in groups.values()], group[rows])
