"""Paired differences: what the definition says, in either direction, with an error that resamples confirm"""

from itertools import product
from statistics import NormalDist, variance

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from src.contract.costs import Costs
from src.model.metrics import Bad, Vector, expected_cost
from src.model.paired import Difference, auc_difference, cost_difference
from tests.model.simulated import draw

COSTS = Costs(false_accept=5, false_reject=1)
share = st.integers(0, 6).map(lambda number: number / 6)  # few values, so that many are equal
Rows = list[tuple[int, float, float]]
rows = st.lists(st.tuples(st.integers(0, 1), share, share), min_size=4, max_size=14).map(
    lambda some: [(0, 0.1, 0.3), (1, 0.2, 0.2), (0, 0.5, 0.5), (1, 0.9, 0.4), *some]
)


def arrays(some: Rows) -> tuple[Bad, Vector, Vector]:
    bad, first, second = zip(*some, strict=True)
    return np.array(bad), np.array(first), np.array(second)


def win(bad: float, good: float) -> float:
    """DeLong's kernel: 1 where the bad's PD is the higher one, a half where both are equal."""
    return 1.0 if bad > good else 0.5 if bad == good else 0.0


def by_definition(some: Rows) -> tuple[float, float]:
    """Return the difference and its variance from every pair of a bad and a good, as the paper defines them."""
    bads = [(first, second) for bad, first, second in some if bad]
    goods = [(first, second) for bad, first, second in some if not bad]
    gain = {(i, j): win(b[1], g[1]) - win(b[0], g[0]) for (i, b), (j, g) in product(enumerate(bads), enumerate(goods))}
    of_bads = [np.mean([gain[i, j] for j in range(len(goods))]) for i in range(len(bads))]
    of_goods = [np.mean([gain[i, j] for i in range(len(bads))]) for j in range(len(goods))]
    return float(np.mean(of_bads)), float(np.var(of_bads, ddof=1) / len(bads) + np.var(of_goods, ddof=1) / len(goods))


@given(rows)
def test_auc_difference_is_delongs(some: Rows) -> None:
    bad, first, second = arrays(some)
    found = auc_difference(bad, first, second)
    value, squared = by_definition(some)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.error**2 == pytest.approx(squared, abs=1e-12)
    assert found.first == pytest.approx(roc_auc_score(bad, first))
    assert found.second == pytest.approx(roc_auc_score(bad, second))


@given(rows)
def test_cost_difference_is_what_is_saved_as_a_share_of_the_cheaper_of_approving_and_declining_all(some: Rows) -> None:
    bad, first, second = arrays(some)
    found = cost_difference(bad, first >= 0.5, second >= 0.5, COSTS)
    everybody = min(expected_cost(bad, np.full(len(bad), pd), 0.5, COSTS) for pd in (0.0, 1.0))
    for value, pd in ((found.first, first), (found.second, second)):
        assert value == pytest.approx(expected_cost(bad, pd, 0.5, COSTS) / everybody)
    assert found.value == pytest.approx(found.first - found.second)


@given(rows)
def test_swapping_the_versions_turns_the_difference_round_and_an_equal_one_is_not_any(some: Rows) -> None:
    bad, first, second = arrays(some)
    for there, back, same in (
        (auc_difference(bad, first, second), auc_difference(bad, second, first), auc_difference(bad, first, first)),
        *[(cost_difference(bad, a, b, COSTS), cost_difference(bad, b, a, COSTS), cost_difference(bad, a, a, COSTS))
          for a, b in [(first >= 0.5, second >= 0.5)]],
    ):  # fmt: skip
        assert there.value == pytest.approx(-back.value, abs=1e-12)
        assert there.error == pytest.approx(back.error, abs=1e-12)
        assert there.bounds(0.95)[0] == pytest.approx(-back.bounds(0.95)[1], abs=1e-12)
        assert (same.value, same.error) == (0, 0)


def test_cost_of_ten_rows_by_hand() -> None:
    """Declining all costs 6, approving all 20: the first costs 5 + 1, the second 3 good ones of 6."""
    bad = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    first = np.array([0, 1, 1, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    second = np.array([1, 1, 1, 1, 1, 1, 1, 0, 0, 0], dtype=bool)
    found = cost_difference(bad, first, second, COSTS)
    assert (found.first, found.second, found.value) == pytest.approx((1.0, 0.5, 0.5))
    # saved, in units of a tenth of 6: by bads 5, 0, 0, 0 and by goods 0, -1, -1, 0, 0, 0
    bads, goods = variance([5, 0, 0, 0]) / 4, variance([0, -1, -1, 0, 0, 0]) / 6
    assert found.error == pytest.approx((0.16 * bads + 0.36 * goods) ** 0.5 / 0.6)


def test_bounds_are_one_sided_and_the_interval_two_sided() -> None:
    found = Difference(0.7, 0.8, 0.1, 0.02)
    assert found.bounds(0.95) == pytest.approx((0.1 - 1.6449 * 0.02, 0.1 + 1.6449 * 0.02), abs=1e-5)
    assert found.interval(0.95) == pytest.approx((0.1 - 1.96 * 0.02, 0.1 + 1.96 * 0.02), abs=1e-5)
    assert found.interval(0.9) == pytest.approx(found.bounds(0.95))
    assert NormalDist().cdf((found.value - found.bounds(0.8)[0]) / found.error) == pytest.approx(0.8)


def test_error_is_that_of_resamples_of_the_rows() -> None:
    """The paired bootstrap (Efron 1993), by outcome, is another way to the same error."""
    random = np.random.default_rng(3)
    bad, first, second = draw(random, 500, 0.80, 0.77)
    groups = [np.flatnonzero(bad == outcome) for outcome in (0, 1)]
    drawn: list[tuple[float, float]] = []
    for _ in range(300):
        rows = np.concatenate([random.choice(group, len(group)) for group in groups])
        auc = auc_difference(bad[rows], first[rows], second[rows]).value
        cost = cost_difference(bad[rows], first[rows] >= 1 / 6, second[rows] >= 1 / 6, COSTS).value
        drawn.append((auc, cost))
    spread = np.array(drawn).std(axis=0)
    assert auc_difference(bad, first, second).error == pytest.approx(spread[0], rel=0.15)
    assert cost_difference(bad, first >= 1 / 6, second >= 1 / 6, COSTS).error == pytest.approx(spread[1], rel=0.15)
