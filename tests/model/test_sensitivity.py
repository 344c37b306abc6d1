"""Each field moved by one bin: which rows move, to what, and what that does to a PD that is known"""

import numpy as np
import pandas as pd
import pytest

from src.model.card import Card, Feature
from src.model.development import Distribution
from src.model.sensitivity import sensitivity_of
from tests.serving.kinds import ROOT, read_card

FIELDS = {
    "years": Distribution(kind="number", whole=True, edges=[3, 6], rows=[3, 3, 3, 0, 0]),
    "home": Distribution(
        kind="category", values=["rents", "owns", "lodges"], rows=[3, 3, 3, 0, 0], points=[0.0, 20.0, -5.0, None, None]
    ),
}
KNOWN = pd.DataFrame({"years": pd.Series(range(1, 10), dtype="Int64"), "home": ["rents", "owns", "lodges"] * 3})
STEP = {"rents": 0.0, "owns": -0.1, "lodges": 0.1}


def card() -> Card:
    def feature(name: str, kind: str, **more: object) -> Feature:
        empty = dict.fromkeys(("unit", "categories", "enum", "example", "direction"))
        return Feature.model_validate(
            {"name": name, "type": kind, "title": name, "description": "", "required": False, **empty} | more
        )

    features = [feature("years", "integer"), feature("home", "category", categories=[*STEP])]
    return read_card(ROOT / "models" / "model.json").model_copy(update={"features": features, "threshold": 0.5})


def predict(X: pd.DataFrame) -> np.ndarray:
    return np.array(0.5 - 0.02 * X["years"].fillna(0).astype(float) + X["home"].map(STEP), dtype=np.float64)


def moved(X: pd.DataFrame) -> dict:
    found = sensitivity_of(X, predict(X), KNOWN, FIELDS, card(), predict)
    return {one["feature"]: one for one in found}


def test_numbers_move_to_the_typical_value_of_the_next_bin_and_stay_at_the_ends() -> None:
    found = moved(KNOWN)["years"]
    assert found["by"] == "value"
    assert (found["up"]["rows"], found["down"]["rows"]) == (6, 6)
    assert found["up"]["mean"] == pytest.approx(-0.02 * 3)  # from 1-3 to 5, from 4-6 to 8
    assert found["down"]["largest"] == pytest.approx(0.02 * 4)  # from 6 to 2, from 9 to 5


def test_labels_move_by_points_down_to_the_riskier_one() -> None:
    found = moved(KNOWN)["home"]
    assert found["by"] == "points"
    assert (found["down"]["rows"], found["down"]["mean"]) == (6, pytest.approx(0.1))
    assert (found["up"]["rows"], found["up"]["mean"]) == (6, pytest.approx(-0.1))


def test_who_has_no_value_does_not_move_and_turned_decisions_are_counted() -> None:
    X = pd.DataFrame({"years": pd.Series([None, 1, 1], dtype="Int64"), "home": ["owns", "rents", "rents"]})
    found = moved(X)
    assert (found["years"]["up"]["rows"], found["years"]["down"]["rows"]) == (2, 0)
    assert found["home"]["down"] == {
        "rows": 3, "mean": pytest.approx(0.1), "largest": pytest.approx(0.1), "decisions": 3}  # fmt: skip
    assert found["home"]["up"]["decisions"] == 0


def test_the_field_that_moves_most_comes_first() -> None:
    assert list(moved(KNOWN)) == ["home", "years"]
