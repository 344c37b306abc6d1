"""The scorecard as lenders file it: every applicant is in one bin of each field, and the points add up to the score"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from src.model import scorecard
from src.model.candidates import build
from src.model.card import Feature
from src.model.features import StatefulEncoder
from src.model.metrics import Bad
from src.model.scorecard import COLUMNS, Records, filed, read, write
from src.params import Candidate, Scale
from tests.model import test_states

SCALE = Scale(points=600, odds=20, pdo=40, minimum=300, maximum=850)
Fitted = tuple[Pipeline, pd.DataFrame, Bad, list[Feature]]


@pytest.fixture(scope="session")
def plain(params: dict[str, Candidate], features: list[Feature], table: tuple[pd.DataFrame, Bad]) -> Fitted:
    """params.yaml's scorecard on a small table."""
    with threadpool_limits(1):
        return build(params, features, seed=3)["scorecard"].fit(*table), *table, features


@pytest.fixture(scope="session")
def stateful(features: list[Feature]) -> Fitted:
    """A scorecard with reasons for not having a value, of which one is never given, and with texts."""
    X, bad = test_states.table()
    base = features[0].model_dump() | {"required": False}
    types = {"balance": "number", "age": "integer", "region": "category", "employer": "text"}
    known = [Feature(**base | {"name": name, "type": kind}) for name, kind in types.items()]
    encoder: StatefulEncoder = test_states.encoder(bins=3)
    with threadpool_limits(1):
        return Pipeline([("encode", encoder), ("classify", LogisticRegression(C=1))]).fit(X, bad), X, bad, known


def table_of(fitted: Fitted) -> Records:
    model, X, bad, features = fitted
    return filed(model, X, bad, features, SCALE)


def bin_of(value: Any, bins: Sequence[str]) -> str:
    """The bin that a reader of the table finds a value in."""
    if value is None or value is pd.NA or value != value:
        return "missing"
    if isinstance(value, str | bool | np.bool_):
        word = str(value).lower() if not isinstance(value, str) else value
        return word if word in bins else "other"
    for name in bins:
        low, _, high = name.removeprefix(">= ").partition(" to < ")
        if name.startswith("< ") and value < float(name[2:]):
            return name
        if name[0] in ">-0123456789" and float(low) <= value < (float(high) if high else math.inf):
            return name
    raise AssertionError((value, bins))


@pytest.mark.parametrize("which", ["plain", "stateful"])
def test_points_of_an_applicants_bins_are_the_score_before_it_is_rounded(
    which: str, request: pytest.FixtureRequest
) -> None:
    fitted: Fitted = request.getfixturevalue(which)
    model, X, bad, features = fitted
    records = table_of(fitted)
    points = {(row["feature"], row["bin"]): row["points"] for row in records}
    bins = {f.name: [row["bin"] for row in records if row["feature"] == f.name] for f in features}
    found = {name: [bin_of(value, bins[name]) for value in X[name].astype(object)] for name in bins}
    with threadpool_limits(1):
        pd_of = model.predict_proba(X)[:, 1]
    wanted = SCALE.points + SCALE.pdo * np.log2((1 - pd_of) / pd_of / SCALE.odds)
    for row, score in enumerate(wanted):
        assert sum(points[name, found[name][row]] for name in bins) == pytest.approx(score, abs=1e-8)
    for record in records:
        rows = np.array([name == record["bin"] for name in found[record["feature"]]])
        assert (record["applicants"], record["bads"]) == (rows.sum(), bad[rows].sum()), record


def test_evidence_is_that_of_the_counts_with_half_an_applicant_for_an_empty_cell(stateful: Fitted) -> None:
    bad = stateful[2]
    records = table_of(stateful)
    assert {row["applicants"] for row in records} >= {0}
    for row in records:
        goods = (row["applicants"] - row["bads"] or 0.5) / (bad == 0).sum()
        bads = (row["bads"] or 0.5) / bad.sum()
        assert row["woe"] == pytest.approx(math.log(goods / bads), abs=1e-9)
        assert row["iv"] == pytest.approx((goods - bads) * row["woe"], abs=1e-9)
        assert row["share"] == pytest.approx(row["applicants"] / len(bad), abs=1e-9)
        assert row["bad_rate"] == (pytest.approx(row["bads"] / row["applicants"]) if row["applicants"] else None)


def test_missing_and_each_state_are_bins_and_a_state_never_seen_has_the_points_of_missing(stateful: Fitted) -> None:
    points: dict[str, dict[str, float]] = {}
    for row in table_of(stateful):
        points.setdefault(row["feature"], {})[row["bin"]] = row["points"]
    assert list(points) == ["balance", "age", "region", "employer"]
    assert {"no account", "refused", "never seen", "missing"} <= set(points["balance"])
    assert points["balance"]["never seen"] == points["balance"]["missing"]
    assert list(points["region"]) == ["N", "S", "abroad", "missing"]
    assert list(points["employer"]) == ["bank", "mill", "shop", "other", "missing"]


def test_bins_of_truths_are_words_and_a_required_field_is_never_missing(plain: Fitted) -> None:
    bins = [(row["feature"], row["bin"]) for row in table_of(plain)]
    assert [name for field, name in bins if field == "owner"] == ["false", "true"]
    assert ("income", "missing") not in bins
    assert ("years", "missing") in bins


def test_file_is_read_as_it_was_written_and_of_no_rows_it_is_the_header(stateful: Fitted, tmp_path: Path) -> None:
    records = table_of(stateful)
    records[0]["bin"] = 'a "b", 1'
    write(tmp_path / "a.csv", records)
    assert read(tmp_path / "a.csv") == records
    write(tmp_path / "b.csv", [])
    assert (tmp_path / "b.csv").read_text() == ",".join(COLUMNS) + "\n"
    assert read(tmp_path / "b.csv") == []


def test_many_values_of_a_text_are_one_bin_where_they_have_the_same_points(
    stateful: Fitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows() -> Records:
        return [row for row in table_of(stateful) if row["feature"] == "employer"]

    each = rows()
    monkeypatch.setattr(scorecard, "MANY", 4)
    together = rows()
    assert [row["bin"] for row in each] == ["bank", "mill", "shop", "other", "missing"]
    assert len(together) < len(each)
    assert together[-1] == each[-1]
    told = {value: row["points"] for row in together for value in row["bin"].split(", ")}
    assert told == {row["bin"]: row["points"] for row in each}
    assert sum(row["applicants"] for row in together) == len(stateful[1])
