"""openapi.json -> the applicant's fields, and whether a value is allowed in one"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeGuard

from src.frontend.errors import SchemaChangedError

Value = str | bool | int | float | None
Kind = Literal["integer", "number", "boolean", "choice", "text", "date"]
Rule = Literal["missing", "choice", "number", "integer", "boolean", "bounds", "date", "length", "both"]
UNBOUNDED = 2**53 - 1  # what the API writes for a whole number without a bound of its own
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Both(str):
    """What was entered where somebody gave a value and a reason for having none: neither is taken."""


@dataclass(frozen=True)
class Field:
    """One fact about an applicant; `states` are reasons for having no value, `codes` what the lender's file has."""

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
    states: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    codes: Mapping[str, Value] = field(default_factory=dict)
    time: bool = False
    longest: int | None = None
    since: str | None = None
    until: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def broken(self, value: Value) -> Rule | None:
        """Return the rule that a value breaks; None where it is allowed."""
        if value is None:
            return "missing" if self.required else None
        if isinstance(value, Both):
            return "both"
        if isinstance(value, str) and value in self.states:
            return None
        if self.kind == "text":
            return None if isinstance(value, str) and len(value) <= (self.longest or math.inf) else "length"
        if self.kind == "date":
            return self.broken_day(value)
        if self.kind == "boolean" and not isinstance(value, bool):
            return "boolean"
        if self.choices:
            return None if value in self.choices and self.same_kind(value) else "choice"
        return None if self.kind == "boolean" else self.broken_number(value)

    def broken_day(self, value: Value) -> Rule | None:
        """Return the rule of dates that a value breaks; None where it is allowed."""
        if day_of(value) is None:
            return "date"
        inside = (self.since or "") <= str(value) <= (self.until or "9999-12-31")
        return None if inside else "bounds"

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


def bare(fields: Sequence[Field], values: Mapping[str, Value]) -> bool:
    """Say whether nothing is known of an applicant; the day of the application is no fact about anybody."""
    return all(values.get(each.name) is None for each in fields if not each.time)


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
    states = tuple(schema.get("states", ()))
    branches = [branch for branch in schema.get("anyOf", []) if branch.get("type") != "null"]
    branches.sort(key=lambda branch: set(branch.get("enum", [None])) <= set(states))  # values stand before the states
    rules = {**branches[0], **schema} if branches else schema
    values = [rules["const"]] if "const" in rules else rules.get("enum", [])
    choices = tuple(value for value in values if value is not None and value not in states)
    return Field(
        name=name,
        title=rules.get("title", name),
        description=rules.get("description", ""),
        unit=rules.get("unit", ""),
        kind=kind_of(rules, choices),
        required=required,
        group=rules.get("group", ""),
        changeable=rules.get("changeable", False),
        example=example,
        choices=choices,
        states=states,
        suggestions=tuple(rules.get("suggestions", ())),
        codes=rules.get("codes", {}),
        time=rules.get("time", False),
        longest=rules.get("maxLength"),
        since=rules.get("formatMinimum"),
        until=rules.get("formatMaximum"),
        **bounds_of(rules),
    )


def kind_of(rules: Mapping[str, Any], choices: Sequence[Value]) -> Kind:
    """Return what a field holds."""
    if rules["type"] == "string" and not choices:
        return "date" if rules.get("format") == "date" else "text"
    found: Kind = "choice" if choices and rules["type"] != "boolean" else rules["type"]
    return found


def day_of(value: Value) -> date | None:
    """Return the day of a text such as 2026-11-26; None where it is none."""
    if not isinstance(value, str) or not DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


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
