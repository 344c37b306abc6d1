"""Few windows of what `python -m benchmarks.monitoring` draws thousands of: the rules keep what they promise"""

import pytest

from benchmarks._simulated import (
    Population,
    episodes,
    false_alarms,
    fired_a_year,
    performance_alerts,
    population,
    power,
)


@pytest.fixture(scope="module")
def people() -> Population:
    return population()


@pytest.mark.parametrize("rows", [200, 300])
def test_windows_without_change_do_not_alarm(people: Population, rows: int) -> None:
    assert false_alarms(people, 50, 10, rows) <= 0.06  # of 50 at 2 % each, more than three are chance in 2 of 100 cases


def test_no_drift_alert_fires_where_nothing_changes(people: Population) -> None:
    assert fired_a_year(people, 1, days=50) == 0


def test_longer_durations_are_found_in_one_window(people: Population) -> None:
    assert power(people, 50) >= 0.95


def test_twice_the_bads_alert_and_as_many_as_before_do_not(people: Population) -> None:
    assert performance_alerts(people, 50) <= 0.02
    assert performance_alerts(people, 50, 2.0) >= 0.7


def test_alert_is_counted_when_it_fires_anew() -> None:
    assert episodes([True, True, True, False, True, False, False, True, True]) == 2
    assert episodes([True, False, True, False]) == 0
