"""POST /predictions/{id}/verify: the logged inputs scored again by the form that answered them"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.live import DIGESTS, HEADERS, KEYS
from tests.api.routes.test_history import varied

CALLERS = {name: {"x-api-key": f"key-of-{name}"} for name in ("reader", "ops", "scorer")}
SCOPES = {"reader": "read", "ops": "read+admin", "scorer": "predict"}
WITH_SCOPES = ",".join(
    [DIGESTS, *(f"{name}:{sha256(headers['x-api-key'].encode()).hexdigest()}:{SCOPES[name]}"
                for name, headers in CALLERS.items())]
)  # fmt: skip
ANSWER = ("probability_of_default", "score", "decision", "reasons")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def client(client_with: Callable[..., TestClient], log: Path) -> TestClient:
    return client_with(database_url=f"sqlite:///{log}", api_keys=WITH_SCOPES)


def verify(client: TestClient, wanted: str, headers: dict[str, str] = HEADERS) -> Any:
    return client.post(f"/predictions/{wanted}/verify", headers=headers)


def change(log: Path, wanted: str, assignment: str) -> None:
    with closing(sqlite3.connect(log)) as database, database:
        database.execute(f"UPDATE predictions SET {assignment} WHERE id = ?", (wanted,))


def test_every_answer_is_the_same_again_with_reasons_where_they_were_told(
    client: TestClient, applicant: dict[str, Any]
) -> None:
    body = {"applicants": varied(applicant, client)}
    made = client.post("/predict/batch", json=body, headers=HEADERS).json()["predictions"]
    made.append(client.post("/predict?reasons=true", json=applicant, headers=HEADERS).json())
    assert {one["decision"] for one in made} == {"approve", "decline"}
    for one in made:
        answer = verify(client, one["prediction_id"])
        told = {name: one[name] for name in ANSWER}
        assert (answer.status_code, answer.json()) == (200, {"equal": True, "logged": told, "again": told})


@pytest.mark.parametrize(
    "assignment",
    [
        "probability_of_default = probability_of_default * (1 + 3e-16)",
        "score = score + 1",
        "decision = CASE decision WHEN 'approve' THEN 'decline' ELSE 'approve' END",
        "reasons = '[]'",
    ],
)
def test_edited_record_is_not_equal_and_both_are_shown(
    client: TestClient, applicant: dict[str, Any], log: Path, assignment: str
) -> None:
    made = client.post("/predict?reasons=true", json=applicant, headers=HEADERS).json()
    change(log, made["prediction_id"], assignment)
    found = verify(client, made["prediction_id"]).json()
    assert found["equal"] is False
    assert found["again"]["probability_of_default"] == made["probability_of_default"]
    assert found["logged"] != found["again"]


@pytest.mark.parametrize(
    ("assignment", "why"),
    [
        (f"form_sha256 = '{'0' * 64}'", "The form that answered is not served here"),
        ("form_sha256 = NULL", "The form that answered is not served here"),
        ("""inputs = '{"duration_months": "long"}'""", "The logged inputs are none of the form that answered"),
    ],
)
def test_what_cannot_be_shown_here_is_409_with_the_command_that_can(
    client: TestClient, applicant: dict[str, Any], log: Path, assignment: str, why: str
) -> None:
    wanted = client.post("/predict", json=applicant, headers=HEADERS).json()["prediction_id"]
    change(log, wanted, assignment)
    answer = verify(client, wanted)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    said = f"{why}. Where the project is: `python -m src.lineage.replay {wanted}`."
    assert answer.json()["detail"] == said


def test_ones_own_rows_are_verified_with_the_scope_read_and_anybodys_with_admin(
    client: TestClient, applicant: dict[str, Any]
) -> None:
    wanted = client.post("/predict", json=applicant, headers=HEADERS).json()["prediction_id"]
    assert verify(client, wanted, {"x-api-key": KEYS["batch"]}).status_code == 404
    assert verify(client, wanted, CALLERS["reader"]).status_code == 404
    assert verify(client, wanted, CALLERS["scorer"]).status_code == 403
    assert verify(client, wanted, {}).status_code == 401
    path = f"/predictions/{wanted}/verify?caller=web"
    assert client.post(path, headers=CALLERS["reader"]).status_code == 403
    assert client.post(path, headers=CALLERS["ops"]).json()["equal"] is True
    assert verify(client, "nonsense").status_code == 422
