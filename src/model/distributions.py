"""tables and a fitted model -> the distributions of the development sample: each feature's, and those of the answers"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from src.files import DIGITS
from src.model.card import Card, Feature, Value
from src.model.development import Distribution
from src.model.metrics import Vector
from src.model.points import LEAST, Decision, decide, points
from src.model.reference import plain, table_of
from src.params import Scale

Predict = Callable[[pd.DataFrame], Vector]
Counts = NDArray[np.int64]
POINTS, WIDEST = 1, -99999.9  # digits of points: those that a person may read
DECISIONS: tuple[Decision, ...] = get_args(Decision)
SIGNIFICANT = 9  # digits of an edge that is no whole number


@dataclass(frozen=True)
class Fineness:
    """How many groups numbers fall into at most, and how many values of a category or a text have bins of their own."""

    groups: int
    values: int


@dataclass(frozen=True)
class Typed:
    """A feature's distribution, and the typical value of each bin; one that no applicant can have is left out."""

    distribution: Distribution
    typical: dict[int, Value]


def typed_features(X: pd.DataFrame, card: Card, fineness: Fineness, names: Collection[str]) -> dict[str, Typed]:
    """Return the named features' distributions in `X`, without points."""
    features = [feature for feature in card.features if feature.name in names]
    return {feature.name: typed(X[feature.name], feature, card, fineness) for feature in features}


def with_points(found: Mapping[str, Typed], X: pd.DataFrame, card: Card, predict: Predict) -> dict[str, Distribution]:
    """Return the distributions, of every bin with the points that the model gives for it."""
    gained = gains(found, X, card, predict)
    return {name: one.distribution.model_copy(update={"points": gained[name]}) for name, one in found.items()}


def drafted(found: Mapping[str, Typed]) -> dict[str, Distribution]:
    """Return the distributions with as many digits of points as there can be."""
    return {
        name: one.distribution.model_copy(update={"points": [WIDEST] * len(one.distribution.rows)})
        for name, one in found.items()
    }


def typed(column: pd.Series, feature: Feature, card: Card, fineness: Fineness) -> Typed:
    """Return one feature's distribution: a number's by its quantiles, another's by its values."""
    values, counts = counted(column, feature)
    number = feature.numeric and feature.type != "boolean"
    facts: dict[str, Any] = {
        "kind": "number" if number else "category",
        "whole": feature.type in ("integer", "date"),
        "before": card.time.name if card.time and feature.type == "date" else None,
        "trim": feature.trim,
        "ignore_case": feature.ignore_case,
        "edges": edges_of(*numbers_of(values, counts), fineness.groups) if number else [],
        "values": values_of(feature, values, counts, fineness.values),
    }
    found = filled(facts, values, counts)
    places = found.places(values)
    return Typed(found, typical_of(found, feature, values, counts, places))


def filled(facts: dict[str, Any], values: Sequence[Any], counts: Counts) -> Distribution:
    """Return a distribution of these bins with the rows of each."""
    bins = (len(facts["edges"]) + 1 if facts["kind"] == "number" else 0) + len(facts["values"]) + 2
    empty = Distribution.model_validate(facts | {"rows": [0] * bins})
    rows = np.zeros(bins, dtype=np.int64)
    np.add.at(rows, empty.places(values), counts)
    return Distribution.model_validate(facts | {"rows": rows.tolist()})


def counted(column: pd.Series, feature: Feature) -> tuple[list[Any], Counts]:
    """Return a column's different values as JSON has them, None among them, in order, and how many rows have each."""
    if pd.api.types.is_numeric_dtype(column) and feature.type != "boolean":
        known: NDArray[Any] = np.array(column.dropna().tolist())
        numbers, rows = np.unique(known, return_counts=True)
        absent = [len(column) - len(known)] if len(known) < len(column) else []
        return [*numbers.tolist(), *(None for _ in absent)], np.append(rows, absent).astype(np.int64)
    found = [
        (plain(value, feature), int(count)) for value, count in column.value_counts(sort=False, dropna=False).items()
    ]
    found.sort(key=lambda pair: (str(type(pair[0])), 0 if pair[0] is None else pair[0]))
    return [value for value, _ in found], np.array([count for _, count in found], dtype=np.int64)


def numbers_of(values: Sequence[Any], counts: Counts) -> tuple[Vector, Counts]:
    """Return the values that are numbers, in order, and their counts."""
    there = np.array([isinstance(value, int | float) for value in values], dtype=bool)
    numbers = np.array([value for value in values if isinstance(value, int | float)], dtype=np.float64)
    order = np.argsort(numbers, kind="stable")
    return numbers[order], counts[there][order]


def edges_of(numbers: Vector, counts: Counts, groups: int) -> list[float]:
    """Return the upper edges of quantile groups, each but the last one's; few different numbers are a group each.

    >>> edges_of(np.arange(1.0, 101), np.ones(100, dtype=np.int64), 4)
    [25.0, 50.0, 75.0]
    >>> edges_of(np.array([0.0, 1]), np.array([9, 1]), 4)
    [0.0]
    """
    if len(numbers) <= groups:
        return list(map(float, numbers[:-1]))
    reached = np.cumsum(counts)
    wanted = reached[-1] * np.arange(1, groups) / groups
    found = np.unique(numbers[np.searchsorted(reached, wanted)])
    found = np.unique([edge if edge % 1 == 0 else float(f"{edge:.{SIGNIFICANT}g}") for edge in found])
    return list(map(float, found[found < numbers[-1]]))


def values_of(feature: Feature, values: Sequence[Any], counts: Counts, most: int) -> list[str]:
    """Return the values that have a bin of their own, the reasons for not having one last.

    Of a category or a text they are the most frequent ones; a text is named only where training has kept it.
    """
    if feature.numeric:
        return [*(["false", "true"] if feature.type == "boolean" else []), *feature.states]
    named = [value for value in feature.categories or feature.suggestions if value not in feature.states]
    rows = dict(zip(values, counts, strict=True))
    kept = set(sorted(named, key=lambda value: -rows.get(value, 0))[:most])
    return [*(value for value in named if value in kept), *feature.states]


def typical_of(
    found: Distribution, feature: Feature, values: Sequence[Any], counts: Counts, places: NDArray[np.intp]
) -> dict[int, Value]:
    """Return the typical value of each bin: of numbers the median, of others the most frequent, or the bin's own."""
    typical: dict[int, Value] = {} if feature.required else {found.missing: None}
    first = len(found.labels) - 2 - len(found.values)
    for place, value in enumerate(found.values, first):
        typical[place] = value == "true" if feature.type == "boolean" and value in ("false", "true") else value
    for place in np.unique(places):
        rows = np.flatnonzero(places == place)
        if place < first:
            typical[int(place)] = values[rows[np.searchsorted(np.cumsum(counts[rows]), counts[rows].sum() / 2)]]
        elif place == found.other:
            typical[int(place)] = values[rows[np.argmax(counts[rows])]]
        elif place == found.missing:
            typical[int(place)] = None
    return typical


def gains(found: Mapping[str, Typed], X: pd.DataFrame, card: Card, predict: Predict) -> dict[str, list[float | None]]:
    """Return the points that each bin's typical value gives the reference applicant in the place of its own."""
    asked = [(name, place) for name, one in found.items() for place in sorted(one.typical)]
    changed = [card.reference | {name: found[name].typical[place]} for name, place in asked]
    pds = predict(table_of([card.reference, *changed], X))
    own = log_odds(float(pds[0]), card.scale)
    gained: dict[str, list[float | None]] = {name: [None] * len(one.distribution.rows) for name, one in found.items()}
    for (name, place), pd_of in zip(asked, pds[1:], strict=True):
        gained[name][place] = round(log_odds(float(pd_of), card.scale) - own, POINTS) + 0.0
    return gained


def log_odds(pd_of: float, scale: Scale) -> float:
    """Return the odds of repaying in points of the scale, unrounded and without its bounds."""
    kept = min(max(pd_of, LEAST), 1 - LEAST)
    return scale.pdo * math.log2((1 - kept) / kept)


def answers_of(pd_of: Vector, card: Card, groups: int) -> dict[str, Distribution]:
    """Return the distributions of predicted PDs, of their scores and decisions, by their names in an answer."""
    scores, one = scores_of(pd_of, card), np.ones(len(pd_of), dtype=np.int64)
    decisions = [decide(float(one), card.threshold) for one in pd_of]
    number: dict[str, Any] = {"kind": "number", "values": []}
    pds = number | {"edges": edges_of(*unique(pd_of.round(DIGITS)), groups)}
    whole = number | {"edges": edges_of(*unique(scores), groups), "whole": True}
    decided = {"kind": "category", "edges": [], "values": DECISIONS}
    return {
        "probability_of_default": filled(pds, pd_of.tolist(), one),
        "score": filled(whole, scores.tolist(), one),
        "decision": filled(decided, decisions, one),
    }


def scores_of(pd_of: Vector, card: Card) -> Counts:
    """Return each PD's score."""
    return np.array([points(float(one), card.scale) for one in pd_of], dtype=np.int64)


def unique(values: NDArray[Any]) -> tuple[Vector, Counts]:
    """Return the different numbers in order, and how many rows have each."""
    numbers, counts = np.unique(values, return_counts=True)
    return numbers.astype(np.float64), counts
