"""messages that are due -> their receiver: each at least once, always with the same identifier

An attempt is noted before it is made. Who is killed in the middle has it made again after a pause; who is second, at
the same moment, leaves it to the first.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from src.journal.monitoring_tables import ALERTS, OUTBOX
from src.monitoring.webhook import Answer, Webhook

FIRST, LONGEST = 5.0, 300.0  # seconds between attempts: it doubles
MOST = 100  # messages of one look
WAITING = sa.and_(OUTBOX.c.delivered_at.is_(None), OUTBOX.c.refused.is_(None))


class Sent(NamedTuple):
    """How many messages were delivered, are to be tried again, and are refused for good."""

    delivered: int = 0
    failing: int = 0
    refused: int = 0


def send(engine: sa.Engine, webhook: Webhook, now: datetime) -> Sent:
    """Send what is due, the oldest first; where the receiver takes nothing, all that waits is put off."""
    counts = {"delivered": 0, "again": 0, "refused": 0}
    for message in due(engine, now):
        if not claim(engine, message, now):
            continue
        answer = webhook.send(message["id"], message["title"], message["text"], now)
        settle(engine, message, answer, now)
        counts[answer.outcome] += 1
        if answer.whole:
            break
    return Sent(*counts.values())


def due(engine: sa.Engine, now: datetime) -> list[dict[str, Any]]:
    """Return the messages whose time has come."""
    query = sa.select(OUTBOX).where(WAITING, OUTBOX.c.next_attempt_at <= now)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query.order_by(OUTBOX.c.id).limit(MOST)).mappings()]


def claim(engine: sa.Engine, message: dict[str, Any], now: datetime) -> bool:
    """Note that an attempt begins; False where another process has begun it."""
    later = now + timedelta(seconds=pause(message["attempts"] + 1))
    same = (OUTBOX.c.id == message["id"], OUTBOX.c.attempts == message["attempts"], WAITING)
    with engine.begin() as connection:
        row = OUTBOX.update().where(*same).values(attempts=message["attempts"] + 1, next_attempt_at=later)
        return connection.execute(row).rowcount == 1


def settle(engine: sa.Engine, message: dict[str, Any], answer: Answer, now: datetime) -> None:
    """Write what came of an attempt."""
    row = OUTBOX.update().where(OUTBOX.c.id == message["id"])
    with engine.begin() as connection:
        if answer.outcome == "delivered":
            connection.execute(row.values(delivered_at=now))
            first = sa.and_(ALERTS.c.id == message["alert_id"], ALERTS.c.delivered_at.is_(None))
            connection.execute(ALERTS.update().where(first).values(delivered_at=now))
        elif answer.outcome == "refused":
            connection.execute(row.values(refused=answer.says))
        else:
            seconds = min(LONGEST, max(pause(message["attempts"] + 1), answer.seconds))
            later = now + timedelta(seconds=seconds)
            put_off = (
                sa.and_(WAITING, OUTBOX.c.next_attempt_at < later) if answer.whole else OUTBOX.c.id == message["id"]
            )
            connection.execute(OUTBOX.update().where(put_off).values(next_attempt_at=later))


def pause(attempts: int) -> float:
    """Return the seconds after so many attempts in vain.

    >>> [pause(attempts) for attempts in (1, 2, 3, 7, 100)]
    [5.0, 10.0, 20.0, 300.0, 300.0]
    """
    return min(LONGEST, FIRST * 2.0 ** min(attempts - 1, 10))
