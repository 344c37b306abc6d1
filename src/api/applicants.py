"""the card -> the types of the bodies: one applicant, a batch of them"""

import json
from collections.abc import Callable
from contextlib import suppress
from math import ceil, floor
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    with_config,
)
from pydantic.config import JsonDict
from pydantic.types import Strict
from typing_extensions import TypedDict  # typing has its own only from Python 3.12 on, says pydantic

from src.model.card import Card, Feature

MOST_APPLICANTS = 1000
LARGEST = 2**53 - 1  # beyond it, several whole numbers are one float64


def applicant_type(card: Card) -> Any:
    """Return the type of one applicant: the card's features, nothing else."""
    fields: dict[str, Any] = {
        feature.name: value_type(feature) if feature.required else NotRequired[value_type(feature)]
        for feature in card.features
    }
    example = {feature.name: shown(feature, card) for feature in card.features}
    optional = sum(not feature.required for feature in card.features)
    null = f"; {optional} of its fields may be null or left out" if optional else ""
    return named_fields(
        "Applicant", fields, f"One applicant of {card.dataset.title or card.dataset.name}{null}.", example
    )


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
    kind: Any = base_type(feature) if feature.required else base_type(feature) | None
    examples = None if feature.example is None else [feature.example]
    text = description(feature)
    return Annotated[
        kind, Field(title=feature.title, description=text, examples=examples, json_schema_extra=extra(feature))
    ]


def base_type(feature: Feature) -> Any:
    """Return the bare type: a label, a boolean, or a number within its bounds; text is never taken for a number."""
    if feature.categories is not None:
        return Literal[tuple(feature.categories)]
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
    missing = "" if feature.required else f" Null or left out: {feature.missing_label or 'unknown'}."
    return f"{feature.description}{unit}{missing}".strip()


def extra(feature: Feature) -> JsonDict:
    """Return what JSON Schema has no rule for in pydantic: what a page is told, and a closed list of numbers."""
    told: JsonDict = {"unit": feature.unit, "group": feature.group, "changeable": feature.changeable}
    found: JsonDict = {name: value for name, value in told.items() if value}
    if feature.enum:
        found["enum"] = [*listed(feature), *([] if feature.required else [None])]
    return found


def shown(feature: Feature, card: Card) -> Any:
    """Return the example value; where the contract has none, the reference applicant's."""
    return card.reference[feature.name] if feature.example is None else feature.example


def schema_of(kind: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the JSON schema of a type and the named schemas that it refers to."""
    schema = TypeAdapter(kind).json_schema(ref_template="#/components/schemas/{model}")
    return schema, schema.pop("$defs", {})
