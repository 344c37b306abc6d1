"""a deployment's settings -> its prediction log, opened for the monitor; what fails there leaves as a sentence"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.errors import LastroError
from src.journal.database import connect_engine, is_later_or_same, revision, sqlite_file
from src.journal.writer import reason
from src.monitoring.settings import Settings

NEEDED = "0008"  # the first schema with all tables that the monitor reads
PATIENCE = 30.0  # seconds that the monitor waits for the log: it is in no hurry, and lets requests go first


@contextmanager
def log_of(settings: Settings) -> Iterator[sa.Engine]:
    """Yield an engine of the log; raises LastroError where it is not there, or from before the monitor."""
    file = sqlite_file(settings.journal_url)
    if file is not None and not file.is_file():
        raise LastroError(f"the prediction log: {file}: no such file; the API makes it when it starts")
    engine = connect_engine(settings.journal_url, max(PATIENCE, settings.database_timeout))
    try:
        with failing_as_sentence():
            engine.connect().close()
            if not is_later_or_same(revision(engine), NEEDED):
                raise LastroError(
                    "the prediction log has no tables of the monitor yet: the API makes them at its start"
                )
            yield engine
    finally:
        engine.dispose()


@contextmanager
def failing_as_sentence() -> Iterator[None]:
    """Let the database's errors leave as one sentence, which holds no value."""
    try:
        yield
    except SQLAlchemyError as error:
        raise LastroError(f"the prediction log: {reason(error)}") from None
