"""what says which moment it is -> the times and identifiers of a service, which agree"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from src.journal.identifiers import microseconds_of, new_id


class Clock(NamedTuple):
    """What time it is, with its zone, and an identifier of that time."""

    now: Callable[[], datetime]
    new_id: Callable[[], str]


SYSTEM = Clock(partial(datetime.now, UTC), new_id)  # nothing of ours runs in between: it is asked at each request


def clock_of(now: Callable[[], datetime] | None) -> Clock:
    """Return the clock of a function that says which moment it is, with its zone; the system's where there is none."""
    return SYSTEM if now is None else Clock(now, partial(new_id, lambda: microseconds_of(now()) * 1000))
