"""An application's clock is given by who makes it: identifiers, times and what is in the future follow it"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.api.main import create_app
from src.api.settings import Settings
from src.journal.identifiers import first_id
from tests.api.live import DIGESTS, HEADERS, PLENTY
from tests.api.test_any_table import TIME
from tests.conftest import Project

NOON = datetime(2025, 9, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


class Time:
    """A moment that a test moves on."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(time: Time, settings_with: Callable[..., Settings]) -> Iterator[TestClient]:
    settings = settings_with(api_keys=DIGESTS.replace(",", ":predict+read+outcomes+admin,"))
    with TestClient(create_app(settings, time), headers=HEADERS) as client:
        yield client


def test_prediction_its_record_and_its_identifier_are_of_the_clocks_moment(
    client: TestClient, applicant: dict[str, Any]
) -> None:
    batch = client.post("/predict/batch", json={"applicants": [applicant] * 2}).json()["predictions"]
    for found in (client.post("/predict", json=applicant).json(), *batch):
        assert found["prediction_id"][:18] == first_id(NOON)[:18]
        record = client.get(f"/predictions/{found['prediction_id']}").json()
        assert datetime.fromisoformat(record["time"]) == NOON


def test_no_request_sets_it(client: TestClient, applicant: dict[str, Any]) -> None:
    headers = {"date": "Mon, 03 Jan 2022 10:00:00 GMT", "x-time": "2022-01-03T10:00:00Z"}
    found = client.post("/predict?now=2022-01-03T10:00:00Z", json=applicant, headers=headers).json()
    assert found["prediction_id"][:18] == first_id(NOON)[:18]
    assert client.post("/predict", json=applicant | {"time": "2022-01-03T10:00:00Z"}).status_code == 422


def test_outcome_is_in_the_future_or_not_by_the_clock(
    client: TestClient, time: Time, applicant: dict[str, Any]
) -> None:
    prediction = client.post("/predict", json=applicant).json()["prediction_id"]
    outcome = {"prediction_id": prediction, "outcome": "good", "observed_at": (NOON + WEEK).isoformat()}
    early = client.post("/outcomes", json={"outcomes": [outcome]})
    assert early.status_code == 422
    assert "must not be more than 5 minutes in the future" in early.text
    time.now = NOON + WEEK
    assert client.post("/outcomes", json={"outcomes": [outcome]}).json()["results"][0]["status"] == "recorded"
    found = client.get(f"/predictions/{prediction}").json()
    assert datetime.fromisoformat(found["outcome"]["observed_at"]) == NOON + WEEK


def test_message_waits_from_the_clocks_moment_on(client: TestClient) -> None:
    assert client.post("/alerts/test").json()["id"][:18] == first_id(NOON)[:18]


def test_application_that_says_no_day_is_of_the_clocks_day(everything: Project, time: Time, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, api_keys=DIGESTS, state=tmp_path, models=everything.root / "models",
                        rate_limit=PLENTY)  # fmt: skip
    time.now = datetime.combine(date(2026, 1, 5), NOON.timetz())
    with TestClient(create_app(settings, time), headers=HEADERS) as client:
        example = client.get("/openapi.json").json()["components"]["schemas"]["Applicant"]["example"]
        applicant = {name: value for name, value in example.items() if name != TIME}
        found = client.post("/predict", json=applicant)
        assert found.status_code == 200, found.text
        assert client.get(f"/predictions/{found.json()['prediction_id']}").json()["inputs"][TIME] == "2026-01-05"
