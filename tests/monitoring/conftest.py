"""An empty log of each kind"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.monitoring.seeded import opened


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a log may be made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journal.db"
    found = str(request.getfixturevalue("postgres").url)
    engine = sa.create_engine(found.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return found


@pytest.fixture
def engine(address: str) -> Iterator[sa.Engine]:
    """A log with its newest schema."""
    made = opened(address)
    yield made
    made.dispose()
