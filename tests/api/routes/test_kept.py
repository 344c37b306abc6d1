"""Predictions whose inputs are gone: forgotten, or in an archive; every route tells it, and none fails"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.forgetting.archive import archive
from src.forgetting.desk import Desk, opened
from src.forgetting.forget import forget
from src.forgetting.whom import Whom
from src.frontend.history_file import row
from src.journal.settings import Settings
from tests.api.live import HEADERS
from tests.conftest import ROOT

LATER = timedelta(days=800)  # after which today's predictions are old


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def client(client_with: Callable[..., TestClient], log: Path) -> TestClient:
    return client_with(database_url=f"sqlite:///{log}")


@pytest.fixture
def made(client: TestClient, applicant: dict[str, Any]) -> list[dict[str, Any]]:
    """Four answers."""
    found: list[dict[str, Any]] = [client.post("/predict?reasons=true", json=applicant, headers=HEADERS).json()
                                   for _ in range(4)]  # fmt: skip
    return found


@pytest.fixture
def gone(
    made: list[dict[str, Any]], log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """The first is archived, the second archived and forgotten, the third forgotten, the last is whole."""
    root, now = tmp_path / "project", datetime.now(UTC)
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path / "state"))  # where no lake is
    (root / ".dvc").mkdir(parents=True)
    (root / "objects").mkdir()
    (root / ".dvc" / "config").write_text(f"[core]\nremote = local\n['remote \"local\"']\nurl = {root / 'objects'}\n")
    shutil.copy(ROOT / "policy.yaml", root)
    with opened(Settings(_env_file=None, database_url=f"sqlite:///{log}"), root) as desk:
        archive(desk, between(made, desk), now + LATER)
        for one in made[1:3]:
            forget(desk, Whom(prediction=one["prediction_id"]), now, dry_run=False)
    return made


def between(made: list[dict[str, Any]], desk: Desk) -> datetime:
    """The moment of the third answer."""
    with desk.engine.connect() as connection:
        query = "SELECT time FROM predictions WHERE id = ?"
        (text,) = connection.exec_driver_sql(query, (made[2]["prediction_id"],)).one()
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_answers_stay_and_say_how_much_is_kept(client: TestClient, gone: list[dict[str, Any]]) -> None:
    kept = ["archived", "forgotten", "forgotten", "whole"]
    page = client.get("/predictions", headers=HEADERS).json()["predictions"]
    assert [one["prediction_id"] for one in page] == [one["prediction_id"] for one in reversed(gone)]
    for answer, how, listed in zip(gone, kept, reversed(page), strict=True):
        found = client.get(f"/predictions/{answer['prediction_id']}", headers=HEADERS).json()
        assert found == listed
        assert found["kept"] == how
        same = ("probability_of_default", "score", "decision")
        assert {name: found[name] for name in same} == {name: answer[name] for name in same}
        assert (found["inputs"] == {}, found["reasons"] == []) == (how != "whole", how != "whole")
        assert found["scale"] is not None
        cells = row(found, decimal_comma=False)
        assert cells["kept"] == how
        assert any(name.startswith("inputs.") for name in cells) == (how == "whole")
    assert client.get("/predictions?limit=2", headers=HEADERS).json()["predictions"] == page[:2]


def test_verify_says_why_it_cannot(client: TestClient, gone: list[dict[str, Any]]) -> None:
    said = [client.post(f"/predictions/{one['prediction_id']}/verify", headers=HEADERS) for one in gone]
    assert [answer.status_code for answer in said] == [409, 409, 409, 200]
    assert f"`python -m src.lineage.replay {gone[0]['prediction_id']}`" in said[0].json()["detail"]
    assert "The applicant was forgotten" in said[1].json()["detail"]
    assert "replay" not in said[2].json()["detail"]


def test_outcomes_of_them_are_taken(client: TestClient, gone: list[dict[str, Any]]) -> None:
    told = [{"prediction_id": one["prediction_id"], "outcome": "good"} for one in gone]
    answer = client.post("/outcomes", json={"outcomes": told}, headers=HEADERS)
    assert answer.status_code == 200, answer.json()
    assert {one["status"] for one in answer.json()["results"]} == {"recorded"}
    found = client.get(f"/predictions/{gone[0]['prediction_id']}", headers=HEADERS).json()
    assert found["outcome"]["outcome"] == "good"
