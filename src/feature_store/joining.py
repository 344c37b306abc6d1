"""events (id, time, outcome) + deliveries -> a data set to train on: what was known of each applicant then, no later

`join EVENTS OUTPUT` writes OUTPUT/applications.parquet and OUTPUT/datapackage.yaml, the latter last.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as arrow
from pyarrow.parquet import read_table as read_parquet
from pyarrow.parquet import write_table

from src.contract.fields import Column, ContractError
from src.contract.joining import said
from src.contract.origin import without
from src.contract.package import Package
from src.contract.table import check_table, refuse, type_table
from src.contract.written import writer_of
from src.feature_store.cells import in_utc, moments, plain_file, reduced, texts
from src.feature_store.offline import EVENT_TIME, ID, KEYS, KNOWN_AT, Delivery, package_in, package_of, present
from src.files import replacing

TABLE = "applications.parquet"
TIME, AVAILABLE, ORDER = "time", "available", "order"


class Joined(NamedTuple):
    """What was joined: rows, events of whom nothing was known then, events whose rows had expired by then.

    `absent` names the fields of which the events say nothing, and which the data set does without.
    """

    rows: int
    unknown: int
    expired: int
    absent: list[str]


def join(
    events: Path, output: Path, columns: tuple[str, str], stored: tuple[Package, Sequence[Delivery]],
    age: timedelta | None,
) -> Joined:  # fmt: skip
    """Write OUTPUT's table; return what was joined. Raises ContractError, and nothing has been written."""
    package, deliveries = stored
    text = texts(events, events_package(package, events), [name for name in columns if name])
    times = moments(text, columns[1], package)
    asked = pd.DataFrame({ID: text[columns[0]].astype("str").str.strip(), TIME: times})
    features = features_of(package, deliveries)
    places = newest_known(asked, features)
    ages = times - features[EVENT_TIME].iloc[np.maximum(places, 0)].set_axis(times.index)
    expired = (places >= 0) & (ages > age).to_numpy() if age else np.zeros(len(text), dtype=bool)
    left = (places >= 0) & ~expired
    if not left.any():
        raise ContractError(f"{events}: of no applicant anything was known by then: known_at says since when it was")
    absent = unsaid(text, package)
    left_of = reduced(package, [column for column in package.columns if column.name not in absent])
    table = without(whole(text, asked, features, places, left_of), ~left)
    refuse(check_table(table, left_of), table)
    write(table, left_of, output / TABLE)
    return Joined(len(table), int((places < 0).sum()), int(expired.sum()), absent)


def unsaid(text: pd.DataFrame, package: Package) -> list[str]:
    """Return the fields that a model does without and of which the events say nothing."""
    kept = {name for key in (package.resource.table.primary_key, *package.resource.table.unique_keys) for name in key}
    others = [column.name for column in package.columns if column.role in ("protected", "ignored")]
    return [name for name in others if name not in kept and text[name].isna().all()]


def events_package(package: Package, events: Path) -> Package:
    """Return how a file of events is read: all that is no feature, each column in codes or in labels, none needed."""
    if not events.is_file():
        raise ContractError(f"{events}: no such file")
    others = [column for column in package.columns if column.role != "feature"]
    resource = plain_file(package.resource)
    table = resource.table.model_copy(update={"fields_match": "partial"})
    return reduced(package, others, resource.model_copy(update={"table": table}))


def features_of(package: Package, deliveries: Sequence[Delivery]) -> pd.DataFrame:
    """Return all rows of the deliveries of this package, with their keys; raises ContractError where there is none."""
    wanted = package_of(package)
    own = [one for one in map(present, deliveries) if package_in(one.path) == wanted]
    if not own:
        raise ContractError(f"no delivery of the data package {package.name!r} as it is: add one first")
    tables = [read_parquet(one.path).replace_schema_metadata(None) for one in own]
    found = arrow.concat_tables(tables, promote_options="default").to_pandas(types_mapper=nullable)
    return pd.DataFrame(found)


def nullable(kind: arrow.DataType) -> object:
    """Return pandas' own type of a column that may have no value."""
    kinds = {arrow.int64(): pd.Int64Dtype(), arrow.float64(): pd.Float64Dtype(), arrow.bool_(): pd.BooleanDtype()}
    return kinds.get(kind)


def newest_known(events: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Return for each event (id, time) the place of the newest row of event_time and known_at by then; -1: none.

    A row counts from when it was both true and known on. Among those that count the latest event_time wins, then the
    latest known_at; a row that was back-dated later takes no part before it was known.

    >>> day = lambda number: pd.Timestamp(2026, 1, number, tz="UTC")
    >>> rows = pd.DataFrame({"id": ["a", "a"], "event_time": [day(2), day(3)], "known_at": [day(2), day(9)]})
    >>> newest_known(pd.DataFrame({"id": ["a", "a", "a"], "time": [day(1), day(5), day(9)]}), rows).tolist()
    [-1, 0, 1]
    """
    order = np.empty(len(rows), dtype=np.int64)
    true, seen = in_utc(rows[EVENT_TIME]), in_utc(rows[KNOWN_AT])
    order[np.lexsort([seen, true])] = np.arange(len(rows))
    available = np.maximum(true, seen)
    known = pd.DataFrame({ID: rows[ID].astype("str"), AVAILABLE: available, ORDER: order})
    known = known.sort_values([AVAILABLE, ORDER], kind="stable")
    known[ORDER] = known.groupby(ID, sort=False)[ORDER].cummax()
    known = known.drop_duplicates([ID, AVAILABLE], keep="last")
    asked = pd.DataFrame({ID: events[ID], AVAILABLE: in_utc(events[TIME]), "event": np.arange(len(events))})
    asked = asked.sort_values(AVAILABLE, kind="stable")
    found = pd.merge_asof(asked, known, on=AVAILABLE, by=ID).sort_values("event")[ORDER]
    by_order = np.argsort(order)
    places = found.fillna(-1).to_numpy(dtype=np.int64)
    return np.where(places < 0, -1, by_order[np.maximum(places, 0)] if len(rows) else -1)


def whole(
    text: pd.DataFrame, asked: pd.DataFrame, features: pd.DataFrame, places: np.ndarray, package: Package
) -> pd.DataFrame:
    """Return the package's typed table, a row an event; where nothing was known the features are those of any row.

    The field of the application's time is the event's, and those of identifiers the applicant's id, where the events
    do not have them.
    """
    others = [column for column in package.columns if column.role != "feature"]
    own = text[[column.name for column in others]].assign(**in_codes(text, others))
    if package.time is not None and own[package.time.name].isna().all():
        plain = asked[TIME].dt.strftime("%Y-%m-%d")
        own[package.time.name] = plain.map(writer_of(package.time, package))
    empty = [column.name for column in package.with_role("id") if own[column.name].isna().all()]
    own = own.assign(**dict.fromkeys(empty, asked[ID]))
    own.attrs = text.attrs
    table, untyped = type_table(own, reduced(package, others))
    refuse(untyped, table)
    taken = features.drop(columns=list(KEYS)).iloc[np.maximum(places, 0)].reset_index(drop=True)
    for column in package.features:
        if column.kind == "date":
            taken[column.name] = pd.to_datetime(taken[column.name]).astype("datetime64[us]")
    found: pd.DataFrame = pd.concat([table, taken], axis=1)
    found.attrs = table.attrs
    return found


def in_codes(text: pd.DataFrame, columns: Sequence[Column]) -> dict[str, pd.Series]:
    """Return the columns of categories with a code wherever a label stands."""
    found = {}
    for column in columns:
        codes = {label: code for code, label in reversed(column.choices.items()) if label not in column.choices}
        if codes:
            found[column.name] = text[column.name].map(lambda cell, known=codes: known.get(cell, cell))
    return found


def write(table: pd.DataFrame, package: Package, path: Path) -> None:
    """Write the table as the package reads a Parquet file: codes as text, numbers, truths and days as they are."""
    columns = {column.name: cells(table, column, package) for column in package.columns}
    with replacing(path) as temporary:
        write_table(arrow.table(columns), temporary)


def cells(table: pd.DataFrame, column: Column, package: Package) -> arrow.Array:
    """Return a column of the file."""
    plain = {"integer": arrow.int64(), "number": arrow.float64(), "boolean": arrow.bool_(), "date": arrow.date32()}
    if column.kind in plain and not package.states(column):
        return arrow.Array.from_pandas(table[column.name]).cast(plain[column.kind])
    write_cell = writer_of(column, package)
    values = pd.Series(said(table, column), dtype=object)
    known = {value: write_cell(value) for value in values.dropna().unique()}
    return arrow.array([known.get(value) for value in values], arrow.string())
