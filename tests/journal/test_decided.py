"""Which applications of the log are judged: their age, what they were for, who was approved, which outcome counts"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from src.errors import LastroError
from src.journal.database import connect_engine, migrate
from src.journal.decided import Decided, decided
from src.journal.outcome_tables import OUTCOMES
from src.journal.settings import Settings
from src.journal.tables import PREDICTIONS
from tests.journal.rows import entry
from tests.monitoring.seeded import id_at

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=SecretStr(f"sqlite:///{tmp_path / 'journal.db'}"))


@pytest.fixture
def log(settings: Settings, tmp_path: Path) -> sa.Engine:
    engine = connect_engine(settings.journal_url, 2.0)
    migrate(engine, tmp_path / "journal.db")
    return engine


def apply(log: sa.Engine, days: int, outcomes: tuple[str, ...] = (), **changes: object) -> None:
    time = NOW - timedelta(days=days)
    row = entry(id=id_at(time), time=time, **changes)
    told = {"received_at": NOW, "key_id": "web", "prediction_key_id": "web", "prediction_id": row.id}
    with log.begin() as connection:
        connection.execute(PREDICTIONS.insert(), row._asdict())
        for day, outcome in enumerate(outcomes):
            values = told | {"outcome": outcome, "observed_at": time + timedelta(days=1 + day)}
            connection.execute(OUTCOMES.insert(), values)


def test_the_newest_old_enough_come_first_with_the_outcome_that_counts(settings: Settings, log: sa.Engine) -> None:
    apply(log, 400, ("good", "bad"), inputs='{"a": 1}')
    apply(log, 390, inputs='{"a": 2}', probability_of_default=0.4, decision="decline")
    apply(log, 380, inputs='{"a": 3}', purpose="what-if")
    apply(log, 10, ("good",), inputs='{"a": 4}')
    found = decided(NOW - timedelta(days=365), settings)
    assert found == [Decided('{"a": 2}', False, None), Decided('{"a": 1}', True, "bad")]
    assert decided(NOW - timedelta(days=365), settings, most=1) == found[:1]


def test_approved_is_who_was_below_the_threshold_of_then_whatever_was_decided(
    settings: Settings, log: sa.Engine
) -> None:
    apply(log, 400, decision="decline", probability_of_default=0.1, threshold=0.2)
    apply(log, 401, decision="approve", probability_of_default=0.3, threshold=None, scale=None)
    assert [one.approved for one in decided(NOW, settings)] == [True, True]


def test_no_log_is_said(settings: Settings) -> None:
    with pytest.raises(LastroError, match="no such file"):
        decided(NOW, settings)
