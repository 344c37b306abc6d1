"""What is said of an applicant: the same alone and in a table, with reasons that a person can check"""

from math import log
from typing import Any

import numpy as np
import pytest

from src.model.applicants import random_applicants
from src.model.points import ROUNDING, decide, points
from src.serving.reasons import MOST
from src.serving.scorer import Scorer
from tests.serving.kinds import NAMES, applicants, card, compiled, features, fitted_pds, served, table, typical


def given() -> list[dict[str, Any]]:
    return applicants(table()[0].head(60)) + applicants(random_applicants(features(), 60, seed=2))


@pytest.mark.parametrize("wished", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_one_applicant_gets_the_same_answer_alone_and_in_a_table(name: str, wished: bool) -> None:
    scorer = Scorer(served(name), card())
    together = scorer.score_all(given(), wished)
    assert together == [scorer.score(applicant, wished) for applicant in given()]
    assert scorer.score_all(given()[::-1], wished) == together[::-1]


@pytest.mark.parametrize("name", NAMES)
def test_score_and_decision_follow_from_the_fitted_pd_and_the_card(name: str) -> None:
    pds = fitted_pds(name, given())
    known = card(threshold=float(sorted(pds)[60]) - 1e-9)
    found = Scorer(served(name), known).score_all(given())
    for scored, expected in zip(found, pds, strict=True):
        assert scored.probability_of_default == pytest.approx(expected, abs=1e-9)
        assert scored.score == points(scored.probability_of_default, known.scale)
        assert scored.decision == decide(scored.probability_of_default, known.threshold)
    assert {scored.decision for scored in found} == {"approve", "decline"}


@pytest.mark.parametrize("name", NAMES)
def test_reasons_are_the_replacements_that_lower_the_pd_most(name: str) -> None:
    titles = {feature.name: feature.title for feature in features()}
    changed = [applicant | {field: value} for applicant in given() for field, value in typical().items()]
    others = np.reshape(fitted_pds(name, changed), (len(given()), len(typical())))
    scored = Scorer(served(name), card()).score_all(given(), True)
    for applicant, found, row in zip(given(), scored, others, strict=True):
        by_field = dict(zip(typical(), row.tolist(), strict=True))
        lower = sorted(pd for pd in by_field.values() if pd < found.probability_of_default - 1e-9)
        if not lower:
            continue  # what is told of these, the tests of reasons hold
        assert 0 < len(found.reasons) <= min(MOST, len(lower))
        for reason, expected in zip(found.reasons, lower, strict=False):
            assert by_field[reason.feature] == pytest.approx(expected, abs=1e-9)
            assert (reason.title, reason.value) == (titles[reason.feature], applicant[reason.feature])
        gains = [reason.points for reason in found.reasons]
        assert gains == sorted(gains, reverse=True)
        assert gains[-1] > 0


@pytest.mark.parametrize("name", NAMES)
def test_named_fields_put_at_the_reference_lower_the_pd_together(name: str) -> None:
    scorer = Scorer(served(name), card())
    scored = scorer.score_all(given(), True)
    changed = [who | {reason.feature: typical()[reason.feature] for reason in found.reasons}
               for who, found in zip(given(), scored, strict=True)]  # fmt: skip
    best = scorer.score(typical()).probability_of_default
    for found, after in zip(scored, scorer.score_all(changed), strict=True):
        assert found.reasons != [] or best >= found.probability_of_default - ROUNDING
        assert found.reasons == [] or after.probability_of_default < found.probability_of_default


def test_declined_have_reasons_and_approved_only_on_wish() -> None:
    scorer = Scorer(served("blend"), card())
    for plain, wished in zip(scorer.score_all(given()), scorer.score_all(given(), True), strict=True):
        assert plain.reasons == (wished.reasons if plain.decision == "decline" else [])


@pytest.mark.parametrize("name", NAMES)
def test_reference_applicant_has_no_reasons_even_where_declined(name: str) -> None:
    scored = Scorer(served(name), card(threshold=0.0)).score(typical(), reasons=True)
    assert (scored.decision, scored.reasons) == ("decline", [])


def test_points_of_a_scorecards_reasons_are_exactly_its_own() -> None:
    found = compiled("scorecard")
    known = card()
    weights = {field.name: field.weigher() for field in found.fields}
    for applicant, scored in zip(given(), Scorer(served("scorecard"), known).score_all(given(), True), strict=True):
        for reason in scored.reasons:
            weigh = weights[reason.feature]
            worth = known.scale.pdo / log(2) * (weigh(applicant[reason.feature]) - weigh(typical()[reason.feature]))
            assert reason.points == pytest.approx(worth, abs=0.0501)  # points are told to one digit


def test_missing_value_is_a_reason_like_any_other() -> None:
    scorer = Scorer(served("scorecard"), card())
    reasons = scorer.score(typical() | dict.fromkeys(("years", "ratio", "member", "region")), reasons=True).reasons
    assert {reason.value for reason in reasons} <= {None}
    assert reasons != []


def test_probabilities_of_zero_and_one_have_points_and_reasons() -> None:
    class Sure:
        """Says 1 of everyone but the reference applicant, of whom it says 0."""

        computed_by = "points"

        def row(self, applicant: dict[str, Any]) -> list[Any]:
            return [applicant["job"]]

        def own(self, row: list[Any]) -> float:
            return float(row != ["good"])

        def probabilities(self, rows: list[list[Any]]) -> list[float]:
            return [self.own(row) for row in rows]

        def replaced(self, row: list[Any], reference: list[Any]) -> list[tuple[float, int]]:
            return [(0.0, 0)] if row != reference else []

    job = [feature for feature in features() if feature.name == "job"]
    known = card().model_copy(update={"features": job})
    scored = Scorer(Sure(), known).score({"job": "none"})
    assert (scored.probability_of_default, scored.decision) == (1.0, "decline")
    assert scored.score == known.scale.minimum
    assert [reason.points > 1000 for reason in scored.reasons] == [True]
