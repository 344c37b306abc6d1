import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.model.points import decide, points
from src.params import Scale

SCALE = Scale(points=600, odds=20, pdo=40, minimum=300, maximum=850)


def test_the_anchor_odds_give_the_anchor_points_and_pdo_doubles_them() -> None:
    assert points(1 / 21, SCALE) == 600
    assert points(1 / 41, SCALE) == 640
    assert points(1 / 11, SCALE) == 560


@pytest.mark.parametrize(("pd", "expected"), [(0.0, 850), (1.0, 300), (0.999, 300)])
def test_points_stay_within_their_bounds(pd: float, expected: int) -> None:
    assert points(pd, SCALE) == expected


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_pd_never_scores_more(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert points(low, SCALE) >= points(high, SCALE)


def test_decision_declines_from_the_threshold_on() -> None:
    assert decide(0.2, 0.2) == "decline"
    assert decide(0.1999, 0.2) == "approve"
