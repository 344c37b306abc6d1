"""The prediction log: durable, in groups, in SQLite and PostgreSQL, and back by itself after every obstacle"""

import asyncio
import sqlite3
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.journal.database import connect_engine, migrate, sqlite_file
from src.journal.group_commit import WriteRefusedError
from src.journal.journal import Journal, JournalUnavailableError, Page
from src.journal.tables import PREDICTIONS
from src.journal.writer import MOST_ROWS, insert_of
from tests.journal.rows import entry
from tests.postgresql import Postgres

SHORT = 0.3  # seconds


def test_what_is_written_comes_back(journal: Journal) -> None:
    one = entry(model_version="7", decision="decline", reasons='[{"feature": "a"}]')
    asyncio.run(journal.write([one]))
    assert journal.find("web", one.id) == one
    assert journal.find("other", one.id) is None


def test_pages_are_newest_first_and_filtered(journal: Journal) -> None:
    entries = [entry(decision="decline" if n % 2 else "approve") for n in range(10)]
    entries[3] = entries[3]._replace(model_version="7", purpose="what-if")
    entries[4] = entries[4]._replace(model_version="7")
    asyncio.run(journal.write([*entries, entry("other")]))
    assert journal.page("web", Page(3)) == entries[:-4:-1]
    assert journal.page("web", Page(3, before=entries[7].id)) == [entries[6], entries[5], entries[4]]
    assert journal.page("web", Page(20, decision="decline")) == entries[::-2]
    assert journal.page("web", Page(20, version="7", purpose="what-if")) == [entries[3]]
    hour = timedelta(hours=1)
    assert journal.page("web", Page(20, since=entries[0].time + hour)) == []
    assert journal.page("web", Page(20, since=entries[0].time - hour, until=entries[0].time + hour)) == entries[::-1]


def test_statement_for_many_rows_is_sqlalchemys_own_with_its_values_repeated(journal: Journal) -> None:
    dialect = journal.engine.dialect
    assert " ".join(insert_of(dialect)) == str(sa.insert(PREDICTIONS).compile(dialect=dialect))


def test_more_rows_than_a_statement_takes_are_one_transaction(journal: Journal) -> None:
    many = [entry() for _ in range(MOST_ROWS + 2)]
    with pytest.raises(JournalUnavailableError):
        asyncio.run(journal.write([*many, many[0]]))
    assert journal.page("web", Page(2)) == []
    asyncio.run(journal.write(many))
    assert journal.find("web", many[-1].id) == many[-1]


def test_row_that_no_driver_takes_leaves_no_transaction_that_the_next_rows_would_join(journal: Journal) -> None:
    many, late = [entry() for _ in range(MOST_ROWS + 1)], entry()
    for rows in ([*many, entry(time="never")], [entry(time="never")]):
        with pytest.raises(WriteRefusedError):
            asyncio.run(journal.write(rows))
    asyncio.run(journal.write([late]))
    journal.writer.disconnect()  # what was only in a transaction would be gone now
    assert journal.page("web", Page(3)) == [late]


def test_requests_that_arrive_together_share_a_commit(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    groups: list[int] = []
    commit = journal.commits.commit
    monkeypatch.setattr(journal.commits, "commit", lambda rows: (groups.append(len(rows)), commit(rows)))

    async def together() -> None:
        await asyncio.gather(*(journal.write([entry()]) for _ in range(200)))

    asyncio.run(together())
    assert sum(groups) == 200
    assert len(groups) < 50
    assert len(journal.page("web", Page(500))) == 200


def test_another_process_that_writes_holds_up_its_own_group_and_not_the_event_loop(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path}/journal.db", 10.0)
    journal.start()
    asyncio.run(journal.write([entry()]))
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def beside_it() -> float:
        journal.commits.prompt = True
        task, longest = asyncio.create_task(journal.write([entry()])), 0.0
        for _ in range(50):
            begun = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - begun)
        assert not task.done()
        other.execute("ROLLBACK")
        await task
        return longest

    assert asyncio.run(beside_it()) < 5.0  # the journal's own patience is 10 s
    journal.commits.prompt = True
    asyncio.run(journal.write([entry() for _ in range(3 * MOST_ROWS)]))
    assert len(journal.page("web", Page(500))) == 2 + 3 * MOST_ROWS
    other.close()
    journal.close()


def test_file_that_goes_away_is_refused_where_the_event_loop_writes_too(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path}/journal.db", SHORT)
    journal.start()
    asyncio.run(journal.write([entry()]))
    (tmp_path / "journal.db").rename(tmp_path / "away.db")
    for _ in range(3):
        journal.commits.prompt = True
        with pytest.raises(JournalUnavailableError):
            asyncio.run(journal.write([entry()]))
    (tmp_path / "away.db").rename(tmp_path / "journal.db")
    journal.commits.prompt = True
    asyncio.run(journal.write([entry()]))
    journal.close()


def test_many_may_migrate_at_once(postgres: Postgres, tmp_path: Path) -> None:
    for address in (f"sqlite:///{tmp_path}/new.db", postgres.url):
        engines = [connect_engine(address, 5.0) for _ in range(4)]
        failures: list[BaseException] = []

        def bring_up(engine: sa.Engine, address: str = address, failures: list[BaseException] = failures) -> None:
            try:
                migrate(engine, sqlite_file(address))
            except sa.exc.SQLAlchemyError as error:
                failures.append(error)

        threads = [threading.Thread(target=bring_up, args=[engine]) for engine in engines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        for engine in engines:
            engine.dispose()


def test_sqlite_commits_reach_the_disk(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path}/journal.db", SHORT)
    journal.start()
    with journal.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    journal.close()


def test_after_close_nothing_is_taken(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path}/journal.db", SHORT)
    journal.start()
    journal.close()
    with pytest.raises(Exception, match="stopping"):
        asyncio.run(journal.write([entry()]))


def test_unreadable_address_is_refused() -> None:
    with pytest.raises(sa.exc.ArgumentError):
        connect_engine("no address", SHORT)
