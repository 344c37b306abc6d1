"""the training rows' bins, the test rows and their PDs -> where observed and expected bads differ most"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from src.model.card import Feature
from src.model.groups import grouped
from src.model.metrics import Bad, Vector

MOST = 10
LEAST_ROWS = 50
CONFIDENCE = 0.95  # that the intervals of all segments hold at once
DAYS_BEFORE = " days before"  # the application: what a model reads of a date


class Segment(NamedTuple):
    """The test rows in a bin of one feature, or in the bins of two."""

    fields: tuple[str, ...]
    bins: tuple[str, ...]
    rows: int
    observed: int
    expected: float


def segments_of(
    training: pd.DataFrame, X: pd.DataFrame, bad: Bad, pd_of: Vector, features: Sequence[Feature]
) -> list[dict[str, Any]]:
    """Return the ten segments of at least 50 test rows whose bads differ most from the sum of their PDs.

    They are ranked by the score test of a binomial share: a sum of unlike risks varies less (Hoeffding 1956), so that
    it errs towards "no difference". `low` and `high` are that test's bounds of the bads (Wilson 1927), at 95 % for all
    segments that were looked at together (Bonferroni; Dunn 1961): `expected` outside of them is more than chance.
    """
    found = list(_segments(training, X, bad, pd_of, features))
    if not found:
        return []
    z = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (2 * len(found)))
    worst = sorted(found, key=lambda segment: -_deviation(segment))[:MOST]
    return [
        {
            "fields": list(segment.fields),
            "bins": list(segment.bins),
            "rows": segment.rows,
            "observed": segment.observed,
            "expected": segment.expected,
            **dict(zip(("low", "high"), wilson(segment.observed, segment.rows, z), strict=True)),
        }
        for segment in worst
    ]


def wilson(count: int, rows: int, z: float) -> tuple[float, float]:
    """Return the bounds of a count among `rows`, `z` standard errors away (Wilson 1927).

    >>> [round(bound, 2) for bound in wilson(0, 100, 1.96)]
    [0.0, 3.7]
    """
    middle = rows * (count + z**2 / 2) / (rows + z**2)
    half = rows * z / (rows + z**2) * (count * (rows - count) / rows + z**2 / 4) ** 0.5
    return max(middle - half, 0.0), min(middle + half, float(rows))


def _deviation(segment: Segment) -> float:
    """Return how many standard errors the observed bads lie from the expected ones."""
    difference = abs(segment.observed - segment.expected)
    variance = segment.expected * (1 - segment.expected / segment.rows)
    return float(difference / variance**0.5) if variance > 0 else np.inf if difference else 0.0


def _segments(
    training: pd.DataFrame, X: pd.DataFrame, bad: Bad, pd_of: Vector, features: Sequence[Feature]
) -> Iterator[Segment]:
    """Yield every bin of a feature, then of two, that is large enough, none twice under another name."""
    bins = {
        feature.name: grouped(
            training[feature.name], X[feature.name], DAYS_BEFORE if feature.type == "date" else ""
        ).remove_unused_categories()
        for feature in features
    }
    sizes = {name: np.bincount(found.codes, minlength=len(found.categories)) for name, found in bins.items()}
    for names in (*((name,) for name in bins), *combinations(bins, 2)):
        shape = tuple(len(sizes[name]) for name in names)
        codes = np.ravel_multi_index([bins[name].codes.astype(np.intp) for name in names], shape)
        rows, observed, expected = (
            np.bincount(codes, weights, minlength=int(np.prod(shape))) for weights in (None, bad, pd_of)
        )
        for place in np.flatnonzero(rows >= LEAST_ROWS):
            at = np.unravel_index(place, shape)
            wider = [sizes[name][code] for name, code in zip(names, at, strict=True)] if len(names) > 1 else [len(X)]
            if rows[place] not in wider:
                labels = tuple(str(bins[name].categories[int(code)]) for name, code in zip(names, at, strict=True))
                yield Segment(names, labels, int(rows[place]), round(observed[place]), float(expected[place]))
