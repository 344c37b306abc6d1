"""Where the prediction log does not answer the service says 503, and is back by itself after every obstacle"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.live import HEADERS, KEYS
from tests.postgresql import Postgres

SHORT = 0.3  # seconds


@pytest.fixture
def post(client_with: Callable[..., TestClient], applicant: dict[str, Any]) -> Callable[[], Any]:
    client = client_with(database_timeout=SHORT)
    return lambda: client.post("/predict", json=applicant, headers=HEADERS)


def test_locked_database_is_503_until_it_is_free(post: Callable[[], Any], tmp_path: Path) -> None:
    assert post().status_code == 200
    other = sqlite3.connect(tmp_path / "api/journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused = post()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "locked" not in refused.text  # the database's words stay in the log
    other.execute("ROLLBACK")
    other.close()
    assert post().status_code == 200


def test_vanished_database_is_503_until_it_is_back(post: Callable[[], Any], tmp_path: Path) -> None:
    first = post().json()["prediction_id"]
    folder, away = tmp_path / "api", tmp_path / "away"
    folder.rename(away)
    assert [post().status_code, post().status_code] == [503, 503]
    away.rename(folder)
    second = post().json()["prediction_id"]
    found = sqlite3.connect(folder / "journal.db").execute("SELECT id FROM predictions ORDER BY id").fetchall()
    assert [row[0] for row in found] == [first, second]


def test_ready_says_when_the_log_cannot_be_written(
    client_with: Callable[..., TestClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.journal.journal.FRESH", 0.0)
    client = client_with(database_timeout=SHORT)
    assert client.get("/ready").status_code == 200
    (tmp_path / "api").rename(tmp_path / "away")
    assert client.get("/ready").status_code == 503
    (tmp_path / "away").rename(tmp_path / "api")
    assert client.get("/ready").status_code == 200


def test_stopped_postgresql_is_503_until_it_is_back(
    client_with: Callable[..., TestClient], applicant: dict[str, Any], postgres: Postgres
) -> None:
    client = client_with(database_url=postgres.url, database_timeout=1.0)
    headers = {"x-api-key": KEYS["batch"]}
    first = client.post("/predict", json=applicant, headers=headers)
    assert first.status_code == 200
    postgres.stop()
    assert client.post("/predict", json=applicant, headers=headers).status_code == 503
    assert client.get("/predictions", headers=headers).status_code == 503
    postgres.start()
    assert client.post("/predict", json=applicant, headers=headers).status_code == 200
    path = f"/predictions/{first.json()['prediction_id']}"
    assert client.get(path, headers=headers).status_code == 200
