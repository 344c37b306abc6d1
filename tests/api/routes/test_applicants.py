"""Scoring by an applicant's id: what is stored, what replaces it, what is recorded, and every refusal"""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from tests.api.live import BEARER, HEADERS, KEYS, Server
from tests.postgresql import Postgres
from tests.stored import SEEN, address_of, put

STORED = ("a-1", "b/2", "ü 3")


@pytest.fixture
def stored(client: TestClient, tmp_path: Path, models: Path, applicant: dict[str, Any]) -> TestClient:
    """A client of a service that knows three applicants; it had started before it did."""
    put(address_of(tmp_path), {one: applicant | {"age_years": 30 + n} for n, one in enumerate(STORED)}, models)
    return client


def ask(client: Any, path: str, **body: Any) -> Any:
    return client.post(f"/predict/{path}", headers=HEADERS, **body)


def test_stored_applicant_is_answered_as_who_brings_the_same_values(
    stored: TestClient, applicant: dict[str, Any]
) -> None:
    for place, (one, path) in enumerate(zip(STORED, ("a-1", "b%2F2", "%C3%BC%203"), strict=True)):
        by_id = ask(stored, f"applicant/{path}?reasons=true").json()
        brought = stored.post("/predict?reasons=true", json=applicant | {"age_years": 30 + place}, headers=HEADERS)
        assert by_id | {"prediction_id": 0} == brought.json() | {"prediction_id": 0}
        record = stored.get(f"/predictions/{by_id['prediction_id']}", headers=HEADERS).json()
        assert record["inputs"] == applicant | {"age_years": 30 + place}
        assert record["applicant_id"] == one
        assert datetime.fromisoformat(record["feature_time"]) == SEEN
        plain = stored.get(f"/predictions/{brought.json()['prediction_id']}", headers=HEADERS).json()
        assert (plain["applicant_id"], plain["feature_time"]) == (None, None)
        verified = stored.post(f"/predictions/{by_id['prediction_id']}/verify", headers=HEADERS)
        assert verified.json()["equal"] is True


def test_overrides_count_instead_and_are_recorded(stored: TestClient, applicant: dict[str, Any]) -> None:
    answer = ask(stored, "applicant/a-1?purpose=what-if", json={"credit_amount": 12345}).json()
    record = stored.get(f"/predictions/{answer['prediction_id']}", headers=HEADERS).json()
    assert record["inputs"] == applicant | {"age_years": 30, "credit_amount": 12345}
    assert record["purpose"] == "what-if"
    assert ask(stored, "applicant/a-1", json={}).status_code == 200


def test_many_are_answered_in_their_order_or_nobody(stored: TestClient) -> None:
    ids = [STORED[2], STORED[0], STORED[0]]
    answers = ask(stored, "applicants", json={"ids": ids}).json()["predictions"]
    single = [ask(stored, f"applicant/{path}").json()["score"] for path in ("%C3%BC%203", "a-1", "a-1")]
    assert [answer["score"] for answer in answers] == single
    records = [stored.get(f"/predictions/{answer['prediction_id']}", headers=HEADERS).json() for answer in answers]
    assert [record["applicant_id"] for record in records] == ids
    before = len(stored.get("/predictions?limit=500", headers=HEADERS).json()["predictions"])
    refused = ask(stored, "applicants", json={"ids": ["a-1", "nobody-here", "a-1", "nor-here"]})
    assert (refused.status_code, refused.json()["detail"]) == (404, "2 of 4 applicants: each is unknown.")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["#/ids/1", "#/ids/3"]
    assert "here" not in refused.text
    assert len(stored.get("/predictions?limit=500", headers=HEADERS).json()["predictions"]) == before
    assert len(ask(stored, "applicants", json={"ids": ["a-1"] * 1000}).json()["predictions"]) == 1000


@pytest.mark.parametrize("body", [{"ids": []}, {"ids": ["a"] * 1001}, {"ids": [7]}, {"ids": ["x" * 257]}, {}, []])
def test_wrong_list_of_ids_is_422(stored: TestClient, body: Any) -> None:
    assert ask(stored, "applicants", json=body).status_code == 422


def test_wrong_override_is_named_and_a_wrong_body_refused(stored: TestClient) -> None:
    wrong = ask(stored, "applicant/a-1", json={"credit_amount": -1, "shoe_size": 43})
    assert wrong.status_code == 422
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"#/credit_amount", "#/shoe_size"}
    assert ask(stored, "applicant/a-1", content='{"age_years": 31}').status_code == 415
    json_headers = HEADERS | {"content-type": "application/json"}
    body = '{"age_years": 31, "age_years": 32}'
    assert stored.post("/predict/applicant/a-1", content=body, headers=json_headers).status_code == 422
    for query in ("purpose=test", "model=best", "reasons=perhaps"):
        assert ask(stored, f"applicant/a-1?{query}").status_code == 422
    assert ask(stored, "applicant/a-1?model=7").status_code == 404


def test_problem_names_the_place_and_never_what_is_stored(
    client_with: Callable[..., TestClient], tmp_path: Path, models: Path, applicant: dict[str, Any]
) -> None:
    client = client_with(features_max_age_days=30)
    partial = {name: value for name, value in applicant.items() if name != "credit_amount"}
    put(address_of(tmp_path), {"part": partial, "wrong": applicant | {"purpose": "nonsense"}}, models)
    put(address_of(tmp_path), {"old": applicant}, models, seen=SEEN - timedelta(days=30), fields={"more": "text"})
    put(address_of(tmp_path), {"other": applicant}, models, package="other-loans")
    put(address_of(tmp_path), {"kind": applicant}, models, fields={"age_years": "text"})
    expected = {
        "part": (422, "incomplete"), "wrong": (422, "incomplete"), "old": (409, "expired"),
        "other": (409, "package"), "kind": (409, "package"), "nobody": (404, "unknown"),
    }  # fmt: skip
    for one, (status, rule) in expected.items():
        answer = ask(client, f"applicant/{one}")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert [(error["pointer"], error["type"]) for error in answer.json()["errors"]] == [("/id", rule)]
        many = ask(client, "applicants", json={"ids": [one]})
        assert (many.status_code, many.json()["errors"][0]["pointer"]) == (status, "#/ids/0")
        for text in (answer.text, many.text):
            assert not [name for name in (one, "nonsense", *applicant) if f'"{name}"' in text or f" {name}" in text]
    assert ask(client, "applicant/part", json={"credit_amount": 1000}).status_code == 200
    assert ask(client, "applicants", json={"ids": ["part", "old", "nobody"]}).status_code == 404


def test_status_says_whether_the_champion_takes_the_rows(
    client: TestClient, tmp_path: Path, models: Path, applicant: dict[str, Any]
) -> None:
    for ask_for in (
        lambda: ask(client, "applicant/a-1"),
        lambda: ask(client, "applicants", json={"ids": ["a-1"]}),
    ):
        assert (ask_for().status_code, "feature_store materialize" in ask_for().json()["detail"]) == (404, True)
    nothing = {"compatible": False, "rows": 0, "newest": None, "age_s": None, "package": None}
    assert client.get("/features/status", headers=HEADERS).json() == nothing
    put(address_of(tmp_path), {"other": applicant}, models, package="other-loans")
    found = client.get("/features/status", headers=HEADERS).json()
    assert (found["compatible"], found["package"], found["rows"]) == (False, "other-loans", 1)
    put(address_of(tmp_path), {"a-1": applicant, "a-2": applicant}, models)
    found = client.get("/features/status", headers=HEADERS).json()
    assert (found["compatible"], found["package"], found["rows"]) == (True, "german-credit", 2)
    assert datetime.fromisoformat(found["newest"]) == SEEN
    assert found["age_s"] == pytest.approx(10 * 86_400, abs=600)


def test_routes_want_a_key_its_scope_and_its_limit(client_with: Callable[..., TestClient]) -> None:
    client = client_with(rate_limit="4/hour")
    for path in ("/predict/applicant/a-1", "/predict/applicants"):
        assert client.post(path).status_code == 401
    assert client.get("/features/status").status_code == 401
    assert client.post("/predict/applicant/a-1", headers=BEARER).status_code == 404
    answers = [ask(client, "applicant/a-1").status_code for _ in range(4)]
    assert answers == [404, 404, 404, 429]
    reading = client_with(api_keys=f"web:{sha256(KEYS['web'].encode()).hexdigest()}:read")
    assert ask(reading, "applicant/a-1").status_code == 403
    assert reading.get("/features/status", headers=HEADERS).status_code == 200


def test_postgresql_is_asked_and_a_silent_one_is_503(
    client_with: Callable[..., TestClient], postgres: Postgres, models: Path, applicant: dict[str, Any]
) -> None:
    postgres.empty()
    client = client_with(features_url=postgres.url)
    assert ask(client, "applicant/a-1").status_code == 404
    put(postgres.url, {"a-1": applicant}, models)
    assert ask(client, "applicant/a-1").json()["decision"] in ("approve", "decline")
    assert ask(client, "applicants", json={"ids": ["a-1", "a-1"]}).status_code == 200
    assert client.get("/features/status", headers=HEADERS).json()["compatible"] is True
    silent = client_with(features_url="postgresql://lastro:word@127.0.0.1:1/none")
    refused = ask(silent, "applicant/a-1")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "127.0.0.1" not in refused.text


def test_id_is_in_no_log_and_no_metric(
    server_with: Callable[..., Server], models: Path, applicant: dict[str, Any]
) -> None:
    server = server_with(LASTRO_LOG_LEVEL="DEBUG")
    put(address_of(server.folder), {"ana-19b7": applicant}, models)
    answer = httpx.post(f"{server.url}/predict/applicant/ana-19b7", headers=HEADERS)
    assert answer.status_code == 200
    assert httpx.post(f"{server.url}/predict/applicant/bob-77c1", headers=HEADERS).status_code == 404
    metrics = httpx.get(f"{server.url}/metrics", headers=HEADERS).text
    assert 'route="/predict/applicant/{id}"' in metrics
    assert not [name for name in ("ana-19b7", "bob-77c1") if name in metrics or name in server.log]
