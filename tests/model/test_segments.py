"""The segments: found where the model is wrong, of enough rows, with an interval that chance seldom leaves"""

import numpy as np
import pandas as pd
import pytest

from src.model.card import Feature
from src.model.segments import segments_of, wilson

ROWS = 4000


def feature(name: str, kind: str = "integer") -> Feature:
    return Feature(
        name=name, title=name, description="", type=kind, required=False, unit=None, categories=None, minimum=None,
        maximum=None, enum=None, example=None, direction=None,
    )  # fmt: skip


@pytest.fixture
def drawn() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Applicants whose PDs are right, but for the young in the north, of whom twice as many default."""
    random = np.random.default_rng(3)
    X = pd.DataFrame(
        {
            "age": pd.array(random.integers(18, 70, ROWS), dtype="Int64"),
            "region": random.choice(["north", "south", "west"], ROWS),
            "noise": pd.array(random.random(ROWS), dtype="Float64"),
        }
    )
    pd_of = random.uniform(0.05, 0.35, ROWS)
    wrong = ((X["age"] < 31) & (X["region"] == "north")).to_numpy()
    return X, (random.random(ROWS) < np.where(wrong, 2 * pd_of, pd_of)).astype("int64"), pd_of


FEATURES = [feature("age"), feature("region", "category"), feature("noise", "number")]


def test_segment_in_which_the_model_is_wrong_comes_first_and_only_there_chance_is_ruled_out(drawn) -> None:
    X, bad, pd_of = drawn
    found = segments_of(X, X, bad, pd_of, FEATURES)
    assert len(found) == 10
    assert found[0]["fields"] == ["age", "region"]
    assert found[0]["bins"] == ["18 to 30", "north"]
    rows = ((X["age"] <= 30) & (X["region"] == "north")).to_numpy()
    assert (found[0]["rows"], found[0]["observed"]) == (rows.sum(), bad[rows].sum())
    assert found[0]["expected"] == pytest.approx(pd_of[rows].sum())
    for each in found:
        assert each["rows"] >= 50
        assert each["low"] <= each["observed"] <= each["high"]
    outside = [each for each in found if not each["low"] <= each["expected"] <= each["high"]]
    assert all({"18 to 30", "north"} & set(each["bins"]) for each in outside), "nothing else is more than chance"
    assert found[0] in outside


def test_right_probabilities_leave_no_segments_interval(drawn) -> None:
    X, _, pd_of = drawn
    left = 0
    for seed in range(20):
        bad = (np.random.default_rng(seed).random(ROWS) < pd_of).astype("int64")
        found = segments_of(X, X, bad, pd_of, FEATURES)
        left += any(not each["low"] <= each["expected"] <= each["high"] for each in found)
    assert left <= 4, "in one table of twenty, chance alone would"


def test_too_few_rows_a_bin_of_all_and_a_bin_in_a_bin_are_no_segments() -> None:
    X = pd.DataFrame({"same": ["a"] * 120, "half": ["b"] * 60 + ["c"] * 60, "twin": ["d"] * 60 + ["e"] * 60})
    X["few"] = ["f"] * 49 + ["g"] * 71
    features = [feature(name, "category") for name in X]
    found = segments_of(X, X, np.arange(120) % 2, np.full(120, 0.3), features)
    assert sorted(each["bins"] for each in found) == [["b"], ["c"], ["d"], ["e"], ["g"]]
    assert segments_of(X[:40], X[:40], np.arange(40) % 2, np.full(40, 0.3), features) == []


def test_bins_are_the_training_rows_and_a_date_is_the_days_before(drawn) -> None:
    X, bad, pd_of = drawn
    features = [feature("age", "date")]
    found = segments_of(pd.DataFrame({"age": pd.array(range(100), dtype="Int64")}), X, bad, pd_of, features)
    assert sorted(each["bins"][0] for each in found) == ["0 to 24 days before", "25 to 49 days before",
                                                        "50 to 74 days before"]  # fmt: skip


@pytest.mark.parametrize("pd_of", [0.0, 1.0])
def test_certain_predictions_have_segments_too(pd_of: float) -> None:
    X = pd.DataFrame({"half": ["b"] * 60 + ["c"] * 60})
    found = segments_of(X, X, np.array([0] * 119 + [1]), np.full(120, pd_of), [feature("half", "category")])
    assert len(found) == 2
    assert found[0]["bins"] == (["c"] if pd_of == 0 else ["b"])


def test_interval_is_wilsons() -> None:
    assert wilson(5, 10, 1.96) == pytest.approx((2.366, 7.634), abs=1e-3)
    assert wilson(0, 10, 3)[0] == 0
    assert wilson(10, 10, 3)[1] == 10
