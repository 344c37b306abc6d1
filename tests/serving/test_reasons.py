"""What counts against an applicant: single features, or several where only together they lower the PD"""

from collections.abc import Callable

import pytest

from src.serving.reasons import Gain, Replaced, Row, Yardstick, log_odds, swapped, told

PDO = 40.0


class Rule:
    """A model that is a rule on a row of numbers."""

    def __init__(self, rule: Callable[[Row], float]) -> None:
        self.rule = rule

    def own(self, row: Row) -> float:
        return self.rule(row)

    def replaced(self, row: Row, reference: Row) -> list[Replaced]:
        places = [place for place, value in enumerate(reference) if row[place] != value]
        return [(self.rule(swapped(row, reference, [place])), place) for place in places]


def gains(rule: Callable[[Row], float], row: Row) -> list[Gain]:
    """The reasons of a row beside a reference of zeros."""
    return Yardstick(Rule(rule), [0] * len(row), PDO).gains(row, rule(row))


def worth(before: float, after: float) -> float:
    return PDO * (log_odds(after) - log_odds(before))


def test_single_features_are_told_with_their_points_the_strongest_four() -> None:
    found = gains(lambda row: 0.1 + sum(row) / 100, [1, 5, 3, 2, 4, 0])
    assert [gain.place for gain in found] == [1, 4, 2, 3]
    assert [gain.points for gain in found] == [round(worth(0.25, 0.25 - drop / 100), 1) for drop in (5, 4, 3, 2)]


def test_weakest_is_left_out_where_all_together_would_not_lower_the_pd() -> None:
    def rule(row: Row) -> float:  # either of the first two helps; both together hurt
        return 0.5 - 0.2 * (row[0] == 0) - 0.1 * (row[1] == 0) + 0.5 * (row[0] == row[1] == 0)

    assert gains(rule, [1, 1]) == [Gain(0, round(worth(0.5, 0.3), 1))]


def test_step_that_needs_several_features_names_just_those_with_equal_shares() -> None:
    def rule(row: Row) -> float:
        return 0.6 if row[1] + row[4] > 0 else 0.2

    found = gains(rule, [1, 1, 1, 1, 1])
    assert found == [Gain(place, round(worth(0.6, 0.2) / 2, 1)) for place in (1, 4)]


def test_more_than_four_features_are_told_where_fewer_change_nothing() -> None:
    found = gains(lambda row: 0.6 if any(row) else 0.2, [1] * 6)
    assert [gain.place for gain in found] == list(range(6))
    assert {gain.points for gain in found} == {round(worth(0.6, 0.2) / 6, 1)}


def test_features_that_would_hurt_the_reference_most_come_first() -> None:
    def rule(row: Row) -> float:  # a step that any two of three features leave
        return 0.6 if sum(row) > 1 else 0.1 + 0.1 * row[2] + 0.05 * row[1]

    assert [gain.place for gain in gains(rule, [1, 1, 1])] == [2, 1]


def test_small_gains_keep_their_first_digit_and_give_way_to_larger_ones() -> None:
    small = gains(lambda row: 0.5 + 1e-5 * row[0] + 2e-5 * row[1], [1, 1])
    assert small == [Gain(1, float(f"{worth(0.50003, 0.50001):.0e}"))]
    assert [gain.place for gain in gains(lambda row: 0.5 + 1e-5 * row[0] + 0.1 * row[1], [1, 1])] == [1]
    assert [told(points) for points in (12.34, 0.06, 0.0423, 3e-9)] == [12.3, 0.1, 0.04, 3e-9]


@pytest.mark.parametrize("least", [0.4, 0.5, 0.5 - 1e-16], ids=["higher", "equal", "lower by rounding"])
def test_nothing_is_told_where_the_reference_has_no_lower_pd(least: float) -> None:
    assert gains(lambda row: 0.5 if any(row) else max(least, 0.5 - 1e-16), [1, 1]) == []
    assert gains(lambda _: least, [1, 1]) == []


def test_pd_of_one_has_reasons() -> None:
    assert gains(lambda row: 1.0 if row[0] else 1 - 1e-11, [1])[0].points > 0
