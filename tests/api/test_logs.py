"""The log: JSON lines that never repeat what an applicant, a key or a token says"""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from src.api import logs
from tests.api.live import HEADERS, KEYS, Server


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """The root logger, afterwards as it was before."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def line(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(logs.JsonFormatter().format(record))
    return found


def test_record_is_one_json_object_with_its_extras() -> None:
    record = logging.getLogger("a.b").makeRecord(
        "a.b", logging.WARNING, "f.py", 1, "said %s\n", ("é",), None, extra={"route": "/predict"}
    )
    found = line(record)
    assert (found["event"], found["level"], found["logger"], found["route"]) == (
        "said é\n",
        "warning",
        "a.b",
        "/predict",
    )
    assert found["timestamp"].endswith("Z")
    assert "\n" not in logs.JsonFormatter().format(record)


def test_failure_is_its_type_and_places_without_its_text() -> None:
    try:
        raise ValueError("an applicant's value")
    except ValueError as error:
        failure = (type(error), error, error.__traceback__)
    found = line(logging.getLogger("a").makeRecord("a", logging.ERROR, "f.py", 1, "failed", (), failure))
    assert found["exception"] == "ValueError"
    assert found["places"][0].startswith("test_logs.py:")
    assert "applicant" not in json.dumps(found)


def test_configuring_twice_adds_one_handler(root_logger: logging.Logger) -> None:
    before = len([handler for handler in root_logger.handlers if not isinstance(handler, logs.JsonHandler)])
    logs.configure("INFO")
    logs.configure("WARNING")
    assert len(root_logger.handlers) == before + 1
    assert root_logger.level == logging.WARNING


def test_logs_hold_no_applicant_key_or_token(server_with: Callable[..., Server], applicant: dict[str, Any]) -> None:
    server = server_with(LASTRO_LOG_LEVEL="DEBUG")
    secret = applicant | {"shoe_size": "a-value-of-the-applicant"}
    with httpx.Client(base_url=server.url) as client:
        client.post("/predict", json=secret, headers=HEADERS)
        client.post("/predict", json=applicant, headers=HEADERS)
        client.post("/predict", json=applicant, headers={"x-api-key": "a-wrong-key", "x-request-id": "asked-by-me"})
        shutil.move(server.folder / "api", server.folder / "away")
        assert client.post("/predict", json=applicant, headers=HEADERS).status_code == 503
    server.stop()
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    assert any(line.get("request_id") == "asked-by-me" for line in lines)
    assert any(line.get("status") == 503 for line in lines)
    texts = [value for value in applicant.values() if isinstance(value, str) and len(value) > 4]
    for forbidden in [*KEYS.values(), "a-wrong-key", "a-value-of-the-applicant", *texts]:
        assert forbidden not in server.log


def test_request_that_fails_by_our_fault_is_named_by_its_id(server_with: Callable[..., Server]) -> None:
    server = server_with()
    with httpx.Client(base_url=server.url) as client:
        shutil.move(server.folder / "api", server.folder / "away")
        answer = client.post("/predict", json={}, headers=HEADERS)
        failed = client.get("/predictions", headers=HEADERS | {"x-request-id": "find-me"})
    server.stop()
    lines = [json.loads(text) for text in server.log.splitlines() if text.startswith("{")]
    assert (answer.status_code, failed.status_code) == (422, 503)
    named = [found for found in lines if found.get("request_id") == "find-me"]
    assert [(found["route"], found["status"]) for found in named] == [("/predictions", 503)]
