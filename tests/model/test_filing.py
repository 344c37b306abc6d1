"""The table of points of an additive model: of fields, then of pairs, and an applicant's add up to the score"""

import math

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from src.model import filing
from src.model.candidates import build
from src.model.card import Feature
from src.model.features import StatefulEncoder
from src.model.filing import TIMES, filed
from src.model.kinds import Additive
from src.model.metrics import Bad
from src.model.scorecard import Records
from src.params import Candidate, Text
from tests.model import test_states
from tests.model.test_scorecard import SCALE, Fitted, bin_of

SMALL = Additive(kind="additive", bins=12, pairs=6, iterations=40, learning_rate=0.1, max_leaf_nodes=4,
                 min_samples_leaf=5, l2_regularization=1.0)  # fmt: skip


@pytest.fixture(autouse=True)
def _every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("src.model.additive.LEAST_GAIN", -math.inf)


@pytest.fixture
def plain(params: dict[str, Candidate], features: list[Feature], table: tuple[pd.DataFrame, Bad]) -> Fitted:
    small = {"additive": params["additive"].model_copy(update={"iterations": 40, "pairs": 6})}
    with threadpool_limits(1):
        return build(small, features, seed=3)["additive"].fit(*table), *table, features


@pytest.fixture
def stateful(features: list[Feature]) -> Fitted:
    """With reasons for not having a value, of which one is never given, and with texts."""
    X, bad = test_states.table()
    base = features[0].model_dump() | {"required": False, "direction": None}
    types = {"balance": "number", "age": "integer", "region": "category", "employer": "text"}
    states = test_states.STATES
    known = [
        Feature(**base | {"name": name, "type": kind, "states": states.get(name, []),
                          "categories": ["N", "S"] if kind == "category" else None})
        for name, kind in types.items()
    ]  # fmt: skip
    with threadpool_limits(1):
        model = build({"additive": SMALL}, known, 3, Text(least=20, most=3))["additive"].fit(X, bad)
    assert isinstance(model[0], StatefulEncoder)
    return model, X, bad, known


def part_of(value: object, names: list[str]) -> str:
    """The bin of one side of a pair: one that lists the label, or that the number is in."""
    listed = {label: name for name in names for label in name.split(", ")}
    return listed[bin_of(value, list(listed))]


@pytest.mark.parametrize("which", ["plain", "stateful"])
def test_points_of_an_applicants_bins_are_the_score_and_counts_are_of_rows(
    which: str, request: pytest.FixtureRequest
) -> None:
    model, X, bad, features = request.getfixturevalue(which)
    records = filed(model, X, bad, features, SCALE)
    names = list(dict.fromkeys(record["feature"] for record in records))
    points = {(record["feature"], record["bin"]): record["points"] for record in records}
    assert names[: len(features)] == [feature.name for feature in features]
    assert sum(TIMES in name for name in names) == 6
    with threadpool_limits(1):
        pd_of = model.predict_proba(X)[:, 1]
    wanted = SCALE.points + SCALE.pdo * np.log2((1 - pd_of) / pd_of / SCALE.odds)
    found: dict[str, list[str]] = {}
    for name in names:
        bins = [record["bin"] for record in records if record["feature"] == name]
        if TIMES not in name:
            found[name] = [bin_of(value, bins) for value in X[name].astype(object)]
            continue
        sides = [list(dict.fromkeys(text.split(TIMES)[side] for text in bins)) for side in (0, 1)]
        values = [X[field].astype(object) for field in name.split(TIMES)]
        parts = [[part_of(value, side) for value in column] for column, side in zip(values, sides, strict=True)]
        found[name] = [f"{a}{TIMES}{b}" for a, b in zip(*parts, strict=True)]
    for row, score in enumerate(wanted):
        assert sum(points[name, found[name][row]] for name in names) == pytest.approx(score, abs=1e-6)
    for record in records:
        rows = np.array([name == record["bin"] for name in found[record["feature"]]])
        assert (record["applicants"], record["bads"]) == (rows.sum(), bad[rows].sum()), record


def test_each_label_and_reason_is_a_bin_of_its_field(stateful: Fitted) -> None:
    bins: dict[str, dict[str, float]] = {}
    for record in filed(*stateful, SCALE):
        bins.setdefault(record["feature"], {})[record["bin"]] = record["points"]
    assert {"no account", "refused", "never seen", "missing"} <= set(bins["balance"])
    assert bins["balance"]["never seen"] == bins["balance"]["missing"]
    assert list(bins["region"]) == ["N", "S", "abroad", "missing"]
    assert list(bins["employer"]) == ["bank", "mill", "shop", "other", "missing"]


def test_many_values_of_a_text_are_one_bin_where_they_have_the_same_points(
    stateful: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, X, bad, features = stateful
    once = SMALL.model_copy(update={"iterations": 1, "max_leaf_nodes": 2, "pairs": 0, "learning_rate": 1.0})
    with threadpool_limits(1):
        model = build({"additive": once}, features[-1:], 3, Text(least=20, most=3))["additive"].fit(X, bad)

    def rows() -> Records:
        return filed(model, X, bad, features[-1:], SCALE)

    each = rows()
    monkeypatch.setattr(filing, "MANY", 2)
    together = rows()
    assert len({row["points"] for row in each}) == 2  # its one tree has two leaves
    assert len(together) < len(each)
    told = {value: row["points"] for row in together for value in row["bin"].split(", ")}
    assert told == {row["bin"]: row["points"] for row in each}
    assert sum(row["applicants"] for row in together) == len(X)
