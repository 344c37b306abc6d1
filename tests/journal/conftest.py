"""An empty database of each kind"""

from pathlib import Path

import pytest
import sqlalchemy as sa

from src.journal.database import connect_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a log may be made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/journal.db"
    found = str(request.getfixturevalue("postgres").url)
    engine = connect_engine(found, 2.0)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return found
