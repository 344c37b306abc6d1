"""An empty database of each kind"""

from pathlib import Path

import pytest

from tests.postgresql import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a log may be made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journal.db"
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.empty()
    return postgres.url
