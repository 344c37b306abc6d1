"""Drift is told from chance at any size, and a small difference of many rows is no alarm"""

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from src.model.stability import chi_squared, joined, psi
from src.monitoring.drift import judge


def test_test_is_pearsons() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        first, second = random.multinomial(800, np.ones(6) / 6), random.multinomial(300, np.ones(6) / 6)
        wanted = chi2_contingency([first, second], correction=False)
        assert chi_squared(first, second) == pytest.approx((wanted.statistic, wanted.pvalue), rel=1e-12)


def test_bins_that_expect_few_rows_are_one() -> None:
    table = np.array([[400.0, 380, 8, 7, 5], [100, 90, 3, 0, 7]])
    assert joined(table).tolist() == [[400, 380, 20], [100, 90, 10]]
    few = np.array([[400.0, 380, 4], [100, 90, 3]])  # of the last bin alone 1.4 are expected: the next one joins it
    assert joined(few).tolist() == [[400, 384], [100, 93]]
    assert joined(np.array([[3.0, 2], [1, 1]])).tolist() == [[5], [2]]
    assert joined(np.array([[100.0, 200], [100, 200]])).tolist() == [[100, 200], [100, 200]]


def test_new_category_of_few_is_no_alarm_and_of_many_is_one() -> None:
    reference = [400, 400, 0]
    few = judge({"purpose": (reference, [149, 149, 2])}, 0.01, 0.1)["purpose"]
    many = judge({"purpose": (reference, [120, 120, 60])}, 0.01, 0.1)["purpose"]
    assert (few.alarm, many.alarm) == (False, True)
    assert many.psi > 0.5


def test_small_shift_of_many_rows_is_seen_by_the_test_but_no_alarm() -> None:
    found = judge({"age": ([50_000, 50_000], [48_000, 52_000])}, 0.01, 0.1)["age"]
    assert found.p_value is not None
    assert found.p_value < 1e-9
    assert found.psi < 0.01
    assert not found.alarm


def test_large_index_of_few_rows_is_no_alarm() -> None:
    found = judge({"age": ([80] * 10, [9, 3] * 5)}, 0.01, 0.1)["age"]
    assert found.psi > 0.1
    assert not found.alarm


def test_level_is_divided_by_what_can_be_compared() -> None:
    pair, constant = ([400, 400], [90, 110]), ([800, 0], [200, 0])
    assert judge({"a": pair, "b": pair, "c": constant}, 0.01, 0.1)["a"].level == 0.005
    found = judge({"c": constant}, 0.01, 0.1)["c"]
    assert (found.psi, found.p_value, found.alarm) == (0, None, False)


def test_bins_of_few_rows_are_joined_in_the_index_too() -> None:
    assert psi([400, 380, 4], [100, 90, 3]) == psi([400, 384], [100, 93])


def test_empty_bins_add_nothing_to_the_index() -> None:
    assert psi([80, 20, 0, 0], [40, 60, 0, 0]) == psi([80, 20], [40, 60])
    p, q = (80.5 / 101, 20.5 / 101), (40.5 / 101, 60.5 / 101)
    wanted = sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True))
    assert psi([80, 20], [40, 60]) == pytest.approx(wanted, rel=1e-12)
    assert psi([0, 0], [0, 0]) == 0
