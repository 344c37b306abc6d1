"""predictions of the log -> rows without inputs, reasons and groups; what was answered, and by what, stays"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from src.forgetting.desk import Desk
from src.forgetting.whom import Whom
from src.journal.archive_tables import ARCHIVED, FORGOTTEN
from src.journal.database import alone_in
from src.journal.outcome_tables import OUTCOME_GROUPS
from src.journal.outcomes import LOCK as OUTCOMES_LOCK
from src.journal.outcomes import parts
from src.journal.tables import FORGOTTEN_INPUTS, NO_REASONS, PREDICTIONS, Entry

BLANK: dict[str, Any] = {"inputs": FORGOTTEN_INPUTS, "reasons": NO_REASONS, "applicant_id": None}
AT_ONCE = 500  # rows of a transaction: who writes predictions waits for no more


def mark(desk: Desk, whom: Whom, ids: Iterable[str], now: datetime) -> None:
    """Write down who is to be forgotten: from then on no group of theirs is stored, and a killed command goes on."""
    for part in parts(ids):
        with desk.alone() as connection:
            there = sa.select(FORGOTTEN.c.prediction_id).where(FORGOTTEN.c.prediction_id.in_(part))
            known = set(connection.execute(there).scalars())
            rows = [
                {"prediction_id": one, "applicant_id": whom.applicant, "asked_at": now}
                for one in part
                if one not in known
            ]
            if rows:
                connection.execute(FORGOTTEN.insert(), rows)
            meant = FORGOTTEN.c.prediction_id.in_(part)
            connection.execute(FORGOTTEN.update().where(meant).values(done_at=None, applicant_id=whom.applicant))


def blank(desk: Desk, ids: Sequence[str]) -> None:
    """Take inputs, reasons and the applicant's number from rows of the log, and delete their groups."""
    for part in parts(ids):
        with desk.engine.begin() as connection:
            alone_in(connection, OUTCOMES_LOCK)
            connection.execute(PREDICTIONS.update().where(PREDICTIONS.c.id.in_(part)).values(BLANK))
            connection.execute(OUTCOME_GROUPS.delete().where(OUTCOME_GROUPS.c.prediction_id.in_(part)))


def blanked(entry: Entry) -> Entry:
    """Return a row of an archive without what is forgotten."""
    return entry._replace(**BLANK)


def done(desk: Desk, ids: Iterable[str], now: datetime) -> None:
    """Write down that nothing is left of these predictions' applicants, and forget their number."""
    for part in parts(ids):
        with desk.alone() as connection:
            connection.execute(ARCHIVED.update().where(ARCHIVED.c.id.in_(part)).values(applicant_id=None))
            row = FORGOTTEN.update().where(FORGOTTEN.c.prediction_id.in_(part))
            connection.execute(row.values(done_at=now, applicant_id=None))
