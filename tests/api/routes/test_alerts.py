"""GET /monitoring, GET /alerts/status and /alerts/history; POST /alerts/test and /alerts/send"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.journal.journal import Journal
from tests.api.live import HEADERS
from tests.api.routes.test_verify import CALLERS, WITH_SCOPES
from tests.journal.monitored_rows import DAY, START, seed

OPS = CALLERS["ops"]
MESSAGE = {"title": "Rates change", "text": "From Monday on:\n<more> & more.", "severity": "info"}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def client(client_with: Callable[..., TestClient], log: Path) -> TestClient:
    return client_with(database_url=f"sqlite:///{log}", api_keys=WITH_SCOPES)


@pytest.fixture
def alerts(log: Path, client: TestClient) -> Iterator[list[dict[str, Any]]]:  # noqa: ARG001  # it makes the log
    """What the monitor left in the service's log."""
    journal = Journal(f"sqlite:///{log}", 2.0)
    with journal.transaction() as connection:
        found = seed(connection)
    yield found
    journal.close()


def get(client: TestClient, path: str) -> Any:
    answer = client.get(path, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_before_the_monitor_has_run_there_is_nothing(client: TestClient) -> None:
    empty = {"checks": [], "cohorts": [], "alerts": [], "views": [], "versions": [], "run": None}
    assert get(client, "/monitoring") == empty
    assert get(client, "/alerts/status") == {"alerts": [], "receiver": "none", "undelivered": 0, "last_success": None}
    assert get(client, "/alerts/history") == {"alerts": [], "next": None}


@pytest.mark.usefixtures("alerts")
def test_monitoring_tells_what_was_found(client: TestClient) -> None:
    found = get(client, "/monitoring")
    assert {name: len(rows) for name, rows in found.items() if name != "run"} == {
        "checks": 6, "cohorts": 3, "alerts": 3, "views": 2, "versions": 1,
    }  # fmt: skip
    assert found["cohorts"][1]["roc_auc"] == {"value": 0.7, "low": 0.6, "high": 0.8}
    assert found["views"][0]["bands"] == [1, 2]
    version = found["versions"][0]
    assert (version["judged"], version["says"]) == (False, "no reference was delivered")
    assert found["run"] == {"last_success": "2026-03-01T00:00:00Z", "rows_counted": 7}
    later = get(client, f"/monitoring?since={(START + 3 * DAY).isoformat().replace('+00:00', 'Z')}&version=7")
    assert [row["kind"] for row in later["checks"] + later["alerts"]] == ["volume", "volume"]
    assert later["cohorts"] == []
    assert client.get("/monitoring?since=yesterday", headers=HEADERS).status_code == 422


def test_history_of_the_alerts_goes_page_by_page(client: TestClient, alerts: list[dict[str, Any]]) -> None:
    first = get(client, "/alerts/history?limit=2")
    assert [alert["kind"] for alert in first["alerts"]] == ["volume", "drift"]
    last = get(client, f"/alerts/history?limit=2&cursor={first['next']}")
    assert ([alert["id"] for alert in last["alerts"]], last["next"]) == ([alerts[0]["id"]], None)
    assert [event["state"] for event in last["alerts"][0]["events"]] == ["firing", "resolved"]
    since = (START + 2 * DAY).isoformat().replace("+00:00", "-01:00")  # an hour later than in UTC
    assert len(get(client, f"/alerts/history?since={since}")["alerts"]) == 1
    status = get(client, "/alerts/status")
    assert [alert["state"] for alert in status["alerts"]] == ["acknowledged", "firing"]
    assert (status["receiver"], status["last_success"]) == ("failing", "2026-03-01T00:00:00Z")


def test_a_message_is_queued_for_who_may_and_not_sent_here(client: TestClient, log: Path) -> None:
    queued = [client.post("/alerts/test", headers=OPS), client.post("/alerts/send", json=MESSAGE, headers=OPS)]
    assert [answer.status_code for answer in queued] == [202, 202]
    with closing(sqlite3.connect(log)) as database:
        rows = database.execute("SELECT id, title, text, severity, delivered_at FROM outbox ORDER BY id").fetchall()
    assert [row[0] for row in rows] == [answer.json()["id"] for answer in queued]
    assert rows[1][1:] == (*MESSAGE.values(), None)
    assert get(client, "/alerts/status")["undelivered"] == 2
    for path in ("/alerts/test", "/alerts/send"):
        assert client.post(path, json=MESSAGE, headers=HEADERS).status_code == 403
        assert client.post(path, json=MESSAGE).status_code == 401


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": "two\nlines"}, "#/title"),
        ({"text": ""}, "#/text"),
        ({"text": "a\x00b"}, "#/text"),
        ({"severity": "mild"}, "#/severity"),
        ({"channel": "#all"}, "#/channel"),
    ],
)
def test_a_wrong_message_is_refused_by_its_field(client: TestClient, change: dict[str, str], pointer: str) -> None:
    answer = client.post("/alerts/send", json=MESSAGE | change, headers=OPS)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])


def test_a_log_that_is_silent_is_503_and_says_so(client: TestClient, log: Path) -> None:
    log.rename(log.with_name("away.db"))
    for method, path in (("GET", "/monitoring"), ("GET", "/alerts/status"), ("POST", "/alerts/test")):
        assert client.request(method, path, headers=OPS).status_code == 503
