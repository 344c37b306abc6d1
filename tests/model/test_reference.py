"""The reference applicant is typical of those approved, else the most favourable that the training rows allow"""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.contract.package import Package
from src.model.card import Feature, features_of
from src.model.metrics import Vector
from src.model.reference import lowest, reference, typical


def feature(kind: str, **rules: Any) -> Feature:
    """A feature as the contract reads it."""
    field = {"name": "x", "type": kind, "constraints": rules}
    if kind == "category":
        field |= {"type": "string", "categories": ["b", "a", "c"]}
    target = {"name": "paid", "role": "target", "bad": "no", "categories": ["yes", "no"]}
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": [field, target]}}
    return features_of(Package.model_validate({"name": "small", "resources": [resource]}))[0]


@pytest.mark.parametrize(
    ("kind", "dtype", "values", "expected"),
    [
        ("integer", "Int64", [1, 2, 9], 2),
        ("integer", "Int64", [21, 22], 21),
        ("integer", "Int64", [2**60 + 1, 2**60 + 1, 0], 2**60 + 1),
        ("number", "Float64", [1.0, 2.0, 4.0, 9.0], 3.0),
        ("number", "Float64", [1e-9, 3e-9], 2e-9),
        ("boolean", "boolean", [True, False, True], True),
        ("category", "str", ["b", "a", "b"], "b"),
        ("category", "str", ["b", "a"], "a"),
        ("integer", "Int64", [None, None, 5], None),
        ("integer", "Int64", [None, 5], 5),
        ("category", "str", [None, None, "a", "b", "c"], None),
        ("boolean", "boolean", [None, True, None, True], True),
        ("number", "Float64", [None], None),
        ("category", "str", [None], None),
    ],
)
def test_typical_value_is_the_median_or_the_most_frequent_and_missing_is_a_value(
    kind: str, dtype: str, values: list[Any], expected: Any
) -> None:
    found = typical(pd.Series(values, dtype=dtype), feature(kind))
    assert (found, type(found)) == (expected, type(expected))


def test_median_of_a_closed_list_of_numbers_is_one_of_them() -> None:
    values = pd.Series([1, 2, 4, 8], dtype="Int64")
    assert typical(values, feature("integer", enum=[1, 2, 4, 8])) == 2


@pytest.fixture(name="X")
def training_rows(table: tuple[pd.DataFrame, np.ndarray]) -> pd.DataFrame:
    return table[0]


def by_income(rows: pd.DataFrame) -> Vector:
    """A risk that falls with income, more where somebody owns; impossible to have without years."""
    income = rows["income"].to_numpy(dtype=float) + 5 * rows["owner"].to_numpy(dtype=bool)
    return np.asarray(np.where(rows["years"].isna(), 0.9, 1 / (1 + np.exp((income - 20) / 6))))


def test_reference_is_typical_of_the_approved_and_approved(X: pd.DataFrame, features: list[Feature]) -> None:
    found = reference(X, by_income, 0.4, features)
    approved = X[by_income(X) < 0.4]
    assert list(found) == list(X.columns)
    assert found["income"] == approved["income"].median() > X["income"].median()
    assert found["region"] == approved["region"].mode()[0]
    assert found["years"] == approved["years"].median() // 1
    assert by_income(pd.DataFrame([found]))[0] < 0.4


def test_typical_applicant_who_is_declined_gives_way_to_the_most_favourable(features: list[Feature]) -> None:
    """Half of the approved have one half of what approves, half the other: the typical one has neither."""
    X = pd.DataFrame(
        {
            "income": pd.array([1.0, 9.0] * 20, dtype="Float64"),
            "years": pd.array([1, 9] * 20, dtype="Int64"),
            "owner": pd.array([True] * 40, dtype="boolean"),
            "region": pd.Series(["North", "South"] * 20, dtype="str"),
        }
    )

    def predict(rows: pd.DataFrame) -> Vector:
        income = rows["income"].to_numpy(dtype=float)
        return np.asarray(0.5 - 0.3 * (abs(income - 5) == 4) - 0.1 * (rows["region"] == "South").to_numpy())

    found = reference(X, predict, 0.3, features)
    assert predict(pd.DataFrame([found]))[0] == pytest.approx(0.1)
    assert (found["income"], found["region"]) == (9.0, "South")


def test_nobody_approved_gives_each_features_most_favourable_value(X: pd.DataFrame, features: list[Feature]) -> None:
    found = reference(X, by_income, 1e-9, features)
    assert (found["income"], found["owner"]) == (X["income"].max(), True)
    assert found["years"] is not None
    for name, values in X.items():
        assert found[str(name)] is None or found[str(name)] in set(values.dropna())


def test_most_favourable_is_missing_where_that_lowers_the_pd(X: pd.DataFrame, features: list[Feature]) -> None:
    found = reference(X, lambda rows: np.where(rows["years"].isna() & rows["region"].isna(), 0.6, 0.7), 0.5, features)
    assert (found["years"], found["region"]) == (None, None)


def test_of_equal_pds_the_one_that_is_rounded_up_is_the_lowest() -> None:
    assert lowest(np.array([0.3, 0.1 + 0.2, 0.3 + 1e-9, 0.5])) == 1
    assert lowest(np.array([0.3, 0.3 - 1e-9])) == 1
