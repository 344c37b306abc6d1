import numpy as np
import pandas as pd
import pytest

from src.model.groups import grouped


def numbers(*values: float | None, kind: str = "Int64") -> pd.Series:
    return pd.Series(pd.array(values, dtype=kind))


@pytest.mark.parametrize(
    ("training", "values", "found"),
    [
        (numbers(10, 9, 2), numbers(10, 2, 9), ["10", "2", "9"]),
        (numbers(*range(18, 58)), numbers(18, 27, 28, 60), ["18 to 27", "18 to 27", "28 to 37", "48 to 60"]),
        (numbers(*range(18, 58)), numbers(16), ["16 to 27"]),
        (numbers(*[0] * 20, *range(1, 13)), numbers(0, 1, 12), ["0", "1 to 4", "5 to 12"]),
        (numbers(*np.arange(40) / 8, kind="Float64"), numbers(0.5, 1.2, 9, kind="Float64"),
         ["0 to 1.125", "over 1.125 to 2.375", "over 3.625 to 9"]),
        (numbers(*np.arange(40) * 1e7), numbers(3e8), ["290000001 to 390000000"]),
        (numbers(1, None), numbers(None, 1), ["missing", "1"]),
        (numbers(None), numbers(None), ["missing"]),
        (pd.Series([1, "refused", None, True], dtype=object), pd.Series(["refused", 1, True], dtype=object),
         ["refused", "1", "True"]),
        (pd.Series(pd.array([True, None], dtype="boolean")), pd.Series(pd.array([None, True], dtype="boolean")),
         ["missing", "True"]),
        (pd.Series(["b", "a", None]), pd.Series(["a", None, "new"]), ["a", "missing", "new"]),
        (pd.Series([*("often" for _ in range(30)), *map(str, range(29))]), pd.Series(["often", "3", "new"]),
         ["often", "other", "other"]),
    ],
    ids=["few numbers", "quarters", "younger than any", "mostly none", "broken numbers", "large numbers", "missing",
         "nothing known", "reasons", "booleans", "few texts", "many texts"],
)  # fmt: skip
def test_group_is_named_as_people_would(training: pd.Series, values: pd.Series, found: list[str]) -> None:
    assert list(grouped(training, values)) == found


def test_groups_are_in_order_numbers_first_and_missing_last() -> None:
    mixed = pd.Series([*range(2, 120), "refused", None], dtype=object)
    names = ["2 to 31", "32 to 60", "61 to 90", "91 to 119", "refused", "missing"]
    assert list(grouped(mixed, mixed).remove_unused_categories().categories) == names
    days = pd.Series(pd.date_range("1950-01-01", periods=800, freq="MS"))
    assert next(iter(grouped(days, days).remove_unused_categories().categories)) == "1950 to 1966"


def test_same_training_rows_give_the_same_edges_whatever_is_grouped() -> None:
    training = numbers(*range(100))
    one, other = (grouped(training, numbers(*rows)) for rows in (range(0, 100, 3), range(40, 60)))
    assert list(other.remove_unused_categories().categories) == ["25 to 49", "50 to 74"]
    assert set(other) < set(one)
