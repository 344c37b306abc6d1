"""The card -> what the service takes for an applicant, with every kind of feature"""

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from src.api.applicants import LARGEST, applicant_type, schema_of, value_type
from src.model.card import Feature
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
    years = feature(required=False, missing_label="not asked", unit="years")
    assert read(years, "null") is None
    schema = shown(years)
    assert schema["unit"] == "years"
    assert "not asked" in schema["description"]
    assert "In years." in schema["description"]


def test_group_and_what_can_be_changed_stand_beside_the_unit() -> None:
    told = {"unit": "years", "group": "Work", "changeable": True}
    assert told.items() <= shown(feature(**told)).items()
    assert not told.keys() & shown(feature()).keys()


def test_example_of_the_document_is_an_applicant() -> None:
    schema, _ = schema_of(applicant_type(card()))
    assert TypeAdapter(applicant_type(card())).validate_python(schema["example"]) == typical()
