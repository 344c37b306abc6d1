"""/health, /ready and /metrics"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from src import git
from tests.api.live import HEADERS
from tests.conftest import ROOT


@pytest.mark.parametrize(("path", "status"), [("/health", "ok"), ("/ready", "ready")])
def test_open_to_everyone_without_any_limit(client_with: Callable[..., TestClient], path: str, status: str) -> None:
    client = client_with(rate_limit="1/minute", open_limit="1/minute", failed_key_limit="1/minute")
    answers = [client.get(path) for _ in range(5)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"status": status})] * 5


def test_health_says_nothing_of_the_log_and_readiness_does(
    client_with: Callable[..., TestClient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.journal.journal.FRESH", 0.0)
    client = client_with(database_timeout=0.3)
    (tmp_path / "api").rename(tmp_path / "away")
    assert (client.get("/health").status_code, client.get("/ready").status_code) == (200, 503)


def test_metrics_count_requests_predictions_and_scores(client: TestClient, applicant: dict[str, Any]) -> None:
    made = [client.post("/predict", json=applicant, headers=HEADERS).json() for _ in range(3)]
    client.post("/predict/batch", json={"applicants": [applicant] * 4}, headers=HEADERS)
    client.post("/predict", json={}, headers=HEADERS)
    client.get("/nowhere/secret-path", headers=HEADERS)
    client.get("/predictions")
    answer = client.get("/metrics", headers=HEADERS)
    assert answer.headers["content-type"].startswith("text/plain")
    lines = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    decision = made[0]["decision"]
    assert float(lines[f'lastro_predictions_total{{decision="{decision}"}}']) == 7
    assert float(lines["lastro_score_count"]) == 7
    assert float(lines["lastro_score_sum"]) == 7 * made[0]["score"]
    seconds = 'lastro_request_seconds_count{{method="{}",route="{}",status="{}"}}'
    assert float(lines[seconds.format("POST", "/predict", 200)]) == 3
    assert float(lines[seconds.format("POST", "/predict", 422)]) == 1
    assert float(lines[seconds.format("GET", "unknown", 404)]) == 1
    assert float(lines[seconds.format("GET", "unknown", 401)]) == 1  # refused before a route is looked for
    assert "secret-path" not in answer.text  # a path of a client's own would be a label without end
    model = next(line for line in lines if line.startswith("lastro_model_info"))
    assert made[0]["model"]["sha256"] in model
    computed_by = client.get("/model/info", headers=HEADERS).json()["computed_by"]
    assert [line for line in lines if line.startswith("lastro_predictor_info")] == [
        f'lastro_predictor_info{{computed_by="{computed_by}"}}'
    ]
    code = [line for line in lines if line.startswith("lastro_code_info")]
    assert code == [f'lastro_code_info{{commit="{git.head(ROOT) or ""}"}}']
