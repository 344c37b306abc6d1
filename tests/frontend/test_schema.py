from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from src.frontend.errors import SchemaChangedError
from src.frontend.schema import Field, field_of, fields_of
from tests.frontend.service import Service

TRUE = {"type": "boolean", "enum": [True]}
OPTIONAL = {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 2**53 - 1}, {"type": "null"}], "title": "Sum"}


def number(**rules: Any) -> Field:
    return field_of("x", {"type": "number", **rules}, True, 1.5)


def test_fields_are_those_of_the_served_document_in_its_order(api: Service) -> None:
    document = httpx.get(f"{api.url}/openapi.json").json()
    asked = document["components"]["schemas"]["Applicant"]
    found = fields_of(document)
    assert [field.name for field in found] == list(asked["properties"])
    assert {field.name for field in found if field.required} == set(asked["required"])
    for field in found:
        assert field.title == asked["properties"][field.name]["title"]
        assert list(field.choices) == asked["properties"][field.name].get("enum", [])
        assert field.group == asked["properties"][field.name]["group"]
        assert field.changeable is asked["properties"][field.name].get("changeable", False)
        assert field.broken(field.example) is None


def test_optional_number_may_be_null_and_ends_where_the_api_does() -> None:
    field = field_of("x", OPTIONAL, False, None)
    assert (field.kind, field.required) == ("integer", False)
    assert field.broken(None) is None
    assert (field.broken(-1), field.broken(2**53 - 1), field.broken(2**53)) == ("bounds", None, "bounds")


def test_closed_list_of_numbers_is_a_choice_without_its_null() -> None:
    schema = {"anyOf": [{"type": "integer"}, {"type": "null"}], "enum": [1, 2, None]}
    assert field_of("x", schema, False, None).choices == (1, 2)


def test_closed_list_tells_truths_from_numbers() -> None:
    numbers, truths = field_of("x", {"type": "integer", "enum": [0, 1]}, True, 1), field_of("x", TRUE, True, True)
    assert [numbers.broken(value) for value in (1, True)] == [None, "choice"]
    assert [truths.broken(value) for value in (True, False, 1)] == [None, "choice", "boolean"]


def test_single_allowed_value_is_a_choice() -> None:
    assert field_of("x", {"const": "only", "type": "string"}, True, "only").choices == ("only",)


def test_document_without_an_applicant_is_another_services() -> None:
    with pytest.raises(SchemaChangedError):
        fields_of({"openapi": "3.1.0"})


@pytest.mark.parametrize(
    ("rules", "value", "broken"),
    [
        ({"minimum": 1}, 1, None),
        ({"minimum": 1}, 0.9, "bounds"),
        ({"exclusiveMinimum": 1}, 1, "bounds"),
        ({"exclusiveMaximum": 1}, 1, "bounds"),
        ({"maximum": 1}, 1, None),
        ({}, float("nan"), "number"),
        ({}, float("inf"), "number"),
        ({}, "12", "number"),
        ({}, True, "number"),
        ({}, None, "missing"),
        ({"type": "integer"}, 1.5, "integer"),
        ({"type": "integer"}, 2.0, None),
        ({"type": "boolean"}, "true", "boolean"),
        ({"type": "boolean"}, False, None),
        ({"enum": ["a", "b"]}, "c", "choice"),
        ({"enum": ["a", "b"]}, "a", None),
    ],
)
def test_value_is_checked_as_the_api_does(rules: dict[str, Any], value: Any, broken: str | None) -> None:
    assert number(**rules).broken(value) == broken


@given(low=some.integers(-100, 100), span=some.integers(0, 100), value=some.floats(-300, 300))
def test_number_is_allowed_exactly_within_its_bounds(low: int, span: int, value: float) -> None:
    field = number(minimum=low, maximum=low + span)
    assert (field.broken(value) is None) == (low <= value <= low + span)
