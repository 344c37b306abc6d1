"""a field of the contract: its type, rules, texts and what it is for

A Table Schema field (https://datapackage.org/standard/table-schema/) with this project's additions: `role`,
`protected`, `bad`, `good`, `unit`, `group`, `changeable`, `direction`, `translations`, `outOfBounds`, `trim`,
`ignoreCase`, and `sameAs` beside a value and its label.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from src.contract.rules import (
    Categories,
    Constraints,
    Outcomes,
    Part,
    Scalar,
    as_text,
    check_labels,
    labels_of,
    refuse,
    text_of,
)
from src.contract.spelling import date_reader, number_reader
from src.errors import LastroError

Role = Literal["feature", "target", "protected", "id", "time", "ignored"]
Kind = Literal["category", "text", "integer", "number", "boolean", "date"]
NUMBERS = ("integer", "number")
BOOLEAN = "boolean"
NUMERIC = (*NUMBERS, BOOLEAN)
DATES = ("date", "datetime")
FREE = ("string", "time", "year", "yearmonth", "duration", "any", "object", "array", "list", "geopoint", "geojson")
TYPES = ("string", *NUMERIC, *DATES, *FREE[1:])
TEXT_FORMATS = {
    "default": "",
    "email": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "uri": r"[a-zA-Z][a-zA-Z0-9+.\-]*:\S+",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "binary": r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
}
TEXT_TYPES = {
    "time": r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?",
    "year": r"-?[0-9]{4}",
    "yearmonth": r"[0-9]{4}-(?:0[1-9]|1[0-2])",
    "duration": r"-?P(?=.)(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9.]+S)?)?",
}
OF_TYPES = {
    "decimal_char": NUMBERS,
    "group_char": NUMBERS,
    "bare_number": NUMBERS,
    "true_values": (BOOLEAN,),
    "false_values": (BOOLEAN,),
}


class ContractError(LastroError):
    """The data package, or a table, is not what the contract asks for."""


def state_column(name: str) -> str:
    """Return the name of the column that says for which reason `name` has no value."""
    return f"{name}: state"


class Translation(Part):
    """A field's texts in another language; `categories` maps a value to its label."""

    title: str = ""
    description: str = ""
    group: str = ""
    categories: dict[Scalar, str] = Field(default_factory=dict)


class Column(Part):
    """One field of the table: its type, rules, texts and what it is for."""

    name: Annotated[str, Field(min_length=1)]
    type: Literal[TYPES] = "string"  # type: ignore[valid-type]
    format: str = "default"
    title: str = ""
    description: str = ""
    example: Annotated[Scalar | None, BeforeValidator(as_text)] = None
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
    translations: dict[str, Translation] = Field(default_factory=dict)

    _honoured = model_validator(mode="before")(refuse(["delimiter", "itemType"], "a list is kept as text"))

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for what, values in (("categories", self.categories), ("missingValues", self.missing_values)):
            check_labels(f"field {self.name!r}", what, values or [])
        self._check_role()
        self._check_outcomes()
        self._check_spelling()
        self._check_rules()
        self._check_example()
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
        values = "none of its categories: " + ", ".join(map(repr, self.choices)) if self.choices else f"no {self.type}"
        for value in [*(self.bad or []), *(self.good or [])]:
            if self.typed(value) is None:
                raise ValueError(f"field {self.name!r}: bad and good: {value!r} is {values}")
        if both := set(self.bad_labels) & set(self.good_labels):
            raise ValueError(f"field {self.name!r}: {min(map(repr, both))} is bad and good")

    def _check_spelling(self) -> None:
        name = self.name
        for given in self.model_fields_set & set(OF_TYPES):
            if self.type not in OF_TYPES[given]:
                alias = type(self).model_fields[given].alias
                types = " and ".join(OF_TYPES[given])
                raise ValueError(f"field {name!r}: {alias} is for type {types}, not {self.type}")
        same = self.decimal_char == self.group_char and (
            self.type != "integer" or "decimal_char" in self.model_fields_set
        )
        if same or not re.fullmatch(r"[^\d\s+-]", self.decimal_char):
            raise ValueError(f"field {name!r}: decimalChar is one sign, and another one than groupChar")
        if re.search(r"[\d+-]", self.group_char):
            raise ValueError(f"field {name!r}: groupChar is no digit and no sign")
        if both := set(self.true_values) & set(self.false_values):
            raise ValueError(f"field {name!r}: {min(both)!r} is true and false")
        try:
            known = TEXT_FORMATS if self.type == "string" else ["default"]
            if self.type in DATES:
                date_reader(self.type, self.format)
            elif self.format not in known:
                raise ValueError(f"format {self.format!r} of a {self.type} is not read")
        except ValueError as error:
            raise ValueError(f"field {name!r}: {error}") from None

    def _check_example(self) -> None:
        if self.example is None:
            return
        value, said = self.example_value, f"field {self.name!r}: the example {self.example!r}"
        if value is None:
            written = "none of its categories" if self.choices else f"no {self.type} as the file writes it"
            raise ValueError(f"{said} is {written}")
        if self.kind in NUMERIC and not self.constraints.permit(value):
            raise ValueError(f"{said} breaks the constraints")

    def _check_rules(self) -> None:
        rules, name = self.constraints, self.name
        bounds = rules.bounds
        if self.type in NUMBERS and any(isinstance(bound, str) for bound in bounds.values()):
            raise ValueError(f"field {name!r}: the bounds of a {self.type} are numbers")
        if bounds and self.type not in (*NUMBERS, *DATES):
            raise ValueError(f"field {name!r}: a {self.type} has no bounds")
        if self.type not in FREE and (rules.pattern, rules.min_length, rules.max_length) != (None, None, None):
            raise ValueError(f"field {name!r}: pattern, minLength and maxLength are for text, not for a {self.type}")
        if self.out_of_bounds and (not bounds or rules.required):
            raise ValueError(f"field {name!r}: `outOfBounds: missing` wants bounds, and a field that may be missing")
        kinds = {type(value) for value in rules.enum or ()}
        if self.kind in NUMERIC and not kinds <= ({bool} if self.kind == BOOLEAN else {int, float}):
            values = "true and false" if self.kind == "boolean" else "numbers"
            raise ValueError(f"field {name!r}: the enum of type {self.type} holds {values}")
        if self.type in DATES and any(self.day(str(bound)) is None for bound in bounds.values()):
            raise ValueError(f"field {name!r}: the bounds of a {self.type} are dates, as the file writes them or ISO")
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
    def words(self) -> dict[str, bool]:
        """Return what the words of a boolean mean; in small letters where the package ignores case."""
        words = dict.fromkeys(self.true_values, True) | dict.fromkeys(self.false_values, False)
        return {self.folded(word): meaning for word, meaning in words.items()}

    def folded(self, text: str) -> str:
        """Return a text as it is compared with categories, words and missing values."""
        return text.casefold() if self.ignore_case else text

    def day(self, text: str) -> date | None:
        """Return the day that a cell, or an ISO date of the package, names; None where it names none."""
        return date_reader(self.type, self.format)(text) or date_reader(self.type, "any")(text)

    @property
    def day_bounds(self) -> dict[str, date]:
        """Return the bounds of a date, by the standard's names."""
        given = self.constraints.bounds if self.kind == "date" else {}
        return {name: day for name, bound in given.items() if (day := self.day(str(bound))) is not None}

    @property
    def example_value(self) -> Scalar | None:
        """Return the example as the API takes it: a label, a number, true or false, or an ISO date."""
        if self.example is None or self.example in self.labels:
            return self.example
        return self.typed(self.example)

    @property
    def number_reader(self) -> Callable[[str], str | None]:
        """Return what reads a number as the file writes it into the text of a plain one; None for anything else."""
        point = "" if self.decimal_char == self.group_char else self.decimal_char
        return number_reader(point, self.group_char, self.bare_number)

    @property
    def writes_plain_numbers(self) -> bool:
        """Return whether the file's numbers need no reader of their own."""
        return self.bare_number and (self.decimal_char, self.group_char) == (".", "")

    def number(self, value: Scalar) -> int | float | None:
        """Return a number of the package, or as the file writes it; None for anything else."""
        if isinstance(value, str):
            text = self.number_reader(value)
            value = float("nan" if text is None else text)
        whole = float(value).is_integer()
        if isinstance(value, bool) or value != value or (self.kind == "integer" and not whole):
            return None
        return int(value) if self.kind == "integer" else value

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
        return list(dict.fromkeys(known for value in values or [] if (known := self.typed(value)) is not None))

    def typed(self, value: Scalar) -> Scalar | None:
        """Return a value of the package as tables and the API have it, a date as ISO text; None where it is no such."""
        text = text_of(value)
        if self.kind == "category":
            return {self.folded(code): label for code, label in self.choices.items()}.get(self.folded(text))
        if self.kind == "boolean":
            return value if isinstance(value, bool) else self.words.get(self.folded(text))
        if self.kind == "date":
            day = self.day(text)
            return None if day is None else day.isoformat()
        return self.number(value) if self.type in NUMBERS else text
