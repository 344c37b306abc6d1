"""A lookup sees the table that is there now, and says where none is"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.feature_store.online import NoStoreError, StoreUnavailableError, online
from src.feature_store.table import open_table

ROW = "INSERT INTO feature_rows (id, event_time, known_at, package, features) VALUES ('a', 0, 0, 1, '{}')"
PACKAGE = "INSERT INTO feature_packages (id, name, fields, rows) VALUES (1, 'small', '{}', 1)"


def put(address: str, *statements: str) -> None:
    engine = open_table(address)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def test_table_is_found_once_it_is_there(address: str) -> None:
    table = online(address, 2.0)
    for ask in (lambda: table.find("a"), lambda: table.find_all(["a"]), table.states):
        with pytest.raises(NoStoreError):
            ask()
    put(address, PACKAGE, ROW)
    found = table.find("a")
    assert found is not None
    assert (found.event_time, found.package.name) == (datetime(1970, 1, 1, tzinfo=UTC), "small")
    assert table.immediate == address.startswith("sqlite")
    table.close()


def test_file_that_takes_anothers_place_is_read(tmp_path: Path) -> None:
    table = online(f"sqlite:///{tmp_path}/online.db", 2.0)
    put(f"sqlite:///{tmp_path}/online.db", PACKAGE, ROW)
    assert table.find("a")
    put(f"sqlite:///{tmp_path}/new.db", PACKAGE.replace("small", "other"), ROW)
    for end in ("-wal", "-shm"):
        (tmp_path / f"online.db{end}").unlink(missing_ok=True)
    (tmp_path / "new.db").replace(tmp_path / "online.db")
    found = table.find("a")
    assert found is not None
    assert found.package.name == "other"
    table.close()


def test_what_is_no_table_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "online.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreUnavailableError, match="not a database"):
        online(f"sqlite:///{tmp_path}/online.db", 2.0).find("a")


def test_server_that_is_gone_is_unavailable() -> None:
    with pytest.raises(StoreUnavailableError):
        online("postgresql://lastro@127.0.0.1:1/none", 2.0).find("a")
