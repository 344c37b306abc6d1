"""openapi.json -> the applicant's fields, and whether a value is allowed in one"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

from src.frontend.errors import SchemaChangedError

Value = str | bool | int | float | None
Kind = Literal["integer", "number", "boolean", "choice"]
Rule = Literal["missing", "choice", "number", "integer", "boolean", "bounds"]
UNBOUNDED = 2**53 - 1  # what the API writes for a whole number without a bound of its own


@dataclass(frozen=True)
class Field:
    """One fact about an applicant."""

    name: str
    title: str
    description: str
    unit: str
    kind: Kind
    required: bool
    group: str = ""
    changeable: bool = False
    example: Value = None
    choices: tuple[Value, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def broken(self, value: Value) -> Rule | None:
        """Return the rule that a value breaks; None where it is allowed."""
        if value is None:
            return "missing" if self.required else None
        if self.kind == "boolean" and not isinstance(value, bool):
            return "boolean"
        if self.choices:
            return None if value in self.choices and self.same_kind(value) else "choice"
        return None if self.kind == "boolean" else self.broken_number(value)

    def same_kind(self, value: Value) -> bool:
        """Say whether a value is a truth where the choices are: Python takes True for 1."""
        return isinstance(value, bool) == (self.kind == "boolean")

    def broken_number(self, value: Value) -> Rule | None:
        """Return the rule of numbers that a value breaks; None where it is allowed."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return "number"
        if self.kind == "integer" and value != int(value):
            return "integer"
        low = self.minimum is None or value >= self.minimum
        high = self.maximum is None or value <= self.maximum
        inside = (self.above is None or value > self.above) and (self.below is None or value < self.below)
        return None if low and high and inside else "bounds"


def fields_of(document: Mapping[str, Any]) -> list[Field]:
    """Return the fields in the API's order; raises SchemaChangedError where the document has no applicant."""
    try:
        applicant = document["components"]["schemas"]["Applicant"]
        required = set(applicant.get("required", []))
        example = applicant.get("example", {})
        return [
            field_of(name, schema, name in required, example.get(name))
            for name, schema in applicant["properties"].items()
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise SchemaChangedError(str(error)) from error


def field_of(name: str, schema: Mapping[str, Any], required: bool, example: Value) -> Field:
    """Return the field of a property; `anyOf` with null is how an optional one is written."""
    branches = [branch for branch in schema.get("anyOf", []) if branch.get("type") != "null"]
    rules = {**branches[0], **schema} if branches else schema
    values = [rules["const"]] if "const" in rules else rules.get("enum", [])
    return Field(
        name=name,
        title=rules.get("title", name),
        description=rules.get("description", ""),
        unit=rules.get("unit", ""),
        kind="choice" if values and rules["type"] != "boolean" else rules["type"],
        required=required,
        group=rules.get("group", ""),
        changeable=rules.get("changeable", False),
        example=example,
        choices=tuple(value for value in values if value is not None),
        **bounds_of(rules),
    )


def bounds_of(rules: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the stricter of two lower and of two upper bounds; where they are equal, it is the exclusive one."""
    low, above = rules.get("minimum"), rules.get("exclusiveMinimum")
    high, below = rules.get("maximum"), rules.get("exclusiveMaximum")
    if low is not None and above is not None:
        low, above = (low, None) if low > above else (None, above)
    if high is not None and below is not None:
        high, below = (high, None) if high < below else (None, below)
    return {"minimum": low, "maximum": high, "above": above, "below": below}


def says_something(bound: float | None) -> TypeGuard[float]:
    """Say whether people should read of a bound: the API writes the largest whole number where there is none."""
    return bound is not None and abs(bound) != UNBOUNDED
