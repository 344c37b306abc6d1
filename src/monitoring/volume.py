"""how many applications each day had, and when the last came -> whether there are too many, too few or none

Of all versions together: what is counted is whether applicants arrive at all.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from statistics import median
from typing import NamedTuple

from scipy.special import betainc

WEEKS = 8  # before a day, whose same weekdays it is compared with
HOUR = timedelta(hours=1)


class Volume(NamedTuple):
    """A day's rows beside the median of its weekday; None for what cannot be told."""

    rows: int
    usual: float
    ratio: float | None
    p_value: float | None
    alarm: bool | None


class Silence(NamedTuple):
    """Hours since the last application."""

    hours: float
    alarm: bool


def volume(rows: Mapping[date, int], day: date, most_ratio: float, alpha: float) -> Volume | None:
    """Return how many applications a day had; None before the ninth week of the log.

    It alarms where they are more than `most_ratio` times the median of the same weekday in the eight weeks before, or
    less than one such part of it, and chance alone would do that in fewer than `alpha` of such days: given how many all
    nine days have, this day's share is binomial (Przyborowski & Wilenski 1940), which lets a lender of two applications
    a day have five. Of a weekday that usually has none nothing is told.
    """
    if not rows or day - timedelta(weeks=WEEKS) < min(rows):
        return None
    before = [rows.get(day - timedelta(weeks=back), 0) for back in range(1, WEEKS + 1)]
    found, usual = rows.get(day, 0), median(before)
    if not usual:
        return Volume(found, usual, None, None, None)
    p_value = min(1.0, 2 * min(at_least(found, sum(before)), at_most(found, sum(before))))
    far = found > most_ratio * usual or found * most_ratio < usual
    return Volume(found, usual, found / usual, p_value, far and p_value < alpha)


def at_least(found: int, others: int) -> float:
    """Return how likely a day has so many rows or more, of those that it and its eight days before have."""
    return float(betainc(found, others + 1, 1 / (WEEKS + 1))) if found else 1.0


def at_most(found: int, others: int) -> float:
    """Return how likely a day has so many rows or fewer."""
    return 1 - at_least(found + 1, others - 1) if others else 1.0


def silence(last: datetime, now: datetime, most_hours: float) -> Silence:
    """Return how long ago the last application came; it alarms from `most_hours` on."""
    hours = (now - last) / HOUR
    return Silence(hours, hours >= most_hours)
