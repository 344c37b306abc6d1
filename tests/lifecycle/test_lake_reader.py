"""DuckDB's own Iceberg reader, another release in an environment of its own, finds what this project says is there"""

import json
import subprocess

import pyarrow as arrow
import pytest
import sqlalchemy as sa

from tests.conftest import ROOT
from tests.lake.conftest import Lake, _ingested, lake, migrated, root, sqlite, typed
from tests.lake.environments import environment
from tests.lake.questions import SHARED, TABLES, fill, ours, plain

__all__ = ["_ingested", "lake", "migrated", "root", "sqlite", "typed"]
pytestmark = pytest.mark.lifecycle


@pytest.fixture
def engine(sqlite: sa.Engine) -> sa.Engine:
    """A log in SQLite alone."""
    return sqlite


def test_reader_that_shares_no_code_agrees(lake: Lake, typed: arrow.Table) -> None:
    fill(lake, typed)
    tables = {name: lake.catalog.load_table(name) for name in TABLES}
    named = {name.replace(".", "_"): table.metadata_location.removeprefix("file://") for name, table in tables.items()}
    questions = [
        sql.replace("{" + name + "}", "{" + name.replace(".", "_") + "}")
        for sql, name in zip(SHARED, TABLES, strict=True)
    ]
    snapshot = tables["silver.applications"].metadata.refs["credit-score-1"].snapshot_id
    then = f"iceberg_scan('{named['silver_applications']}', snapshot_from_id => {snapshot})"
    questions.append(SHARED[0].replace("{silver.applications}", then))
    done = subprocess.run(
        [environment(ROOT / "tests/lake/reader-requirements.txt"), ROOT / "tests/lake/reader.py"],
        input=json.dumps({"tables": named, "questions": questions}), capture_output=True, text=True, check=True,
    )  # fmt: skip
    release, answers = json.loads(done.stdout)
    assert release == "1.5.5"
    assert plain(answers) == ours(lake) + ours(lake, version=1)
    assert answers[-1][0][0] < 500
