"""new rows of the log -> table hourly_counts: by served form and hour, how many rows each bin of the reference has"""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from pydantic import JsonValue
from pydantic_core import from_json, to_json

from src.journal.monitoring_tables import HOURLY_COUNTS
from src.journal.unread import Rows
from src.model.development import ANSWERS, Development, Places, subject_of
from src.monitoring.progress import step
from src.monitoring.reading import NAME, ROWS, Part, Row, Served, begin, next_part
from src.monitoring.versions import Version, form_of

INPUTS, SERVED = map(Row._fields.index, ("inputs", "served"))
TOGETHER = 500  # applicants that are parsed at once
Counts = dict[str, list[int]]
UPSERT = """
    INSERT INTO hourly_counts (form_sha256, hour, model_version, model_sha256, rows, counts)
    VALUES (:form_sha256, :hour, :model_version, :model_sha256, :rows, :counts)
    ON CONFLICT (form_sha256, hour) DO UPDATE SET rows = excluded.rows, counts = excluded.counts
"""


class Columns(NamedTuple):
    """The fields of `Row`, each of many rows."""

    inputs: tuple[str, ...]
    probability_of_default: tuple[float, ...]
    score: tuple[int, ...]
    decision: tuple[str, ...]
    hour: tuple[str, ...]
    served: tuple[str | None, ...]


class Key(NamedTuple):
    """A served form, and the UTC hour in which it answered."""

    form_sha256: str
    hour: datetime


class Hour(NamedTuple):
    """What a served form answered within an hour: rows, and for each subject how many lie in each bin."""

    model_version: str | None
    model_sha256: str
    rows: int
    counts: Counts


def count_new(engine: sa.Engine, versions: Sequence[Version], now: datetime, rows: int = ROWS) -> int:
    """Count every application of the log that was not counted yet, and return how many those are.

    Counts and progress are written together, in one short transaction for every `rows` of them; what another monitor
    counted meanwhile is left to it.
    """
    begin(engine, now)
    counted = 0
    with uncollected():
        while (part := next_part(engine, rows)).after != part.before:
            hours = count(part, versions)
            if write(engine, part, hours, now):
                counted += sum(hour.rows for hour in hours.values())
    return counted


@contextmanager
def uncollected() -> Iterator[None]:
    """Let nobody look for cycles among the rows, which have none: a fifth of the time would be spent on it."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def write(engine: sa.Engine, part: Part, hours: Mapping[Key, Hour], now: datetime) -> bool:
    """Add a part's counts; False, with nothing written, where another monitor has counted it.

    The present counts are read before anything is locked: nobody changes them without moving the progress.
    """
    present = dict(read_hours(engine, {key.form_sha256 for key in hours}, {key.hour for key in hours}))
    after = {key: added(present.get(key), hour) for key, hour in hours.items()}
    with engine.begin() as connection:
        if not step(connection, NAME, part.before, part.after, now):
            return False
        upsert(connection, after)
    return True


def upsert(connection: sa.Connection, hours: Mapping[Key, Hour]) -> None:
    """Write counts in the place of those that the table has of these hours."""
    if hours:
        statement = sa.text(UPSERT).bindparams(sa.bindparam("hour", type_=HOURLY_COUNTS.c.hour.type))
        connection.execute(statement, [written(key, hour) for key, hour in hours.items()])


def count(part: Part, versions: Sequence[Version]) -> dict[Key, Hour]:
    """Return the counts of applications by served form and hour; of a form without a reference rows alone."""
    developments = {version.form_sha256: version.development for version in versions}
    rows = [row for row in part.rows if row[INPUTS] is not None]
    served = {text: Served(*from_json(text)) if text else part.usual for text in {row[SERVED] for row in rows}}
    found: dict[Key, Hour] = {}
    for (form_sha256, model_sha256), its in by_model(rows, served).items():
        form = form_of(versions, form_sha256, model_sha256)
        hours = count_form(form, its, served, developments.get(form))
        found |= {key: added(found.get(key), hour) for key, hour in hours.items()}
    return found


def by_model(rows: Rows, served: Mapping[str | None, Served]) -> dict[tuple[str | None, str], Columns]:
    """Return the rows by the form and the model that they name: mostly all of them name the same."""
    named = {text: (one.form_sha256, one.model_sha256) for text, one in served.items()}
    names = list(dict.fromkeys(named.values()))
    if len(names) == 1:
        return {names[0]: columns(rows)}
    return {name: columns([row for row in rows if named[row[SERVED]] == name]) for name in names}


def columns(rows: Rows) -> Columns:
    """Return rows by the column."""
    return Columns(*tuple(zip(*rows, strict=True))[: len(Columns._fields)])


def count_form(
    form: str, rows: Columns, served: Mapping[str | None, Served], development: Development | None
) -> dict[Key, Hour]:
    """Return the counts of one form's applications by hour."""
    last = {hour: row for row, hour in enumerate(rows.hour)}
    code = {hour: number for number, hour in enumerate(last)}
    codes = np.fromiter(map(code.__getitem__, rows.hour), np.intp, len(rows.hour))
    tables = {}
    for subject, bins, places in placed(rows, development) if development else ():
        table = np.bincount(codes * bins + places, minlength=len(last) * bins)
        tables[subject] = table.reshape(len(last), bins).tolist()
    many = np.bincount(codes, minlength=len(last)).tolist()
    found = {}
    for hour, row in last.items():
        counts = {subject: table[code[hour]] for subject, table in tables.items()}
        key = Key(form, datetime.fromisoformat(f"{hour}:00+00:00"))
        by = served[rows.served[row]]
        found[key] = Hour(by.model_version, by.model_sha256, many[code[hour]], counts)
    return found


def placed(rows: Columns, development: Development) -> Iterator[tuple[str, int, Places]]:
    """Yield each subject, how many bins it has, and the place of each row among them."""
    features = development.features
    dates = (one.before for one in features.values() if one.before is not None)
    values = parsed(rows.inputs, list(dict.fromkeys([*features, *dates])))
    for name, distribution in features.items():
        made = None if distribution.before is None else values[distribution.before]
        yield subject_of(name), len(distribution.labels), distribution.places(values[name], made)
    for name in ANSWERS:
        distribution = development.subjects[name]
        yield name, len(distribution.labels), distribution.places(getattr(rows, name))


def parsed(inputs: Sequence[str], names: Sequence[str]) -> dict[str, list[JsonValue]]:
    """Return the named fields of JSON objects by the column, None where one does not have it.

    So few objects are in memory at once that the processor's own holds them.
    """
    found: dict[str, list[JsonValue]] = {name: [] for name in names}
    for start in range(0, len(inputs), TOGETHER):
        objects = [*map(from_json, inputs[start : start + TOGETHER])]
        for name, values in zip(names, fields(objects, names), strict=True):
            found[name] += values
    return found


def fields(objects: Sequence[dict[str, JsonValue]], names: Sequence[str]) -> list[Sequence[JsonValue]]:
    """Return the named fields by the column; mostly every object has each."""
    try:
        if len(names) > 1:
            return list(zip(*map(itemgetter(*names), objects), strict=True))
    except KeyError:
        pass
    return [[each.get(name) for each in objects] for name in names]


def added(present: Hour | None, new: Hour) -> Hour:
    """Return two counts of the same hour together."""
    if present is None:
        return new
    return new._replace(rows=present.rows + new.rows, counts=total([present.counts, new.counts]))


def total(counts: Iterable[Counts]) -> Counts:
    """Return the sums of counts, subject by subject and bin by bin.

    Those of a subject whose bins were others, by a reference that was exchanged, give way to the later ones.

    >>> total([{"age": [1, 2]}, {"age": [3, 0], "score": [1]}])
    {'age': [4, 2], 'score': [1]}
    """
    found: Counts = {}
    for each in counts:
        for subject, bins in each.items():
            before = found.get(subject, ())
            same = len(before) == len(bins)
            found[subject] = [a + b for a, b in zip(before, bins, strict=True)] if same else list(bins)
    return found


def written(key: Key, hour: Hour) -> dict[str, object]:
    """Return an hour as the table's row."""
    return {**key._asdict(), **hour._asdict(), "counts": to_json(hour.counts).decode()}


def read_hours(engine: sa.Engine, forms: Iterable[str], hours: Iterable[datetime]) -> Iterator[tuple[Key, Hour]]:
    """Yield the counts of forms in these hours that the table has."""
    row = HOURLY_COUNTS.c
    yield from hours_where(engine, row.form_sha256.in_(set(forms)) & row.hour.in_(set(hours)))


def hours_where(engine: sa.Engine, chosen: sa.ColumnElement[bool]) -> Iterator[tuple[Key, Hour]]:
    """Yield the counts of the table's rows that are chosen, in the order of their hours."""
    row = HOURLY_COUNTS.c
    query = sa.select(row.form_sha256, row.hour, row.model_version, row.model_sha256, row.rows, row.counts)
    with engine.connect() as connection:
        for form, hour, version, model, rows, counts in connection.execute(query.where(chosen).order_by(row.hour)):
            key = Key(form, hour.replace(tzinfo=UTC) if hour.tzinfo is None else hour.astimezone(UTC))
            yield key, Hour(version, model, rows, from_json(counts))
