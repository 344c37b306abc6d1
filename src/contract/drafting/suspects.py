"""counts by value and outcome -> how well a column alone tells bad from good, and values that look like codes"""

from collections.abc import Sequence

import numpy as np

from src.contract.drafting.profile import BAD, GOOD, Profile

BINS = 20
PRIOR = 20.0  # rows of the average that each value's bad rate is drawn towards
STRONG, AHEAD = 0.75, 0.1  # an AUC that one field rarely has, and its lead on the next field's
LEAST_ROWS = 20  # good and bad ones each, below which an AUC says nothing
MOST_SUSPECTS = 1 / 3  # of the fields: where more are strong, the target is easy
MOST_CODES = 6
RARE, FREQUENT = 0.0005, 0.01  # share of the rows: of a code by its look, and of one that only stands apart
LEAST_COUNT = 5
LOOK = {*range(-9, 0), 9, 99, -99, *(sign * (10**n - k) for sign in (1, -1) for n in range(2, 10) for k in range(1, 6))}


def auc(profile: Profile, numbers: np.ndarray | None) -> float:
    """Return the AUC of a column alone, at least .5; NaN where too few rows are good or bad.

    `numbers` are the counted values as numbers, NaN for a word. A number is ranked as it stands; and any
    value is scored by the bad rate that it, or its bin, has in the other half of the rows, so that many do not flatter.
    """
    counts = profile.counts * profile.weights[:, None]
    good, bad = counts[:, GOOD] + counts[:, GOOD + 2], counts[:, BAD] + counts[:, BAD + 2]
    if min(good.sum(), bad.sum()) < LEAST_ROWS:
        return float("nan")
    if numbers is None:
        return _crossed(counts)
    known = ~np.isnan(numbers)
    ranks = np.where(known, numbers, -np.inf), np.where(known, numbers, np.inf)
    ranked = [_area(order, good, bad) for order in ranks]
    return max(_crossed(_binned(counts, numbers)), *ranked, *(1 - area for area in ranked))


def _area(scores: np.ndarray, good: np.ndarray, bad: np.ndarray) -> float:
    """Return the AUC of scores, each of so many good and bad rows (Mann and Whitney 1947)."""
    _, group = np.unique(scores, return_inverse=True)
    goods, bads = np.bincount(group, good), np.bincount(group, bad)
    below = np.cumsum(goods) - goods
    total = goods.sum() * bads.sum()
    return float((bads * (below + goods / 2)).sum() / total) if total else 0.5


def _crossed(counts: np.ndarray) -> float:
    """Return the AUC of each half's values, scored by their bad rate in the other half."""
    areas = []
    for half, other in ((0, 2), (2, 0)):
        good, bad = counts[:, GOOD + other], counts[:, BAD + other]
        average = bad.sum() / max(1.0, good.sum() + bad.sum())
        rate = (bad + PRIOR * average) / (good + bad + PRIOR)
        areas.append(_area(rate, counts[:, GOOD + half], counts[:, BAD + half]))
    return max(0.5, sum(areas) / 2)


def _binned(counts: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the counts of about as many rows each, the words together in the last one."""
    rows = counts.sum(axis=1)
    known = np.flatnonzero(~np.isnan(numbers))
    order = known[np.argsort(numbers[known], kind="stable")]
    passed = np.cumsum(rows[order]) - rows[order] / 2
    bins = np.full(len(numbers), BINS)
    bins[order] = np.minimum(BINS - 1, passed * BINS // max(1.0, rows[order].sum()))
    found = np.zeros((BINS + 1, counts.shape[1]))
    np.add.at(found, bins, counts)
    return found


def leaking(areas: dict[str, float]) -> list[str]:
    """Return the fields whose AUC alone is strong and well ahead of the next field's, the strongest first.

    >>> leaking({"age": 0.55, "term": 0.65, "late_fees": 0.9, "written_off": 0.95})
    ['written_off', 'late_fees']
    >>> leaking({"age": 0.55, "term": 0.74, "late_fees": 0.8, "rent": 0.6})
    []
    """
    order = sorted((name for name, area in areas.items() if area == area), key=lambda name: -areas[name])
    for count in range(min(max(2, int(len(order) * MOST_SUSPECTS)), len(order) - 1), 0, -1):
        last, following = areas[order[count - 1]], areas[order[count]]
        if last >= STRONG and last - following >= AHEAD:
            return order[:count]
    return []


def codes(values: Sequence[float] | np.ndarray, rows: Sequence[int] | np.ndarray) -> list[float]:
    """Return the few values at either end that stand apart from the rest and are frequent, as -9 and 999 do.

    `values` are a column's different numbers, `rows` how many rows each has.

    >>> codes([-9, *range(10, 60), 999], [50, *[20] * 50, 9])
    [-9, 999]
    >>> codes(range(-3, 30), [9] * 33), codes(range(-2, 6), [28, 57, 147, 37, 27, 3, 1, 1])
    ([], [])
    """
    order = np.argsort(values)
    sorted_values, sorted_rows = np.asarray(values, dtype=float)[order], np.asarray(rows, dtype=float)[order]
    low = _apart(sorted_values, sorted_rows)
    high = _apart(-sorted_values[low:][::-1], sorted_rows[low:][::-1], high=True)
    found = [*sorted_values[:low], *sorted_values[len(sorted_values) - high :]]
    return [int(value) if value == int(value) else value for value in found]


def _apart(values: np.ndarray, rows: np.ndarray, high: bool = False) -> int:
    """Return how many of the first values are codes; `high`: the values are those of the upper end, negated."""
    total = rows.sum()
    for count in range(min(MOST_CODES, len(values) - 5), 0, -1):
        block, rest, rest_rows = values[:count], values[count:], rows[count:]
        gap, spread = rest[0] - block[-1], rest[-1] - rest[0]
        whole = bool((block == np.round(block)).all())
        look = whole and all(int(-value if high else value) in LOOK for value in block)
        least = rows[:count].min()
        usual = max(LEAST_COUNT, RARE * total)
        scale = count > 1 and (np.diff(values[: count + 1]) == 1).all() and (np.diff(rows[: count + 1]) > 0).all()
        stands_out = gap > 1 or (least > 2 * np.median(rest_rows) and not scale)
        below_zero = not high and rest[0] >= 0 > block[-1] and block[0] >= -9 and spread >= 5 and stands_out
        far = gap >= spread / 2
        if look and least >= usual and (below_zero or far):
            return count
        if whole and gap >= 2 * spread and least >= max(LEAST_COUNT, FREQUENT * total):
            return count
    return 0
