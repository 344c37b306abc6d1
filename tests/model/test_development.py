import json
import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from src.errors import LastroError
from src.model.development import REFERENCE, Distribution, read_development, subject_of


def distribution(kind: str, **facts: object) -> Distribution:
    """A distribution without rows."""
    bins = (len(facts.get("edges", [])) + 1 if kind == "number" else 0) + len(facts.get("values", [])) + 2  # type: ignore[arg-type]
    return Distribution.model_validate({"kind": kind, "rows": [0] * bins, **facts})


def labels(found: Distribution, *values: JsonValue, made: list[JsonValue] | None = None) -> list[str]:
    """The label of each value's bin."""
    return [found.labels[place] for place in found.places(values, made)]


WHOLE = distribution("number", edges=[12, 24], whole=True, values=["never", "unknown"])
TRUTH = distribution("category", values=["false", "true", "not said"])


@pytest.mark.parametrize(
    ("found", "values", "wanted"),
    [
        (distribution("number", edges=[0.5]), [0.5, 0.51, -1e300, 7, None, math.nan],
         ["up to 0.5", "over 0.5", "up to 0.5", "over 0.5", "missing", "missing"]),
        (distribution("number"), [1, None], ["any", "missing"]),
        (WHOLE, [12, 13, 24.0, 25, None], ["up to 12", "13 to 24", "13 to 24", "over 24", "missing"]),
        (WHOLE, ["never", 3, "unknown", "new", None, True, "12"],
         ["never", "up to 12", "unknown", "other", "missing", "other", "other"]),
        (distribution("category", values=["new car", "other"]), ["new car", "other", "boat", None, 3, ["a"], {}],
         ["new car", "other", "other", "missing", "other", "other", "other"]),
        (TRUTH, [True, False, "not said", None, "yes"], ["true", "false", "not said", "missing", "other"]),
        (distribution("category", values=["Teacher"], trim=True, ignore_case=True), [" TEACHER", "Nurse", "", "  "],
         ["Teacher", "other", "missing", "missing"]),
        (distribution("category", values=["Teacher"]), ["TEACHER", "Teacher "], ["other", "other"]),
    ],
)  # fmt: skip
def test_every_logged_value_falls_into_its_bin(found: Distribution, values: list[JsonValue], wanted: list[str]) -> None:
    assert labels(found, *values) == wanted


def test_category_named_other_is_not_the_bin_of_unknown_ones() -> None:
    found = distribution("category", values=["new car", "other"])
    assert list(found.places(["other", "boat"])) == [1, 3]


def test_date_counts_as_days_before_the_application() -> None:
    found = distribution("number", edges=[30, 365], whole=True, before="applied", values=["none"])
    made: list[JsonValue] = ["2026-03-01", "2026-03-01", "2026-03-01", "2026-03-01", None, "2026-03-01"]
    values: list[JsonValue] = ["2026-01-30", "2026-01-29", "2020-01-01", "none", "2020-01-01", None]
    assert labels(found, *values, made=made) == ["up to 30", "31 to 365", "over 365", "none", "other", "missing"]
    assert labels(found, 31, "none", None) == ["31 to 365", "none", "missing"]


@given(
    st.lists(st.floats(-1e6, 1e6), max_size=9, unique=True).map(sorted),
    st.lists(
        st.one_of(st.none(), st.floats(-1e7, 1e7), st.integers(-(2**53), 2**53), st.sampled_from("ab")), max_size=30
    ),
)
def test_number_is_in_the_first_bin_whose_edge_it_does_not_exceed(edges: list[float], values: list[JsonValue]) -> None:
    found = distribution("number", edges=edges, values=["a"])
    for value, place in zip(values, found.places(values), strict=True):
        if isinstance(value, str):
            assert place == (len(edges) + 1 if value == "a" else found.other)
        elif value is None:
            assert place == found.missing
        else:
            assert place == next((k for k, edge in enumerate(edges) if float(value) <= edge), len(edges))  # type: ignore[arg-type]


@given(st.lists(st.dates(date(1900, 1, 1), date(2100, 1, 1)), min_size=1, max_size=5), st.integers(-400, 4000))
def test_days_before_are_those_of_the_calendar(made: list[date], days: int) -> None:
    found = distribution("number", edges=[0, 31, 365], whole=True, before="applied")
    texts: list[JsonValue] = [(day - timedelta(days=days)).isoformat() for day in made]
    days_of: list[JsonValue] = [days] * len(made)
    assert list(found.places(texts, [day.isoformat() for day in made])) == list(found.places(days_of))


def test_every_bin_wants_its_rows() -> None:
    with pytest.raises(ValidationError, match="want 4 values, one a bin"):
        Distribution(kind="number", edges=[1], rows=[1, 2])


def test_many_rows_are_counted_by_their_places() -> None:
    values: list[JsonValue] = [*range(9_990), None, "never", *["new"] * 8]
    found = WHOLE.places(values)
    assert found.dtype == np.intp
    assert np.bincount(found, minlength=7).tolist() == [13, 12, 9_965, 1, 0, 1, 8]


def test_folder_without_reference_has_none_and_another_file_is_refused(tmp_path: Path) -> None:
    assert read_development(tmp_path) is None
    (tmp_path / REFERENCE).write_text(json.dumps({"sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(LastroError, match=r"reference\.json.*features"):
        read_development(tmp_path)


def test_feature_with_an_answers_name_is_told_from_it() -> None:
    assert [subject_of(name) for name in ("income", "decision")] == ["income", "decision (feature)"]
