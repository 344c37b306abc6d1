"""datapackage.yaml -> the contract: what an applicant is, in a standard's words

Frictionless Data Package 2.0 with a Table Schema, read from one YAML file. Additions of this project: on a field
`role`, `bad`, `unit`, `direction`, `translations`; on the resource `costs`. https://datapackage.org/standard/
"""

import difflib
import re
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from src.errors import LastroError, sentences
from src.files import read_yaml

Scalar = bool | int | float | str
Role = Literal["feature", "target", "protected", "id", "ignored"]
Kind = Literal["category", "integer", "number", "boolean"]
TYPES = ("string", "integer", "number", "boolean", "date", "datetime", "time", "year", "yearmonth")
MODEL_TYPES = ("string", "integer", "number", "boolean")


class ContractError(LastroError):
    """The data package, or a table, is not what the contract asks for."""


def _objects(values: Any) -> Any:
    return [v if isinstance(v, dict) else {"value": v} for v in values] if isinstance(values, list) else values


class _Part(BaseModel):
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


class Category(_Part):
    """A value as the file holds it, and the label that people read."""

    value: Scalar
    label: str = ""

    @model_validator(mode="before")
    @classmethod
    def _label_defaults_to_value(cls, given: Any) -> Any:
        return given | {"label": str(given["value"])} if isinstance(given, dict) and not given.get("label") else given


Categories = Annotated[list[Category], BeforeValidator(_objects)]


class Constraints(_Part):
    """Rules on one field's values."""

    required: bool = False
    unique: bool = False
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = Field(None, alias="exclusiveMinimum")
    exclusive_maximum: float | None = Field(None, alias="exclusiveMaximum")
    min_length: int | None = Field(None, alias="minLength")
    max_length: int | None = Field(None, alias="maxLength")
    pattern: str | None = None
    enum: list[Scalar] | None = None


class Translation(_Part):
    """A field's texts in another language; `categories` maps a value to its label."""

    title: str = ""
    description: str = ""
    categories: dict[Scalar, str] = {}


class Column(_Part):
    """One field of the table: its type, rules, texts and what it is for."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="snake_case")]
    type: Literal[TYPES] = "string"  # type: ignore[valid-type]
    title: str = ""
    description: str = ""
    example: Scalar | None = None
    unit: str | None = None
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
        text_without_labels = self.type == "string" and not self.labels
        if self.role == "feature" and (self.type not in MODEL_TYPES or text_without_labels):
            raise ValueError(
                f"field {self.name!r}: a feature is integer, number, boolean, or has `categories` (or an enum);"
                f" this one is a free {self.type}: give it categories, or another role"
            )
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"field {self.name!r}: two categories share a label")
        if self.role == "target" and self.bad is None:
            raise ValueError(f"field {self.name!r}: the target needs `bad`, the value of a defaulted applicant")
        if self.constraints.pattern is not None:
            re.compile(self.constraints.pattern)
        return self

    @cached_property
    def choices(self) -> dict[str, str]:
        """The text of each allowed value in the file -> its label; empty for a field without categories."""
        enum = self.constraints.enum
        if self.categories is not None:
            return {_text(c.value): c.label for c in self.categories if enum is None or c.value in enum}
        return {_text(value): _text(value) for value in enum} if enum and self.type == "string" else {}

    @property
    def labels(self) -> list[str]:
        """The labels in the contract's order."""
        return list(self.choices.values())

    @property
    def kind(self) -> Kind:
        """How the model reads the field."""
        return "category" if self.choices or self.type not in MODEL_TYPES else self.type

    @property
    def bad_label(self) -> Scalar:
        """The target's bad value as the typed table holds it."""
        if self.bad is None:
            raise ContractError(f"field {self.name!r} is not a target")
        return self.choices.get(_text(self.bad), self.bad)


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Costs(_Part):
    """What a wrong decision costs, in one unit of the lender's choice."""

    false_accept: Annotated[float, Field(gt=0)]
    false_reject: Annotated[float, Field(gt=0)]


class Dialect(_Part):
    """How the CSV file is written. https://datapackage.org/standard/table-dialect/"""

    delimiter: str = ","
    header: bool = True
    quote_char: str = Field('"', alias="quoteChar")
    double_quote: bool = Field(True, alias="doubleQuote")
    escape_char: str | None = Field(None, alias="escapeChar")


class Schema(_Part):
    """The table's fields. https://datapackage.org/standard/table-schema/"""

    fields: Annotated[list[Column], Field(min_length=1)]
    missing_values: Categories = Field([Category(value="")], alias="missingValues")
    primary_key: Annotated[list[str], BeforeValidator(lambda key: [key] if isinstance(key, str) else key)] = Field(
        [], alias="primaryKey"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [field.name for field in self.fields]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two fields are named {name!r}")
        for name in self.primary_key:
            if name not in names:
                raise ValueError(f"primaryKey names {name!r}, which is no field")
        for role, least in (("target", 1), ("feature", 1)):
            found = [field.name for field in self.fields if field.role == role]
            if len(found) < least or (role == "target" and len(found) > 1):
                raise ValueError(f"one field needs `role: {role}`; found {found}")
        return self


def _safe(path: str) -> str:
    if "://" not in path and (PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts):
        raise ValueError("a path is an address, or relative to the package without '..'")
    return path


class Source(_Part):
    """Where the data came from; `path` is an address."""

    title: str = ""
    path: str = ""


class Resource(_Part):
    """The table's file or files, how they are written, their hash and their schema."""

    name: str
    path: Annotated[
        list[Annotated[str, AfterValidator(_safe)]],
        Field(min_length=1),
        BeforeValidator(lambda path: [path] if isinstance(path, str) else path),
    ]
    hash: Annotated[str, Field(pattern=r"^((md5|sha1|sha256|sha512):)?[0-9a-f]+$")] | None = None
    bytes: int | None = None
    encoding: str = "utf-8"
    dialect: Dialect = Dialect()
    sources: list[Source] = []
    costs: Costs | None = None
    table: Schema = Field(alias="schema")


class Package(_Part):
    """The data package: the only place that knows the dataset."""

    name: str
    title: str = ""
    description: str = ""
    sources: list[Source] = []
    resources: Annotated[list[Resource], Field(min_length=1, max_length=1)]

    @property
    def resource(self) -> Resource:
        """The one table."""
        return self.resources[0]

    @property
    def columns(self) -> list[Column]:
        """All fields, in the file's order."""
        return self.resource.table.fields

    @property
    def target(self) -> Column:
        """The field that says who defaulted."""
        return self.with_role("target")[0]

    @property
    def features(self) -> list[Column]:
        """The fields that a model may use."""
        return self.with_role("feature")

    def with_role(self, role: Role) -> list[Column]:
        """Return the fields of one role, in the file's order."""
        return [column for column in self.columns if column.role == role]

    def missing_values(self, column: Column) -> list[Category]:
        """Return what stands for a missing value in `column`: its own list, else the schema's."""
        return self.resource.table.missing_values if column.missing_values is None else column.missing_values


def read_package(path: Path) -> Package:
    """Read and check a data package; raises ContractError with one line a problem."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise ContractError(f"{path}: a data package is a mapping with `name` and `resources`")
    try:
        return Package.model_validate(content)
    except ValidationError as error:
        raise ContractError(sentences(error, str(path))) from None
