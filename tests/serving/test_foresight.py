"""A guess of the decision: what it costs is one call less for whoever is declined, and never another answer"""

from collections.abc import Sequence
from typing import Any

import pytest

from src.serving.foresight import Foresight
from src.serving.reasons import Row
from src.serving.scorer import Scorer
from tests.serving.kinds import applicants, card, served, table


class Counted:
    """A served model that counts its calls and the rows asked in each."""

    def __init__(self, predictor: Any) -> None:
        self.predictor, self.calls = predictor, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.predictor, name)

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        self.calls.append(len(rows))
        return self.predictor.probabilities(rows)

    def with_replaced(self, row: Row, reference: Row) -> tuple[float, list[tuple[float, int]]]:
        self.calls.append(1)
        return self.predictor.with_replaced(row, reference)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5])
def test_decision_of_a_model_that_adds_is_foreseen(threshold: float) -> None:
    scorecard = served("scorecard")
    scorer = Scorer(scorecard, card(threshold=threshold))
    foresight = Foresight(scorer.yardstick, threshold)
    given = applicants(table()[0].head(100))
    found = ["decline" if foresight.declines(scorecard.row(applicant)) else "approve" for applicant in given]
    assert found == [scorer.score(applicant).decision for applicant in given]
    assert scorer.foresight is None  # its own sums are quicker than a guess


def test_effect_of_a_value_is_asked_for_once_and_most_declines_are_foreseen() -> None:
    model = Counted(served("blend"))
    scorer = Scorer(model, card(threshold=0.25))
    given = applicants(table()[0].head(100))
    rows = [model.row(applicant) for applicant in given]
    for row in rows:
        scorer.foresight.declines(row)
    model.calls.clear()
    foreseen = [scorer.foresight.declines(row) for row in rows]
    assert model.calls == []
    declined = [scorer.score(applicant).decision == "decline" for applicant in given]
    agreed = sum(guess == decision for guess, decision in zip(foreseen, declined, strict=True))
    assert agreed > 0.8 * len(given)
    assert len(set(declined)) == 2


@pytest.mark.parametrize("margin", [float("inf"), float("-inf")])
def test_wrong_guess_changes_no_answer(margin: float) -> None:
    scorer = Scorer(served("blend"), card())
    given = applicants(table()[0].head(40))
    expected = scorer.score_all(given)
    scorer.foresight.margin = margin
    assert [scorer.score(applicant) for applicant in given] == expected
    assert {scored.decision for scored in expected} == {"approve", "decline"}
