"""the log -> the applicants that a served form answered last, read without a trace: no migration, no file made"""

import json
import sqlite3
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.journal.database import connect_engine, sqlite_file
from src.journal.settings import Settings
from src.journal.tables import PREDICTIONS

MOST = 100


def recent_applicants(
    form_sha256: str, settings: Settings | None = None, most: int = MOST
) -> list[dict[str, Any]] | None:
    """Return the inputs of the newest applications that this form answered, newest first; what-if questions are none.

    Returns None where no log is in reach: there is no file, the server is silent, or the schema is of a release whose
    rows do not name the form. `settings` are by default those of the environment.
    """
    settings = settings or Settings()
    row = PREDICTIONS.c
    asked = row.purpose.is_distinct_from("what-if")
    query = sa.select(row.inputs).where(row.form_sha256 == form_sha256, asked).order_by(row.id.desc()).limit(most)
    engine = reading_engine(settings)
    if engine is None:
        return None
    try:
        with engine.connect() as connection:
            return [json.loads(inputs) for inputs in connection.execute(query).scalars()]
    except SQLAlchemyError:
        return None
    finally:
        engine.dispose()


def reading_engine(settings: Settings) -> sa.Engine | None:
    """Return an engine that only reads; None where there is no file.

    A file beside which no write-ahead log lies is whole, and nobody writes it. It is opened as one that never changes,
    or SQLite would make that log even for who only reads.
    """
    file = sqlite_file(settings.journal_url)
    if file is None:
        return connect_engine(settings.journal_url, settings.database_timeout)
    if not file.is_file():
        return None
    written = file.with_name(f"{file.name}-wal").exists()
    address = f"file:{quote(str(file))}?mode=ro{'' if written else '&immutable=1'}"
    return sa.create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True, timeout=settings.database_timeout)
    )
