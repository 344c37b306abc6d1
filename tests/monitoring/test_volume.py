"""A day is compared with its weekday, and silence is a matter of hours"""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from scipy.stats import binom

from src.monitoring.volume import at_least, at_most, silence, volume

START = date(2026, 1, 5)
NINTH = START + timedelta(weeks=8)


def weeks(usual: int, last: int) -> dict[date, int]:
    """Days that all have as many, but for the Monday of the ninth week."""
    return {START + timedelta(days=number): usual for number in range(56)} | {NINTH: last}


@pytest.mark.parametrize(("last", "alarm"), [(301, True), (300, False), (100, False), (34, False), (33, True)])
def test_more_or_less_than_the_ratio_alarms(last: int, alarm: bool) -> None:
    found = volume(weeks(100, last), NINTH, 3, 0.01)
    assert found is not None
    assert (found.rows, found.usual, found.alarm) == (last, 100, alarm)


def test_day_without_applications_alarms_from_the_ninth_week_on() -> None:
    rows = weeks(100, 0)
    del rows[NINTH]
    found = volume(rows, NINTH, 3, 0.01)
    assert found is not None
    assert (found.rows, found.ratio, found.alarm) == (0, 0, True)
    assert volume(rows, NINTH - timedelta(days=1), 3, 0.01) is None
    assert volume({}, NINTH, 3, 0.01) is None


def test_weekday_is_compared_with_itself_only() -> None:
    rows = {START + timedelta(days=number): 1000 if number % 7 else 10 for number in range(56)}
    found = volume(rows | {NINTH: 12}, NINTH, 3, 0.01)
    assert found is not None
    assert (found.usual, found.alarm) == (10, False)


def test_few_applications_a_day_do_not_alarm_by_chance() -> None:
    random = np.random.default_rng(3)
    days = {START + timedelta(days=number): int(random.poisson(2)) for number in range(7 * 60)}
    found = [volume(days, day, 3, 0.01) for day in days]
    assert sum(each.alarm is True for each in found if each) <= 4
    assert volume(weeks(0, 5), NINTH, 3, 0.01).alarm is None  # type: ignore[union-attr]


def test_tails_are_the_binomial_distributions() -> None:
    for found, others in ((0, 10), (3, 10), (7, 0), (40, 100)):
        assert at_least(found, others) == pytest.approx(binom.sf(found - 1, found + others, 1 / 9), rel=1e-9)
        assert at_most(found, others) == pytest.approx(binom.cdf(found, found + others, 1 / 9), rel=1e-9)


def test_silence_alarms_from_its_hours_on() -> None:
    last = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert silence(last, last + timedelta(hours=5.9), 6).alarm is False
    assert silence(last, last + timedelta(hours=6), 6) == (6, True)
