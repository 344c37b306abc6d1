"""Engines whose commits are durable, and a schema that is brought up to date by exactly one process"""

import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.journal import batch_tables, monitoring_tables, outcome_tables, training_data
from src.journal.database import connect_engine, migrate, sqlite_file
from src.journal.tables import METADATA
from tests.postgresql import Postgres

__all__ = ["batch_tables", "monitoring_tables", "outcome_tables", "training_data"]  # whose tables METADATA then has
TABLES = {*METADATA.tables, "alembic_version"}


def test_new_file_gets_the_schema_for_its_owner_alone(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/new/folder/journal.db"
    engine, file = connect_engine(address, 1.0), sqlite_file(address)
    assert file is not None
    for _ in range(2):
        migrate(engine, file)
    assert set(sa.inspect(engine).get_table_names()) == TABLES
    engine.dispose()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    def opened(file: Path, start: threading.Barrier) -> str:
        engine = connect_engine(f"sqlite:///{file}", 5.0)
        start.wait(10)
        with engine.connect() as connection:
            mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())
        engine.dispose()
        return mode

    with ThreadPoolExecutor(4) as pool:
        for number in range(50):  # SQLite refuses one in some ten of these if nobody waits
            file, start = tmp_path / f"{number}.db", threading.Barrier(4)
            file.touch()
            assert set(pool.map(opened, [file] * 4, [start] * 4)) == {"wal"}


def test_relative_and_absolute_addresses_of_sqlite_name_a_file() -> None:
    assert sqlite_file("sqlite:///var/api/journal.db") == Path("var/api/journal.db").absolute()
    assert sqlite_file("sqlite:////tmp/journal.db") == Path("/tmp/journal.db")
    assert sqlite_file("postgresql://db/lastro") is None


def test_file_that_vanished_is_an_error_and_no_new_empty_log(tmp_path: Path) -> None:
    engine = connect_engine(f"sqlite:///{tmp_path}/none.db", 0.1)
    with pytest.raises(sa.exc.OperationalError), engine.connect():
        pass
    engine.dispose()
    assert not (tmp_path / "none.db").exists()


def test_lock_is_waited_for_no_longer_than_the_timeout(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/journal.db"
    engine = connect_engine(address, 0.1)
    migrate(engine, sqlite_file(address))
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sa.exc.OperationalError, match="locked"), engine.begin() as connection:
        connection.execute(sa.text("UPDATE probe SET time = NULL"))
    other.close()
    engine.dispose()


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg"])
def test_errors_never_show_values(driver: str, postgres: Postgres) -> None:
    engine = connect_engine(postgres.url.replace("postgresql", driver), 1.0)
    with pytest.raises(sa.exc.ProgrammingError) as failed, engine.connect() as connection:
        connection.execute(sa.text("SELECT * FROM nowhere WHERE a = :a"), {"a": "an applicant's value"})
    assert "applicant" not in str(failed.value)
    engine.dispose()
