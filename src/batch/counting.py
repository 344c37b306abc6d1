"""columns of a part and its answers -> how many rows lie in each bin of the reference, as the monitor counts the log's

Only different values are placed, by the monitor's own rule; rows are counted by the numbers of their values.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from src.model.development import Development, Distribution, subject_of

KEPT = 46  # bits of a float64 that are dropped: 64 groups of PDs are left between one and its double
Vector = NDArray[np.float64]
Codes = NDArray[np.integer]
Group = tuple[int, int, float]  # of nearly equal PDs: its number, how many there are, their sum


class Coded(NamedTuple):
    """A column: different values as the log's inputs hold them, and for each row which one it has.

    `values` may hold a value twice, or one that no row has.
    """

    values: Sequence[JsonValue]
    codes: Codes


class Counted(NamedTuple):
    """Rows that were answered, the approved of them, rows by subject and bin, and the PDs of the approved in groups."""

    rows: int
    approved: int
    counts: dict[str, list[int]]
    approved_pds: list[Group]


def count(
    columns: Mapping[str, Coded], pd: Vector, score: Codes, approved: NDArray[np.bool_], reference: Development | None
) -> Counted:
    """Return the counts of rows; of a model without a reference rows and PDs alone.

    `columns` hold the fields of the log's inputs, one that is left out is missing in every row; `pd`, `score` and
    `approved` have shape (n,).
    """
    many = int(approved.sum())
    counts = (
        {}
        if reference is None
        else {**of_features(columns, len(pd), reference), **of_answers(pd, score, many, reference)}
    )
    return Counted(len(pd), many, counts, grouped(pd[approved]))


def of_features(columns: Mapping[str, Coded], rows: int, reference: Development) -> dict[str, list[int]]:
    """Return rows by bin of each feature of the reference."""
    nothing = Coded([None], np.zeros(rows, dtype=np.int8))
    return {
        subject_of(name): of_feature(
            columns.get(name, nothing), columns.get(one.before or "", nothing) if one.before else None, one
        )
        for name, one in reference.features.items()
    }


def of_feature(column: Coded, made: Coded | None, distribution: Distribution) -> list[int]:
    """Return rows by bin; of dates, which count as days before `made`, by their different pairs."""
    if made is None:
        rows = np.bincount(column.codes, minlength=len(column.values))
        return summed(distribution.places(column.values), rows, distribution)
    pairs, rows = np.unique(column.codes.astype(np.int64) * len(made.values) + made.codes, return_counts=True)
    dates, days = np.divmod(pairs, len(made.values))
    values = [column.values[place] for place in dates.tolist()]
    return summed(distribution.places(values, [made.values[place] for place in days.tolist()]), rows, distribution)


def of_answers(pd: Vector, score: Codes, approved: int, reference: Development) -> dict[str, list[int]]:
    """Return rows by bin of PD, score and decision."""
    places = np.searchsorted(np.array(reference.probability_of_default.edges, dtype=np.float64), pd)
    least = int(score.min(initial=0))
    scores = np.bincount(score - least)
    decisions = reference.decision.places(["approve", "decline"])
    of_score = reference.score.places(list(range(least, least + len(scores))))
    return {
        "probability_of_default": summed(places, np.ones(len(pd), dtype=np.int64), reference.probability_of_default),
        "score": summed(of_score, scores, reference.score),
        "decision": summed(decisions, np.array([approved, len(pd) - approved]), reference.decision),
    }


def summed(places: Codes, rows: Codes, distribution: Distribution) -> list[int]:
    """Return rows by bin, of so many rows in each of these places; whole numbers below 2⁵³ are exact."""
    found = np.bincount(places, rows, len(distribution.labels))
    return [int(each) for each in found]


def grouped(pd: Vector) -> list[Group]:
    """Return PDs in groups of nearly equal ones: their sums are exact, their order is to one part in 64.

    >>> grouped(np.array([0.25, 0.251, 0.5]))[1]
    (65408, 1, 0.5)
    """
    numbers = np.ascontiguousarray(pd, dtype=np.float64).view(np.int64) >> KEPT
    rows, sums = np.bincount(numbers), np.bincount(numbers, pd)
    there = np.flatnonzero(rows)
    return list(zip(there.tolist(), rows[there].tolist(), sums[there].tolist(), strict=True))


def total(parts: Iterable[Counted]) -> Counted:
    """Return the counts of parts together; sums of PDs are added in the parts' order."""
    rows = approved = 0
    counts: dict[str, list[int]] = {}
    pds: dict[int, tuple[int, float]] = {}
    for part in parts:
        rows, approved = rows + part.rows, approved + part.approved
        for subject, bins in part.counts.items():
            before = counts.get(subject, [0] * len(bins))
            counts[subject] = [one + other for one, other in zip(before, bins, strict=True)]
        for number, many, its in part.approved_pds:
            known, so_far = pds.get(number, (0, 0.0))
            pds[number] = known + many, so_far + its
    return Counted(rows, approved, counts, [(number, *pds[number]) for number in sorted(pds)])
