"""what the package says of values: their labels, the rules that they keep

Parts of a Table Schema field (https://datapackage.org/standard/table-schema/).
"""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from operator import ge, gt, le, lt
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Scalar = bool | int | float | str
BREAKS = {"minimum": lt, "maximum": gt, "exclusiveMinimum": le, "exclusiveMaximum": ge}
BOUNDS = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")


def text_of(value: Scalar) -> str:
    """Return a value of the package as a file would hold it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _objects(values: Any) -> Any:
    return [v if isinstance(v, dict) else {"value": v} for v in values] if isinstance(values, list) else values


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, Scalar) else value


def as_text(value: Any) -> Any:
    """Return a date that YAML made as ISO text, and anything else as it is."""
    return value.isoformat() if isinstance(value, date) else value


class Part(BaseModel):
    """A part of the package. The standard allows properties of one's own, so only near misses of known ones fail."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _no_misspelling(cls, given: Any) -> Any:
        known = {info.alias or name for name, info in cls.model_fields.items()}
        for key in given if isinstance(given, dict) else ():
            if key in known or str(key).startswith("$"):
                continue
            if near := difflib.get_close_matches(str(key), sorted(known), n=1, cutoff=0.85):
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
Bound = Annotated[float | str | None, BeforeValidator(as_text)]


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


def refuse(names: Iterable[str], why: str) -> Callable[[Any], Any]:
    """Return a validator that refuses properties of the standard which nothing here honours."""

    def check(given: Any) -> Any:
        for name in names:
            if isinstance(given, dict) and given.get(name) is not None:
                raise ValueError(f"{name}: {why}")
        return given

    return check


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

    _honoured = model_validator(mode="before")(refuse(["jsonSchema"], "what JSON holds is not read"))

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
