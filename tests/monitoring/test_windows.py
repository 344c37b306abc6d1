"""No row counts in two windows, none is judged before its days are over, and an alert wants windows running"""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from src.monitoring.windows import Window, closed, firing, midnight

MONDAY = date(2026, 3, 2)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def test_day_of_enough_rows_is_a_window_once_it_is_over() -> None:
    rows = {day(0): 200, day(1): 500}
    at = midnight(day(1))
    assert closed(rows, (), MONDAY, at - timedelta(seconds=1), 200) == []
    assert closed(rows, (), MONDAY, at, 200) == [Window((day(0),), 200, day(0))]
    elsewhere = datetime.fromisoformat("2026-03-03T01:00:00+03:00")  # where it is not yet over in UTC
    assert closed(rows, (), MONDAY, elsewhere, 200) == []


def test_smaller_days_of_a_week_are_joined_at_its_end() -> None:
    rows = {day(0): 199, day(2): 300, day(5): 40}
    before, after = midnight(day(6)), midnight(day(7))
    assert closed(rows, (), MONDAY, before, 200) == [Window((day(2),), 300, day(2))]
    joined = Window((day(0), day(5)), 239, day(6))
    assert closed(rows, (), MONDAY, after, 200) == [Window((day(2),), 300, day(2)), joined]
    assert (joined.start, joined.end) == (midnight(day(0)), midnight(day(7)))


def test_week_of_few_rows_is_returned_so_that_it_is_said() -> None:
    assert closed({day(3): 7}, (), MONDAY, midnight(day(7)), 200) == [Window((day(3),), 7, day(6))]
    assert closed({}, (), MONDAY, midnight(day(70)), 200) == []


def test_what_was_judged_is_not_judged_again_though_rows_came_late() -> None:
    rows = {day(0): 250, day(1): 200}
    assert closed(rows, {day(0)}, day(1), midnight(day(7)), 200) == [Window((day(1),), 200, day(1))]
    assert closed(rows, {day(0), day(1)}, day(2), midnight(day(7)), 200) == []


def test_no_row_counts_in_two_windows_however_often_it_is_looked() -> None:
    random = np.random.default_rng(0)
    rows = {day(number): int(random.integers(0, 400)) for number in range(60)}
    judged: list[Window] = []
    since, now = MONDAY, midnight(MONDAY)
    while now < midnight(day(70)):
        now += timedelta(hours=int(random.integers(1, 90)))
        judged += closed(rows, {each for window in judged for each in window.days}, since, now, 200)
        since = now.date()
    days = [each for window in judged for each in window.days]
    assert len(days) == len(set(days)) == sum(number > 0 for number in rows.values())
    assert judged == closed(rows, (), MONDAY, midnight(day(70)), 200)


@pytest.mark.parametrize(
    ("alarms", "fires"),
    [
        ("", False),
        ("!", False),
        ("!.!.!", False),
        ("!!", True),
        ("!?!", True),
        ("!!.", True),
        ("!!.!.", True),
        ("!!..", False),
        ("!!..!", False),
        ("!!..!!", True),
    ],
)
def test_alert_fires_after_two_windows_running_and_resolves_after_two_quiet_ones(alarms: str, fires: bool) -> None:
    assert firing([{"!": True, ".": False, "?": None}[each] for each in alarms], 2) is fires


def test_one_window_is_enough_where_the_policy_says_so() -> None:
    assert firing([True], 1)
    assert not firing([True, False], 1)
    assert midnight(MONDAY) == datetime(2026, 3, 2, tzinfo=UTC)
