"""What forgotten applicants said is in no file of the lake; a version's tag is listed, and given up by a command"""

import json
from pathlib import Path

import pyarrow as arrow
import pytest
import sqlalchemy as sa
from pyarrow.parquet import read_table

from src.lake import bronze, erase, silver
from src.lake.catalog import BRONZE, PREDICTIONS, SILVER
from src.lake.forget import expire, forget_in
from src.lake.predictions import sync_predictions
from src.lake.whole import Source, put
from tests.journal.rows import entry
from tests.lake.conftest import Lake, at


@pytest.fixture
def engine(sqlite: sa.Engine) -> sa.Engine:
    """A log in SQLite alone."""
    return sqlite


def files_with(lake: Lake, said: str) -> list[Path]:
    """The data files of the warehouse in which a text stands."""
    files = sorted(Path(str(lake.place.address), "lake").rglob("*.parquet"))
    assert files
    return [file for file in files if said in str(read_table(file, partitioning=None).to_pylist())]


def joined(typed: arrow.Table, *ids: str) -> arrow.Table:
    """The typed rows, of which the last ones were predictions."""
    known = json.loads(typed.schema.metadata[b"pandas"])
    known["attributes"] = {**known["attributes"], "predictions": " ".join(ids)}
    return typed.replace_schema_metadata({b"pandas": json.dumps(known).encode()})


def test_forgotten_inputs_are_in_no_file_and_do_not_come_again(lake: Lake, typed: arrow.Table) -> None:
    said, kept = (entry(time=at(1), inputs=json.dumps({"purpose": word})) for word in ("secret-purpose", "another"))
    lake.add([said, kept])
    lake.publish(1, joined(typed, said.id, kept.id))
    lake.publish(2, joined(typed.slice(10), said.id, kept.id))
    lake.sync()
    lake.add([entry(time=at(1))])
    sync_predictions(lake.catalog, lake.log, inputs=True)
    before = lake.ask("SELECT count(*) FROM silver.applications", 1)
    would = forget_in(lake.catalog, lake.place, [said.id], dry_run=True)
    assert files_with(lake, "secret-purpose")
    assert would == [
        "gold.predictions: 1 rows would be rewritten",
        "silver.applications: credit-score-1 holds 1 rows; `python -m src.lake expire --model-version 1` gives it up",
        "silver.applications: credit-score-2 holds 1 rows; `python -m src.lake expire --model-version 2` gives it up",
    ]
    assert forget_in(lake.catalog, lake.place, [said.id], dry_run=False)[0].startswith("gold.predictions: 1 rows")
    assert files_with(lake, "secret-purpose") == []
    rows = lake.ask("SELECT prediction_id, inputs, score, reasons FROM gold.predictions WHERE inputs IS NULL")
    assert rows == [(said.id, None, 600, None)]
    assert lake.ask("SELECT count(*), count(inputs) FROM gold.predictions") == [(3, 2)]
    assert lake.ask("SELECT count(*) FROM silver.applications", 1) == before
    assert forget_in(lake.catalog, lake.place, [said.id], dry_run=True) == would[1:]
    for version in (1, 2):
        expire(lake.catalog, lake.place, version)
    assert files_with(lake, said.id) == [file for file in files_with(lake, said.id) if "gold" in file.parts]
    assert lake.sync()["tags"] == []
    lake.publish(3, joined(typed.slice(20), said.id, kept.id))
    assert lake.sync()["tags"] == ["credit-score-3"]
    assert lake.ask("SELECT count(*) FROM silver.applications", 3) == [(979,)]


def test_rows_that_joined_the_training_data_leave_bronze_and_silver(lake: Lake, typed: arrow.Table) -> None:
    texts = arrow.table({"purpose": ["a", "b"], bronze.PREDICTION: ["p1", "p2"]})
    put(lake.catalog, BRONZE, [Source("sha256:1", lambda: texts)], bronze.SCHEMA)
    rows = silver.silver_of(joined(typed, "p1", "p2"), set())
    put(lake.catalog, SILVER, [Source("1", lambda: rows)], silver.SCHEMA)
    found = forget_in(lake.catalog, lake.place, ["p1"], dry_run=False)
    assert found == [f"{name}: 1 rows rewritten, and no snapshot holds what they said" for name in (BRONZE, SILVER)]
    assert lake.ask(f"SELECT {bronze.PREDICTION} FROM bronze.applications") == [("p2",)]
    assert lake.ask(f"SELECT count(*), count({bronze.PREDICTION}) FROM silver.applications") == [(999, 1)]
    assert files_with(lake, "p1") == []
    assert put(lake.catalog, SILVER, [Source("1", lambda: rows)], silver.SCHEMA) == {}, "they would come again"
    assert forget_in(lake.catalog, lake.place, ["p1"], dry_run=False) == []


def test_erasure_that_was_killed_is_finished_by_the_next(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    said = entry(time=at(1), inputs='{"purpose": "secret-purpose"}')
    lake.add([said])
    sync_predictions(lake.catalog, lake.log, inputs=True)
    delete, deleted = erase.delete, []

    def kill(*place: object) -> list[str]:
        if deleted:
            raise KeyboardInterrupt
        deleted.append(place)
        return delete(*place)

    monkeypatch.setattr(erase, "delete", kill)
    with pytest.raises(KeyboardInterrupt):
        forget_in(lake.catalog, lake.place, [said.id], dry_run=False)
    monkeypatch.undo()
    forget_in(lake.catalog, lake.place, [said.id], dry_run=False)
    table = lake.catalog.load_table(PREDICTIONS)
    assert len(table.metadata.snapshots) == 1
    assert files_with(lake, "secret-purpose") == []
    left = {str(file) for file in Path(table.location(), "data").rglob("*.parquet")}
    assert left == {task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()}
