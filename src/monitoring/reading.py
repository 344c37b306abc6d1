"""the log -> the rows that were not counted yet, each once (src/journal/unread.py)

Nothing is locked while rows are read; who counts them writes down their `after` only where the progress is still what
it was `before`, so that two who read the same rows do not both count them.
"""

import logging
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from src.journal.monitoring_tables import HOURLY_COUNTS
from src.journal.unread import PLACE, Progress, Wanted, forget_numbers, restored, unread
from src.journal.unread import Rows as Rows  # of a part, for who counts them
from src.monitoring.progress import noted, step

log = logging.getLogger(__name__)
ROWS = 5_000  # that are in memory at once
NAME = "reading"
BATCH = "batch"  # in the progress: the last batch run that was counted
WHAT = """
    SELECT CASE WHEN purpose = 'what-if' OR inputs = '{{}}' THEN NULL ELSE inputs END,
           probability_of_default, score, decision, {hour}, CASE WHEN {usual} THEN NULL ELSE {served} END, {place}
    FROM predictions
"""
QUERIES = {
    "sqlite": WHAT.format(
        hour="substr(time, 1, 13)",
        usual="form_sha256 IS :form_sha256 AND model_sha256 IS :model_sha256 AND model_version IS :model_version",
        served="json_array(form_sha256, model_sha256, model_version)",
        place=PLACE["sqlite"],
    ),
    "postgresql": WHAT.format(
        hour="to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')",
        usual="""form_sha256 IS NOT DISTINCT FROM CAST(:form_sha256 AS text)
             AND model_sha256 = CAST(:model_sha256 AS text)
             AND model_version IS NOT DISTINCT FROM CAST(:model_version AS text)""",
        served="json_build_array(form_sha256, model_sha256, model_version)::text",
        place=PLACE["postgresql"],
    ),
}
NEWEST = {
    "sqlite": "SELECT form_sha256, model_sha256, model_version FROM predictions ORDER BY rowid DESC LIMIT 1",
    "postgresql": """
        SELECT form_sha256, model_sha256, model_version FROM predictions
        WHERE transaction IS NOT NULL ORDER BY transaction DESC LIMIT 1
    """,
}


class Served(NamedTuple):
    """What answered a prediction."""

    form_sha256: str | None
    model_sha256: str
    model_version: str | None


NOBODY = Served(None, "", None)


class Row(NamedTuple):
    """What counts of a prediction, as the driver gives it; what says where the row stands comes after.

    `inputs` is a JSON text, None of one that is no application, or was forgotten before it was counted; `served` the
    JSON text of what answered it, None where that is the part's `usual`.
    """

    inputs: str | None
    probability_of_default: float
    score: int
    decision: str
    hour: str
    served: str | None


class Part(NamedTuple):
    """Rows that were not read yet, plain tuples of `Row`'s fields and their place, and what answered most of them.

    The progress is that `before` and `after` them.
    """

    rows: Rows
    usual: Served
    before: Progress | None
    after: Progress | None


def next_part(engine: sa.Engine, rows: int = ROWS) -> Part:
    """Return the next rows, so many at most; none where `after` is `before`: then nothing is left.

    Two hashes a row are a fifth of the time that it takes: those of the log's newest row are not given again.
    """
    dialect = engine.dialect.name
    with engine.begin() as connection:
        before = noted(connection, NAME)
        known = {name: value for name, value in (before or {}).items() if name != BATCH}
        newest = connection.execute(sa.text(NEWEST[dialect])).one_or_none()
        usual = Served(*newest) if newest else NOBODY
        found, after = unread(connection, Wanted(QUERIES[dialect], usual._asdict()), known, rows)
    return Part(found, usual, before, after | {name: before[name] for name in (before or {}) if name == BATCH} or None)


def begin(engine: sa.Engine, now: datetime) -> None:
    """Begin anew where PostgreSQL's transactions have smaller numbers than those that were read.

    The database was restored on another server. The counts are made of the log again; windows that were judged stay so.
    """
    with engine.begin() as connection:
        before = noted(connection, NAME)
        if not restored(connection, before or {}):
            return
        log.warning("the log's database was restored on another server: its rows are counted anew")
        if step(connection, NAME, before, None, now):
            connection.execute(HOURLY_COUNTS.delete())
            forget_numbers(connection)
