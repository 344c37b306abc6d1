"""the simulated year: when what happens"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)  # of the applications; outcomes of the last ones come after it
CHANGE = date(2025, 9, 1)  # other applicants come as well: the ninth month
BACK = date(2025, 11, 1)  # the outcomes of the ninth month are known: retrained
ANEW = date(2025, 11, 10)  # those who have applied since then are what the new version's drift is judged against
MORNING, NOON, EVENING = time(9), time(12), time(18)  # the monitor looks, people apply, outcomes are told
DAY = timedelta(days=1)


def days(first: date, last: date) -> Iterator[date]:
    """Yield each day from the first to the last one."""
    for number in range((last - first).days + 1):
        yield first + number * DAY


def at(day: date, hour: time) -> datetime:
    """Return a moment of a day, UTC."""
    return datetime.combine(day, hour, UTC)
