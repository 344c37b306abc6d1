"""A log of applicants whose times and distributions are known, and the reference of the version that answered"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from src.journal.database import connect_engine, migrate, sqlite_file
from src.journal.identifiers import first_id
from src.journal.outcome_tables import OUTCOME_GROUPS, OUTCOMES
from src.journal.tables import PREDICTIONS
from src.model.card import Card, read_card
from src.model.development import Approved, Band, Development, Distribution, Interval
from src.monitoring.versions import Version
from tests.conftest import ROOT
from tests.journal.rows import entry

FORM, MODEL = "f" * 64, "a" * 64
NUMBERS = count()
PURPOSES = ("car", "radio", "business")


def development(rows: int = 800) -> Development:
    """Durations of 10, 20, 30 months and three purposes, each as frequent as the others; a fifth is declined."""
    third, fifth = rows // 3, rows // 5
    pds = [fifth * 2, fifth * 2, fifth, 0, 0]
    duration = {"edges": [10, 20], "rows": [third, third, rows - 2 * third, 0, 0], "points": [8.0, 0.0, -10.0, None, 0]}
    bands = [
        Band(low=None, high=599, rows=rows // 2 - fifth, expected=30, observed=21),
        Band(low=600, high=None, rows=rows // 2, expected=10, observed=7),
    ]
    return Development(
        sha256=MODEL,
        rows=rows,
        out_of_fold=rows,
        features={
            "duration": Distribution(kind="number", whole=True, **duration),
            "purpose": Distribution(kind="category", values=[*PURPOSES], rows=[third, third, rows - 2 * third, 0, 0]),
        },
        probability_of_default=Distribution(kind="number", edges=[0.05, 0.15], rows=pds),
        score=Distribution(kind="number", whole=True, edges=[599], rows=[rows // 2, rows // 2, 0, 0]),
        decision=Distribution(kind="category", values=["approve", "decline"], rows=[fifth * 4, fifth, 0, 0]),
        approved=Approved(
            rows=rows - fifth,
            expected=40,
            observed=28,
            bands=bands,
            metrics={"roc_auc": Interval(value=0.7, low=0.6, high=0.8), "gini": None},
        ),
    )


@cache
def card() -> Card:
    """The committed model's: its target, costs and labels."""
    return read_card(ROOT / "models" / "model.json").model_copy(update={"sha256": MODEL})


def version(**changes: Any) -> Version:
    return Version(FORM, MODEL, "3", card(), development())._replace(**changes)


def id_at(moment: datetime) -> str:
    """An identifier of that moment, as the log makes them: those of a microsecond differ."""
    return str(UUID(int=UUID(first_id(moment)).int + next(NUMBERS)))


def applicant(number: int, moment: datetime, **changes: Any) -> dict[str, Any]:
    """The row of the `number`th applicant: durations, purposes, PDs and decisions as the reference has them."""
    duration, purpose = (10, 20, 30)[number % 3], PURPOSES[number // 3 % 3]
    pd = (0.02, 0.1, 0.02, 0.1, 0.3)[number % 5]
    values = {
        "id": id_at(moment),
        "time": moment,
        "model_sha256": MODEL,
        "model_version": "3",
        "form_sha256": FORM,
        "inputs": f'{{"duration": {duration}, "purpose": "{purpose}"}}',
        "probability_of_default": pd,
        "score": (560, 640)[number % 2],
        "decision": "decline" if pd > 1 / 6 else "approve",
    }
    return entry(**(values | changes))._asdict()


def spread(start: datetime, rows: int, over: timedelta = timedelta(days=1), **changes: Any) -> list[dict[str, Any]]:
    """Applicants at equal distances."""
    return [applicant(number, start + over * number / rows, **changes) for number in range(rows)]


def opened(address: str, timeout: float = 5.0) -> sa.Engine:
    """The database with the newest schema."""
    file = sqlite_file(address)
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    engine = connect_engine(address, timeout)
    migrate(engine, file)
    return engine


def insert(engine: sa.Engine, rows: Iterable[Mapping[str, Any]]) -> None:
    with engine.begin() as connection:
        connection.execute(PREDICTIONS.insert(), list(rows))


def observe(engine: sa.Engine, rows: Iterable[Mapping[str, Any]], outcome: str, at: datetime) -> None:
    """What became of applicants, all alike."""
    values = [
        {"prediction_id": row["id"], "outcome": outcome, "observed_at": at, "received_at": at, "key_id": "back-office",
         "prediction_key_id": row["key_id"]}
        for row in rows
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(OUTCOMES.insert(), values)


def belong(engine: sa.Engine, rows: Iterable[Mapping[str, Any]], field: str, value: str, at: datetime) -> None:
    """Which group applicants belong to."""
    values = [
        {
            "prediction_id": row["id"],
            "field": field,
            "value": value,
            "observed_at": at,
            "received_at": at,
            "key_id": "back-office",
        }
        for row in rows
    ]
    with engine.begin() as connection:
        connection.execute(OUTCOME_GROUPS.insert(), values)
