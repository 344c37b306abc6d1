"""An empty log in a database of each kind, and a receiver of messages"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.journal.database import connect_engine, migrate, sqlite_file
from src.monitoring.webhook import Webhook
from tests.monitoring.receiver import Receiver
from tests.monitoring.seeded import opened


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
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a log may be made, in each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journal.db"
    found = str(request.getfixturevalue("postgres").url)
    engine = connect_engine(found, 10.0)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return found


@pytest.fixture
def engine(address: str, migrated: Path) -> Iterator[sa.Engine]:
    """A log with the newest schema and nothing in it."""
    if file := sqlite_file(address):
        shutil.copy(migrated, file)
    made = opened(address)
    yield made
    made.dispose()


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
