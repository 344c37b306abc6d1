"""rows and a fitted model -> what the PD does where one field is moved by one bin, all others as they are"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from src.model.card import Card, Feature, Value
from src.model.development import Distribution
from src.model.distributions import Predict, counted, typical_of
from src.model.metrics import Vector
from src.model.reference import plain

CHUNK = 20_000  # rows that are predicted together
Ways = dict[str, dict[int, Value]]


class Moved(NamedTuple):
    """A field, which way it was moved, the places of the rows that have a neighbouring bin, and these rows moved."""

    name: str
    way: str
    rows: NDArray[np.intp]
    table: pd.DataFrame


def sensitivity_of(
    X: pd.DataFrame, pd_of: Vector, known: pd.DataFrame, features: Mapping[str, Distribution], card: Card,
    predict: Predict,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return what each field's move by one bin does, `down` and `up`: the field of the largest mean move first.

    The bins are those of the development sample (`features`), a row gets the typical value of the next one among the
    rows `known`. Numbers move by value; labels, which have no order of their own, by the points that the model gives
    them, `down` to the next riskier one. Rows at the end of the scale, and those without a value, stay and do not
    count. `mean` is of the changes of PD, `largest` the one farthest from 0, `decisions` those that turn.
    """
    found: dict[str, dict[str, Any]] = {}
    for group in grouped(moves(X, known, features, card)):
        pds = predict(pd.concat([one.table for one in group], ignore_index=True))
        for one, after in zip(group, np.split(pds, np.cumsum([len(one.rows) for one in group])[:-1]), strict=True):
            told = found.setdefault(one.name, {"feature": one.name, "by": by(features[one.name])})
            told[one.way] = changed(pd_of[one.rows], after, card.threshold)
    return sorted(found.values(), key=lambda each: -max(abs(each[way]["mean"]) for way in ("down", "up")))


def moves(X: pd.DataFrame, known: pd.DataFrame, features: Mapping[str, Distribution], card: Card) -> Iterator[Moved]:
    """Yield each field moved down and moved up."""
    fields = {feature.name: feature for feature in card.features}
    for name, distribution in features.items():
        ways = neighbours(distribution, known[name], fields[name])
        places = distribution.places([plain(value, fields[name]) for value in X[name]])
        for way, values in ways.items():
            rows = np.flatnonzero(np.isin(places, list(values)))
            column = pd.Series([values[int(place)] for place in places[rows]], index=X.index[rows], dtype=X[name].dtype)
            yield Moved(name, way, rows, X.iloc[rows].assign(**{name: column}))


def neighbours(distribution: Distribution, column: pd.Series, feature: Feature) -> Ways:
    """Return for each way the value that a bin's row gets: the typical one of the next bin."""
    values, counts = counted(column, feature)
    typical = typical_of(distribution, feature, values, counts, distribution.places(values))
    order = [place for place in ordered(distribution) if typical.get(place) is not None]
    pairs = list(pairwise(order))
    return {"down": {high: typical[low] for low, high in pairs}, "up": {low: typical[high] for low, high in pairs}}


def ordered(distribution: Distribution) -> list[int]:
    """Return the places of the bins between which a row may move, in order."""
    if by(distribution) == "value":
        return list(range(len(distribution.edges) + 1))
    points = [(one.points, place) for place, one in enumerate(distribution.bins) if one.points is not None]
    return [place for _, place in sorted(points) if place != distribution.missing]


def by(distribution: Distribution) -> str:
    """Return what a field's bins are in the order of."""
    return "value" if distribution.kind == "number" else "points"


def grouped(moved: Iterator[Moved]) -> Iterator[list[Moved]]:
    """Yield moves together, as many as have so many rows as are predicted at once."""
    group: list[Moved] = []
    for one in moved:
        if group and sum(len(each.rows) for each in group) + len(one.rows) > CHUNK:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def changed(before: Vector, after: Vector, threshold: float) -> dict[str, Any]:
    """Return how PDs change, and how many decisions do."""
    change = after - before
    turned: Sequence[bool] = (before >= threshold) != (after >= threshold)
    return {
        "rows": len(change),
        "mean": float(change.mean()) if len(change) else 0.0,
        "largest": float(change[np.argmax(np.abs(change))]) if len(change) else 0.0,
        "decisions": int(np.sum(turned)),
    }
