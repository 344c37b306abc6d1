"""The band of the declined: what counts as what, and that nothing but the odds moves it"""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from src.contract.costs import Costs
from src.model.declined import ODDS, declined_band
from src.model.metrics import Bad, Vector, expected_cost, ks

COSTS = Costs(false_accept=5, false_reject=1)
THRESHOLD = 1 / 6
NOBODY = np.empty(0)


@pytest.fixture(scope="module")
def rows() -> tuple[Vector, Bad]:
    random = np.random.default_rng(3)
    pds = random.uniform(0.01, 0.6, 400).round(3)
    return pds, (random.uniform(size=400) < pds).astype(np.int64)


def test_without_declined_applicants_the_metrics_are_those_of_the_rows(rows: tuple[Vector, Bad]) -> None:
    pds, bad = rows
    for one in declined_band(pds, bad, NOBODY, THRESHOLD, COSTS):
        assert one["roc_auc"] == pytest.approx(roc_auc_score(bad, pds))
        assert one["ks"] == pytest.approx(ks(bad, pds))
        assert one["brier"] == pytest.approx(brier_score_loss(bad, pds))
        assert one["expected_cost"] == pytest.approx(expected_cost(bad, pds, THRESHOLD, COSTS))
        assert (one["bads"], one["approval_rate"]) == (bad.sum(), pytest.approx((pds < THRESHOLD).mean()))


def test_a_declined_applicant_counts_as_part_bad_and_part_good() -> None:
    """Drawn many times over from these odds, applicants give the same metrics."""
    approved, bad, declined = np.array([0.05, 0.1]), np.array([0, 1]), np.array([0.2, 0.5])
    one, two, four = declined_band(approved, bad, declined, THRESHOLD, COSTS)
    assert [each["odds"] for each in (one, two, four)] == list(ODDS)
    assert [each["bads"] for each in (one, two, four)] == pytest.approx([1.7, 1 + 1 / 3 + 2 / 3, 1 + 0.5 + 0.8])
    pds = np.repeat([0.05, 0.1, 0.2, 0.5], 10)
    outcomes = np.concatenate([[0] * 10, [1] * 10, [1] * 5 + [0] * 5, [1] * 8 + [0] * 2])
    assert four["roc_auc"] == pytest.approx(roc_auc_score(outcomes, pds))
    assert four["expected_cost"] == pytest.approx(expected_cost(outcomes, pds, THRESHOLD, COSTS))


def test_the_best_cut_off_is_the_cheapest_of_all(rows: tuple[Vector, Bad]) -> None:
    pds, bad = rows
    (one, *_) = declined_band(pds, bad, NOBODY, THRESHOLD, COSTS)
    costs = [expected_cost(bad, pds, cut, COSTS) for cut in [*np.unique(pds), 1.0]]
    assert one["best_cost"] == pytest.approx(min(costs))
    assert one["best_cost"] < one["expected_cost"]
    assert expected_cost(bad, pds, one["best_cut_off"], COSTS) == pytest.approx(min(costs))
    assert one["best_approval_rate"] == pytest.approx((pds < one["best_cut_off"]).mean())


def test_whoever_is_safe_is_approved_and_null_says_that_everybody_is() -> None:
    (one, *_) = declined_band(np.array([0.1, 0.2]), np.array([0, 0]), NOBODY, THRESHOLD, COSTS)
    assert (one["best_cut_off"], one["best_approval_rate"], one["roc_auc"]) == (None, 1.0, None)


def test_those_without_an_outcome_yet_are_stood_for(rows: tuple[Vector, Bad]) -> None:
    pds, bad = rows
    twice = declined_band(np.tile(pds, 2), np.tile(bad, 2), np.array([0.5, 0.9]), THRESHOLD, COSTS)
    assert declined_band(pds, bad, np.array([0.5, 0.9]), THRESHOLD, COSTS, 2.0) == [pytest.approx(one) for one in twice]
