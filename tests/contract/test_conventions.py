"""docs/conventions.md: each row of its tables is tried, and holds"""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from src.contract.fields import ContractError, state_column
from src.contract.package import Package
from tests.contract.reading import PAID, ingested, package_of, read
from tests.documents import TEXTS

PAGE = "docs/conventions.md"
TIME = {"name": "made", "type": "date", "role": "time"}


def tables() -> list[list[list[str]]]:
    """The rows of both tables: cells, then files."""
    parts = TEXTS[PAGE].split("| convention |")[1:]
    lines = [[line for line in part.splitlines()[2:] if line.startswith("|")] for part in parts]
    return [[[cell.strip() for cell in line.strip("|").split(" | ")] for line in table] for table in lines]


def codes(cell: str) -> list[str]:
    """What stands between backticks, its escapes read."""
    return [unescaped(code) for code in re.findall(r"`([^`]+)`", cell)]


def unescaped(text: str) -> str:
    signs = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\"}
    return re.sub(r"\\u([0-9a-f]{4})|\\[nrt\\]", lambda m: chr(int(m[1], 16)) if m[1] else signs[m[0]], text)


def shown(value: Any, state: Any = None) -> str:
    """A value as the page writes it."""
    if pd.isna(value):
        return "missing" if pd.isna(state) else f"missing ({state})"
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)


def held(expected: str, found: list[str] | str) -> None:
    """Compare with what the page says: values, or a part of a message in quotation marks."""
    if isinstance(found, str):
        assert re.fullmatch(r'"(.*)"', expected), found
        assert expected.strip('"') in found
    else:
        assert found == codes(expected)


CELLS, FILES = tables()


def test_tables_have_the_rows_that_the_page_promises() -> None:
    assert min(len(CELLS), len(FILES)) > 25
    assert {len(row) for row in [*CELLS, *FILES]} == {4}


@pytest.mark.parametrize(("cells", "says", "expected"), [row[1:] for row in CELLS], ids=[row[0] for row in CELLS])
def test_convention_of_cells(tmp_path: Path, cells: str, says: str, expected: str) -> None:
    [field] = re.findall(r"`(.+)`", says)
    text = io.StringIO()
    csv.writer(text).writerows([["value", "made", "paid"], *([cell, "2020-01-01", "no"] for cell in codes(cells))])
    fields = [{"name": "value"} | yaml.safe_load(f"{{{field}}}"), TIME, PAID]
    package = Package.model_validate(package_of({}, fields))
    try:
        table, _ = ingested(tmp_path, package, text.getvalue().encode())
    except ContractError as error:
        held(expected, str(error))
        return
    states = table.get(state_column("value"), pd.Series([None] * len(table)))
    held(expected, [shown(*pair) for pair in zip(table["value"], states, strict=True)])


@pytest.mark.parametrize(("file", "says", "expected"), [row[1:] for row in FILES], ids=[row[0] for row in FILES])
def test_convention_of_files(tmp_path: Path, file: str, says: str, expected: str) -> None:
    [content], [resource] = codes(file), re.findall(r"`(.+)`", says)
    resource = yaml.safe_load(resource)
    fields = [{"name": "amount", "type": "number"}, PAID]
    try:
        table, _ = read(tmp_path, package_of(resource, fields), content.encode(resource.get("encoding", "utf-8")))
    except ContractError as error:
        held(expected, str(error))
        return
    held(expected, [", ".join(map(shown, row)) for row in table.itertuples(index=False)])
