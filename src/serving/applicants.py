"""the card -> the types of the bodies: one applicant, a batch of them"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from math import ceil, floor
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    with_config,
)
from pydantic.config import JsonDict
from pydantic.types import Strict
from typing_extensions import TypedDict  # typing has its own only from Python 3.12 on, says pydantic

from src.model.card import Card, Feature, Time

MOST_APPLICANTS = 1000
LONGEST = 1024  # characters of a text
LARGEST = 2**53 - 1  # beyond it, several whole numbers are one float64


def applicant_type(card: Card) -> Any:
    """Return the type of one applicant: the card's features and when the application was made, nothing else."""
    fields: dict[str, Any] = {
        feature.name: value_type(feature) if feature.required else NotRequired[value_type(feature)]
        for feature in card.features
    }
    example = {feature.name: shown(feature, card) for feature in card.features}
    if card.time:
        fields[card.time.name] = NotRequired[time_type(card.time)]
        example[card.time.name] = card.time.latest
    optional = sum(not feature.required for feature in card.features)
    null = f"; {optional} of its fields may be null or left out" if optional else ""
    found = named_fields(
        "Applicant", fields, f"One applicant of {card.dataset.title or card.dataset.name}{null}.", example
    )
    if optional < len(card.features):
        return found
    return Annotated[found, AfterValidator(anything_known([feature.name for feature in card.features]))]


def anything_known(names: list[str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a check that an applicant has a value in one of these fields."""

    def check(applicant: dict[str, Any]) -> dict[str, Any]:
        if all(applicant.get(name) is None for name in names):
            raise ValueError("every field is null or left out: nothing is known to score")
        return applicant

    return check


def batch_type(applicant: Any) -> Any:
    """Return the type of a batch of applicants."""
    many = Annotated[list[applicant], Field(min_length=1, max_length=MOST_APPLICANTS)]
    batch: Any = named_fields("Batch", {"applicants": many}, f"1 to {MOST_APPLICANTS} applicants.")
    return batch


def named_fields(name: str, fields: dict[str, Any], text: str, example: JsonDict | None = None) -> Any:
    """Return a type of exactly these fields."""
    made = TypedDict(name, fields)  # type: ignore[misc]  # its fields come from the card
    config = ConfigDict(extra="forbid", json_schema_extra={"example": example} if example else None)
    made.__doc__ = text
    return with_config(config)(made)


def value_type(feature: Feature) -> Any:
    """Return the type of one feature's value, with its texts, bounds and example."""
    examples = None if feature.example is None else [feature.example]
    text = description(feature)
    return Annotated[
        whole_type(feature),
        Field(title=feature.title, description=text, examples=examples, json_schema_extra=extra(feature)),
    ]


def whole_type(feature: Feature) -> Any:
    """Return the type of a value, of a reason for not having one, or of null, whichever may be."""
    kind = base_type(feature)
    if feature.mixed:
        kind = with_states(kind, feature.states)
    if feature.required:
        return kind
    if not feature.mixed:
        return kind | None
    schemas: list[JsonDict] = [*TypeAdapter(kind).json_schema()["anyOf"], {"type": "null"}]
    return Annotated[kind | None, WithJsonSchema({"anyOf": schemas})]


def with_states(kind: Any, states: list[str]) -> Any:
    """Return the type of a number, or of the label of a reason for not having one."""

    def either(value: Any, number: ValidatorFunctionWrapHandler) -> Any:
        if not isinstance(value, str) or value in states:
            return value if isinstance(value, str) else number(value)
        raise ValueError(f"must be a number, or one of {', '.join(map(json.dumps, states))}")

    def dated(value: Any, day: ValidatorFunctionWrapHandler) -> Any:
        return value if isinstance(value, str) and value in states else day(value)

    numbers = TypeAdapter(kind).json_schema()
    either_schema: JsonDict = {"anyOf": [numbers, {"type": "string", "enum": [*states]}]}
    check = dated if numbers["type"] == "string" else either
    return Annotated[kind, WrapValidator(check), WithJsonSchema(either_schema)]


def time_type(time: Time) -> Any:
    """Return the type of the day on which an application was made."""
    text = f"{time.description} Null or left out: today, in UTC.".strip()
    return Annotated[
        day_type(None, None) | None,
        Field(title=time.title, description=text, examples=[time.latest], json_schema_extra={"time": True}),
    ]


def day_type(first: str | None, last: str | None) -> Any:
    """Return the type of a day, as text, from the first to the last one."""

    def check(value: str) -> str:
        try:
            day = date.fromisoformat(value).isoformat()
        except ValueError:
            day = ""
        if day != value:
            raise ValueError("must be a day, written YYYY-MM-DD")
        if (first and day < first) or (last and day > last):
            raise ValueError(f"must be a day{f' from {first}' if first else ''}{f' to {last}' if last else ''}")
        return day

    bounds = {name: day for name, day in (("formatMinimum", first), ("formatMaximum", last)) if day}
    schema: JsonDict = {"type": "string", "format": "date", **bounds}
    return Annotated[str, Strict(), AfterValidator(check), WithJsonSchema(schema)]


def base_type(feature: Feature) -> Any:
    """Return the bare type: a label, a text, a day, a boolean, or a number; text is never taken for a number."""
    if feature.categories is not None:
        return Literal[(*feature.categories, *feature.states)]
    if feature.type == "text":
        return Annotated[str, Strict(), Field(max_length=LONGEST)]
    if feature.type == "date":
        return day_type(feature.first, feature.last)
    kind = bounded_type(feature)
    return Annotated[kind, AfterValidator(one_of(listed(feature)))] if feature.enum else kind


def bounded_type(feature: Feature) -> Any:
    """Return the type of a boolean or a number, its closed list left aside."""
    if feature.type == "boolean":
        return StrictBool
    return whole(feature) if feature.type == "integer" else real(feature)


def listed(feature: Feature) -> list[bool | int | float]:
    """Return the closed list's values that the type and the bounds admit too, as JSON writes them."""
    read = TypeAdapter(bounded_type(feature)).validate_python
    found: list[bool | int | float] = []
    for number in feature.enum or ():
        with suppress(ValidationError):
            found.append(read(bool(number) if feature.type == "boolean" else number))
    return found


def whole(feature: Feature) -> Any:
    """Return the type of a whole number within its bounds; 24.0 is one, as JSON Schema says, "24" and true are none."""
    low = -LARGEST if feature.minimum is None else ceil(feature.minimum)
    high = LARGEST if feature.maximum is None else floor(feature.maximum)
    if feature.exclusive_minimum is not None:
        low = max(low, floor(feature.exclusive_minimum) + 1)
    if feature.exclusive_maximum is not None:
        high = min(high, ceil(feature.exclusive_maximum) - 1)
    schema: JsonDict = {"type": "integer", "minimum": low, "maximum": high}
    bounds = Field(ge=low, le=high, allow_inf_nan=False)
    return Annotated[float, Strict(), bounds, AfterValidator(as_integer), WithJsonSchema(schema)]


def as_integer(value: float) -> int:
    """Return a whole number; raises ValueError for any other. (pydantic's `multiple_of` takes 1e-9 for one.)"""
    if not value.is_integer():
        raise ValueError("must be a whole number")
    return int(value)


def real(feature: Feature) -> Any:
    """Return the type of a number within its bounds; never infinite."""
    bounds = Field(
        ge=feature.minimum,
        le=feature.maximum,
        gt=feature.exclusive_minimum,
        lt=feature.exclusive_maximum,
        allow_inf_nan=False,
    )
    return Annotated[float, Strict(), bounds]


def one_of(allowed: list[bool | int | float]) -> Callable[[float], float]:
    """Return a check that a value is among those allowed."""

    def check(value: float) -> float:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(map(json.dumps, allowed))}")
        return value

    return check


def description(feature: Feature) -> str:
    """Return the contract's description, the unit, and what null means."""
    unit = f" In {feature.unit}." if feature.unit else ""
    missing = "" if feature.required else " Null or left out: unknown."
    return f"{feature.description}{unit}{missing}".strip()


def extra(feature: Feature) -> JsonDict:
    """Return what JSON Schema has no rule for in pydantic: what a page is told, and a closed list of numbers."""
    told: JsonDict = {
        "unit": feature.unit,
        "group": feature.group,
        "changeable": feature.changeable,
        "states": [*feature.states],
        "suggestions": [*feature.suggestions],
        "codes": {**feature.codes},
    }
    found: JsonDict = {name: value for name, value in told.items() if value}
    if feature.enum:
        found["enum"] = [*listed(feature), *([] if feature.required else [None])]
    return found


def shown(feature: Feature, card: Card) -> Any:
    """Return the example value; where the contract has none, the reference applicant's."""
    if feature.example is not None:
        return feature.example
    found = card.reference[feature.name]
    if card.time and isinstance(found, int) and feature.type == "date":
        return (date.fromisoformat(card.time.latest) - timedelta(days=found)).isoformat()
    return found


def schema_of(kind: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the JSON schema of a type and the named schemas that it refers to."""
    schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}")
    return schema, schema.pop("$defs", {})
