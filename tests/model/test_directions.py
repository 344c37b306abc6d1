"""Directions are bound, ignored or tried: then the better of both ways enters, and into the blend too"""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from src.contract.costs import Costs
from src.model.card import Feature
from src.model.compared import facts_of
from src.model.directions import Ways, better, bindable
from src.model.directions import asked as first
from src.model.entrants import Entrants
from src.model.kinds import KINDS, Blend, Scorecard
from src.model.metrics import Bad
from src.model.selection import OutOfFold
from src.params import Candidate, Params, read_params
from src.pipeline import train
from tests.conftest import ROOT

COSTS = Costs(false_accept=5, false_reject=1)
Table = tuple[pd.DataFrame, Bad]


@pytest.fixture
def entered(params: dict[str, Candidate]) -> Entrants:
    monotone = Scorecard(kind="scorecard", bins=4, C=0.1, monotone=True)
    blend = Blend(kind="blend", members=["monotone", "boosting"])
    few = {"forest": {"trees": 2}, "boosting": {"iterations": 15}, "scorecard": {}}
    chosen: dict[str, Candidate] = {name: params[name].model_copy(update=fewer) for name, fewer in few.items()}
    return Entrants(chosen | {"monotone": monotone, "blend": blend}, {})


def asked(**changes: Any) -> Params:
    found = read_params(ROOT / "params.yaml", KINDS)
    return found.model_copy(update={"train": found.train.model_copy(update={"folds": 2, "repeats": 1} | changes)})


def turned(features: list[Feature]) -> list[Feature]:
    """The features with the direction in which the risk does not go."""
    return [f.model_copy(update={"direction": "increasing"}) if f.name == "income" else f for f in features]


def compared(entered: Entrants, features: list[Feature], table: Table, params: Params) -> tuple[OutOfFold, Ways]:
    ways = first(bindable(entered.present, features), params.train.directions)
    build = partial(train.candidates.build, features=features, seed=params.seed)
    with threadpool_limits(1):
        return train.compare_ways(entered, ways, build, *table, COSTS, params, None)


def test_only_what_keeps_directions_can_be_bound_and_nothing_where_none_is_expected(
    entered: Entrants, features: list[Feature]
) -> None:
    assert bindable(entered.present, features) == ["boosting", "monotone"]
    nothing = [feature.model_copy(update={"direction": None}) for feature in features]
    assert bindable(entered.present, nothing) == []


def test_wrong_direction_is_found_out_and_free_candidates_enter_the_blend(
    entered: Entrants, features: list[Feature], table: Table
) -> None:
    wrong = turned(features)
    found, ways = compared(entered, wrong, table, asked(directions="best"))
    assert (ways.of("boosting"), ways.of("monotone"), ways.of("forest")) == ("free", "free", None)
    assert max(ways.gains.values()) < -0.05
    ignored, freely = compared(entered, wrong, table, asked(directions="ignore"))
    assert freely == Ways(ways.candidates, frozenset(ways.candidates))
    for name in entered.present:
        assert (found.pd[name] == ignored.pd[name]).all(), name
    assert list(found.pd) == list(entered.present)
    bound, _ = compared(entered, wrong, table, asked())
    rows = bound.scores("boosting", 1 / 6, COSTS)["roc_auc"]
    gain = np.mean(rows) - np.mean(ignored.scores("boosting", 1 / 6, COSTS)["roc_auc"])
    assert ways.gains["boosting"] == pytest.approx(gain)


def test_right_direction_binds_and_is_in_the_final_fit_the_record_and_the_blend(
    entered: Entrants, features: list[Feature], table: Table
) -> None:
    found, ways = compared(entered, features, table, asked(directions="best", metric="brier"))
    X, bad = table
    built = train.candidates.build(entered.present, features, 3, free=ways.free)
    facts = facts_of(built, ways, {}, X, bad)
    signs = {"bound": -1, "free": 0}
    for name in ("boosting", "monotone"):
        assert facts[name]["directions_gain"] == ways.gains[name]
        assert facts[name]["directions"] in signs
    assert facts["forest"] == facts["blend"] == {"directions": None, "directions_gain": None, "weak_fields": []}
    (member,) = [pipeline for name, pipeline in built["blend"][0].estimators if name == "boosting"]
    assert member[-1].monotonic_cst[0] == signs[str(facts["boosting"]["directions"])]
    mean = (found.pd["monotone"] + found.pd["boosting"]) / 2
    assert np.allclose(found.pd["blend"], mean)


def test_better_is_by_the_metric_and_of_equals_the_bound_one_enters() -> None:
    bad, fold = np.arange(8) % 2, np.zeros((1, 8), dtype=np.intp)
    near, far = (np.where(bad == 1, high, 1 - high)[None] for high in (0.9, 0.6))
    candidate = KINDS["boosting"].params.model_construct(kind="boosting")
    scores = {"near": {"roc_auc": [0.7], "brier": [0.1]}, "far": {"roc_auc": [0.8], "brier": [0.2]}}

    def score(found: OutOfFold, name: str) -> dict[str, list[float]]:
        return scores["near" if found.pd[name] is near else "far"]

    bound, free = OutOfFold(bad, fold, {"a": far}), OutOfFold(bad, fold, {"a": near}, ("b",))
    found, ways = better(bound, free, "brier", score, {"a": candidate})
    assert (ways.of("a"), found.pd["a"] is near, ways.gains["a"]) == ("free", True, pytest.approx(0.1))
    assert (ways.of("b"), ways.gains.get("b")) == ("bound", None)
    found, ways = better(bound, free, "roc_auc", score, {"a": candidate})
    assert (ways.of("a"), found.pd["a"] is far) == ("bound", True)
    _, ways = better(bound, bound, "roc_auc", score, {"a": candidate})
    assert (ways.of("a"), ways.gains) == ("bound", {"a": 0.0})


def test_table_without_a_direction_is_compared_once(
    entered: Entrants, features: list[Feature], table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def compare(pipelines: dict[str, Any], *_: Any) -> OutOfFold:
        calls.append(list(pipelines))
        return OutOfFold(table[1], np.zeros((1, 300), dtype=np.intp), {name: np.zeros((1, 300)) for name in pipelines})

    monkeypatch.setattr(train, "compare", compare)
    nothing = [feature.model_copy(update={"direction": None}) for feature in features]
    assert compared(entered, nothing, table, asked(directions="best"))[1] == Ways([])
    assert calls == [list(entered.present)]
    compared(entered, features, table, asked(directions="best"))
    assert calls[1:] == [list(entered.present), ["boosting", "monotone"]]
