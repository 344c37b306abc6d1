"""CSV files -> a table of text, unchanged"""

from pathlib import Path

import pandas as pd
import pyarrow as arrow
import pyarrow.csv as csv

from src.contract.fields import ContractError
from src.contract.package import Resource

FIRST_LINES = 5


def read_text(files: list[Path], resource: Resource, names: list[str]) -> pd.DataFrame:
    """Read the files as text, unchanged; raises ContractError for another header, a ragged row or no row.

    `attrs["files"]` of the result lists each file's name, its number of rows and the line of its first row.
    """
    tables, origins = [], []
    for path in files:
        table = _read_file(path, resource, names)
        _check_header(path, table.column_names, names)
        tables.append(table.select(names))
        origins.append([path.name, table.num_rows, 2 if resource.dialect.header else 1])
    frame: pd.DataFrame = arrow.concat_tables(tables).to_pandas()
    if frame.empty:
        raise ContractError(f"{', '.join(path.name for path in files)}: no rows; a table needs at least one")
    frame.attrs["files"] = origins
    return frame


def _read_file(path: Path, resource: Resource, names: list[str]) -> arrow.Table:
    dialect = resource.dialect
    ragged: list[csv.InvalidRow] = []

    def note(row: csv.InvalidRow) -> str:
        ragged.append(row)
        return "skip"

    if path.stat().st_size == 0:
        raise ContractError(f"{path.name}: the file is empty; a table needs at least one row")
    try:
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(
                use_threads=False, encoding=resource.encoding, column_names=None if dialect.header else names
            ),
            parse_options=csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote_char,
                double_quote=dialect.double_quote,
                newlines_in_values=True,
                escape_char=dialect.escape_char or False,
                invalid_row_handler=note,
            ),
            convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, arrow.string()), null_values=[]),
        )
    except (arrow.ArrowInvalid, UnicodeDecodeError) as error:
        raise ContractError(f"{path.name}: not a table in {resource.encoding}: {error}") from None
    if ragged:
        lines = ", ".join(str(row.number) for row in ragged[:FIRST_LINES])
        raise ContractError(
            f"{path.name}: {len(ragged)} row(s) have another number of columns than the contract's"
            f" {ragged[0].expected_columns} (the first has {ragged[0].actual_columns}): line {lines}"
        )
    return table


def _check_header(path: Path, found: list[str], names: list[str]) -> None:
    missing = [name for name in names if name not in found]
    extra = [name for name in found if name not in names]
    twice = sorted({name for name in found if found.count(name) > 1})
    problems = [
        f"{what}: {', '.join(map(repr, columns))}"
        for what, columns in (("missing column", missing), ("extra column", extra), ("column named twice", twice))
        if columns
    ]
    if problems:
        raise ContractError(f"{path.name}: header: {'; '.join(problems)} (the data package lists {len(names)} fields)")
