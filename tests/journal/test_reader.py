"""A log of any release, read beside the service that writes it, and never changed"""

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.errors import LastroError
from src.journal import reader
from src.journal.identifiers import new_id
from src.journal.journal import Journal
from src.journal.reader import Reader
from src.journal.service import service_of
from src.journal.tables import PREDICTIONS, Entry
from tests.journal.rows import entry, leave_release, of_release

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def listed(found: Reader, since: datetime = EPOCH, limit: int | None = None) -> list[Entry]:
    return [one for part in found.since(since, limit) for one in part]


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_log_of_an_earlier_release_is_read_as_it_is(address: str, revision: str) -> None:
    rows = [of_release(revision) for _ in range(3)]
    leave_release(address, revision, rows)
    with Reader(address, 2.0) as found:
        assert listed(found) == rows
        assert found.find(rows[1].id) == [rows[1]]
        assert found.services([]) == {}
        columns = {column["name"] for column in sa.inspect(found.engine).get_columns("predictions")}
    assert "form_sha256" not in columns


def test_rows_of_all_callers_and_their_services_are_read_beside_the_writer(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "ROWS", 2)
    journal, service = Journal(address, 2.0), service_of(Path())
    journal.start()
    with closing(journal):
        journal.register(service)
        rows = [entry(key_id, service_id=service.id) for key_id in ("web", "batch", "web", "user:ana", "web")]
        asyncio.run(journal.write(rows))
        with Reader(address, 2.0) as found:
            assert listed(found) == rows
            assert listed(found, limit=3) == rows[:3]
            assert listed(found, datetime.now(UTC) + timedelta(hours=1)) == []
            assert found.find(new_id()) == []
            (kept,) = found.services(row.service_id or "" for row in rows).values()
            assert kept._replace(started=service.started) == service
            with pytest.raises(sa.exc.DatabaseError), found.engine.begin() as connection:
                connection.execute(PREDICTIONS.delete())


def test_what_is_no_log_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LastroError, match=r"none\.db: no such file"):
        Reader(f"sqlite:///{tmp_path / 'none.db'}", 2.0)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty.db").touch()
    with Reader(f"sqlite:///{tmp_path / 'empty.db'}", 2.0) as found, pytest.raises(LastroError, match="no table pred"):
        found.find(new_id())
