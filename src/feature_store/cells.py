"""a file as the data package writes it -> its columns, those of the contract typed and checked, others as text"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from src.contract.dialect import Dialect
from src.contract.fields import Column, ContractError
from src.contract.header import MAY_HAVE_LESS
from src.contract.origin import places
from src.contract.package import Package, Resource
from src.contract.rows import within_bounds
from src.contract.spelling import date_reader
from src.contract.table import check_table, merge, refuse, type_table
from src.contract.text import read_text
from src.feature_store.offline import moment_of

SHOWN = 5


def reduced(package: Package, columns: Sequence[Column], resource: Resource | None = None) -> Package:
    """Return the package with these fields alone, without the keys that name others; a header may have more."""
    whole = resource or package.resource
    names = {column.name for column in columns}
    table = whole.table
    changes = {
        "fields": list(columns),
        "fields_match": "partial" if table.fields_match in MAY_HAVE_LESS else "subset",
        "primary_key": [],
        "unique_keys": [key for key in table.unique_keys if set(key) <= names],
    }
    own = whole.model_copy(update={"table": table.model_copy(update=changes), "outcomes": None})
    return package.model_copy(update={"resources": [own]})


def plain_file(resource: Resource) -> Resource:
    """Return how a file is read that people make beside the data set: Parquet, or UTF-8 with commas and a header."""
    plain = {"dialect": Dialect(), "encoding": "utf-8", "format": None, "mediatype": None, "compression": None}
    return resource.model_copy(update={**plain, "innerpath": None, "footer_rows": 0})


def texts(file: Path, package: Package, more: Sequence[str]) -> pd.DataFrame:
    """Return a file's cells: those of the package's fields, and of the columns `more` that are none of them.

    Raises ContractError where a column is missing. A file without a header has the columns of the whole package.
    """
    known = [column.name for column in package.columns]
    others = [Column(name=name, role="ignored") for name in dict.fromkeys(more) if name not in known]
    resource = package.resource
    if not (resource.dialect.header or resource.is_parquet(file.name)) and others:
        named = ", ".join(repr(column.name) for column in others)
        raise ContractError(f"{file.name}: has no header, and {named} is no field of the data package")
    wider = reduced(package, [*package.columns, *others])
    text = read_text([file], wider.resource, [*known, *(column.name for column in others)])
    if gone := [column.name for column in others if text[column.name].isna().all()]:
        raise ContractError(f"{file.name}: no column {gone[0]!r}, or no value in it")
    return text


def checked(text: pd.DataFrame, package: Package) -> pd.DataFrame:
    """Return the typed table of the package's fields; raises ContractError with a line a rule that is broken."""
    own = text[[column.name for column in package.columns]]
    own.attrs = text.attrs
    table, untyped = type_table(own, package)
    table, _ = within_bounds(table, package)
    refuse(merge(untyped, check_table(table, package)), table)
    return table


def moments(text: pd.DataFrame, name: str, package: Package) -> pd.Series:
    """Return a column's moments in UTC; raises ContractError where one is missing or none.

    A date of the contract is read as the contract writes it, whatever else as ISO.
    """
    column = next((column for column in package.columns if column.name == name and column.kind == "date"), None)
    own = date_reader(column.type, column.format) if column else None

    def read(cell: str) -> datetime | None:
        day = own(cell) if own else None
        return moment_of(cell if day is None else day.isoformat())

    codes, distinct = pd.factorize(text[name])
    kept = pd.Series([read(str(cell)) for cell in distinct] or [None], dtype="datetime64[us, UTC]")
    found = pd.Series(kept.array.take(codes, allow_fill=True), index=text.index)
    require(found.notna(), text, f"{name}: rule: an ISO date or time")
    return found


def in_utc(moments: pd.Series) -> np.ndarray:
    """Return moments that have a zone as numpy has them: in UTC, without one."""
    return np.asarray(moments.dt.tz_convert(None).to_numpy(dtype="datetime64[us]"))


def require(fits: pd.Series, text: pd.DataFrame, rule: str) -> None:
    """Raise ContractError that says in which lines a rule is broken, and how many rows break it."""
    wrong = (~fits.to_numpy(dtype=bool)).nonzero()[0]
    if len(wrong):
        lines = ", ".join(str(line) for _, line in places(text, wrong[:SHOWN].tolist()))
        raise ContractError(f"{rule}: {len(wrong)} row(s), at line {lines}")
