"""The gates promote an equal challenger, and neither a worse one nor, where a better one is asked for, an equal one

200 draws of 800 rows from two models whose true AUCs are known: the champion's is .80, and the noise of both goes
together as that of German Credit's blend and scorecard.
"""

import pytest

from tests.lineage.simulation import promoted

pytestmark = pytest.mark.lifecycle
DRAWS = 200


def test_equal_challenger_is_promoted_where_not_worse_is_asked_for() -> None:
    assert min(promoted(DRAWS, "not_worse", 0.80, seed=11).values()) >= 0.90


def test_challenger_that_is_worse_by_five_points_of_auc_is_not() -> None:
    found = promoted(DRAWS, "not_worse", 0.75, seed=12)
    assert max(found["roc_auc"], found["both"]) <= 0.01


def test_challenger_as_worse_as_the_margin_passes_as_seldom_as_the_confidence_says() -> None:
    assert promoted(DRAWS, "not_worse", 0.78, seed=13)["roc_auc"] <= 0.10


def test_equal_challenger_is_seldom_promoted_where_a_better_one_is_asked_for() -> None:
    assert max(promoted(DRAWS, "better", 0.80, seed=14).values()) <= 0.10


def test_better_challenger_is_promoted_where_that_is_asked_for() -> None:
    assert promoted(DRAWS, "better", 0.85, seed=15)["both"] >= 0.90


def test_equal_challenger_whose_threshold_is_wrong_costs_too_much() -> None:
    """Declining from .5 on, where approving a bad costs five times as much as declining a good one."""
    found = promoted(DRAWS, "not_worse", 0.80, threshold=0.5, seed=16)
    assert found["roc_auc"] >= 0.90
    assert max(found["expected_cost"], found["both"]) <= 0.01


def test_200_rows_show_an_equal_challenger_to_be_no_worse_about_every_second_time() -> None:
    assert promoted(DRAWS, "not_worse", 0.80, rows=200, seed=17)["roc_auc"] == pytest.approx(0.54, abs=0.08)
    assert promoted(DRAWS, "not_worse", 0.75, rows=200, seed=18)["roc_auc"] <= 0.01
