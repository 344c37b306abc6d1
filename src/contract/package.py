"""datapackage.yaml -> the contract: what an applicant is, in a standard's words

Frictionless Data Package 2.0 with a Table Schema, read from one YAML file. This project adds `costs` to the resource
and some properties to its fields (src/contract/fields.py). https://datapackage.org/standard/
"""

from pathlib import Path, PurePosixPath
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from src.contract.fields import Categories, Category, Column, ContractError, Part, Role
from src.errors import sentences
from src.files import read_yaml


class Costs(Part):
    """What a wrong decision costs, in one unit of the lender's choice."""

    false_accept: Annotated[float, Field(gt=0)]
    false_reject: Annotated[float, Field(gt=0)]


def _one_character(text: str) -> str:
    if len(text) != 1 or not text.isascii():
        raise ValueError("one ASCII character")
    return text


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError(str(error)) from None
    return name


Character = Annotated[str, AfterValidator(_one_character)]


class Dialect(Part):
    """How the CSV file is written (https://datapackage.org/standard/table-dialect/)."""

    delimiter: Character = ","
    header: bool = True
    quote_char: Character = Field('"', alias="quoteChar")
    double_quote: bool = Field(True, alias="doubleQuote")
    escape_char: Character | None = Field(None, alias="escapeChar")


class Schema(Part):
    """The table's fields (https://datapackage.org/standard/table-schema/)."""

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


class Source(Part):
    """Where the data came from; `path` is an address."""

    title: str = ""
    path: str = ""


class Resource(Part):
    """The table's file or files, how they are written, their hash and their schema."""

    name: str
    path: Annotated[
        list[Annotated[str, AfterValidator(_safe)]],
        Field(min_length=1),
        BeforeValidator(lambda path: [path] if isinstance(path, str) else path),
    ]
    hash: Annotated[str, Field(pattern=r"^((md5|sha1|sha256|sha512):)?[0-9a-f]+$")] | None = None
    bytes: int | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    dialect: Dialect = Dialect()
    sources: list[Source] = Field(default_factory=list)
    costs: Costs | None = None
    table: Schema = Field(alias="schema")


class Package(Part):
    """The data package: the only place that knows the dataset."""

    name: str
    title: str = ""
    description: str = ""
    sources: list[Source] = Field(default_factory=list)
    resources: Annotated[list[Resource], Field(min_length=1, max_length=1)]

    @property
    def resource(self) -> Resource:
        """Return the one table."""
        return self.resources[0]

    @property
    def columns(self) -> list[Column]:
        """Return all fields, in the file's order."""
        return self.resource.table.fields

    @property
    def target(self) -> Column:
        """Return the field that says who defaulted."""
        return self.with_role("target")[0]

    @property
    def features(self) -> list[Column]:
        """Return the fields that a model may use."""
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
