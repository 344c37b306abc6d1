"""Every database comes to the schema that the program's tables describe, with the rows that it had"""

import ast
import asyncio
import io
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from src import git
from src.journal.batch_tables import BATCH_REJECTED, BATCH_RUNS
from src.journal.database import MIGRATIONS, connect_engine, migrate, sqlite_file
from src.journal.journal import Journal, JournalUnavailableError, Page
from src.journal.monitoring_tables import CHECKS
from src.journal.outcome_tables import OUTCOMES
from src.journal.service import service_of
from src.journal.tables import METADATA, SERVICES
from src.journal.training_data import TRAINING_DATA
from tests.conftest import ROOT
from tests.journal.rows import LATER, entry, leave_release, of_release

ADDITIONS = {"create_table", "bulk_insert", "add_column", "create_index", "execute", "get_bind"}
STATEMENTS = re.compile(
    r"ALTER TABLE \w+ (ADD COLUMN \w+ \w+|ALTER COLUMN \w+ SET DEFAULT .+)|CREATE INDEX .+|CREATE VIEW \w+ AS SELECT .+"
)
BY_SERVER = {"transaction", "predictions_transaction"}  # what PostgreSQL fills in by itself, and no table here names


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
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, _, __: name not in BY_SERVER,
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_newest_migration_leaves_exactly_the_tables_of_the_program(engine: sa.Engine) -> None:
    named = {OUTCOMES, CHECKS, TRAINING_DATA, BATCH_RUNS, BATCH_REJECTED}
    assert {table.name for table in named} < set(METADATA.tables)
    assert difference(engine, METADATA) == []


def test_table_or_column_without_a_migration_is_found(engine: sa.Engine) -> None:
    changed = sa.MetaData()
    for table in METADATA.tables.values():
        table.to_metadata(changed)
    changed.tables["predictions"].append_column(sa.Column("forgotten", sa.Text))
    sa.Table("unheard_of", changed, sa.Column("id", sa.Integer, primary_key=True))
    assert {step[0] for step in difference(engine, changed)} == {"add_column", "add_table"}


@pytest.mark.parametrize("revision", LATER)
def test_log_of_an_earlier_release_keeps_its_rows_and_takes_new_ones(address: str, revision: str) -> None:
    old = [of_release(revision, decision="decline", model_version="1", score=490 + n) for n in range(3)]
    leave_release(address, revision, [*old, of_release(revision, "other")])
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


BEFORE = """
import asyncio, sys
sys.path.insert(0, ".")
from src.journal.database import MIGRATIONS
from src.journal.journal import Journal
from src.journal.tables import PREDICTIONS, Entry
from src.journal.identifiers import new_id
from datetime import UTC, datetime
values = dict(key_id="web", id=new_id(), time=datetime.now(UTC), model_sha256="a", model_version=None, inputs="{}",
              probability_of_default=0.5, score=1, decision="decline", reasons="[]")
journal = Journal(sys.argv[1], 2.0)
journal.start()
asyncio.run(journal.write([Entry(**values)]))
print(journal.find("web", values["id"]).score, *sorted(path.name[:4] for path in MIGRATIONS.glob("versions/0*.py")))
journal.close()
"""


def release_before(folder: Path) -> list[str]:
    """Bring the code of the commit before the newest migration into a folder; return the migrations it knows."""
    newest = max(path.name for path in MIGRATIONS.glob("versions/[0-9]*.py"))
    script = (MIGRATIONS / "versions" / newest).relative_to(ROOT)
    added = git.output(ROOT, "log", "--format=%H", "--diff-filter=A", "--", str(script))
    before = f"{added.split()[-1]}^" if added else "HEAD"  # a script that is not committed yet
    program = ["git", "-C", str(ROOT), "archive", "--format=tar", before, "src"]
    archive = subprocess.run(program, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    known = (folder / MIGRATIONS.relative_to(ROOT)).glob("versions/[0-9]*.py")  # on a branch not all that are older
    return sorted(path.name[:4] for path in known)


def test_release_before_starts_on_the_newest_schema(address: str, engine: sa.Engine, tmp_path: Path) -> None:  # noqa: ARG001
    known = release_before(tmp_path / "before")
    command = [sys.executable, "-c", BEFORE, address]
    done = subprocess.run(command, cwd=tmp_path / "before", check=False, capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["1", *known], "")


def test_service_that_answers_is_written_down(address: str) -> None:
    journal, process = Journal(address, 2.0), service_of(ROOT)
    journal.start()
    journal.register(process)
    with journal.engine.connect() as connection:
        row = connection.execute(sa.select(SERVICES)).one()
    assert tuple(row)[:1] + tuple(row)[2:] == process[:1] + process[2:]
    assert row.started.replace(tzinfo=row.started.tzinfo or UTC) == process.started
    journal.close()


def test_each_migration_only_adds() -> None:
    """So that the former release can go on beside the newer one."""
    for script in sorted((Path(MIGRATIONS) / "versions").glob("[0-9]*.py")):
        up = script.read_text().partition("def upgrade")[2].partition("def downgrade")[0]
        used = {part.partition("(")[0] for part in up.split("op.")[1:]}
        assert used <= ADDITIONS, script.name
        assert used, script.name
        statements = executed(script)
        assert len(statements) == up.count("op.execute")
        assert [statement for statement in statements if not STATEMENTS.fullmatch(statement)] == []


def executed(script: Path) -> list[str]:
    """What a migration's way up hands to the database as it stands."""
    (up,) = (part for part in ast.parse(script.read_text()).body if getattr(part, "name", "") == "upgrade")
    calls = [node for node in ast.walk(up) if isinstance(node, ast.Call) and ast.unparse(node.func) == "op.execute"]
    return [str(ast.literal_eval(call.args[0])) for call in calls]
