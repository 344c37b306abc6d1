"""Each version that is served has its row in training_data, from its files, at start and at a switch"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.deliveries import COMMIT, Deliveries, again, wide
from tests.api.live import HEADERS
from tests.conftest import ROOT
from tests.ports import wait_until
from tests.serving.kinds import typical

PUBLISHED = "2026-03-01T12:00:00Z"


def rows(folder: Path) -> list[dict[str, Any]]:
    """The table of the log in a service's state."""
    with sqlite3.connect(f"file:{folder}/api/journal.db?mode=ro", uri=True) as log:
        log.row_factory = sqlite3.Row
        found = [dict(row) for row in log.execute("SELECT * FROM training_data ORDER BY id")]
    log.close()
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two served forms of one model, each with the files that training leaves beside a model."""
    folder = tmp_path_factory.mktemp("versions")
    first = wide(folder / "7")
    sha256 = json.loads((first / "model.json").read_text())["sha256"]
    evaluation = {"sha256": sha256, "rows": 60, "metrics": {"roc_auc": {"value": 0.75, "low": 0.7, "high": 0.8}}}
    reference = {"sha256": sha256, "rows": 300, "features": {"years": {"kind": "number", "rows": [150, 150, 0, 0]}}}
    for name, content in {"evaluation": evaluation, "reference": reference}.items():
        (first / f"{name}.json").write_text(json.dumps(content))
    return {"7": first, "8": again(first, folder / "8", threshold=0.05)}


@pytest.fixture
def deliveries(tmp_path: Path, made: dict[str, Path]) -> Deliveries:
    return Deliveries(tmp_path / "serving", made)


def ask(client: TestClient) -> Any:
    return client.post("/predict", json=typical(), headers=HEADERS).raise_for_status().json()


def test_versions_are_written_at_start_from_their_files(
    client_with: Callable[..., TestClient], deliveries: Deliveries, tmp_path: Path
) -> None:
    deliveries.name(17, "7", "8", v7={"published": PUBLISHED, "data_md5": "d" * 32})
    client_with()
    one, other = sorted(rows(tmp_path), key=lambda row: row["model_version"])
    assert (one["model_version"], one["git_commit"], one["data_md5"]) == ("7", COMMIT, "d" * 32)
    assert (one["n_train"], one["n_test"], one["n_features"]) == (240, 60, len(typical()))
    assert (one["metric"], one["published_at"]) == (0.75, "2026-03-01 12:00:00.000000")
    assert json.loads(one["metrics"]) == {"roc_auc": {"value": 0.75, "low": 0.7, "high": 0.8}}
    assert json.loads(one["feature_stats"]) == {"years": {"kind": "number", "rows": [150, 150, 0, 0]}}
    assert (other["model_version"], other["model_sha256"], other["published_at"]) == ("8", one["model_sha256"], None)
    assert other["form_sha256"] != one["form_sha256"]


def test_next_version_is_written_at_the_switch_and_the_first_stays(
    client_with: Callable[..., TestClient], deliveries: Deliveries, tmp_path: Path
) -> None:
    deliveries.name(17, "7")
    client = client_with()
    ask(client)
    (first,) = rows(tmp_path)
    deliveries.name(18, "8", v8={"published": PUBLISHED})
    wait_until(lambda: ask(client)["model"]["version"] == "8", 5)
    assert [row["model_version"] for row in rows(tmp_path)] == ["7", "8"]
    deliveries.name(19, "7", v7={"git_commit": "e" * 40})
    wait_until(lambda: ask(client)["model"]["git_commit"] == "e" * 40, 5)
    assert rows(tmp_path)[0] == first
    assert len(rows(tmp_path)) == 2


def test_log_that_is_locked_at_the_switch_gets_the_row_later(
    client_with: Callable[..., TestClient], deliveries: Deliveries, tmp_path: Path
) -> None:
    deliveries.name(17, "7")
    client = client_with(database_timeout=0.2)
    other = sqlite3.connect(tmp_path / "api" / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    deliveries.name(18, "8")
    wait_until(lambda: client.get("/models", headers=HEADERS).json()["event"] == 18, 5)  # it is not waited for
    assert len(rows(tmp_path)) == 1
    other.close()
    wait_until(lambda: len(rows(tmp_path)) == 2, 5)


def test_models_of_this_project_are_told_whole(client: TestClient, tmp_path: Path) -> None:  # noqa: ARG001
    """As the pipeline leaves them: 1 000 rows, 200 of them for the test."""
    (row,) = rows(tmp_path)
    evaluation = json.loads((ROOT / "models" / "evaluation.json").read_text())
    assert (row["n_train"], row["n_test"], row["n_features"]) == (800, 200, 18)
    assert set(json.loads(row["metrics"])) == set(evaluation["metrics"])
    stats = json.loads(row["feature_stats"])
    assert {sum(one["rows"]) for one in stats.values()} == {1000}
    assert (row["model_version"], row["published_at"], row["git_commit"]) == (None, None, None)


@pytest.mark.parametrize("spoiled", ["absent", "another model's", "no reference"])
def test_value_that_no_file_says_is_null(
    client_with: Callable[..., TestClient], made: dict[str, Path], tmp_path: Path, spoiled: str
) -> None:
    folder = Path(shutil.copytree(made["7"], tmp_path / "models"))
    for name in ("reference.json", "evaluation.json"):
        content = json.loads((folder / name).read_text())
        if spoiled == "absent":
            (folder / name).unlink()
        else:
            changed = {"sha256": "0" * 64} if spoiled == "another model's" else {"sha256": None}
            (folder / name).write_text(json.dumps(content | changed))
    client = client_with(models=folder)
    ask(client)
    (row,) = rows(tmp_path)
    absent = {name for name, value in row.items() if value is None}
    told = {"metric", "metrics", "n_train", "n_test", "feature_stats"}
    assert absent == {*told, "model_version", "git_commit", "published_at"}
