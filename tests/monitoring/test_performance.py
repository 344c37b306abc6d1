"""Metrics are scikit-learn's, intervals hold what they promise, and only more bads than the reference's alarm"""

import numpy as np
import pytest
from scipy.stats import chi2
from sklearn.metrics import brier_score_loss, roc_auc_score

from src.model.metrics import ks, spiegelhalter_z
from src.monitoring.performance import Bads, expected_roc_auc, metrics, more_bads, ratio_interval


def drawn(seed: int, rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    pd = random.beta(1, 9, rows).round(2 if seed % 2 else 6)  # of two digits many are equal
    return (random.random(rows) < pd).astype(np.int64), pd


@pytest.mark.parametrize("seed", range(20))
def test_metrics_are_scikit_learns(seed: int) -> None:
    bad, pd = drawn(seed)
    found = {name: one.value for name, one in metrics(bad, pd).items() if one}
    assert found["roc_auc"] == pytest.approx(roc_auc_score(bad, pd), abs=1e-12)
    assert found["brier"] == pytest.approx(brier_score_loss(bad, pd), abs=1e-12)
    assert found["gini"] == pytest.approx(2 * roc_auc_score(bad, pd) - 1, abs=1e-12)
    assert found["ks"] == pytest.approx(ks(bad, pd), abs=1e-12)
    assert found["spiegelhalter_z"] == pytest.approx(spiegelhalter_z(bad, pd), abs=1e-12)


def test_intervals_hold_the_truth() -> None:
    truth = expected_roc_auc(drawn(0, 200_000)[1])
    found = [metrics(*drawn(2 * seed))["roc_auc"] for seed in range(300)]
    assert 0.91 < np.mean([one.low < truth < one.high for one in found if one]) < 0.98
    inside = [abs(one.value) < 1.96 for seed in range(300) if (one := metrics(*drawn(2 * seed))["spiegelhalter_z"])]
    assert 0.91 < np.mean(inside) < 0.98


def test_one_outcome_alone_has_no_metric() -> None:
    assert set(metrics(np.zeros(5, dtype=np.int64), np.full(5, 0.1)).values()) == {None}
    assert metrics(np.array([1, 0]), np.array([0.5, 0.5]))["spiegelhalter_z"] is None


def test_expected_auc_is_what_true_pds_reach() -> None:
    pd = drawn(0, 1000)[1]
    random = np.random.default_rng(5)
    reached = [roc_auc_score(random.random(1000) < pd, pd) for _ in range(100)]
    assert expected_roc_auc(pd) == pytest.approx(np.mean(reached), abs=0.01)
    assert expected_roc_auc(np.zeros(3)) is None


def test_ratio_has_the_exact_interval_of_a_count() -> None:
    found = ratio_interval(Bads(10, 5.0))
    assert found == pytest.approx((2, chi2.ppf(0.025, 20) / 10, chi2.ppf(0.975, 22) / 10))
    assert ratio_interval(Bads(0, 5.0)) == pytest.approx((0, 0, chi2.ppf(0.975, 2) / 10))
    assert ratio_interval(Bads(0, 0.0)) is None


@pytest.mark.parametrize(
    ("observed", "expected", "alarm"),
    [
        (70, 100, False),  # as in the reference: below 1 by selection
        (140, 100, True),  # twice that
        (19, 10, False),  # too few bads
        (1050, 1400, False),  # certain, but a multiple of 1.07
        (1400, 1000, True),
        (35, 200, False),  # fewer never alarm
    ],
)
def test_more_bads_than_the_references_alarm(observed: int, expected: float, alarm: bool) -> None:
    found = more_bads(Bads(observed, expected), Bads(140, 200.0), 0.01, 20, 1.25)
    assert found.alarm is alarm
    assert found.multiple == pytest.approx(observed / expected / 0.7)


def test_reference_without_bads_judges_nothing() -> None:
    assert more_bads(Bads(50, 20.0), Bads(0, 3.0), 0.01, 20, 1.25).alarm is False
    assert more_bads(Bads(0, 0.0), Bads(10, 3.0), 0.01, 20, 1.25).ratio is None
