"""applications as the log has them -> the cells of a file of the package, and the same read again as `ingest` reads it

What cannot be written so that it reads as what it was is left out, and counted by its field: an application of a model
with another contract, a text that the file's encoding lacks a sign for.
"""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from unicodedata import normalize

import pandas as pd
import pyarrow as arrow

from src.contract.cells import plainly
from src.contract.fields import NUMERIC, Column, ContractError, state_column
from src.contract.joined import UNKNOWN, excused, marked
from src.contract.package import Package
from src.contract.table import check_table, merge, type_table
from src.contract.table_file import file_of, types_like, unwritable
from src.contract.text import read_text
from src.contract.written import Cell, Writer, missing_cell, writer_of

Record = Mapping[str, Any]
YEAR = 4  # signs of an ISO date
Types = dict[str, arrow.DataType]


class Joining(NamedTuple):
    """A file of applications: whose they are, its content, its table, and by field how many were left out."""

    ids: list[str]
    content: bytes
    text: pd.DataFrame
    table: pd.DataFrame
    left_out: Counter[str]


def joining(records: Mapping[str, Record], package: Package, first: Path, name: str) -> Joining:
    """Return applications (by their identifiers; each a value a field) as a file of that name, like the first one."""
    types = types_like(first, package)
    cells, left_out = cells_of(records, package, name, types)
    while len(cells):
        ids = [str(one) for one in cells.index]
        content = file_of(cells, name, package, types)
        text = read_again(content, name, package, ids, types)
        table, untyped = type_table(text, package)
        violations = excused(merge(untyped, check_table(table, package)), table, package)
        wrong = {row: violation.field for violation in reversed(violations) for row in violation.rows}
        wrong = wrong or otherwise_read(table, [records[one] for one in ids], package)
        if not wrong:
            return Joining(ids, content, text.set_axis(ids), table, left_out)
        left_out.update(wrong.values())
        cells = cells.drop(index=[ids[row] for row in wrong])
    return Joining([], b"", pd.DataFrame(), pd.DataFrame(), left_out)


def cells_of(
    records: Mapping[str, Record], package: Package, name: str, types: Types
) -> tuple[pd.DataFrame, Counter[str]]:
    """Return the cells of the applications that the file has cells for, and by field how many others there are."""
    columns = [plainly(column) if column.name in types else column for column in package.columns]
    writers = [(column, cell_writer(column, package, name)) for column in columns]
    rows: dict[str, list[Cell]] = {}
    left_out: Counter[str] = Counter()
    for one, record in records.items():
        row: list[Cell] = []
        for column, write in writers:
            try:
                row.append(write(record.get(column.name)))
            except ContractError:
                left_out[column.name] += 1
                break
        else:
            rows[one] = row
    names = [column.name for column in columns]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names, dtype=object), left_out


def cell_writer(column: Column, package: Package, name: str) -> Writer:
    """Return what writes a field's values as cells of that file.

    It raises ContractError for what it has no cell for; a field that the log may not know is missing then.
    """
    write = writer_of(column, package)
    nullable = package.resource.is_parquet(name) or missing_cell(column, package) is not None

    def known(value: Any) -> Cell:
        cell = write(value)
        if (cell is None and not nullable) or unwritable(cell, package.resource):
            raise ContractError(f"{column.name}: a value that the file has no cell for")
        return cell

    def unknown(value: Any) -> Cell:
        with suppress(ContractError):
            return known(value)
        return None

    return unknown if column.role in UNKNOWN else known


def read_again(content: bytes, name: str, package: Package, ids: list[str], types: Types) -> pd.DataFrame:
    """Return the file's table of text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        text = read_text([path], package.resource, [column.name for column in package.columns])
    typed = sorted({*types, *text.attrs.get("typed", ())})
    text.attrs |= {"typed": typed} if typed else {}
    return marked(text, package, ids)


def otherwise_read(table: pd.DataFrame, records: Sequence[Record], package: Package) -> dict[int, str]:
    """Return the rows that do not read as what was written, each with the field that differs."""
    found: dict[int, str] = {}
    for column in package.columns:
        if column.role in ("feature", "target"):
            read, meant = said(table, column), [record.get(column.name) for record in records]
            pairs = enumerate(zip(read, meant, strict=True))
            found |= {row: column.name for row, (one, other) in pairs if not same(one, other, column)}
    return found


def said(table: pd.DataFrame, column: Column) -> list[Any]:
    """Return a typed column's values as the API has them: a day as ISO text, the label of a state, None if missing."""
    values = table[column.name]
    if column.kind == "date":
        values = values.dt.strftime("%Y-%m-%d")
    values = values.astype(object).where(values.notna(), None)
    if column.kind not in (*NUMERIC, "date") or state_column(column.name) not in table:
        return values.tolist()
    states = table[state_column(column.name)]
    return values.where(states.isna(), states).tolist()


def same(read: Any, meant: Any, column: Column) -> bool:
    """Return whether a value was read as it was meant.

    A text is composed, and trimmed where the contract says so, an empty one is none; of a day a file may hold no more
    than month and year.
    """
    if column.kind == "date" and isinstance(read, str) and isinstance(meant, str):
        return read[:YEAR] == meant[:YEAR]
    if column.kind == "text" and isinstance(meant, str):
        text = normalize("NFC", meant)
        return bool(read == ((text.strip() if column.trim else text) or None))
    return bool(read == meant)
