"""The table of points in the model's place: what is compared, and where there is nothing to compare"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.model.card import read_card
from src.model.instead import ITSELF, NO_TABLE, NOT_HELD, beside, instead_of
from src.model.metrics import expected_cost
from tests.conftest import ROOT

CARD = read_card(ROOT / "models" / "model.json").model_copy(update={"candidate": "forest", "calibrated": False})
BAD = np.array([1, 1, 0, 0, 0, 0])
TABLE, MODEL = np.array([0.3, 0.1, 0.2, 0.1, 0.05, 0.01]), np.array([0.4, 0.2, 0.3, 0.1, 0.05, 0.01])
ROWS = pd.DataFrame({"bad": BAD, "probability_of_default": MODEL, "readable": TABLE})


class Part:
    """A fitted table of points."""

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        assert len(X) == 6
        return np.column_stack([1 - TABLE, TABLE])


def asked(name: str | None, **parts: Part) -> dict[str, Any]:
    """What is said of a model that holds these parts."""
    model = [SimpleNamespace(named_estimators_=parts)]
    return instead_of(model, name, CARD, ROWS, pd.DataFrame(index=range(6)), BAD, MODEL)


def test_who_would_have_been_approved_by_which_is_counted_with_the_bads() -> None:
    found = beside(BAD, TABLE, MODEL, CARD)
    counts = {(one["table"], one["model"]): (one["rows"], one["bads"]) for one in found["decisions"]}
    assert counts == {
        ("approve", "approve"): (3, 0), ("approve", "decline"): (1, 1),
        ("decline", "approve"): (0, 0), ("decline", "decline"): (2, 1),
    }  # fmt: skip
    costs = [expected_cost(BAD, pds, CARD.threshold, CARD.costs.pair) for pds in (TABLE, MODEL)]
    assert found["metrics"]["expected_cost"] == costs
    assert found["differences"]["expected_cost"]["value"] == pytest.approx((costs[0] - costs[1]) * 6 / 4)


def test_model_that_holds_the_table_is_compared_on_the_test_rows_too() -> None:
    found = asked("scorecard", scorecard=Part())
    assert (found["candidate"], found["says"]) == ("scorecard", None)
    assert found["test"] == found["out_of_fold"] == beside(BAD, TABLE, MODEL, CARD)


def test_model_that_does_not_hold_it_is_compared_out_of_fold_alone() -> None:
    found = asked("scorecard")
    assert (found["test"], found["says"]) == (None, NOT_HELD)
    assert found["out_of_fold"]["rows"] == 6


@pytest.mark.parametrize(("name", "says"), [("forest", ITSELF), (None, NO_TABLE)])
def test_nothing_to_compare_is_said(name: str | None, says: str) -> None:
    found = asked(name)
    assert (found["says"], found["out_of_fold"], found["test"]) == (says, None, None)


def test_rows_with_a_single_bad_have_no_paired_difference() -> None:
    assert beside(BAD[1:], TABLE[1:], MODEL[1:], CARD)["differences"] == {}
