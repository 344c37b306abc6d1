"""Which candidates take part follows from the training rows and from what the first fold's fit weighs"""

import numpy as np
import pytest

from src.errors import LastroError
from src.model.candidates import build
from src.model.entrants import Entrants, entrants, repeats_of
from src.model.kinds import KINDS
from src.model.selection import cross_validate, nodes_of
from src.params import read_params
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def committed() -> dict:
    return dict(read_params(ROOT / "params.yaml", KINDS).train.candidates)


@pytest.mark.parametrize(
    ("rows", "names", "bins"),
    [
        (800, ["scorecard", "additive", "forest", "boosting", "blend"], 4),
        (4999, ["scorecard", "additive", "forest", "boosting", "blend"], 7),
        (5000, ["scorecard", "additive", "forest", "forest_grown", "boosting", "boosting_large", "blend"], 7),
        (20_001, ["scorecard", "additive", "forest_grown", "boosting", "boosting_large", "blend"], 14),
        (100_000, ["scorecard", "additive", "forest_grown", "boosting", "boosting_large", "blend"], 20),
        (1_000_000, ["scorecard", "additive", "boosting", "boosting_large", "blend"], 20),
    ],
)
def test_candidates_of_params_enter_by_their_rows(committed: dict, rows: int, names: list[str], bins: int) -> None:
    found = entrants(committed, rows)
    assert list(found.present) == names
    assert found.present["scorecard"].bins == bins
    assert found.present["blend"].parts == [name for name in names[:-1] if name != "additive"]
    assert found.left_out == dict.fromkeys(set(committed) - set(names), "rows")


def test_leaf_that_grows_has_one_of_a_thousand_rows_and_what_is_said_stays(committed: dict) -> None:
    assert entrants(committed, 50_000).present["forest_grown"].min_samples_leaf == 50
    assert entrants(committed, 10_000).present["forest"].min_samples_leaf == 1
    said = {"scorecard": committed["scorecard"].model_copy(update={"bins": 6})}
    assert entrants(said, 50_000).present["scorecard"].bins == 6


def test_scorecard_of_many_rows_is_fitted_less_exactly_unless_told(committed: dict) -> None:
    assert [entrants(committed, rows).present["scorecard"].tolerance for rows in (99_999, 100_000)] == [1e-4, 1e-2]
    said = {"scorecard": committed["scorecard"].model_copy(update={"tolerance": 1e-6})}
    assert entrants(said, 200_000).present["scorecard"].tolerance == 1e-6


@pytest.mark.parametrize(("rows", "bins"), [(800, 12), (10_000, 17), (40_000, 32), (10**6, 32)])
def test_additive_has_more_bins_of_more_rows(committed: dict, rows: int, bins: int) -> None:
    assert entrants(committed, rows).present["additive"].bins == bins
    said = {"additive": committed["additive"].model_copy(update={"bins": 5})}
    assert entrants(said, rows).present["additive"].bins == 5


def test_blend_goes_on_with_the_members_that_are_left_and_ends_with_fewer_than_two(committed: dict) -> None:
    entered = entrants(committed, 800)
    smaller = entered.without({"forest": "size"})
    assert smaller.present["blend"].parts == ["scorecard", "boosting"]
    assert smaller.left_out["forest"] == "size"
    alone = smaller.without({"boosting": "size"})
    assert list(alone.present) == ["scorecard", "additive"]
    assert alone.left_out["blend"] == "size"


def test_no_candidate_left_is_one_sentence(committed: dict) -> None:
    with pytest.raises(LastroError, match=r"^train.candidates: none takes part \(boosting_large are left out\)$"):
        entrants({"boosting_large": committed["boosting_large"]}, 800)


@pytest.mark.parametrize(("asked", "rows", "found"), [(None, 4999, 3), (None, 5000, 1), (2, 10, 2), (2, 10**6, 2)])
def test_folds_are_drawn_again_where_rows_are_few(asked: int | None, rows: int, found: int) -> None:
    assert repeats_of(asked, rows) == found


def test_candidate_that_is_too_large_is_fitted_once_and_is_no_part_of_the_blend(params, features, table) -> None:
    X, bad = table
    few = {name: params[name] for name in ("scorecard", "forest", "boosting", "blend")}
    said: list[str] = []
    nodes = nodes_of(build(few, features, 0)["forest"].fit(X, bad), few["forest"])
    assert nodes > 1000
    found = cross_validate(build(few, features, 0), few, X, bad, 2, 1, 0, said.append, most_nodes=nodes // 2)
    assert found.too_large == ("forest",)
    assert list(found.pd) == ["scorecard", "boosting", "blend"]
    assert np.array_equal(found.pd["blend"], (found.pd["scorecard"] + found.pd["boosting"]) / 2)
    assert not [text for text in said if text.startswith("forest")]
    assert Entrants(few, {}).without(dict.fromkeys(found.too_large, "size")).present["blend"].parts == [
        "scorecard",
        "boosting",
    ]
