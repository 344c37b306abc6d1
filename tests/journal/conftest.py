"""An empty database of each kind, and a log in it"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from src.journal.journal import Journal
from tests.postgresql import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a log may be made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journal.db"
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.empty()
    return postgres.url


@pytest.fixture
def journal(address: str) -> Iterator[Journal]:
    """A log that has begun."""
    found = Journal(address, 5.0)
    found.start()
    yield found
    found.close()
