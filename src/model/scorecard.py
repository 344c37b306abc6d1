"""a fitted scorecard and its training rows -> the table of points as lenders file it"""

import csv
import json
import math
from collections.abc import Collection, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from src.files import write_bytes
from src.model.card import Feature
from src.model.features import ApplicantEncoder, StatefulEncoder, intervals
from src.model.formulas import linear
from src.model.metrics import Bad, Vector
from src.params import Scale

COLUMNS = ("feature", "bin", "applicants", "bads", "share", "bad_rate", "woe", "iv", "points")
TEXTS = ("feature", "bin")
MISSING, OTHER = "missing", "other"
MANY = 26  # bins of a text, `other` and `missing` among them: so many are told apart in the table
EMPTY = 0.5  # what an empty cell counts as (Siddiqi 2006)
DIGITS = 10  # beyond them, machines may round otherwise
Records = list[dict[str, Any]]


class Bins(NamedTuple):
    """A field's bins: what each is called, its column of the matrix, and each row's bin by its place."""

    labels: list[str]
    columns: list[int]
    rows: NDArray[np.intp]


def filed(fitted: Pipeline, X: pd.DataFrame, bad: Bad, features: Sequence[Feature], scale: Scale) -> Records:
    """Return a row a bin of every field that is not left out, in the order of `features`.

    `woe` is ln(share of the goods / share of the bads), `iv` what the bin adds to the field's information value, both
    with .5 for an empty cell (Siddiqi 2006). `points` are unrounded: the intercept and the scale's offset are shared
    equally among the fields, so that an applicant's points add up to the score before calibration, rounding, clipping.
    """
    found, formula = bins_of(fitted[0], X), linear(fitted[-1])
    left_out = getattr(fitted[0], "left_out_", [])
    features = [feature for feature in features if feature.name not in left_out]
    factor = scale.pdo / math.log(2)
    share = (scale.points - scale.pdo * math.log2(scale.odds) - factor * formula.intercept) / len(features)
    records: Records = []
    for feature in features:
        bins = found[feature.name]
        points = [share - factor * formula.weights[column] for column in bins.columns]
        named = bins._replace(labels=[shown(label, feature) for label in bins.labels])
        rows = records_of(feature.name, named, points, bad)
        records += [row for row in rows if row["applicants"] or row["bin"] != MISSING or not feature.required]
    return records


def records_of(name: str, bins: Bins, points: Sequence[float], bad: Bad) -> Records:
    """Return a row a bin of what `name` is: a field, or a pair of them."""
    applicants, bads = counts(bins, bad)
    woe, iv = evidence(applicants, bads)
    records: Records = []
    for place, label in enumerate(bins.labels):
        rows, defaulted = int(applicants[place]), int(bads[place])
        values = (rows / len(bad), defaulted / rows if rows else None, float(woe[place]), float(iv[place]))
        told = [value if value is None else round(value, DIGITS) + 0.0 for value in (*values, points[place])]
        records.append(dict(zip(COLUMNS, (name, label, rows, defaulted, *told), strict=True)))
    return records


def write(path: Path, records: Records) -> None:
    """Write the table; a header alone where there are no rows."""
    text = StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(records)
    write_bytes(path, text.getvalue().encode())


def read(path: Path) -> Records:
    """Return the rows of a table that was written."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: text if name in TEXTS else json.loads(text or "null") for name, text in row.items()}
            for row in csv.DictReader(file)
        ]


def shown(label: str, feature: Feature) -> str:
    """Return what a bin is called in the table: a truth by its word."""
    return {"< 1": "false", ">= 1": "true"}.get(label, label) if feature.type == "boolean" else label


def counts(bins: Bins, bad: Bad) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many applicants each bin has, and how many of them are bad."""
    size = len(bins.labels)
    return np.bincount(bins.rows, minlength=size), np.bincount(bins.rows[bad == 1], minlength=size)


def evidence(applicants: NDArray[np.int64], bads: NDArray[np.int64]) -> tuple[Vector, Vector]:
    """Return each bin's weight of evidence, and what it adds to the field's information value.

    >>> woe, iv = evidence(np.array([40, 10, 0]), np.array([10, 10, 0]))
    >>> woe.round(3).tolist(), iv.round(3).tolist()
    ([0.693, -3.401, -0.405], [0.347, 1.644, 0.003])
    """
    goods = applicants - bads
    good = np.where(goods, goods, EMPTY) / max(goods.sum(), EMPTY)
    bad = np.where(bads, bads, EMPTY) / max(bads.sum(), EMPTY)
    woe = np.array([math.log(g / b) for g, b in zip(good, bad, strict=True)])
    return woe, (good - bad) * woe


def bins_of(encoder: ApplicantEncoder, X: pd.DataFrame) -> dict[str, Bins]:
    """Return the bins of every field; a reason for not having a value is one, be it in no training row.

    Of a text each value that is kept is one, and all others are; of many, those of the same points are one together.
    """
    matrix, start = encoder.transform(X), 0
    stateful = isinstance(encoder, StatefulEncoder)
    states: dict[str, list[str]] = encoder.states if stateful else {}
    known = {name: [*intervals(encoder.edges_[name]), *states.get(name, [])] for name in encoder.numeric}
    known |= encoder.labels_ if stateful else encoder.categories
    found = {}
    for name, labels in known.items():
        columns = list(range(start, start + len(labels) + 1))
        found[name] = Bins([*labels, MISSING], columns, matrix[:, columns].argmax(axis=1))
        start += len(columns)
    for name, rows in zip(encoder.texts, encoder._tokens(X).T, strict=True) if stateful and encoder.texts else ():
        bins = np.searchsorted(encoder.edges_[name], encoder.risks(name), side="right")
        found[name] = Bins([*encoder.kept_[name], OTHER, MISSING], [start + int(place) for place in bins], rows)
        start += len(encoder.edges_[name]) + 1
    for name, wanted in states.items():
        for state in wanted:
            found[name] = with_unseen(found[name], state, encoder.seen_[name], text=name in encoder.texts)
    for name in encoder.texts if stateful else ():
        if len(found[name].labels) > MANY:
            found[name] = grouped(found[name], found[name].columns, {MISSING, *states.get(name, [])})
    return found


def grouped(bins: Bins, alike: Sequence[Any], apart: Collection[str]) -> Bins:
    """Return the bins with those as one that are `alike`, in the order of their first; each label `apart` stays one.

    >>> grouped(Bins(["a", "b", "c", "missing"], [4, 5, 4, 5], np.array([0, 1, 2, 3])), [4, 5, 4, 5], {"missing"})
    Bins(labels=['a, c', 'b', 'missing'], columns=[4, 5, 5], rows=array([0, 1, 0, 2]))
    """
    members: dict[Any, list[int]] = {}
    for place, label in enumerate(bins.labels):
        members.setdefault((label,) if label in apart else alike[place], []).append(place)
    group = np.zeros(len(bins.labels), dtype=np.intp)
    for number, places in enumerate(members.values()):
        group[places] = number
    labels = [", ".join(bins.labels[place] for place in places) for places in members.values()]
    return Bins(labels, [bins.columns[places[0]] for places in members.values()], group[bins.rows])


def with_unseen(bins: Bins, state: str, seen: Sequence[str], text: bool) -> Bins:
    """Return the bins with a state that no training row has: it counts as missing, of a text as another."""
    if state in seen:
        return bins
    column = bins.columns[-2 if text else -1]
    if state not in bins.labels:
        return Bins([*bins.labels, state], [*bins.columns, column], bins.rows)
    place = bins.labels.index(state)
    return bins._replace(columns=[*bins.columns[:place], column, *bins.columns[place + 1 :]])
