"""an address -> the online table: one row an applicant, the newest that is known, in SQLite or PostgreSQL

Moments are microseconds since 1970 in UTC, the same in both. Nothing here needs pandas or pyarrow: the API asks too.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.errors import LastroError
from src.journal.database import alone_in, connect_engine, sqlite_file

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LOCK = 0x66656174757265  # "feature": one materialization at a time on a PostgreSQL server
PATIENCE = 60.0  # seconds in which a command waits for a lock or a server
METADATA = sa.MetaData()
ROWS = sa.Table(
    "feature_rows",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("event_time", sa.BigInteger, nullable=False),
    sa.Column("known_at", sa.BigInteger, nullable=False),
    sa.Column("package", sa.Integer, nullable=False),
    sa.Column("features", sa.Text, nullable=False),
)
PACKAGES = sa.Table(
    "feature_packages",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("fields", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False, default=0),
    sa.Column("newest", sa.BigInteger),
    sa.Column("watermark", sa.BigInteger),
    sa.UniqueConstraint("name", "fields"),
)
DELIVERIES = sa.Table(
    "feature_deliveries",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("md5", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("latest", sa.BigInteger),
    sa.Column("watermark", sa.BigInteger, nullable=False),
)


class Package(NamedTuple):
    """The data package that rows were checked by: its name, and the kind of each feature by its name."""

    name: str
    fields: dict[str, str]

    def text(self) -> str:
        """Return the features' kinds as the table holds them."""
        return json.dumps(self.fields, ensure_ascii=False, sort_keys=True)


class State(NamedTuple):
    """How it stands with the rows of one package; `watermark`: until when whatever was known is in the table."""

    package: Package
    rows: int
    newest: datetime | None
    watermark: datetime | None


def micros(moment: datetime) -> int:
    """Return a moment as the table holds it."""
    return (moment - EPOCH) // MICROSECOND


def moment(number: int) -> datetime:
    """Return the moment, in UTC, that the table holds as a number."""
    return EPOCH + number * MICROSECOND


def open_table(address: str) -> sa.Engine:
    """Return an engine of the online table to write into, made where it is missing; raises LastroError."""
    file = sqlite_file(address)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    engine = connect_engine(address, PATIENCE)
    try:
        with engine.begin() as connection:
            alone_in(connection, LOCK)
            METADATA.create_all(connection)
    except SQLAlchemyError as error:
        engine.dispose()
        raise LastroError(f"the online table: {said(error)}") from None
    return engine


def said(error: Exception) -> str:
    """Return what a database says in a line, without any value."""
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().partition("\n")[0] or type(cause).__name__


def states(connection: sa.Connection) -> list[State]:
    """Return how it stands with each package, the one that was filled last at the end."""
    row = PACKAGES.c
    query = sa.select(row.name, row.fields, row.rows, row.newest, row.watermark).order_by(row.watermark, row.id)
    return [
        State(Package(name, json.loads(fields)), rows, optional(newest), optional(watermark))
        for name, fields, rows, newest, watermark in connection.execute(query)
    ]


def optional(number: int | None) -> datetime | None:
    """Return the moment that the table holds; None stays."""
    return None if number is None else moment(number)


def recount(connection: sa.Connection, watermark: datetime | None = None) -> None:
    """Write down how many rows each package has; `watermark` where all that was known until then has been taken in."""
    row = ROWS.c
    query = sa.select(row.package, sa.func.count(), sa.func.max(row.event_time)).group_by(row.package)
    found = {package: (rows, newest) for package, rows, newest in connection.execute(query)}
    for number in list(connection.execute(sa.select(PACKAGES.c.id)).scalars()):
        rows, newest = found.get(number, (0, None))
        values: dict[str, int | None] = {"rows": rows, "newest": newest}
        if watermark is not None and rows:
            values["watermark"] = micros(watermark)
        connection.execute(PACKAGES.update().where(PACKAGES.c.id == number).values(values))
