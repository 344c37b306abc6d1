"""POST /outcomes: what became of applicants, each message once, all of a request or nothing"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from src.batch.recording import record
from src.journal.batch_ids import ids_of
from src.journal.settings import Settings
from tests.api.deliveries import name_card
from tests.api.live import HEADERS, KEYS
from tests.api.routes.test_verify import CALLERS, WITH_SCOPES
from tests.journal.batches import RUN, batch_run

OTHER = {"x-api-key": KEYS["batch"]}
GROUPS = {"personal_status_sex": "female and single", "foreign_worker": "no"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def client(client_with: Callable[..., TestClient], log: Path) -> TestClient:
    return client_with(database_url=f"sqlite:///{log}", api_keys=WITH_SCOPES)


@pytest.fixture
def made(client: TestClient, applicant: dict[str, Any]) -> str:
    """A prediction of web's."""
    return str(client.post("/predict", json=applicant, headers=HEADERS).json()["prediction_id"])


def tell(client: TestClient, *entries: Any, headers: dict[str, str] = HEADERS) -> Any:
    return client.post("/outcomes", json={"outcomes": entries}, headers=headers)


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [result["status"] for result in answer.json()["results"]]


def stored(log: Path, what: str = "outcome, key_id, prediction_key_id", table: str = "outcomes") -> list[Any]:
    with closing(sqlite3.connect(log)) as database:
        return database.execute(f"SELECT {what} FROM {table} ORDER BY id").fetchall()  # the test's own


def test_any_key_with_the_scope_labels_and_history_shows_what_counts(client: TestClient, log: Path, made: str) -> None:
    assert client.get(f"/predictions/{made}", headers=HEADERS).json()["outcome"] is None
    good, bad, unknown = ({"prediction_id": one, "outcome": label} for one, label in (
        (made, "good"), (made.upper(), "bad"), (str(uuid4()), "bad")))  # fmt: skip
    answer = tell(client, good, unknown, good, bad, headers=OTHER)
    assert statuses(answer) == ["recorded", "unknown", "repeated", "corrected"]
    assert [result["prediction_id"] for result in answer.json()["results"]][::3] == [made, made]
    assert stored(log) == [("good", "batch", "web"), ("bad", "batch", "web")]
    shown = client.get("/predictions", headers=HEADERS).json()["predictions"][0]["outcome"]
    assert shown["outcome"] == "bad"
    assert client.get(f"/predictions/{made}", headers=HEADERS).json()["outcome"] == shown
    assert statuses(tell(client, bad | {"observed_at": shown["observed_at"]})) == ["repeated"]


def test_rows_of_a_batch_are_told_like_others(client: TestClient, log: Path) -> None:
    record(batch_run(rejected=1), [5], settings=Settings(database_url=SecretStr(f"sqlite:///{log}")))
    (row,), (rejected,) = ids_of(RUN, 4, 1), ids_of(RUN, 5, 1)
    good = {"prediction_id": row.upper(), "outcome": "good"}
    told = tell(client, good, {**good, "prediction_id": rejected}, good, {**good, "outcome": "bad"})
    assert statuses(told) == ["recorded", "unknown", "repeated", "corrected"]
    assert stored(log) == [("good", "web", "batch:run"), ("bad", "web", "batch:run")]
    early = tell(client, {**good, "observed_at": "2020-01-01T00:00:00Z"})
    assert early.json()["errors"][0]["detail"] == "must not be before the prediction"


def test_groups_are_told_without_an_outcome_and_refused_by_predict(
    client: TestClient, log: Path, made: str, applicant: dict[str, Any]
) -> None:
    assert client.post("/predict", json=applicant | GROUPS, headers=HEADERS).status_code == 422
    entry = {"prediction_id": made, "groups": GROUPS, "outcome": None, "observed_at": None}
    assert statuses(tell(client, entry, entry)) == ["recorded", "repeated"]
    assert stored(log, "field, value", "outcome_groups") == [*GROUPS.items()]
    assert stored(log) == []


def test_a_what_if_is_no_application(client: TestClient, applicant: dict[str, Any]) -> None:
    asked = client.post("/predict?purpose=what-if", json=applicant, headers=HEADERS).json()["prediction_id"]
    assert statuses(tell(client, {"prediction_id": asked, "outcome": "bad"})) == ["unknown"]


@pytest.mark.parametrize("nothing", [{}, {"outcome": None}, {"groups": {}}, {"groups": dict.fromkeys(GROUPS)}])
def test_an_entry_that_tells_nothing_is_no_news(
    client: TestClient, log: Path, made: str, nothing: dict[str, Any]
) -> None:
    asked = [{"prediction_id": one} | nothing for one in (made, str(uuid4()))]
    assert statuses(tell(client, *asked)) == ["repeated", "unknown"]
    assert stored(log) == []
    assert stored(log, "field", "outcome_groups") == []


def test_whatever_is_told_of_an_unknown_prediction_is_unknown(client: TestClient) -> None:
    future = {"prediction_id": str(uuid4()), "outcome": "bad", "observed_at": "9999-12-31T23:59:59Z"}
    assert statuses(tell(client, future)) == ["unknown"]
    assert tell(client, future | {"groups": {"": None}}).status_code == 422  # there is no such group, whoever it is


@pytest.mark.parametrize(
    ("change", "pointer", "says"),
    [
        ({"outcome": "2"}, "outcome", 'one of "good", "bad"'),
        ({"outcome": True}, "outcome", 'one of "good", "bad"'),
        ({"outcome": ["bad"]}, "outcome", "must be a label"),
        ({"groups": {"foreign_worker": "A202"}}, "groups/foreign_worker", "'no' or 'yes'"),
        ({"groups": {"duration_months": 24}}, "groups/duration_months", "is a feature of the model"),
        ({"groups": {"sex": "f"}}, "groups/sex", '"personal_status_sex", "foreign_worker" are'),
        ({"groups": {"duration_months": None}}, "groups/duration_months", "is a feature of the model"),
        ({"groups": {"": None}}, "groups/", '"personal_status_sex", "foreign_worker" are'),
        ({"prediction_id": "7"}, "prediction_id", "UUID"),
        ({"observed_at": "2026-01-31"}, "observed_at", "timezone"),
        ({"observed_at": 1_790_000_000}, "observed_at", "begin with a date"),
        ({"observed_at": "0001-01-01T00:00:00+23:00"}, "observed_at", "before the prediction"),
        ({"observed_at": "9999-12-31T23:59:59-23:00"}, "observed_at", "5 minutes in the future"),
        ({"observed_at": (datetime.now(UTC) - timedelta(days=1)).isoformat()}, "observed_at", "before the prediction"),
        ({"when": "now"}, "when", "not permitted"),
    ],
)
def test_a_wrong_entry_is_named_and_nothing_of_the_request_is_stored(
    client: TestClient, log: Path, made: str, change: dict[str, Any], pointer: str, says: str
) -> None:
    right = {"prediction_id": made, "outcome": "bad", "groups": GROUPS}
    wrong = {"prediction_id": made, "outcome": "bad"} | change
    answer = tell(client, right, wrong)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert error["pointer"] == "/".join(["#/outcomes/1", *([pointer] if pointer else [])])
    assert says in error["detail"]
    assert stored(log) == stored(log, "*", "outcome_groups") == []


def test_bodies_of_another_size_or_form_are_refused(client: TestClient, made: str) -> None:
    entry = {"prediction_id": made, "outcome": "good"}
    assert statuses(tell(client, *[entry] * 1000)) == ["recorded", *["repeated"] * 999]
    for body in ({"outcomes": []}, {"outcomes": [entry] * 1001}, {}, [entry], {"outcomes": [entry], "more": 1}):
        assert client.post("/outcomes", json=body, headers=HEADERS).status_code == 422
    twice = f'{{"outcomes": [{{"prediction_id": "{made}", "outcome": "good", "outcome": "bad"}}]}}'
    for content, kind, status in ((twice, "application/json", 422), (twice, "text/csv", 415),
                                  (" " * 3 * 2**20, "application/json", 413)):  # fmt: skip
        answer = client.post("/outcomes", content=content, headers=HEADERS | {"content-type": kind})
        assert answer.status_code == status


def test_who_may_not_tell_and_a_silent_log(client: TestClient, log: Path, made: str) -> None:
    entry = {"prediction_id": made, "outcome": "good"}
    assert client.post("/outcomes", json={"outcomes": [entry]}).status_code == 401
    assert tell(client, entry, headers=CALLERS["scorer"]).status_code == 403
    log.rename(log.with_name("away.db"))
    assert tell(client, entry).status_code == 503


def test_document_has_the_labels_and_groups_of_the_contract(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    operation, entry = document["paths"]["/outcomes"]["post"], document["components"]["schemas"]["Outcome"]
    assert operation["security"][0] == {"ApiKey": ["outcomes"]}
    assert {"401", "403", "413", "422", "429", "503"} <= set(operation["responses"])
    assert entry["properties"]["outcome"]["enum"] == ["good", "bad", None]
    assert [*entry["properties"]["groups"]["anyOf"][0]["properties"]] == [*GROUPS]
    assert statuses(tell(client, entry["example"])) == ["unknown"]


def test_a_card_of_an_earlier_release_names_no_labels_and_the_answer_says_so(
    client_with: Callable[..., TestClient], changed: Path
) -> None:
    card = json.loads((changed / "model.json").read_text())
    del card["groups"], card["target"]["goods"], card["target"]["bads"], card["target"]["codes"]
    (changed / "model.json").write_text(json.dumps(card))
    old = client_with(models=name_card(changed))
    answer = tell(old, {"prediction_id": str(uuid4()), "outcome": "bad", "groups": GROUPS})
    assert answer.status_code == 422
    assert "of an earlier release" in answer.json()["errors"][0]["detail"]
    assert old.get("/openapi.json").status_code == 200
