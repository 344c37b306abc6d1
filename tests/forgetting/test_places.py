"""The feature tables and the lake, as they are: forgotten there too, and old rows wait until the lake has them"""

from datetime import timedelta
from pathlib import Path

import pytest

from src.feature_store.settings import read_settings as features
from src.feature_store.table import ROWS, open_table
from src.forgetting.archive import archive
from src.forgetting.forget import forget
from src.forgetting.whom import Whom
from src.lake.catalog import PREDICTIONS, open_catalog
from src.lake.predictions import sync_predictions
from src.lake.settings import Settings
from src.lineage.folder import Folder
from tests.forgetting.conftest import BEFORE, NOW, OLD, Log
from tests.forgetting.test_forget import files, words_of

NUMBER = "applicant-4711"


def known() -> int:
    """How many rows the online table has of the applicant."""
    engine = open_table(features().features_address)
    with engine.connect() as connection:
        return len(connection.execute(ROWS.select().where(ROWS.c.id == NUMBER)).all())


def test_applicant_leaves_features_and_lake_and_rows_wait_for_it(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = tmp_path / "warehouse"
    monkeypatch.setenv("LASTRO_LAKE_WAREHOUSE", str(warehouse))
    monkeypatch.setenv("LASTRO_FEATURES_URL", f"sqlite:///{tmp_path}/features.db")
    engine = open_table(features().features_address)
    with engine.begin() as connection:
        connection.execute(
            ROWS.insert(), {"id": NUMBER, "event_time": 1, "known_at": 1, "package": 1, "features": "{}"}
        )
    made = log.write(3, OLD, "old", applicant_id=NUMBER)
    catalog = open_catalog(Settings(_env_file=None), Folder(log.root / "objects"))
    assert sync_predictions(catalog, log.journal.engine, inputs=True) == 3
    late = log.write(2, OLD + timedelta(days=9), "late", applicant_id=NUMBER)
    new = log.write(1, NOW, "new", applicant_id="8")
    with log.desk() as desk:
        first = archive(desk, BEFORE, NOW)
        assert any("for the lake to take" in line for line in first.told)
        assert first.rows == (2 if log.address.startswith("sqlite") else 3), "SQLite's last row says where the lake is"
        assert sync_predictions(catalog, log.journal.engine, inputs=True) == 3
        assert first.rows + archive(desk, BEFORE, NOW).rows == 5
        tried = forget(desk, Whom(applicant=NUMBER), NOW, dry_run=True)
        assert known() == 1
        report = forget(desk, Whom(applicant=NUMBER), NOW, dry_run=False)
    assert [line.partition(":")[0] for line in tried.done] == ["features", "archives", "lake"]
    assert "features: the online table: 1 row(s) deleted" in report.done
    assert known() == 0
    rows = catalog.load_table(PREDICTIONS).scan().to_arrow().to_pylist()
    assert {row["prediction_id"]: row["inputs"] for row in rows} == {
        **{one.id: None for one in (*made, *late)},
        new[0].id: new[0].inputs,
    }
    every = b"".join(path.read_bytes() for path in warehouse.rglob("*.parquet")) + files(log)
    assert [word for one in (*made, *late) for word in words_of(one)[:1] if word in every] == []
