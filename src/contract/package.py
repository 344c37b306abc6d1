"""datapackage.yaml -> the contract: what an applicant is, in a standard's words

Frictionless Data Package 2.0 with a Table Schema, read from one YAML file. This project adds `costs` to the resource
and some properties to its fields (src/contract/fields.py). https://datapackage.org/standard/
"""

from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from unicodedata import normalize

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator

from src.contract.costs import Costs
from src.contract.dialect import Dialect
from src.contract.fields import Column, ContractError, Role
from src.contract.rules import Category, Part, as_text, refuse
from src.contract.schema import Schema
from src.contract.traps import traps
from src.errors import sentences
from src.files import read_yaml

if TYPE_CHECKING:  # what answers over HTTP reads packages, and does without pandas
    import pandas as pd


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError(str(error)) from None
    return name


PARQUET = ("application/vnd.apache.parquet", "application/x-parquet", "application/parquet")
MEDIATYPES = (*PARQUET, "application/csv", "application/gzip", "application/zip", "application/octet-stream")
HASH = r"^((md5|sha1|sha256|sha512):)?[0-9a-f]+$"
FORMATS = ("csv", "tsv", "txt", "text", "dat", "data", "parquet")
ELSEWISE = ("xls", "xlsx", "ods", "json", "jsonl", "ndjson", "xml", "html", "sav", "dta", "sas7bdat", "rds", "feather")
PACKED = ("7z", "bz2", "rar", "tar", "tgz", "xz", "zst")


def _safe(path: str) -> str:
    if "://" not in path and (PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts):
        raise ValueError("a path is an address, or relative to the package without '..'")
    return path


class Source(Part):
    """Where the data came from; `path` is an address."""

    title: str = ""
    path: str = ""


class Joined(Part):
    """Rows that applications with outcomes have added: all of the last file at `path` (src/pipeline/refresh.py).

    `predictions` is the file that says which prediction each of them was, `hash` that file's, `without` that of the
    other files at `path`. Split by time, test rows are never older than `test_from`.
    """

    predictions: Annotated[str, AfterValidator(_safe)]
    hash: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    without: Annotated[str, Field(pattern=HASH)]
    test_from: Annotated[str | None, BeforeValidator(as_text)] = None

    @field_validator("test_from")
    @classmethod
    def _day(cls, text: str | None) -> str | None:
        return None if text is None else date.fromisoformat(text).isoformat()


class Resource(Part):
    """The table's file or files, how they are written, their hash and their schema."""

    name: str
    path: Annotated[
        list[Annotated[str, AfterValidator(_safe)]],
        Field(min_length=1),
        BeforeValidator(lambda path: [path] if isinstance(path, str) else path),
    ]
    hash: Annotated[str, Field(pattern=HASH)] | None = None
    bytes: int | None = None
    type: Literal["table"] = "table"
    format: str | None = None
    mediatype: str | None = None
    compression: Literal["gz", "zip"] | None = None
    innerpath: str | None = None
    footer_rows: Annotated[int, Field(ge=0)] = Field(0, alias="footerRows")
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    dialect: Dialect = Dialect()
    sources: list[Source] = Field(default_factory=list)
    costs: Costs | None = None
    outcomes: Joined | None = None
    table: Schema = Field(alias="schema")

    def is_parquet(self, name: str) -> bool:
        """Return whether a file of that name is Parquet: by `format`, by `mediatype`, or by its suffix."""
        if self.format is not None or self.mediatype is not None:
            return self.format == "parquet" or self.mediatype in PARQUET
        return PurePosixPath(name).suffix.lower() in (".parquet", ".pq")

    def compression_of(self, name: str) -> str | None:
        """Return how a file of that name is compressed: by `compression`, or by its suffix."""
        suffix = PurePosixPath(name).suffix.lower().removeprefix(".")
        return self.compression or (suffix if suffix in ("gz", "zip") else None)

    _honoured = model_validator(mode="before")(refuse(["data"], "the table is read from the files at `path` alone"))

    @model_validator(mode="before")
    @classmethod
    def _tabs_of_tsv(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("dialect", {}), dict):
            return given
        path = given.get("path")
        paths = path if isinstance(path, list) else [path]
        tabs = given.get("format") == "tsv" or all(".tsv" in PurePosixPath(str(path)).suffixes for path in paths)
        return given | {"dialect": {"delimiter": "\t"} | given.get("dialect", {})} if tabs else given

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.format is not None and self.format not in FORMATS:
            raise ValueError(f"format: {self.format!r} is not read; {', '.join(FORMATS)} are")
        if self.mediatype is not None and not self.mediatype.startswith("text/") and self.mediatype not in MEDIATYPES:
            raise ValueError(f"mediatype: {self.mediatype!r} is not read; text and Parquet are")
        for path in self.path:
            suffix = PurePosixPath(path).suffix.lower().removeprefix(".")
            if suffix in (*ELSEWISE, *PACKED):
                raise ValueError(f"path: {path!r}: {suffix} is not read; text, gz, zip and Parquet are")
            if self.innerpath is not None and self.compression_of(path) != "zip":
                raise ValueError(f"innerpath: {path!r} is no zip file")
            if self.is_parquet(path) and (self.compression or self.footer_rows or "dialect" in self.model_fields_set):
                raise ValueError(f"path: {path!r} is Parquet, which has no dialect, footerRows or compression")
        if self.outcomes and len(self.path) < 2:
            raise ValueError("outcomes: the last file at `path` holds them, and there is one file")
        return self


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

    @property
    def time(self) -> Column | None:
        """Return the field that says when the application was made."""
        return next(iter(self.with_role("time")), None)

    @property
    def protected(self) -> list[Column]:
        """Return the protected fields, in the file's order: those that are no features and those that are."""
        return [column for column in self.columns if column.protected or column.role == "protected"]

    def with_role(self, role: Role) -> list[Column]:
        """Return the fields of one role, in the file's order."""
        return [column for column in self.columns if column.role == role]

    def missing_values(self, column: Column) -> list[Category]:
        """Return what stands for a missing value in `column`: its own list, else the schema's."""
        return self.resource.table.missing_values if column.missing_values is None else column.missing_values

    def states(self, column: Column) -> list[str]:
        """Return the labels of the labelled missing values of `column`, in order; none where it is required."""
        return self.resource.table.states(column)

    def state_of(self, column: Column) -> dict[str, str]:
        """Return the label of each labelled missing value of `column`, by its text in the file."""
        return self.resource.table.state_of(column)

    def is_bad(self, values: "pd.Series") -> "pd.Series":
        """Return which values of a typed table's target are those of a defaulted applicant."""
        return values.isin(self.target.bad_labels)


def composed(content: Any) -> Any:
    """Return the content with each text composed (NFC), as tables are read: an accent is one sign with its letter."""
    if isinstance(content, dict):
        return {composed(key): composed(value) for key, value in content.items()}
    if isinstance(content, list):
        return [composed(value) for value in content]
    return normalize("NFC", content) if isinstance(content, str) else content


def read_package(path: Path) -> Package:
    """Read and check a data package; raises ContractError with one line a problem."""
    content = composed(read_yaml(path))
    if not isinstance(content, dict):
        raise ContractError(f"{path}: a data package is a mapping with `name` and `resources`")
    if found := traps(path.read_text(encoding="utf-8")):
        raise ContractError("\n".join(f"{path}: {line}" for line in found))
    try:
        return Package.model_validate(content)
    except ValidationError as error:
        raise ContractError(sentences(error, str(path))) from None
