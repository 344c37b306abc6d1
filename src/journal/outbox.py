"""a message for those who watch -> a row that the monitor sends, in the caller's own transaction"""

from datetime import UTC, datetime

import sqlalchemy as sa

from src.journal.identifiers import new_id
from src.journal.monitoring_tables import OUTBOX


def enqueue(
    connection: sa.Connection,
    title: str,
    text: str,
    severity: str,
    alert_id: str | None = None,
    now: datetime | None = None,
) -> str:
    """Insert a message that is due at once and return its id; it is there when the transaction commits."""
    moment, identifier = now or datetime.now(UTC), new_id()
    connection.execute(
        OUTBOX.insert().values(
            id=identifier,
            alert_id=alert_id,
            created_at=moment,
            severity=severity,
            title=title,
            text=text,
            attempts=0,
            next_attempt_at=moment,
        )
    )
    return identifier
