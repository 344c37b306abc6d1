import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.contract.costs import Costs
from src.model import metrics

COSTS = Costs(false_accept=5, false_reject=1)
BAD = np.array([0, 0, 0, 1, 1])
PD = np.array([0.1, 0.3, 0.6, 0.4, 0.9])


def test_threshold_is_where_both_errors_cost_the_same() -> None:
    threshold = metrics.cost_threshold(COSTS)
    assert threshold * COSTS.false_accept == pytest.approx((1 - threshold) * COSTS.false_reject, abs=1e-5)


def test_values_computed_by_hand() -> None:
    found = metrics.score_all(BAD, PD, 0.5, COSTS)
    assert found["roc_auc"] == pytest.approx(5 / 6)
    assert found["gini"] == pytest.approx(2 / 3)
    assert found["ks"] == pytest.approx(2 / 3)
    assert found["brier"] == pytest.approx((0.01 + 0.09 + 0.36 + 0.36 + 0.01) / 5)
    assert found["expected_cost"] == pytest.approx((1 + 5) / 5)
    assert found["pr_auc"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.7, 0.4, 0.4, 0.9]).mean())
    assert set(found) == set(metrics.GREATER_IS_BETTER)


def test_ece_of_two_bins_by_hand() -> None:
    assert metrics.ece(BAD, PD, bins=2) == pytest.approx((abs(0.8 - 1) + abs(1.5 - 1)) / 5)


def test_pd_at_the_threshold_is_declined() -> None:
    assert metrics.expected_cost(np.array([0]), np.array([0.5]), 0.5, COSTS) == 1
    assert metrics.expected_cost(np.array([1]), np.array([0.5]), 0.5, COSTS) == 0


@given(st.lists(st.floats(0, 1), min_size=4, max_size=40))
def test_ece_lies_between_zero_and_one(values: list[float]) -> None:
    pd = np.array(values)
    assert 0 <= metrics.ece((pd > 0.5).astype("int64"), pd) <= 1
