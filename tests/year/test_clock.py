"""The simulated time goes on only as its director says, and a little with each look"""

from datetime import UTC, datetime, timedelta

import pytest

from src.errors import LastroError
from src.journal.clock import clock_of
from src.year.clock import TICK, SimulatedClock

START = datetime(2025, 1, 1, 9, tzinfo=UTC)


def test_each_look_is_a_tick_later_so_that_identifiers_sort() -> None:
    clock = SimulatedClock(START)
    assert [clock(), clock()] == [START + TICK, START + 2 * TICK]
    new_id = clock_of(clock).new_id
    made = [new_id() for _ in range(50)]
    assert made == sorted(set(made))


def test_goes_forward_and_never_back() -> None:
    clock = SimulatedClock(START)
    clock.go_to(START + timedelta(days=30))
    assert clock().date() == (START + timedelta(days=30)).date()
    with pytest.raises(LastroError, match="cannot go back to 2025-01-01 09:00:00"):
        clock.go_to(START)
