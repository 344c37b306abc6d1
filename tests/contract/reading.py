"""A small file and its package, read as `ingest` reads them"""

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from src.contract.package import Package, read_package
from src.contract.table import check_table, merge, refuse, type_table
from src.contract.text import read_text
from src.pipeline.ingest import applications

AMOUNT = {"name": "amount", "type": "integer"}
PAID = {"name": "paid", "role": "target", "bad": "no"}
TEXT = "amount,paid\n1,yes\n2,no\n3,yes\n"


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both mappings as one, those within them too; the second's values count."""
    both = {
        key: merged(first[key], second[key]) for key in first.keys() & second.keys() if isinstance(first[key], dict)
    }
    return first | second | both


def package_of(resource: dict[str, Any], fields: list[dict[str, Any]], **package: Any) -> dict[str, Any]:
    """The content of a data package of one table."""
    base = {"name": "t", "path": "t.csv", "schema": {"fields": fields}}
    return {"name": "p", "resources": [merged(base, resource)], **package}


def read(folder: Path, content: dict[str, Any], file: bytes) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the table and what was counted; the package is written as YAML and read, the file is named by it."""
    path = folder / "datapackage.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return ingested(folder, read_package(path), file)


def ingested(folder: Path, package: Package, file: bytes) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the table and what was counted."""
    paths = [folder / name for name in package.resource.path]
    for place in paths:
        place.write_bytes(file)
    text = read_text(paths, package.resource, [column.name for column in package.columns])
    table, untyped = type_table(text, package)
    refuse(merge(untyped, check_table(table, package)) if untyped else [], table)
    table, counts = applications(table, package)
    refuse(check_table(table, package), table)
    return table, counts


def values(table: pd.DataFrame, name: str = "amount") -> list[Any]:
    """A column as plain values, None for what is missing."""
    return [None if pd.isna(value) else value for value in table[name].tolist()]


def gz(content: bytes) -> bytes:
    """The content as a gzip file."""
    return gzip.compress(content, mtime=0)


def zipped(folder: Path, **members: bytes) -> bytes:
    """A zip file of members, whose names have `_` for the point."""
    with zipfile.ZipFile(folder / "made.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return (folder / "made.zip").read_bytes()
