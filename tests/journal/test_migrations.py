"""Every database comes to the schema that the program's tables describe, with the rows that it had"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from src.journal.database import MIGRATIONS, connect_engine, migrate, sqlite_file
from src.journal.journal import Journal, JournalUnavailableError, Page
from src.journal.tables import METADATA
from tests.journal.rows import entry, leave_first_release, of_first_release

ADDITIONS = {"create_table", "bulk_insert", "add_column"}


@pytest.fixture
def engine(address: str) -> Iterator[sa.Engine]:
    """An engine of a migrated database."""
    found = connect_engine(address, 2.0)
    migrate(found, sqlite_file(address))
    yield found
    found.dispose()


def difference(engine: sa.Engine, metadata: sa.MetaData) -> list[object]:
    """What Alembic would have to do to bring the database to these tables."""
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_newest_migration_leaves_exactly_the_tables_of_the_program(engine: sa.Engine) -> None:
    assert difference(engine, METADATA) == []


def test_table_or_column_without_a_migration_is_found(engine: sa.Engine) -> None:
    changed = sa.MetaData()
    for table in METADATA.tables.values():
        table.to_metadata(changed)
    changed.tables["predictions"].append_column(sa.Column("forgotten", sa.Text))
    sa.Table("unheard_of", changed, sa.Column("id", sa.Integer, primary_key=True))
    assert {step[0] for step in difference(engine, changed)} == {"add_column", "add_table"}


def test_log_of_the_first_release_keeps_its_rows_and_takes_new_ones(address: str) -> None:
    old = [of_first_release(decision="decline", model_version="1", score=490 + n) for n in range(3)]
    leave_first_release(address, [*old, of_first_release("other")])
    journal = Journal(address, 2.0)
    journal.start()
    assert journal.page("web", Page(9)) == old[::-1]
    assert journal.find("web", old[1].id) == old[1]
    new = [entry(), entry(purpose="what-if", threshold=0.25, scale=None)]
    asyncio.run(journal.write(new))
    assert journal.page("web", Page(9)) == [*new[::-1], *old[::-1]]
    journal.close()


def test_schema_that_is_none_of_ours_stops_the_start(address: str, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'ae1027a6acf'"))
    journal = Journal(address, 2.0)
    with pytest.raises(JournalUnavailableError, match="ae1027a6acf"):
        journal.start()
    journal.close()


def test_log_of_a_later_release_is_written_and_read_on(address: str, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE predictions ADD COLUMN to_come TEXT"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    journal = Journal(address, 2.0)
    journal.start()
    written = entry()
    asyncio.run(journal.write([written]))
    assert journal.find("web", written.id) == written
    journal.close()


def test_each_migration_only_adds() -> None:
    """So that the former release can go on beside the newer one."""
    for script in sorted((Path(MIGRATIONS) / "versions").glob("[0-9]*.py")):
        up = script.read_text().partition("def upgrade")[2].partition("def downgrade")[0]
        used = {part.partition("(")[0] for part in up.split("op.")[1:]}
        assert used <= ADDITIONS, script.name
        assert used, script.name
