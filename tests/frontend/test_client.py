import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from src.frontend.client import Client, refused
from src.frontend.errors import (
    FailedError,
    ForbiddenError,
    LimitedError,
    NotFoundError,
    RefusedError,
    TooLargeError,
    UnavailableError,
    UnreachableError,
    WrongKeyError,
)
from tests.frontend.conftest import ClientOf
from tests.frontend.service import Service
from tests.ports import free_port


@pytest.fixture
def foreign() -> Iterator[str]:
    """The address of a server that is not the API."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/model/info" else 404)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_answer_has_reasons_even_where_approved(client: Client, example: dict[str, Any]) -> None:
    answer = client.predict(example)
    assert answer["decision"] in ("approve", "decline")
    assert answer["reasons"]


def test_batch_is_answered_in_its_order(client: Client, example: dict[str, Any], fields: list[Any]) -> None:
    number = next(field for field in fields if field.kind == "integer")
    rows = [{**example, number.name: value} for value in (int(number.minimum), int(number.maximum))]
    scores = [answer["score"] for answer in client.predict_batch(rows)]
    assert scores == [client.predict(row)["score"] for row in rows]
    assert len(set(scores)) == 2


def test_prediction_is_found_again(client: Client, example: dict[str, Any]) -> None:
    answer = client.predict(example)
    found = client.prediction(answer["prediction_id"])
    assert (found["score"], found["inputs"]) == (answer["score"], example)
    page = client.predictions(limit=1, decision=answer["decision"], cursor=None)
    assert [each["prediction_id"] for each in page["predictions"]] == [answer["prediction_id"]]


def test_wrong_key_is_said(api: Service, client_of: ClientOf) -> None:
    with pytest.raises(WrongKeyError):
        client_of(api.url, "wrong").model_info()


def test_key_that_no_header_can_hold_is_wrong(api: Service, client_of: ClientOf) -> None:
    with pytest.raises(WrongKeyError):
        client_of(api.url, "chave-ção-✓").model_info()


def test_unknown_prediction_is_not_found(client: Client) -> None:
    with pytest.raises(NotFoundError):
        client.prediction(str(uuid4()))


def test_refused_fields_are_named(client: Client, example: dict[str, Any]) -> None:
    name = next(iter(example))
    with pytest.raises(RefusedError) as raised:
        client.predict({**example, name: "no such value", "surplus": 1})
    assert {wrong.pointer for wrong in raised.value.wrong} == {f"#/{name}", "#/surplus"}


def test_limit_says_when_to_come_back(server_with: Callable[..., Service], client_of: ClientOf) -> None:
    client = client_of(server_with(LASTRO_RATE_LIMIT="1/minute").url)
    client.model_info()
    with pytest.raises(LimitedError) as raised:
        client.model_info()
    assert 0 < raised.value.seconds <= 60


def test_body_that_is_too_large_is_said(
    server_with: Callable[..., Service], client_of: ClientOf, example: dict[str, Any]
) -> None:
    client = client_of(server_with(LASTRO_MAX_BODY_BYTES="100").url)
    with pytest.raises(TooLargeError):
        client.predict(example)


def test_log_that_cannot_be_written_is_unavailable(
    server_with: Callable[..., Service], client_of: ClientOf, tmp_path: Path, example: dict[str, Any]
) -> None:
    client = client_of(server_with(LASTRO_DATABASE_TIMEOUT="0.2").url)
    (path,) = tmp_path.rglob("journal.db")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(UnavailableError) as raised:
            client.predict(example)
    finally:
        holder.close()
    assert raised.value.seconds == 1


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:{port}", "http://no-such-host.invalid", "nonsense", "http://[::1"]
)
def test_nobody_at_the_endpoint_is_unreachable(endpoint: str, client_of: ClientOf) -> None:
    with pytest.raises(UnreachableError):
        client_of(endpoint.format(port=free_port())).model_info()


def test_server_that_is_not_the_api_fails_without_a_traceback(foreign: str, client_of: ClientOf) -> None:
    client = client_of(foreign)
    for ask in (client.model_info, client.evaluation):
        with pytest.raises(FailedError):
            ask()


def test_caller_without_the_scope_is_told_which() -> None:
    problem = {"status": 403, "detail": "This wants the scope admin, which you do not have."}
    error = refused(httpx.Response(403, json=problem), problem)
    assert (type(error), str(error)) == (ForbiddenError, problem["detail"])
