"""Rows of the log, and a log as the first release left it"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from src.journal.database import MIGRATIONS, alone, connect_engine, sqlite_file
from src.journal.identifiers import new_id
from src.journal.tables import Entry

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
    }
    return Entry(key_id=key_id, **(values | changes))


def of_first_release(key_id: str = "web", **changes: Any) -> Entry:
    """A row that knows no threshold, scale and purpose."""
    return entry(key_id, **{"threshold": None, "scale": None, "purpose": None} | changes)


def leave_first_release(address: str, entries: list[Entry]) -> None:
    """Make the database by the real first migration and insert what these rows have of its columns."""
    engine = connect_engine(address, 2.0)
    with alone(engine, sqlite_file(address)) as connection:
        scripts, context = ScriptDirectory(str(MIGRATIONS)), MigrationContext.configure(connection)
        with Operations.context(context):
            scripts.get_revision("0001").module.upgrade()
            context.stamp(scripts, "0001")
        then = sa.Table("predictions", sa.MetaData(), autoload_with=connection)
        rows = [{name: value for name, value in each._asdict().items() if name in then.columns} for each in entries]
        connection.execute(then.insert(), rows)
    engine.dispose()
