"""a field of the contract: its type, rules, texts and what it is for

A Table Schema field (https://datapackage.org/standard/table-schema/) with this project's additions: `role`, `bad`,
`unit`, `group`, `changeable`, `direction`, `translations`.
"""

import difflib
import re
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from src.errors import LastroError

Scalar = bool | int | float | str
Role = Literal["feature", "target", "protected", "id", "ignored"]
Kind = Literal["category", "integer", "number", "boolean"]
NUMERIC = ("integer", "number", "boolean")
DATES = ("date", "datetime", "time", "year", "yearmonth", "duration")
TYPES = ("string", *NUMERIC, *DATES, "any", "object", "array", "list", "geopoint", "geojson")


class ContractError(LastroError):
    """The data package, or a table, is not what the contract asks for."""


def _objects(values: Any) -> Any:
    return [v if isinstance(v, dict) else {"value": v} for v in values] if isinstance(values, list) else values


class Part(BaseModel):
    """A part of the package. The standard allows properties of one's own, so only near misses of known ones fail."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _no_misspelling(cls, given: Any) -> Any:
        known = [info.alias or name for name, info in cls.model_fields.items()]
        for key in given if isinstance(given, dict) else ():
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.85)
            if key not in known and near:
                raise ValueError(f"unknown property {key!r}; did you mean {near[0]!r}?")
        return given


class Category(Part):
    """A value as the file holds it, and the label that people read."""

    value: Scalar
    label: str = ""

    @model_validator(mode="before")
    @classmethod
    def _label_defaults_to_value(cls, given: Any) -> Any:
        return given | {"label": str(given["value"])} if isinstance(given, dict) and not given.get("label") else given


Categories = Annotated[list[Category], BeforeValidator(_objects)]


class Constraints(Part):
    """Rules on one field's values."""

    required: bool = False
    unique: bool = False
    minimum: float | str | None = None
    maximum: float | str | None = None
    exclusive_minimum: float | str | None = Field(None, alias="exclusiveMinimum")
    exclusive_maximum: float | str | None = Field(None, alias="exclusiveMaximum")
    min_length: int | None = Field(None, alias="minLength")
    max_length: int | None = Field(None, alias="maxLength")
    pattern: str | None = None
    enum: list[Scalar] | None = None


class Translation(Part):
    """A field's texts in another language; `categories` maps a value to its label."""

    title: str = ""
    description: str = ""
    group: str = ""
    categories: dict[Scalar, str] = {}


class Column(Part):
    """One field of the table: its type, rules, texts and what it is for."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="snake_case")]
    type: Literal[TYPES] = "string"  # type: ignore[valid-type]
    title: str = ""
    description: str = ""
    example: Scalar | None = None
    unit: str | None = None
    group: str | None = None
    changeable: bool = False
    categories: Categories | None = None
    constraints: Constraints = Constraints()
    missing_values: Categories | None = Field(None, alias="missingValues")
    true_values: list[str] = Field(["true", "True", "TRUE", "1"], alias="trueValues")
    false_values: list[str] = Field(["false", "False", "FALSE", "0"], alias="falseValues")
    decimal_char: str = Field(".", alias="decimalChar")
    group_char: str = Field("", alias="groupChar")
    bare_number: Literal[True] = Field(True, alias="bareNumber")
    role: Role = "feature"
    bad: Scalar | None = None
    direction: Literal["increasing", "decreasing"] | None = None
    translations: dict[str, Translation] = {}

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.role == "feature" and self.kind == "category" and not self.choices:
            raise ValueError(
                f"field {self.name!r}: a feature is integer, number, boolean, or has `categories` (or an enum);"
                f" this one is a free {self.type}: give it categories, or another role"
            )
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"field {self.name!r}: two categories share a label")
        if self.role == "target" and self.bad is None:
            raise ValueError(f"field {self.name!r}: the target needs `bad`, the value of a defaulted applicant")
        if self.changeable and self.role != "feature":
            raise ValueError(f"field {self.name!r}: only a feature is changeable, and this one's role is {self.role}")
        rules = self.constraints
        bounds = (rules.minimum, rules.maximum, rules.exclusive_minimum, rules.exclusive_maximum)
        if self.kind != "category" and any(isinstance(bound, str) for bound in bounds):
            raise ValueError(f"field {self.name!r}: the bounds of a {self.type} are numbers")
        if self.kind == "boolean" and any(bound is not None for bound in bounds):
            raise ValueError(f"field {self.name!r}: a boolean has no bounds")
        if self.kind != "category" and any(not _is_of(self.kind, value) for value in rules.enum or ()):
            values = "true and false" if self.kind == "boolean" else "numbers"
            raise ValueError(f"field {self.name!r}: the enum of type {self.type} holds {values}")
        if rules.pattern is not None:
            try:
                re.compile(rules.pattern)
            except re.error as error:
                raise ValueError(f"field {self.name!r}: the pattern is no regular expression: {error}") from None
        return self

    @cached_property
    def choices(self) -> dict[str, str]:
        """Return the label of each allowed value, by its text in the file; none for a field without categories."""
        enum = self.constraints.enum
        if self.categories is not None:
            return {_text(c.value): c.label for c in self.categories if enum is None or c.value in enum}
        return {_text(value): _text(value) for value in enum} if enum and self.type == "string" else {}

    @property
    def labels(self) -> list[str]:
        """Return the labels in the contract's order."""
        return list(self.choices.values())

    @property
    def kind(self) -> Kind:
        """Return how the field is read: labels and free text are one kind."""
        return "category" if self.choices or self.type not in NUMERIC else self.type

    @property
    def bad_label(self) -> Scalar:
        """Return the target's bad value as the typed table holds it."""
        if self.bad is None:
            raise ContractError(f"field {self.name!r} is not a target")
        return self.choices.get(_text(self.bad), _text(self.bad) if self.kind == "category" else self.bad)


def _is_of(kind: Kind, value: Scalar) -> bool:
    return (
        isinstance(value, bool) if kind == "boolean" else isinstance(value, int | float) and not isinstance(value, bool)
    )


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
