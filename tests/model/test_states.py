"""Reasons for not having a number, many-valued text and long lists, as a model reads them"""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from src.model.features import StatefulEncoder, kept_texts

STATES = {"balance": ["no account", "refused", "never seen"], "region": ["abroad"]}
ROWS = 240


def encoder(bins: int | None = None, **changes: Any) -> StatefulEncoder:
    columns = {"numeric": ["balance", "age"], "optional": ["balance"], "categories": {"region": ["N", "S"]}}
    known = {"states": STATES, "texts": ["employer"], "least": 20, "most": 3, "seed": 5}
    return StatefulEncoder(**columns, bins=bins, **known | changes)


def table() -> tuple[pd.DataFrame, np.ndarray]:
    """Who has no account is risky, who refuses to say is not; one employer's people default."""
    random = np.random.default_rng(1)
    what = random.choice(["number", "no account", "refused", "missing"], ROWS, p=[0.5, 0.2, 0.2, 0.1])
    numbers = random.integers(0, 100, ROWS)
    states = {"no account": "no account", "refused": "refused", "missing": None}
    balance = [states.get(kind, int(number)) for kind, number in zip(what, numbers, strict=True)]
    employer = random.choice(["mill", "bank", "shop", *(f"small {place}" for place in range(40))], ROWS,
                             p=[0.3, 0.2, 0.2, *[0.3 / 40] * 40])  # fmt: skip
    X = pd.DataFrame(
        {
            "balance": pd.Series(balance, dtype=object),
            "age": pd.array(random.integers(20, 70, ROWS), dtype="Int64"),
            "region": pd.Series(random.choice(["N", "S", "abroad"], ROWS)).astype("str"),
            "employer": pd.Series(employer).astype("str").mask(random.random(ROWS) < 0.1),
        }
    )
    risk = 0.2 + 0.4 * (what == "no account") + 0.3 * (X["employer"] == "mill").fillna(False).to_numpy(dtype=bool)
    return X, (random.random(ROWS) < risk).astype("int64")


@pytest.mark.parametrize("bins", [None, 3])
def test_each_state_is_a_column_of_its_own_and_one_never_seen_is_missing(bins: int | None) -> None:
    X, y = table()
    fitted = encoder(bins).fit(X, y)
    matrix = pd.DataFrame(fitted.transform(X), columns=fitted.get_feature_names_out())
    for state in ("no account", "refused"):
        assert (matrix[f"balance={state}"] == (X["balance"] == state)).all()
    assert (matrix["balance=missing"] == X["balance"].isna()).all()
    strange = fitted.transform(
        X.iloc[[0, 0]].assign(balance=pd.Series(["never seen", None], dtype=object, index=[0, 0]))
    )
    assert (strange[0] == strange[1]).all()


def test_number_beside_its_states_is_filled_by_the_median_of_the_numbers() -> None:
    X, y = table()
    fitted = encoder().fit(X, y)
    known = pd.to_numeric(X["balance"], errors="coerce")
    assert (fitted.transform(X)[:, 0] == known.fillna(known.median())).all()


def test_state_of_a_category_is_one_more_label() -> None:
    X, y = table()
    matrix = encoder().fit(X, y).transform(X)
    place = list(encoder().get_feature_names_out()).index("region")
    assert (matrix[:, place] == X["region"].map({"N": 0, "S": 1, "abroad": 2})).all()


@pytest.mark.parametrize("bins", [None, 3])
def test_columns_are_known_before_the_fit_unless_they_are_bins(bins: int | None) -> None:
    X, y = table()
    fitted = encoder(bins).fit(X, y)
    assert fitted.transform(X).shape == (ROWS, len(fitted.get_feature_names_out()))
    if bins is None:
        assert list(encoder().get_feature_names_out()) == list(fitted.get_feature_names_out())


def test_text_is_its_risk_and_no_training_rows_own_outcome_speaks_from_it() -> None:
    X, y = table()
    fitted = encoder()
    trained, served = fitted.fit_transform(X, y)[:, -1], fitted.transform(X)[:, -1]
    mill = (X["employer"] == "mill").to_numpy()
    rate = y[mill].mean()
    assert len(set(served[mill])) == 1
    assert min(y.mean(), rate) < served[mill][0] < max(y.mean(), rate)  # shrunk
    assert len(set(trained[mill])) == 5  # one risk a fold, learnt of the four others
    assert set(trained[mill]).isdisjoint(set(served[mill]))


def test_rare_and_unseen_texts_are_the_others_and_a_missing_one_is_none_of_them() -> None:
    X, y = table()
    fitted = encoder().fit(X, y)
    assert fitted.kept_["employer"] == ["bank", "mill", "shop"]
    asked = X.iloc[[0] * 3].assign(employer=["small 3", "nobody's", None])
    rare, unseen, missing = fitted.transform(asked)[:, -1]
    assert rare == unseen != missing
    assert fitted.risks("employer").tolist()[3:] == [rare, missing]


def test_texts_that_are_kept_are_the_most_frequent_with_enough_rows() -> None:
    column = pd.Series(["b"] * 5 + ["a"] * 5 + ["c"] * 4 + ["d"] * 9 + ["state"] + [None] * 20)
    assert kept_texts(column, [], least=5, most=9) == ["a", "b", "d"]
    assert kept_texts(column, [], least=1, most=2) == ["a", "d"]  # of equally frequent ones the first by name
    assert kept_texts(column, ["state"], least=6, most=9) == ["d", "state"]


def test_texts_of_many_values_need_no_matrix_of_rows_and_values() -> None:
    random = np.random.default_rng(2)
    X = pd.DataFrame({"employer": pd.Series(random.integers(0, 3000, 20_000)).astype("str")})
    y = random.integers(0, 2, len(X))
    for bins in (None, 4):
        many = StatefulEncoder([], [], {}, bins, states={}, texts=["employer"], least=1, most=5000, seed=0)
        assert many.fit_transform(X, y).shape[1] <= 4
        assert many.transform(X).shape == (len(X), len(many.get_feature_names_out()))


@pytest.mark.parametrize("bins", [None, 3])
def test_clone_and_second_fit_give_the_same_numbers(bins: int | None) -> None:
    X, y = table()
    first = encoder(bins)
    assert (first.fit_transform(X, y) == clone(first).fit_transform(X, y)).all()
    one_by_one = np.vstack([first.transform(X.iloc[[row]]) for row in range(20)])
    assert (one_by_one == first.transform(X.iloc[:20])).all()
