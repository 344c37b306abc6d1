"""The service of a table with everything awkward: its names, states, texts and days, and the record of them"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.serving.predictors import load
from tests.api.live import KEYS
from tests.conftest import Project

HEADERS = {"x-api-key": KEYS["web"]}
BALANCE, EMPLOYER, TIME = "Balance/BUREAU", "Employer", "Applied.On"


@pytest.fixture(scope="session")
def models(everything: Project) -> Path:
    return everything.root / "models"


@pytest.fixture
def client(client_with: Callable[..., TestClient]) -> TestClient:
    found = client_with()
    found.headers.update(HEADERS)
    return found


@pytest.fixture
def applicant(client: TestClient) -> dict[str, Any]:
    """The document's example applicant."""
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    return dict(schemas["Applicant"]["example"])


def recorded(client: TestClient, answer: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get(f"/predictions/{answer['prediction_id']}").raise_for_status().json())


def test_application_without_a_day_is_of_today_and_recorded_so_that_it_gives_the_same_number_again(
    client: TestClient, models: Path, applicant: dict[str, Any]
) -> None:
    days = {datetime.now(UTC).date().isoformat()}
    undated = {name: value for name, value in applicant.items() if name != TIME}
    answers = [client.post("/predict", json=body).json() for body in (undated, undated | {TIME: None}, applicant)]
    days.add(datetime.now(UTC).date().isoformat())
    inputs = [recorded(client, answer)["inputs"] for answer in answers]
    assert {inputs[0][TIME], inputs[1][TIME]} <= days
    assert inputs[2] == applicant
    scorer = load(models).scorer
    again = [scorer.score(given).probability_of_default for given in inputs]
    assert again == [answer["probability_of_default"] for answer in answers]
    batch = client.post("/predict/batch", json={"applicants": [undated, applicant]}).json()["predictions"]
    assert [one["probability_of_default"] for one in batch] == [answers[0]["probability_of_default"], again[2]]


def test_older_application_has_fewer_days_behind_it(client: TestClient, applicant: dict[str, Any]) -> None:
    since = date.fromisoformat(applicant["First credit"])
    days = [since.replace(year=since.year + years).isoformat() for years in range(0, 13, 2)]
    found = [client.post("/predict", json=applicant | {TIME: day}).json()["probability_of_default"] for day in days]
    assert len(set(found)) > 1, "a calibrated PD has steps, but not one"


def test_state_is_an_answers_reason_by_its_label(client: TestClient, applicant: dict[str, Any]) -> None:
    body = applicant | {BALANCE: "code -9"}
    answer = client.post("/predict?reasons=true", json=body).json()
    assert {"feature": BALANCE, "value": "code -9"}.items() <= next(
        reason.items() for reason in answer["reasons"] if reason["feature"] == BALANCE
    )
    assert recorded(client, answer)["inputs"][BALANCE] == "code -9"


@pytest.mark.parametrize("employer", ["Nobody's", "", "x" * 1024, 'a "b": {c} <d>', None])
def test_any_text_is_taken(client: TestClient, applicant: dict[str, Any], employer: str | None) -> None:
    answer = client.post("/predict", json=applicant | {EMPLOYER: employer})
    assert answer.status_code == 200, answer.text
    assert recorded(client, answer.json())["inputs"][EMPLOYER] == employer


@pytest.mark.parametrize(
    ("change", "pointer", "said"),
    [
        ({BALANCE: "-9"}, "#/Balance~1BUREAU", 'must be a number, or one of "code -9", "code -8"'),
        ({"First credit": "Dec-2011"}, "#/First credit", "YYYY-MM-DD"),
        ({TIME: "2024-02-30"}, "#/Applied.On", "YYYY-MM-DD"),
        ({"Region": "Sud"}, "#/Region", "Nord"),
        ({"Größe": None}, "#/Größe", "valid number"),
        ({EMPLOYER: 3}, "#/Employer", "string"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(
    client: TestClient, applicant: dict[str, Any], change: dict[str, Any], pointer: str, said: str
) -> None:
    answer = client.post("/predict", json=applicant | change)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, pointer)
    assert said in error["detail"]


def test_answer_to_one_is_the_answer_among_many(client: TestClient, applicant: dict[str, Any]) -> None:
    bodies = [applicant | {BALANCE: value} for value in (100, "code -9", "code -8", None)]
    bodies += [applicant | {EMPLOYER: "Employer & Sons 1"}, applicant | {"Monthly Income (€)": None}]
    many = client.post("/predict/batch?reasons=true", json={"applicants": bodies}).json()["predictions"]
    alone = [client.post("/predict?reasons=true", json=body).json() for body in bodies]
    kept = ("probability_of_default", "score", "decision", "reasons")
    assert [[one[name] for name in kept] for one in many] == [[one[name] for name in kept] for one in alone]
