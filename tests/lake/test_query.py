"""A question is answered from the tables that it names, and can do nothing else; a version's data stay as they were"""

from pathlib import Path

import pyarrow as arrow
import pytest
import sqlalchemy as sa

from src.lake import silver
from src.lake.catalog import SILVER, LakeError
from src.lake.query import Rows
from src.lake.tags import put_tags
from src.lake.whole import put, snapshots_of
from tests.lake.conftest import Lake


@pytest.fixture
def engine(sqlite: sa.Engine) -> sa.Engine:
    """A log in SQLite alone."""
    return sqlite


def put_silver(lake: Lake) -> str:
    """Bring silver alone; return its source."""
    md5 = str(silver.own_data(lake.root, lake.place))
    put(lake.catalog, SILVER, silver.typed(lake.root, lake.place, {}, md5, set()), silver.SCHEMA)
    return md5


def test_version_sees_what_it_was_trained_on_though_columns_came_and_changed(lake: Lake, typed: arrow.Table) -> None:
    older = typed.slice(0, 300).drop_columns(["job"])
    ages = arrow.array([f"{age} years" for age in older.column("age_years").to_pylist()])
    older = older.set_column(older.column_names.index("age_years"), "age_years", ages)
    lake.publish(1, older)
    lake.publish(2, typed)
    found = lake.sync()
    assert found["tags"] == ["credit-score-1", "credit-score-2"]
    assert lake.ask("SELECT count(*), max(age_years) FROM silver.applications", 1) == [(300, "74 years")]
    assert lake.ask("SELECT count(*), max(age_years), count(job) FROM silver.applications") == [(1000, 75, 1000)]
    assert lake.ask("SELECT count(*) FROM silver.applications", 2) == [(1000,)]
    with pytest.raises(LakeError, match="job"):
        lake.ask("SELECT job FROM silver.applications", 1)
    lake.publish(3, older.slice(0, 10))
    assert lake.sync()["tags"] == ["credit-score-3"]
    assert lake.ask("SELECT count(*) FROM silver.applications", 3) == [(10,)]
    assert lake.ask("SELECT count(*) FROM silver.applications") == [(1000,)], "the project's own data stand"
    lost = Path(lake.place.url_of(lake.publish(4, typed.slice(5))))
    lost.unlink()
    assert lake.sync()["without data"] == ["credit-score-4"]
    with pytest.raises(LakeError, match="no data of version 4; it has those of 1, 2, 3"):
        lake.ask("SELECT 1", 4)
    with pytest.raises(LakeError, match=r"training_runs.* does not exist.*; there is silver\.applications$"):
        lake.ask("SELECT * FROM gold.training_runs", 1)


def test_sync_that_was_stopped_before_its_tags_sets_them_later(lake: Lake, typed: arrow.Table) -> None:
    md5 = lake.publish(1, typed)
    put(lake.catalog, SILVER, silver.typed(lake.root, lake.place, {}, md5, set()), silver.SCHEMA)
    assert lake.sync()["tags"] == ["credit-score-1"]
    table = lake.catalog.load_table(SILVER)
    assert put_tags(table, {1: snapshots_of(table.metadata)[md5]}) == []


def test_question_reads_the_columns_that_it_needs(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    put_silver(lake)
    asked, scan = [], Rows.scan
    monkeypatch.setattr(Rows, "scan", lambda self, *columns: asked.append(columns) or scan(self, *columns))
    question = (
        "SELECT a.job, count(*) FROM silver.applications a JOIN silver.applications b USING (_row)"
        " WHERE a.age_years > 20 GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
    )
    assert lake.ask(question)[0][1] > 400
    assert {column for columns in asked for column in columns} <= {"job", "_row", "age_years"}


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELEC 1", r'the SQL: Parser Error: syntax error at or near "SELEC"$'),
        ("SELECT nothing FROM silver.applications", "the SQL: .*nothing"),
        ("SELECT * FROM gold.nothing", "the SQL: .*nothing"),
        ("SELECT 1; SELECT 2", "one SELECT is wanted"),
        ("", "one SELECT is wanted"),
        ("DROP VIEW silver.applications", "one SELECT is wanted"),
        ("INSERT INTO silver.applications SELECT 1", "one SELECT is wanted"),
        ("COPY (SELECT 1) TO '/tmp/copied'", "one SELECT is wanted"),
        ("ATTACH '/tmp/some.db'", "one SELECT is wanted"),
        ("SET enable_external_access = true", "one SELECT is wanted"),
        ("SELECT * FROM read_text('/etc/hostname')", "the SQL: Permission Error"),
        ("SELECT * FROM '/etc/hostname'", "the SQL: "),
        ("SELECT 'a'::INT FROM silver.applications", "the SQL: Conversion Error"),
    ],
)
def test_wrong_question_is_a_sentence(lake: Lake, sql: str, says: str) -> None:
    put_silver(lake)
    with pytest.raises(LakeError, match=says) as raised:
        lake.ask(sql)
    assert "\n" not in str(raised.value)
