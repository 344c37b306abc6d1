import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from src.model.features import ApplicantEncoder, intervals

NUMERIC = ["income", "years", "owner"]
CATEGORIES = {"region": ["North", "South"]}


def test_bins_are_one_indicator_a_column_and_missing_is_its_own(table) -> None:
    X, _ = table
    encoder = ApplicantEncoder(NUMERIC, ["years"], CATEGORIES, bins=4).fit(X)
    matrix = encoder.transform(X)
    names = list(encoder.get_feature_names_out())
    assert matrix.shape == (len(X), len(names))
    assert (matrix.sum(axis=1) == len(NUMERIC) + len(CATEGORIES)).all()
    assert (matrix[:, names.index("years=missing")] == X["years"].isna()).all()
    assert (matrix[:, names.index("region=missing")] == X["region"].isna()).all()
    assert (matrix[:, names.index("region=South")] == (X["region"] == "South").fillna(value=False)).all()


def test_bins_hold_about_equally_many_known_values(table) -> None:
    X, _ = table
    matrix = ApplicantEncoder(["income"], [], {}, bins=4).fit(X).transform(X)
    assert matrix.shape[1] == 5
    assert (np.abs(matrix.sum(axis=0)[:4] - 75) <= 5).all()


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_rare_truth_and_a_crowded_minimum_are_bins_of_their_own(share: float) -> None:
    random = np.random.default_rng(0)
    rare = random.random(400) < share
    X = pd.DataFrame({"flag": pd.array(rare, dtype="boolean"), "days": np.where(rare, random.integers(1, 300, 400), 0)})
    encoder = ApplicantEncoder(["flag", "days"], [], {}, bins=4).fit(X)
    assert encoder.edges_["flag"].tolist() == [1.0]
    assert encoder.edges_["days"][0] == X["days"][X["days"] > 0].min()
    assert len(encoder.edges_["days"]) == 3


def test_edge_belongs_to_the_bin_above() -> None:
    X = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    encoder = ApplicantEncoder(["x"], [], {}, bins=2).fit(X)
    edge = encoder.edges_["x"][0]
    assert list(encoder.transform(pd.DataFrame({"x": [edge - 1e-9, edge]})).argmax(axis=1)) == [0, 1]


def test_without_bins_missing_numbers_are_median_and_flag(table) -> None:
    X, _ = table
    encoder = ApplicantEncoder(NUMERIC, ["years"], CATEGORIES).fit(X)
    matrix = encoder.transform(X)
    assert list(encoder.get_feature_names_out()) == ["income", "years", "years=missing", "owner", "region"]
    assert (matrix[::7, 1] == X["years"].median()).all()
    assert (matrix[:, 2] == X["years"].isna()).all()


def test_category_is_its_position_and_an_unknown_label_is_missing(table) -> None:
    X, _ = table
    encoder = ApplicantEncoder([], [], CATEGORIES).fit(X)
    assert encoder.transform(pd.DataFrame({"region": ["South", "North", "West", None]})).ravel().tolist() == [
        1,
        0,
        -1,
        -1,
    ]


def test_one_row_gives_the_same_numbers_as_the_whole_table(table) -> None:
    X, _ = table
    for bins in (None, 4):
        encoder = ApplicantEncoder(NUMERIC, ["years"], CATEGORIES, bins).fit(X)
        rows = [encoder.transform(X.iloc[[row]])[0] for row in range(40)]
        assert (np.array(rows) == encoder.transform(X.iloc[:40])).all()


def test_column_without_any_value_is_encoded() -> None:
    X = pd.DataFrame({"x": pd.array([None, None], dtype="Float64")})
    for bins in (None, 3):
        encoder = ApplicantEncoder(["x"], ["x"], {}, bins).fit(X)
        assert encoder.transform(X).shape == (2, len(encoder.get_feature_names_out()))


def test_intervals_of_no_edges_is_any() -> None:
    assert intervals(np.array([])) == ["any"]
    assert intervals(np.array([1.0, 2.5])) == ["< 1", "1 to < 2.5", ">= 2.5"]


def test_unfitted_encoder_says_so_and_can_be_cloned(table) -> None:
    encoder = ApplicantEncoder(NUMERIC, [], CATEGORIES, bins=4)
    with pytest.raises(NotFittedError):
        encoder.transform(table[0])
    assert clone(encoder).get_params() == encoder.get_params()
