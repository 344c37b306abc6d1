"""A scorecard whose bins keep the expected directions, and that leaves out what says too little"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from src.compile.compiler import compile_model
from src.errors import LastroError
from src.model.binning import ScorecardEncoder, information, weak_fields
from src.model.candidates import build
from src.model.card import Feature, features_of
from src.model.directions import SIGN
from src.model.features import ApplicantEncoder
from src.model.kinds import Scorecard
from src.model.metrics import Bad
from src.model.scorecard import Records, filed
from src.params import Scale, Text
from src.pipeline.export import checked
from src.pipeline.train import suggested
from src.serving.export import Export
from src.serving.predictors import predictor_of
from src.serving.scorer import Scorer
from src.serving.sql import sql_of
from tests.compile.random_tables import random_table
from tests.serving import kinds

SCALE = Scale(points=600, odds=20, pdo=40, minimum=300, maximum=850)
KEPT = Text(least=5, most=4)


def fitted(X: pd.DataFrame, bad: Bad, features: list[Feature], free: bool = False, **asked: Any) -> Any:
    params = Scorecard(kind="scorecard", bins=8, C=1.0, **asked)
    with threadpool_limits(1):
        return build({"s": params}, features, 3, KEPT, ["s"] if free else [])["s"].fit(X, bad)


def ordered(records: Records, feature: Feature) -> Iterator[np.ndarray]:
    """Evidence and points of a number's bins; what is missing and each state have no order."""
    rows = [row for row in records if row["feature"] == feature.name]
    rows = [row for row in rows if row["bin"] not in ("missing", *feature.states)]
    yield from (np.array([row[column] for row in rows]) for column in ("woe", "points"))


@pytest.mark.filterwarnings("ignore:The max_iter was reached:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(10))
def test_evidence_and_points_of_any_table_keep_the_directions_and_are_served_alike(seed: int) -> None:
    table, random = random_table(seed), np.random.default_rng(seed)
    features = [
        feature.model_copy(update={"direction": random.choice(list(SIGN)) if feature.numeric else None})
        for feature in suggested(features_of(table.package), table.X, KEPT)
    ]
    model = fitted(table.X, table.bad, features, monotone=True)
    records = filed(model, table.X, table.bad, features, SCALE)
    for feature in features:
        for values in ordered(records, feature) if feature.direction else ():
            assert (np.diff(values) * SIGN[str(feature.direction)] <= 0).all(), (feature, values)
    card = kinds.card().model_copy(update={"features": features})
    compiled = compile_model(model, features)
    assert checked(card, model, compiled, table.X, seed, rows=100).largest_difference < 1e-9


@pytest.mark.filterwarnings("ignore:The max_iter was reached:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seed", [1, 4, 5, 10])  # of which each has fields that say more than .02, and less
@pytest.mark.parametrize("asked", [{}, {"least_iv": 0.02}, {"least_iv": 0.02, "monotone": True}], ids=str)
def test_many_rows_are_learnt_from_as_a_sparse_matrix_of_the_same_numbers(
    seed: int, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    table, random = random_table(seed), np.random.default_rng(seed)
    features = [
        feature.model_copy(update={"direction": random.choice(list(SIGN)) if feature.numeric else None})
        for feature in suggested(features_of(table.package), table.X, KEPT)
    ]
    plain = ApplicantEncoder([f.name for f in features if f.type == "number" and not f.states], [], {}, bins=4)
    params = Scorecard(kind="scorecard", bins=8, C=1.0, **asked)
    encoder = build({"s": params}, features, 3, KEPT)["s"][0]
    for each in (plain, encoder):
        monkeypatch.setattr("src.model.features.MANY_ROWS", len(table.X) + 1)
        dense = clone(each).fit_transform(table.X, table.bad)
        monkeypatch.setattr("src.model.features.MANY_ROWS", len(table.X))
        found = clone(each).fit_transform(table.X, table.bad)
        assert sparse.issparse(found)
        assert not sparse.issparse(dense)
        if not asked.get("monotone"):  # by weights, which differ in the last bits, other bins may be merged
            assert np.array_equal(found.toarray(), dense)
    model = fitted(table.X, table.bad, features, **asked)
    compiled = compile_model(model, features)
    card = kinds.card().model_copy(update={"features": features})
    assert checked(card, model, compiled, table.X, seed, rows=100).largest_difference < 1e-9


def test_without_it_the_same_bins_are_in_no_order_and_free_of_directions_it_is_the_plain_scorecard() -> None:
    random = np.random.default_rng(5)
    numbers = random.random(2000)
    bad = (random.random(2000) < 0.3 + 0.2 * np.sin(9 * numbers)).astype("int64")
    X = pd.DataFrame({"x": pd.array(numbers, dtype="Float64")})
    feature = kinds.features()[0].model_copy(update={"name": "x", "direction": "increasing"})
    bound, free, plain = (
        fitted(X, bad, [feature], monotone=True),
        fitted(X, bad, [feature], free=True, monotone=True),
        fitted(X, bad, [feature]),
    )
    woe, points = ordered(filed(plain, X, bad, [feature], SCALE), feature)
    assert not (np.diff(woe) < 0).all()
    assert not (np.diff(points) <= 0).all()
    assert isinstance(bound[0], ScorecardEncoder)
    assert 0 < len(bound[0].edges_["x"]) < len(plain[0].edges_["x"])
    assert set(bound[0].edges_["x"]) < set(plain[0].edges_["x"])
    assert type(free[0]) is type(plain[0])
    assert (free.predict_proba(X) == plain.predict_proba(X)).all()


def test_features_below_the_least_information_value_are_left_out_and_no_other() -> None:
    (X, bad), features = kinds.table(), kinds.features()
    by_name: dict[str, float] = {}
    for row in filed(fitted(X, bad, features), X, bad, features, SCALE):
        by_name[row["feature"]] = by_name.get(row["feature"], 0) + row["iv"] * (row["applicants"] > 0)
    least = sorted(by_name.values())[4] + 1e-9
    model = fitted(X, bad, features, least_iv=least)
    weak = [name for name in by_name if by_name[name] < least]
    assert len(weak) == 5
    assert sorted(weak_fields(model[0], X, bad)) == sorted(weak) == sorted(model[0].left_out_)
    kept = [feature for feature in features if feature.name not in weak]
    records, without = filed(model, X, bad, features, SCALE), fitted(X, bad, kept)
    assert records == filed(without, X, bad, kept, SCALE)
    assert np.abs(model.predict_proba(X) - without.predict_proba(X)).max() < 1e-12
    assert weak_fields(without[0], X, bad) == []


def test_what_is_left_out_is_still_taken_changes_no_score_and_is_no_reason() -> None:
    (X, bad), features = kinds.table(), kinds.features()
    model = fitted(X, bad, features, least_iv=0.1, monotone=True)
    weak = model[0].left_out_
    assert 0 < len(weak) < len(features)
    compiled = compile_model(model, features)
    assert checked(kinds.card(), model, compiled, X, 1, rows=200).flipped_decisions == 0
    scorer = Scorer(predictor_of(compiled, None), kinds.card())
    given = kinds.applicants(X)[:200]
    others = [who | {name: given[place - 1][name] for name in weak} for place, who in enumerate(given)]
    assert others != given
    scored, changed = scorer.score_all(given, reasons=True), scorer.score_all(others, reasons=True)
    assert [each.probability_of_default for each in scored] == [each.probability_of_default for each in changed]
    export = Export.model_construct(fields=compiled.fields, intercept=compiled.intercept, calibration=None)
    statement = sql_of(kinds.card(), export)
    assert [name for name in X if f'"{name}"' in statement] == [name for name in X if name not in weak]
    named = {reason.feature for each in scored for reason in each.reasons}
    assert named
    assert not named & set(weak)


def test_scorecard_of_nothing_is_refused_and_names_the_best_feature() -> None:
    with pytest.raises(LastroError, match=r"least_iv: 9 leaves no feature .* value is \d\.\d{4}, that of income"):
        fitted(*kinds.table(), kinds.features(), least_iv=9)


def test_bins_without_applicants_add_no_information() -> None:
    some, bads = np.array([40, 10]), np.array([10, 5])
    assert information(np.append(some, 0), np.append(bads, 0)) == information(some, bads) > 0
