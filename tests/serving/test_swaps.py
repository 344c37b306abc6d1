"""The swap set against counts by hand: every applicant is in one of four cells, and traits are standardised"""

from statistics import fmean, pstdev

import pytest

from src.serving.predictors import predictor_of
from src.serving.scorer import Scorer
from src.serving.swaps import LEAST, MOST, swap_set
from tests.serving.kinds import applicants, card, compiled, features, table

APART = ("approve", "decline")
GIVEN = applicants(table()[0])


def scorer(name: str, threshold: float) -> Scorer:
    found = compiled(name)
    return Scorer(predictor_of(found, found.trees), card(threshold))


def test_each_applicant_is_in_one_cell_and_a_group_has_the_pds_of_its_members() -> None:
    versions = {"1": scorer("scorecard", 0.3), "2": scorer("forest", 0.2)}
    found = swap_set(versions, GIVEN, features())
    one, other = ([scorer.score(each) for each in GIVEN] for scorer in versions.values())
    pairs = [(first.decision, second.decision) for first, second in zip(one, other, strict=True)]
    both = [pairs.count((word, word)) for word in ("approve", "decline")]
    assert [found.both_approve, found.both_decline] == both
    assert found.rows == len(GIVEN) == found.both_approve + found.both_decline + sum(g.applicants for g in found.groups)
    (gained, lost) = found.groups
    places = [place for place, pair in enumerate(pairs) if pair == ("approve", "decline")]
    assert (gained.approved_by, gained.declined_by, gained.applicants) == ("1", "2", len(places))
    assert gained.expected_bads["1"] == pytest.approx(sum(one[place].probability_of_default for place in places))
    assert gained.expected_bads["2"] == pytest.approx(sum(other[place].probability_of_default for place in places))
    assert lost.applicants == pairs.count(("decline", "approve"))
    assert max(gained.applicants, lost.applicants) >= LEAST


def test_traits_are_the_features_that_differ_most_in_standard_deviations() -> None:
    one, other = scorer("scorecard", 0.9), scorer("scorecard", 0.3)
    group = swap_set({"1": one, "2": other}, GIVEN, features()).groups[0]
    members = [each for each in GIVEN if (one.score(each).decision, other.score(each).decision) == APART]
    assert group.applicants == len(members)
    assert 1 < len(group.traits) <= MOST
    assert len({trait.feature for trait in group.traits}) == len(group.traits)
    assert [abs(trait.difference) for trait in group.traits] == sorted(
        (abs(trait.difference) for trait in group.traits), reverse=True
    )
    for trait in group.traits:
        here, everybody = ([each.get(trait.feature) for each in some] for some in (members, GIVEN))
        if trait.value is None and any(isinstance(value, float | int) for value in everybody):
            numbers = [[value for value in values if value is not None] for values in (here, everybody)]
        else:
            numbers = [[float(value == trait.value) for value in values] for values in (here, everybody)]
        assert trait.here == pytest.approx(fmean(numbers[0]))
        assert trait.difference == pytest.approx((fmean(numbers[0]) - fmean(numbers[1])) / pstdev(numbers[1]))


def test_small_group_tells_nobodys_facts() -> None:
    found = swap_set({"1": scorer("scorecard", 0.9), "2": scorer("scorecard", 0.3)}, GIVEN[:LEAST], features())
    assert 0 < found.groups[0].applicants < LEAST
    assert found.groups[0].traits == []
