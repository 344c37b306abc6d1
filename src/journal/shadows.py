"""what the challenger says of the champion's applicants -> table shadows; how far the two agree"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from src.journal.tables import PREDICTIONS, SHADOWS
from src.model.points import Decision

NEWEST = 10_000  # shadows that are compared; all of a log of years would take minutes


class Shadow(NamedTuple):
    """One row, in the table's order."""

    prediction_id: str
    form_sha256: str
    version: str | None
    probability_of_default: float
    score: int
    decision: Decision
    time: datetime


class Agreement(NamedTuple):
    """How far two forms agree on the same applicants: rows, same decisions, mean |ΔPD|, approved by one alone."""

    rows: int
    same_decision: int
    mean_difference: float
    approved_by_challenger_only: int
    approved_by_champion_only: int


def write_shadows(engine: sa.Engine, shadows: Sequence[Shadow]) -> None:
    """Insert rows in one transaction; raises SQLAlchemyError."""
    with engine.begin() as connection:
        connection.execute(SHADOWS.insert(), [shadow._asdict() for shadow in shadows])


def agreement(engine: sa.Engine, champion: str, challenger: str) -> Agreement | None:
    """Return how far two served forms agree on the newest applicants that both have scored; None where there is none.

    Forms are named by their sha256. Raises SQLAlchemyError.
    """
    shadow, row = SHADOWS.c, PREDICTIONS.c
    newest = (
        sa.select(shadow.decision, shadow.probability_of_default, row.decision.label("answered"),
                  row.probability_of_default.label("answered_pd"))
        .join(PREDICTIONS, row.id == shadow.prediction_id)
        .where(shadow.form_sha256 == challenger, row.form_sha256 == champion)
        .order_by(shadow.prediction_id.desc())
        .limit(NEWEST)
        .subquery()
    ).c  # fmt: skip

    def count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

    apart = newest.decision != newest.answered
    query = sa.select(
        sa.func.count(),
        count(~apart),
        sa.func.coalesce(sa.func.avg(sa.func.abs(newest.probability_of_default - newest.answered_pd)), 0.0),
        count(apart & (newest.decision == "approve")),
        count(apart & (newest.answered == "approve")),
    )
    with engine.connect() as connection:
        found = Agreement(*connection.execute(query).one())
    return found if found.rows else None
