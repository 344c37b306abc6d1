"""Who comes from outside reads the log's last applicants, and leaves nothing behind"""

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from src.journal.database import connect_engine, revision
from src.journal.journal import Journal
from src.journal.recent import recent_applicants
from src.journal.settings import Settings
from src.journal.tables import Entry
from tests.journal.rows import entry, leave_release, of_release

FORM, OTHER = "f" * 64, "e" * 64


def at(address: str) -> Settings:
    return Settings(database_url=SecretStr(address), database_timeout=1.0, _env_file=None)


def asked(number: int, form: str | None = FORM, **changes: Any) -> Entry:
    identifier = f"0190a000-0000-7000-8000-{number:012x}"
    return entry(id=identifier, inputs=json.dumps({"n": number}), form_sha256=form, **changes)


def log(address: str, entries: list[Entry]) -> Journal:
    journal = Journal(address, 2.0)
    journal.start()
    asyncio.run(journal.write(entries))
    return journal


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_newest_applications_of_the_form_by_any_caller_are_read_newest_first(address: str) -> None:
    entries = [asked(number, key_id="web" if number % 2 else "bank") for number in range(7)]
    entries += [asked(7, OTHER), asked(8, None), asked(9, purpose="what-if"), asked(10, purpose=None)]
    journal = log(address, entries)
    assert [applicant["n"] for applicant in recent_applicants(FORM, at(address)) or []] == [10, 6, 5, 4, 3, 2, 1, 0]
    assert recent_applicants(FORM, at(address), most=2) == [{"n": 10}, {"n": 6}]
    assert recent_applicants("a" * 64, at(address)) == []
    journal.close()


def test_log_is_read_while_it_is_written_and_after_a_crash(tmp_path: Path) -> None:
    (tmp_path / "a log").mkdir()
    address = f"sqlite:///{tmp_path}/a log/journal.db"
    journal = log(address, [asked(1)])
    assert recent_applicants(FORM, at(address)) == [{"n": 1}]
    asyncio.run(journal.write([asked(2)]))
    before = files(tmp_path / "a log")
    assert recent_applicants(FORM, at(address)) == [{"n": 2}, {"n": 1}]  # the write-ahead log alone holds them
    after = files(tmp_path / "a log")
    assert after.keys() == before.keys()
    assert [name for name in after if after[name] != before[name] and not name.endswith("-shm")] == []
    (tmp_path / "crashed").mkdir()
    for name in ("journal.db", "journal.db-wal"):
        shutil.copy(tmp_path / "a log" / name, tmp_path / "crashed" / name)
    journal.close()
    assert recent_applicants(FORM, at(f"sqlite:///{tmp_path}/crashed/journal.db")) == [{"n": 2}, {"n": 1}]


def test_log_at_rest_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    log(f"sqlite:///{tmp_path}/journal.db", [asked(1)]).close()
    (tmp_path / "rest").mkdir()
    rest = tmp_path / "rest/journal.db"
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(tmp_path / "journal.db", rest)
    before = rest.read_bytes()
    assert recent_applicants(FORM, at(f"sqlite:///{rest}")) == [{"n": 1}]
    assert files(tmp_path / "rest") == {"journal.db": before}


def test_where_no_log_is_none_is_made(tmp_path: Path) -> None:
    assert recent_applicants(FORM, at(f"sqlite:///{tmp_path}/journal.db")) is None
    assert list(tmp_path.iterdir()) == []


def test_silent_server_is_no_log_in_reach() -> None:
    assert recent_applicants(FORM, at("postgresql://nobody@127.0.0.1:9/none")) is None


def test_older_schema_is_not_brought_up_to_date(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/journal.db"
    leave_release(address, "0002", [of_release("0002")])
    assert recent_applicants(FORM, at(address)) is None
    assert revision(connect_engine(address, 1.0)) == "0002"


def test_file_that_is_no_database_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"something else" * 100)
    assert recent_applicants(FORM, at(f"sqlite:///{tmp_path}/journal.db")) is None


def test_environment_says_where_the_log_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log(f"sqlite:///{tmp_path}/journal.db", [asked(1)]).close()
    monkeypatch.setenv("LASTRO_DATABASE_URL", f"sqlite:///{tmp_path}/journal.db")
    assert recent_applicants(FORM) == [{"n": 1}]
