"""GET /predictions and /predictions/{id}: what a key asked before, newest first"""

import asyncio
import json
import platform
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from src.batch.recording import record
from src.journal.batch_ids import ids_of
from src.journal.clock import clock_of
from src.journal.journal import Journal
from src.journal.settings import Settings
from tests.api.live import DIGESTS, HEADERS, KEYS
from tests.journal.batches import RUN, batch_run
from tests.journal.rows import entry, leave_release, of_release

MADE = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
ADMIN = {"x-api-key": "key-of-ops"}
WITH_ADMIN = f"{DIGESTS},ops:{sha256(b'key-of-ops').hexdigest()}:read+admin"


def test_ids_sort_by_time_and_history_pages_through_them(client: TestClient, applicant: dict[str, Any]) -> None:
    made = [client.post("/predict", json=applicant, headers=HEADERS).json()["prediction_id"] for _ in range(7)]
    assert made == sorted(made)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"limit=3&cursor={cursor}" if cursor else "limit=3"
        page = client.get(f"/predictions?{query}", headers=HEADERS).json()
        seen += [found["prediction_id"] for found in page["predictions"]]
        cursor = page["next"]
    assert seen == made[::-1]


def test_prediction_of_another_key_is_404(client: TestClient, applicant: dict[str, Any]) -> None:
    path = f"/predictions/{client.post('/predict', json=applicant, headers=HEADERS).json()['prediction_id']}"
    assert client.get(path, headers=HEADERS).json()["inputs"] == applicant
    assert client.get(path, headers={"x-api-key": KEYS["batch"]}).status_code == 404


def test_row_of_a_batch_is_404_that_names_its_run_and_how_to_see_it(
    client_with: Callable[..., TestClient], tmp_path: Path
) -> None:
    address = f"sqlite:///{tmp_path / 'log.db'}"
    client = client_with(database_url=address)
    record(batch_run(rejected=1), [5], settings=Settings(database_url=SecretStr(address)), clock=clock_of(lambda: MADE))
    (there,), (rejected,) = ids_of(RUN, 4, 1), ids_of(RUN, 5, 1)
    found = client.get(f"/predictions/{there}", headers=HEADERS)
    assert found.status_code == 404
    detail = found.json()["detail"]
    assert f"This is row 4 of the batch run {RUN}, recorded 2026-03-02 12:30 UTC" in detail
    assert f"`python -m src.lineage.replay {there}`" in detail
    assert batch_run().output not in detail
    for other in (rejected, RUN):
        detail = client.get(f"/predictions/{other}", headers=HEADERS).json()["detail"]
        assert detail == "This caller has no prediction with this id."
    assert client.post(f"/predictions/{there}/verify", headers=HEADERS).status_code == 404


def test_filters_by_decision_and_time(client: TestClient, applicant: dict[str, Any]) -> None:
    body = {"applicants": varied(applicant, client)}
    made = client.post("/predict/batch", json=body, headers=HEADERS).json()["predictions"]
    for decision in ("approve", "decline"):
        found = client.get(f"/predictions?decision={decision}&limit=500", headers=HEADERS).json()["predictions"]
        expected = [one["prediction_id"] for one in made[::-1] if one["decision"] == decision]
        assert [one["prediction_id"] for one in found] == expected != []
    now = datetime.now(UTC)
    for since, until, count in ((-1, 1, len(made)), (1, 2, 0), (-2, -1, 0)):
        span = {"since": now + timedelta(hours=since), "until": now + timedelta(hours=until)}
        query = {name: moment.isoformat() for name, moment in span.items()}
        assert (
            len(client.get("/predictions", params=query | {"limit": "500"}, headers=HEADERS).json()["predictions"])
            == count
        )


def test_filters_by_version_and_purpose(client_with: Callable[..., TestClient], tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/rows.db"
    journal = Journal(address, 2.0)
    journal.start()
    kinds = [(version, purpose) for version in (None, "7", "8") for purpose in (None, "application", "what-if")]
    rows = [entry(model_version=version, purpose=purpose) for version, purpose in kinds]
    asyncio.run(journal.write(rows))
    journal.close()
    client = client_with(database_url=address)
    for query in (
        {},
        {"version": "7"},
        {"purpose": "what-if"},
        {"version": "8", "purpose": "application"},
        {"version": "9"},
    ):
        found = client.get("/predictions", params=query, headers=HEADERS).json()["predictions"]
        wanted = [
            row.id
            for row in rows[::-1]
            if query.get("version", row.model_version) == row.model_version
            and query.get("purpose", row.purpose) == row.purpose
        ]
        assert [each["prediction_id"] for each in found] == wanted, query


def test_each_row_names_its_caller_and_an_admin_reads_anybodys(
    client_with: Callable[..., TestClient], applicant: dict[str, Any]
) -> None:
    client = client_with(api_keys=WITH_ADMIN)
    made = client.post("/predict", json=applicant, headers=HEADERS).json()["prediction_id"]
    assert client.get(f"/predictions/{made}", headers=HEADERS).json()["caller"] == "web"
    assert client.get("/predictions", headers=ADMIN).json()["predictions"] == []
    (row,) = client.get("/predictions?caller=web", headers=ADMIN).json()["predictions"]
    assert (row["prediction_id"], row["caller"]) == (made, "web")
    assert client.get(f"/predictions/{made}", headers=ADMIN).status_code == 404
    assert client.get(f"/predictions/{made}?caller=web", headers=ADMIN).json() == row


@pytest.mark.parametrize("caller", ["batch", "web", "user:ana", ""])
def test_without_the_scope_nobody_is_asked_about(client: TestClient, caller: str) -> None:
    for path in ("/predictions", "/predictions/01a1feee-f0f8-7f39-8c3b-d01b1fe5202f"):
        answer = client.get(path, params={"caller": caller}, headers=HEADERS)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
        assert set(answer.headers) >= {"x-ratelimit-remaining", "www-authenticate"}


def varied(applicant: dict[str, Any], client: TestClient) -> list[dict[str, Any]]:
    """Applicants that differ from the example in one label each."""
    schema = client.get("/openapi.json").json()["components"]["schemas"]["Applicant"]["properties"]
    labels = [(name, label) for name, shown in schema.items() for label in shown.get("enum", [])]
    return [applicant | {name: label} for name, label in labels]


def test_record_is_what_was_answered(client: TestClient, applicant: dict[str, Any]) -> None:
    answer = client.post("/predict?reasons=true", json=applicant, headers=HEADERS).json()
    record = client.get(f"/predictions/{answer['prediction_id']}", headers=HEADERS).json()
    for name in ("probability_of_default", "score", "decision", "reasons"):
        assert record[name] == answer[name]
    assert record["model"]["sha256"] == answer["model"]["sha256"]
    assert abs(datetime.fromisoformat(record["time"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_row_says_which_form_of_which_commit_and_which_process_answered(
    client_with: Callable[..., TestClient], tmp_path: Path, applicant: dict[str, Any]
) -> None:
    client = client_with(database_url=f"sqlite:///{tmp_path}/log.db", git_commit="d" * 40 + "-dirty")
    answer = client.post("/predict", json=applicant, headers=HEADERS).json()
    record = client.get(f"/predictions/{answer['prediction_id']}", headers=HEADERS).json()
    form = client.get("/model/info", headers=HEADERS).json()["form_sha256"]
    assert (record["model"]["form_sha256"], record["model_asked"]) == (form, None)
    assert record["model"]["git_commit"] == answer["model"]["git_commit"]
    with closing(sqlite3.connect(tmp_path / "log.db")) as log:
        joined = "SELECT code_commit, code_dirty, python FROM predictions JOIN services ON service_id = services.id"
        assert log.execute(joined).fetchall() == [("d" * 40, 1, platform.python_version())]


def test_record_of_the_first_release_has_null_for_what_it_did_not_keep(
    client_with: Callable[..., TestClient], tmp_path: Path, applicant: dict[str, Any]
) -> None:
    old = of_release("0001", inputs=json.dumps(applicant), decision="decline")
    address = f"sqlite:///{tmp_path}/old.db"
    leave_release(address, "0001", [old])
    client = client_with(database_url=address)
    record = client.get(f"/predictions/{old.id}", headers=HEADERS).json()
    assert client.get("/predictions", headers=HEADERS).json()["predictions"] == [record]
    assert (record["inputs"], record["decision"], record["score"]) == (applicant, "decline", old.score)
    assert (record["threshold"], record["scale"], record["purpose"]) == (None, None, None)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "cursor=1",
        "decision=maybe",
        "since=0",
        "until=today",
        "purpose=fun",
        "version=%00",
        "caller=%00",
    ],
)
def test_wrong_parameter_is_422_and_named(client: TestClient, query: str) -> None:
    answer = client.get(f"/predictions?{query}", headers=HEADERS)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/" + query.partition("=")[0]]


def test_evaluation_is_the_files_and_404_without_one(client_with: Callable[..., TestClient], changed: Path) -> None:
    client = client_with(models=changed)
    found = client.get("/model/evaluation", headers=HEADERS)
    assert found.json() == json.loads((changed / "evaluation.json").read_text())
    (changed / "evaluation.json").unlink()
    assert client.get("/model/evaluation", headers=HEADERS).status_code == 404


def test_info_shows_the_card_and_what_is_served(client: TestClient, models: Path) -> None:
    info = client.get("/model/info", headers=HEADERS).json()
    card = json.loads((models / "model.json").read_text())
    assert (info["model"]["sha256"], info["card"]["threshold"]) == (card["sha256"], card["threshold"])
    assert info["card"]["translations"] == card["translations"]
    assert info["export"]["parity"]["flipped_decisions"] == 0
