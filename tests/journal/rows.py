"""Rows of the log, and a log as an earlier release left it"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from src.journal.database import MIGRATIONS, alone, connect_engine, sqlite_file
from src.journal.identifiers import new_id
from src.journal.tables import Entry

LATER = {
    "0001": "threshold",
    "0002": "form_sha256",
    "0003": "applicant_id",
    "0004": "applicant_id",
    "0005": "applicant_id",
}  # a schema -> the first column that it lacks
SCALE = '{"points":600.0,"odds":20.0,"pdo":40.0,"minimum":300.0,"maximum":850.0}'


def entry(key_id: str = "web", **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "id": new_id(),
        "time": datetime.now(UTC),
        "model_sha256": "a" * 64,
        "model_version": None,
        "inputs": '{"a": 1}',
        "probability_of_default": 0.1,
        "score": 600,
        "decision": "approve",
        "reasons": "[]",
        "threshold": 1 / 6,
        "scale": SCALE,
        "purpose": "application",
        "form_sha256": "b" * 64,
        "git_commit": "c" * 40,
        "model_asked": None,
        "service_id": new_id(),
        "applicant_id": "a-17",
        "feature_time": datetime(2026, 1, 31, tzinfo=UTC),
    }
    return Entry(key_id=key_id, **(values | changes))


def of_release(revision: str, key_id: str = "web", **changes: Any) -> Entry:
    """A row that knows nothing of what later migrations added."""
    first = LATER[revision]
    lacking = Entry._fields[Entry._fields.index(first) :] if first else ()
    return entry(key_id, **dict.fromkeys(lacking) | changes)


def leave_release(address: str, revision: str, entries: list[Entry]) -> None:
    """Make the database by the real migrations up to one, and insert what these rows have of its columns."""
    engine = connect_engine(address, 2.0)
    with alone(engine, sqlite_file(address)) as connection:
        scripts, context = ScriptDirectory(str(MIGRATIONS)), MigrationContext.configure(connection)
        with Operations.context(context):
            for step in reversed(list(scripts.iterate_revisions(revision, "base"))):
                step.module.upgrade()
                context.stamp(scripts, step.revision)
        then = sa.Table("predictions", sa.MetaData(), autoload_with=connection)
        rows = [{name: value for name, value in each._asdict().items() if name in then.columns} for each in entries]
        connection.execute(then.insert(), rows)
    engine.dispose()
