"""a file of applicants -> a delivery: each row checked by the contract, one Parquet with DVC"""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as arrow

from src.contract.fields import Column, ContractError, state_column
from src.contract.package import Package
from src.errors import LastroError
from src.feature_store import offline
from src.feature_store.cells import checked, in_utc, moments, reduced, require, texts
from src.feature_store.offline import EVENT_TIME, FOLDER, ID, KEYS, KNOWN_AT, LONGEST, MOMENT, moment_of
from src.files import digest

ROW = "row"  # in the place of a column: the row's place in the file, from 0
HASH = 12  # signs of a delivery's sha256 in its name


class Origin(NamedTuple):
    """Where a row's applicant and times stand: a column's name, `row` for its place, or a moment for all rows."""

    id: str
    time: str
    known: str | None = None  # None: now

    def columns(self) -> list[str]:
        """Return the names of the columns that are meant."""
        times = [text for text in (self.time, self.known) if text is not None and moment_of(text) is None]
        return [*([] if self.id == ROW else [self.id]), *times]


def add(file: Path, origin: Origin, now: datetime) -> str:
    """Add a file's rows as a delivery; return a sentence. Raises LastroError, and nothing has been added."""
    package = offline.data_package()
    kept = [column.name for column in package.features]
    if clash := sorted(set(KEYS) & set(kept)):
        raise ContractError(f"{clash[0]}: that name is kept for the store's own column; name the feature otherwise")
    table = rows_of(file, package, origin, now)
    FOLDER.mkdir(parents=True, exist_ok=True)
    draft = FOLDER / f".{file.name}.adding"
    try:
        offline.write(table, offline.package_of(package), draft)
        path = FOLDER / f"{stem(file)}-{digest(draft)[:HASH]}.parquet"
        return placed(draft, path, table.num_rows)
    finally:
        draft.unlink(missing_ok=True)


def placed(draft: Path, path: Path, rows: int) -> str:
    """Give a delivery its name and DVC its file; one that is there already stays."""
    known = {delivery.path: delivery.md5 for delivery in offline.deliveries()}
    md5 = digest(draft, "md5")
    if path in known and known[path] != md5:
        raise LastroError(f"{path}: was added before, and applicants have been forgotten in it since")
    if path in known:
        return f"{path}: these {rows} rows were added before; nothing has changed"
    draft.replace(path)
    offline.give_to_dvc(path)
    return f"{path}: {rows} rows added; commit {path}.dvc, `dvc push`, and materialize"


def stem(file: Path) -> str:
    """Return a file's name up to its first point, of signs that any file system takes."""
    kept = (sign if sign.isalnum() or sign in "-_" else "-" for sign in file.name.partition(".")[0])
    return "".join(kept) or "features"


def rows_of(file: Path, package: Package, origin: Origin, now: datetime) -> arrow.Table:
    """Return a file's rows as a delivery has them; raises ContractError."""
    if not file.is_file():
        raise LastroError(f"{file}: no such file")
    fields = reduced(package, package.features)
    named = package.resource.dialect.header or package.resource.is_parquet(file.name)
    text = texts(file, fields if named else package, origin.columns())
    known = now.isoformat() if origin.known is None else origin.known
    keys = {
        ID: ids(text, origin.id),
        EVENT_TIME: times(text, origin.time, package),
        KNOWN_AT: times(text, known, package),
    }
    once(pd.DataFrame(keys), text)
    table = checked(text, fields)
    columns = {name: typed(values) for name, values in keys.items()}
    for column in package.features:
        columns |= columns_of(column, table)
    return arrow.table(columns)


def ids(text: pd.DataFrame, column: str) -> pd.Series:
    """Return the applicants' ids as text; raises ContractError where one is missing or too long."""
    if column == ROW:
        return pd.Series(range(len(text)), index=text.index).astype("str")
    found = text[column].astype("str").str.strip()
    require(found.notna() & (found != ""), text, f"{column}: rule: an applicant's id")
    require(found.str.len() <= LONGEST, text, f"{column}: rule: at most {LONGEST} characters")
    return found


def times(text: pd.DataFrame, said: str, package: Package) -> pd.Series:
    """Return a moment a row: the one that is said, or those of the column that is named."""
    if (one := moment_of(said)) is not None:
        return pd.Series(one, index=text.index).astype("datetime64[us, UTC]")
    return moments(text, said, package)


def once(keys: pd.DataFrame, text: pd.DataFrame) -> None:
    """Raise ContractError where two rows are of one applicant and the same moments: neither is the newer one."""
    require(~keys.duplicated(keep=False), text, "rule: one row an applicant, event_time and known_at")


def columns_of(column: Column, table: pd.DataFrame) -> dict[str, arrow.Array]:
    """Return a feature's column, and the one of the reasons for having no value where the contract labels any."""
    state = state_column(column.name)
    found = {column.name: typed(table[column.name], column)}
    return found | {state: typed(table[state])} if state in table else found


def typed(values: pd.Series, column: Column | None = None) -> arrow.Array:
    """Return a column as Parquet holds it: text, whole numbers, numbers, truths, days, moments."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return arrow.array(in_utc(values), arrow.timestamp("us")).cast(MOMENT)
    found = arrow.Array.from_pandas(values)
    if column is not None and column.kind == "date":
        return found.cast(arrow.date32())
    kinds = {"integer": arrow.int64(), "number": arrow.float64(), "boolean": arrow.bool_()}
    return found.cast(kinds.get(column.kind if column else "", arrow.string()))
