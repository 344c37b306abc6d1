"""the log -> applications that are old enough to be judged: inputs, who was approved, and the outcome that counts"""

from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.errors import LastroError
from src.journal.archive_tables import ARCHIVED
from src.journal.archived import Get
from src.journal.identifiers import first_id
from src.journal.outcomes import standing
from src.journal.reader import Reader
from src.journal.settings import Settings
from src.journal.tables import FORGOTTEN_INPUTS, PREDICTIONS
from src.journal.writer import reason

MOST = 20_000  # the newest; of so many, a share is known to half a percent


class Decided(NamedTuple):
    """An application: its inputs as JSON, what was decided then, and the outcome's label, None where it is unknown."""

    inputs: str
    approved: bool
    outcome: str | None


def decided(
    until: datetime, settings: Settings | None = None, most: int = MOST, get: Get | None = None
) -> list[Decided]:
    """Return the newest applications made before a moment, whichever version decided; a what-if is none.

    Approved is whose PD is below the threshold that its own row recorded. Who was forgotten is left out. `get` reads
    archives. Raises LastroError where no log is in reach.
    """
    settings, row = settings or Settings(), PREDICTIONS.c
    query = sa.select(row.id, row.inputs, row.decision, row.probability_of_default, row.threshold)
    query = query.where(*chosen(row, until), row.inputs != FORGOTTEN_INPUTS)
    with Reader(settings.journal_url, settings.database_timeout, get) as reader:
        found = reader.rows(query.order_by(row.id.desc()).limit(most))
        older = reader.archived(*chosen(ARCHIVED.c, until), ~ARCHIVED.c.forgotten, newest_first=True)
        found += [one._asdict() for one in islice(older, most - len(found))]
        try:
            with reader.engine.connect() as connection:
                told = standing(connection, [each["id"] for each in found])
        except SQLAlchemyError as error:
            raise LastroError(f"the prediction log: {reason(error)}") from None
    return [
        Decided(each["inputs"], approved(each), told[each["id"]].value if each["id"] in told else None)
        for each in found
    ]


def chosen(row: Any, until: datetime) -> list[sa.ColumnElement[bool]]:
    """Return what applications meet that were made before a moment."""
    return [row.id < first_id(until), row.purpose.is_distinct_from("what-if")]


def approved(row: dict[str, object]) -> bool:
    """Say whether a row of the log was approved; rows of the first release say it by their decision alone."""
    pd_of, threshold = row["probability_of_default"], row["threshold"]
    if isinstance(pd_of, float) and isinstance(threshold, float):
        return pd_of < threshold
    return row["decision"] == "approve"
