"""A log with the newest schema and nothing in it, in a database of each kind; each is migrated once"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.journal import monitoring_tables, outcome_tables
from src.journal.database import connect_engine, migrate
from src.journal.tables import METADATA
from src.monitoring.webhook import Webhook
from tests.monitoring.receiver import Receiver
from tests.postgresql import Postgres

__all__ = ["monitoring_tables", "outcome_tables"]  # whose tables METADATA then has


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite log."""
    file = tmp_path_factory.mktemp("log") / "journal.db"
    engine = connect_engine(f"sqlite:///{file}", 10.0)
    migrate(engine, file)
    engine.dispose()
    return file


@pytest.fixture
def sqlite(migrated: Path, tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty log in SQLite alone."""
    engine = connect_engine(f"sqlite:///{shutil.copy(migrated, tmp_path / 'journal.db')}", 10.0)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """An empty log in each kind of database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    engine = connect_engine(request.getfixturevalue("postgres").url, 10.0)
    migrate(engine, None)
    with engine.begin() as connection:
        connection.execute(sa.text(f"TRUNCATE {', '.join(METADATA.tables)}"))
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a log of an earlier release may be made: a database without a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/old.db"
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.empty()
    return postgres.url


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook that is up."""
    receiver = Receiver().start()
    yield receiver
    receiver.stop()


@pytest.fixture
def webhook(receiver: Receiver) -> Iterator[Webhook]:
    """What speaks to it."""
    webhook = Webhook(receiver.url)
    yield webhook
    webhook.close()
