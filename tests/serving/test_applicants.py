"""The card -> what the service takes for an applicant, with every kind of feature"""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from src.model.card import Feature, Time
from src.serving.applicants import LARGEST, applicant_type, batch_type, schema_of, value_type
from tests.serving.kinds import card, features, typical


def feature(**changes: Any) -> Feature:
    plain = next(one for one in features() if one.name == "years")
    return plain.model_copy(update={"minimum": None, "maximum": None, "required": True} | changes)


def read(one: Feature, text: str) -> Any:
    return TypeAdapter(value_type(one)).validate_json(text)


def shown(one: Feature) -> dict[str, Any]:
    """What the document says of a feature."""
    known = card(reference={one.name: 1}).model_copy(update={"features": [one]})
    found: dict[str, Any] = schema_of(applicant_type(known))[0]["properties"][one.name]
    return found


def refuses(one: Feature, *texts: str) -> None:
    for text in texts:
        with pytest.raises(ValidationError):
            read(one, text)


def test_applicant_with_every_kind_of_feature_is_taken_as_it_is() -> None:
    adapter = TypeAdapter(applicant_type(card()))
    assert adapter.validate_json(json.dumps(typical())) == typical()
    missing = typical() | dict.fromkeys(("years", "ratio", "member", "region"))
    assert adapter.validate_json(json.dumps(missing)) == missing
    left_out = {name: value for name, value in missing.items() if value is not None}
    assert adapter.validate_json(json.dumps(left_out)) == left_out
    with pytest.raises(ValidationError) as refused:
        adapter.validate_json(json.dumps(typical() | dict.fromkeys(("income", "rate", "owner", "job"))))
    assert {error["loc"][0] for error in refused.value.errors()} == {"income", "rate", "owner", "job"}


def test_whole_number_is_one_however_it_is_written_and_nothing_else_is() -> None:
    years = feature(minimum=0, maximum=60)
    found = [read(years, text) for text in ("24", "24.0", "2.4e1")]
    assert found == [24, 24, 24]
    assert all(type(value) is int for value in found)
    refuses(years, "24.5", '"24"', "true", "null", "-1", "61", "NaN", "Infinity", "1e999", "[]", "{}")


def test_unbounded_whole_number_ends_where_float64_is_exact() -> None:
    assert read(feature(), str(LARGEST)) == LARGEST
    refuses(feature(), str(LARGEST + 1), "1" * 400)


def test_exclusive_and_fractional_bounds_of_whole_numbers() -> None:
    schema = shown(feature(exclusive_minimum=0, exclusive_maximum=2.5))
    assert (schema["minimum"], schema["maximum"]) == (1, 2)
    refuses(feature(exclusive_minimum=0, exclusive_maximum=2.5), "0", "3")


def test_real_number_keeps_its_bounds_and_is_finite() -> None:
    ratio = feature(type="number", minimum=-1.5, exclusive_maximum=2)
    assert [read(ratio, text) for text in ("-1.5", "0", "1.9999999999999998")] == [-1.5, 0, 1.9999999999999998]
    refuses(ratio, "2", "-1.6", "NaN", "-Infinity", '"1"', "false")
    refuses(feature(type="number"), "1e999", "NaN")


@pytest.mark.parametrize("kind", ["integer", "number"])
def test_closed_list_of_numbers(kind: str) -> None:
    rate = feature(type=kind, enum=[1, 2, 4])
    assert [read(rate, text) for text in ("1", "4.0")] == [1, 4]
    refuses(rate, "3", "0", '"1"')
    assert shown(rate)["enum"] == [1, 2, 4]
    assert shown(rate.model_copy(update={"required": False}))["enum"] == [1, 2, 4, None]


def test_boolean_is_nothing_but_true_or_false() -> None:
    owner = feature(type="boolean")
    assert [read(owner, text) for text in ("true", "false")] == [True, False]
    refuses(owner, "1", "0", '"true"', "null")


def test_what_may_be_missing_says_what_null_means() -> None:
    years = feature(required=False, unit="years")
    assert read(years, "null") is None
    schema = shown(years)
    assert schema["unit"] == "years"
    assert "Null or left out: unknown." in schema["description"]
    assert "In years." in schema["description"]


def test_group_and_what_can_be_changed_stand_beside_the_unit() -> None:
    told = {"unit": "years", "group": "Work", "changeable": True}
    assert told.items() <= shown(feature(**told)).items()
    assert not told.keys() & shown(feature()).keys()


def test_example_of_the_document_is_an_applicant() -> None:
    schema, _ = schema_of(applicant_type(card()))
    assert TypeAdapter(applicant_type(card())).validate_python(schema["example"]) == typical()


def test_number_may_be_a_reason_for_not_having_one() -> None:
    years = feature(required=False, minimum=0, maximum=60, states=["not asked", "refused"], codes={"-9": "refused"})
    assert [read(years, text) for text in ("3", '"refused"', "null")] == [3, "refused", None]
    refuses(years, "61", '"3"', '"-9"', "true")
    with pytest.raises(ValidationError, match='must be a number, or one of "not asked", "refused"'):
        read(years, '"never"')
    schema = shown(years)
    assert schema["anyOf"] == [
        {"type": "integer", "minimum": 0, "maximum": 60},
        {"type": "string", "enum": ["not asked", "refused"]},
        {"type": "null"},
    ]
    assert (schema["states"], schema["codes"]) == (["not asked", "refused"], {"-9": "refused"})


def test_states_of_booleans_days_and_labels() -> None:
    owner = feature(type="boolean", required=False, states=["unknown to us"])
    assert [read(owner, text) for text in ("true", '"unknown to us"', "null")] == [True, "unknown to us", None]
    refuses(owner, "1", '"true"')
    since = feature(type="date", required=False, states=["never"])
    assert [read(since, text) for text in ('"2024-02-29"', '"never"', "null")] == ["2024-02-29", "never", None]
    refuses(since, '"2023-02-29"', "3")
    region = feature(type="category", categories=["N"], required=False, states=["abroad"])
    assert [read(region, text) for text in ('"N"', '"abroad"', "null")] == ["N", "abroad", None]
    assert shown(region)["states"] == ["abroad"]


def test_text_is_any_text_and_names_those_that_are_known() -> None:
    employer = feature(type="text", required=False, suggestions=["mill"])
    assert [read(employer, text) for text in ('"mill"', '"x: \\"y\\""', '""', "null")] == ["mill", 'x: "y"', "", None]
    refuses(employer, "3", f'"{"x" * 1025}"')
    assert shown(employer)["suggestions"] == ["mill"]


def test_day_is_written_in_one_way_and_within_its_bounds() -> None:
    since = feature(type="date", first="2000-01-01", last="2024-12-31")
    assert read(since, '"2000-01-01"') == "2000-01-01"
    refuses(
        since, '"1999-12-31"', '"2025-01-01"', '"2024-1-1"', '"20240101"', '"2024-W01-1"', '"01.02.2024"', "20240101"
    )
    schema = shown(since)
    assert (schema["format"], schema["formatMinimum"], schema["formatMaximum"]) == ("date", "2000-01-01", "2024-12-31")


def test_application_without_a_single_value_is_refused() -> None:
    some = [feature(name="a", required=False), feature(name="b", required=False)]
    time = Time(name="on", title="On", description="", latest="2024-05-01")
    known = card(reference={"a": 1, "b": None}).model_copy(update={"features": some, "time": time})
    adapter = TypeAdapter(batch_type(applicant_type(known)))
    adapter.validate_json('{"applicants": [{"a": 1}, {"b": 2, "on": null}]}')
    with pytest.raises(ValidationError) as refused:
        adapter.validate_json('{"applicants": [{"a": 1}, {}, {"a": null, "on": "2024-01-01"}]}')
    assert [error["loc"] for error in refused.value.errors()] == [("applicants", 1), ("applicants", 2)]


def test_example_of_a_day_is_as_long_before_the_newest_application_as_the_references() -> None:
    time = Time(name="on", title="On", description="", latest="2024-03-01")
    since = [feature(name="since", type="date", example=None)]
    known = card(reference={"since": 1}).model_copy(update={"features": since, "time": time})
    assert schema_of(applicant_type(known))[0]["example"] == {"since": "2024-02-29", "on": "2024-03-01"}
