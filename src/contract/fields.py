"""a field of the contract: its type, rules, texts and what it is for

A Table Schema field (https://datapackage.org/standard/table-schema/) with this project's additions: `role`,
`protected`, `bad`, `good`, `unit`, `group`, `changeable`, `direction`, `translations`, `outOfBounds`, `trim`,
`ignoreCase`, and `sameAs` beside a value and its label.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cached_property
from operator import ge, gt, le, lt
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from src.errors import LastroError

Scalar = bool | int | float | str
Role = Literal["feature", "target", "protected", "id", "time", "ignored"]
Kind = Literal["category", "text", "integer", "number", "boolean", "date"]
NUMBERS = ("integer", "number")
NUMERIC = (*NUMBERS, "boolean")
DATES = ("date", "datetime")
FREE = ("string", "time", "year", "yearmonth", "duration", "any", "object", "array", "list", "geopoint", "geojson")
TYPES = (*FREE, *NUMERIC, *DATES)
OF_TYPES = {
    "decimal_char": NUMBERS,
    "group_char": NUMBERS,
    "bare_number": NUMBERS,
    "true_values": ("boolean",),
    "false_values": ("boolean",),
}
BREAKS = {"minimum": lt, "maximum": gt, "exclusiveMinimum": le, "exclusiveMaximum": ge}
BOUNDS = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")


class ContractError(LastroError):
    """The data package, or a table, is not what the contract asks for."""


def state_column(name: str) -> str:
    """Return the name of the column that says for which reason `name` has no value."""
    return f"{name}: state"


def _objects(values: Any) -> Any:
    return [v if isinstance(v, dict) else {"value": v} for v in values] if isinstance(values, list) else values


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, Scalar) else value


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value  # YAML reads 2011-12-01 as a date


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
    """A value as the file holds it, the label that people read, and the value whose label it shares."""

    value: Scalar
    label: str = ""
    same_as: Scalar | None = Field(None, alias="sameAs")

    @model_validator(mode="before")
    @classmethod
    def _label_defaults_to_value(cls, given: Any) -> Any:
        missing = isinstance(given, dict) and "value" in given and not given.get("label")
        return given | {"label": str(given["value"])} if missing else given

    @property
    def text(self) -> str:
        """Return the value as the file holds it."""
        return text_of(self.value)


Categories = Annotated[list[Category], BeforeValidator(_objects)]
Outcomes = Annotated[list[Scalar], BeforeValidator(_listed)]
Bound = Annotated[float | str | None, BeforeValidator(_as_text)]


def labels_of(categories: Iterable[Category]) -> dict[str, str]:
    """Return the label of each value by its text in the file; `sameAs` gives a value the other's label."""
    own = {category.text: category for category in categories}
    return {
        text: (own[text_of(category.same_as)] if category.same_as is not None else category).label
        for text, category in own.items()
    }


def check_labels(owner: str, what: str, categories: Sequence[Category]) -> None:
    """Refuse a value named twice, a label of two values, and a `sameAs` that leads nowhere or further."""
    own = {category.text: category for category in categories}
    if len(own) != len(categories):
        raise ValueError(f"{owner}: {what}: a value is listed twice")
    labels = [category.label for category in categories if category.same_as is None]
    if len(set(labels)) != len(labels):
        raise ValueError(f"{owner}: {what}: two values share a label; if they mean the same, one is `sameAs` the other")
    for category in categories:
        if category.same_as is None:
            continue
        other = own.get(text_of(category.same_as))
        if other is None or other.same_as is not None:
            raise ValueError(
                f"{owner}: {what}: sameAs {category.same_as!r} is no value of the list with a label of its own"
            )


class Constraints(Part):
    """Rules on one field's values."""

    required: bool = False
    unique: bool = False
    minimum: Bound = None
    maximum: Bound = None
    exclusive_minimum: Bound = Field(None, alias="exclusiveMinimum")
    exclusive_maximum: Bound = Field(None, alias="exclusiveMaximum")
    min_length: int | None = Field(None, alias="minLength")
    max_length: int | None = Field(None, alias="maxLength")
    pattern: str | None = None
    enum: list[Scalar] | None = None

    @model_validator(mode="after")
    def _pattern_is_one(self) -> Self:
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"the pattern is no regular expression: {error}") from None
        return self

    @property
    def bounds(self) -> dict[str, float | str]:
        """Return the bounds that are given, by the standard's names."""
        found = {type(self).model_fields[name].alias or name: getattr(self, name) for name in BOUNDS}
        return {name: bound for name, bound in found.items() if bound is not None}

    def permit(self, value: Scalar) -> bool:
        """Return whether a value of a closed list keeps the rules."""
        broken = [self.enum is not None and value not in self.enum]
        if isinstance(value, int | float):
            broken += [BREAKS[name](value, bound) for name, bound in self.bounds.items() if not isinstance(bound, str)]
        else:
            broken += [self.pattern is not None and not re.fullmatch(self.pattern, value)]
            broken += [self.min_length is not None and len(value) < self.min_length]
            broken += [self.max_length is not None and len(value) > self.max_length]
        return not any(broken)


class Translation(Part):
    """A field's texts in another language; `categories` maps a value to its label."""

    title: str = ""
    description: str = ""
    group: str = ""
    categories: dict[Scalar, str] = {}


class Column(Part):
    """One field of the table: its type, rules, texts and what it is for."""

    name: Annotated[str, Field(min_length=1)]
    type: Literal[TYPES] = "string"  # type: ignore[valid-type]
    format: str = "default"
    title: str = ""
    description: str = ""
    example: Annotated[Scalar | None, BeforeValidator(_as_text)] = None
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
    bare_number: bool = Field(True, alias="bareNumber")
    trim: bool = False
    ignore_case: bool = Field(False, alias="ignoreCase")
    out_of_bounds: Literal["missing"] | None = Field(None, alias="outOfBounds")
    role: Role = "feature"
    protected: bool = False
    bad: Outcomes | None = None
    good: Outcomes | None = None
    direction: Literal["increasing", "decreasing"] | None = None
    translations: dict[str, Translation] = {}

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for what, values in (("categories", self.categories), ("missingValues", self.missing_values)):
            check_labels(f"field {self.name!r}", what, values or [])
        self._check_role()
        self._check_outcomes()
        self._check_rules()
        return self

    def _check_role(self) -> None:
        if self.role == "target" and not self.bad:
            raise ValueError(f"field {self.name!r}: the target needs `bad`, the value of a defaulted applicant")
        if self.role == "time" and self.kind != "date":
            raise ValueError(f"field {self.name!r}: `role: time` is for a date; this one is a {self.type}")
        if self.protected and self.role not in ("feature", "protected"):
            raise ValueError(f"field {self.name!r}: `protected: true` is for a feature; this one's role is {self.role}")
        if self.changeable and self.role != "feature":
            raise ValueError(f"field {self.name!r}: only a feature is changeable, and this one's role is {self.role}")

    def _check_outcomes(self) -> None:
        known, named = self.choices, [*(self.bad or []), *(self.good or [])]
        if both := [value for value in self.bad or [] if value in (self.good or [])]:
            raise ValueError(f"field {self.name!r}: {both[0]!r} is bad and good")
        for value in named:
            if known and text_of(value) not in known:
                listed = ", ".join(map(repr, known))
                raise ValueError(f"field {self.name!r}: bad and good: {value!r} is none of its categories: {listed}")

    def _check_rules(self) -> None:
        rules, name = self.constraints, self.name
        for given in self.model_fields_set & set(OF_TYPES):
            if self.type not in OF_TYPES[given]:
                alias = type(self).model_fields[given].alias
                types = " and ".join(OF_TYPES[given])
                raise ValueError(f"field {name!r}: {alias} is for type {types}, not {self.type}")
        bounds = rules.bounds
        if self.type in NUMBERS and any(isinstance(bound, str) for bound in bounds.values()):
            raise ValueError(f"field {name!r}: the bounds of a {self.type} are numbers")
        if bounds and self.type not in (*NUMBERS, *DATES):
            raise ValueError(f"field {name!r}: a {self.type} has no bounds")
        if self.type not in FREE and (rules.pattern, rules.min_length, rules.max_length) != (None, None, None):
            raise ValueError(f"field {name!r}: pattern, minLength and maxLength are for text, not for a {self.type}")
        if self.out_of_bounds and (not bounds or rules.required):
            raise ValueError(f"field {name!r}: `outOfBounds: missing` wants bounds, and a field that may be missing")
        if self.kind in NUMERIC and any(not _is_of(self.kind, value) for value in rules.enum or ()):
            values = "true and false" if self.kind == "boolean" else "numbers"
            raise ValueError(f"field {name!r}: the enum of type {self.type} holds {values}")
        if rules.enum and self.kind == "date":
            raise ValueError(f"field {name!r}: the enum of a {self.type} is not read; its bounds are")

    @cached_property
    def choices(self) -> dict[str, str]:
        """Return the label of each allowed value, by its text in the file; none for a field without categories."""
        enum = self.constraints.enum
        if self.categories is not None:
            allowed = {category.text for category in self.categories if self.constraints.permit(category.value)}
            return {text: label for text, label in labels_of(self.categories).items() if text in allowed}
        return {text_of(value): text_of(value) for value in enum} if enum and self.type in FREE else {}

    @property
    def labels(self) -> list[str]:
        """Return the labels in the contract's order, each once."""
        return list(dict.fromkeys(self.choices.values()))

    @property
    def kind(self) -> Kind:
        """Return how the field is read: a closed list, free text, a number, a boolean or a date."""
        if self.choices:
            return "category"
        numeric: dict[str, Kind] = {"integer": "integer", "number": "number", "boolean": "boolean"}
        return numeric.get(self.type, "date" if self.type in DATES else "text")

    @property
    def bad_labels(self) -> list[Scalar]:
        """Return the target's bad values as the typed table holds them."""
        return self._outcomes(self.bad)

    @property
    def good_labels(self) -> list[Scalar]:
        """Return the target's good values as the typed table holds them; none where every other value is good."""
        return self._outcomes(self.good)

    @property
    def bad_label(self) -> Scalar:
        """Return the target's first bad value as the typed table holds it."""
        if not self.bad:
            raise ContractError(f"field {self.name!r} is not a target")
        return self.bad_labels[0]

    def _outcomes(self, values: list[Scalar] | None) -> list[Scalar]:
        as_text = self.kind in ("category", "text")
        found = [self.choices.get(text_of(v), text_of(v) if as_text else v) for v in values or []]
        return list(dict.fromkeys(found))


def _is_of(kind: Kind, value: Scalar) -> bool:
    return (
        isinstance(value, bool) if kind == "boolean" else isinstance(value, int | float) and not isinstance(value, bool)
    )


def text_of(value: Scalar) -> str:
    """Return a value of the package as a file would hold it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
