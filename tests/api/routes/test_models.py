"""GET /model/scorecard"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from src.serving.scorecard import COLUMNS, filed
from tests.api.live import HEADERS
from tests.serving.test_predictors import folder_of
from tests.serving.test_scorecard import evaluated


@pytest.fixture
def scorecard(tmp_path: Path) -> Path:
    """models/ of a scorecard, with an evaluation."""
    folder = tmp_path / "scorecard"
    folder.mkdir()
    evaluated(folder_of("scorecard", folder))
    return folder


def test_scorecard_is_a_file_in_each_form(client_with: Callable[..., TestClient], scorecard: Path) -> None:
    client = client_with(models=scorecard)
    found = client.get("/model/scorecard", headers=HEADERS)
    assert found.text.splitlines()[0] == ",".join(COLUMNS)
    types = {"csv": "text/csv; charset=utf-8", "sql": "application/sql",
             "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}  # fmt: skip
    for form, media_type in types.items():
        answer = client.get(f"/model/scorecard?format={form}", headers=HEADERS)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
        assert answer.headers["content-disposition"] == f'attachment; filename="scorecard.{form}"'
        assert answer.content == filed(scorecard, form)  # type: ignore[arg-type]  # one of the three
    assert client.get("/model/scorecard?format=pdf", headers=HEADERS).status_code == 422


def test_info_says_what_sums_up_a_score(
    client: TestClient, client_with: Callable[..., TestClient], scorecard: Path
) -> None:
    found = [each.get("/model/info", headers=HEADERS).json() for each in (client, client_with(models=scorecard))]
    assert found[0]["computed_by"] in {"kernel", "numpy"}
    assert found[1]["computed_by"] == "points"


def test_no_scorecard_and_no_table_are_404_and_say_which(
    client: TestClient, client_with: Callable[..., TestClient], scorecard: Path
) -> None:
    answer = client.get("/model/scorecard", headers=HEADERS)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "is no scorecard" in answer.json()["detail"]
    evaluation = json.loads((scorecard / "evaluation.json").read_text())
    (scorecard / "evaluation.json").write_text(json.dumps(evaluation | {"scorecard": None}))
    served = client_with(models=scorecard)
    assert "no table" in served.get("/model/scorecard", headers=HEADERS).json()["detail"]
    assert served.get("/model/scorecard?format=sql", headers=HEADERS).status_code == 200
    (scorecard / "evaluation.json").unlink()
    missing = served.get("/model/scorecard", headers=HEADERS)
    assert (missing.status_code, missing.json()["detail"]) == (404, "This deployment has no evaluation of its model.")


@pytest.mark.parametrize("content", [b'{"sha256": "%s", "scorecard": []}' % (b"0" * 64), b"no JSON"])
def test_evaluation_of_another_model_and_one_that_cannot_be_read_are_faults_and_no_404(
    client_with: Callable[..., TestClient], scorecard: Path, content: bytes
) -> None:
    (scorecard / "evaluation.json").write_bytes(content)
    answer = client_with(models=scorecard).get("/model/scorecard", headers=HEADERS)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "the request id names this failure" in answer.json()["detail"]
