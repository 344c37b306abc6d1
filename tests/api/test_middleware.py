"""Around every request: id, security headers, and a body that is neither too large nor too slow"""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.live import HEADERS, Server


def test_too_large_body_is_413_with_and_without_its_length(client_with: Callable[..., TestClient]) -> None:
    client = client_with(max_body_bytes=1000)
    headers = {**HEADERS, "content-type": "application/json"}
    for content in (b"x" * 1001, iter([b"x" * 600, b"x" * 600])):
        answer = client.post("/predict", content=content, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert answer.json()["detail"] == "A body has at most 1000 bytes."


def test_what_is_too_large_for_a_request_is_told_the_command_for_files(
    client_with: Callable[..., TestClient], client: TestClient
) -> None:
    small = client_with(max_body_bytes=1000)
    for path, name, command in (
        ("/predict/batch", "applicants", "`python -m src.batch INPUT OUTPUT`"),
        ("/outcomes", "outcomes", "`python -m src.monitoring outcomes FILE`"),
    ):
        body: dict[str, list[dict[str, str]]] = {name: [{}] * 1001}
        assert command in small.post(path, json=body, headers=HEADERS).json()["detail"]
        errors = client.post(path, json=body, headers=HEADERS).json()["errors"]
        assert [error["pointer"] for error in errors if command in error["detail"]] in ([f"#/{name}"], [])


@pytest.mark.parametrize("path", ["/health", "/docs", "/nowhere", "/model/info", "/openapi.json"])
def test_security_headers_are_on_every_answer(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers.get_list("content-security-policy")[0].startswith("default-src")


def test_request_id_comes_back_or_is_made(client: TestClient) -> None:
    assert client.get("/health", headers={"x-request-id": "mine-1.2_3"}).headers["x-request-id"] == "mine-1.2_3"
    made = [client.get("/health").headers["x-request-id"] for _ in range(2)]
    assert made[0] != made[1]
    assert all(len(one) == 32 for one in made)


@pytest.mark.parametrize("wished", ["", "a b", "a" * 65, "é".encode().decode("latin-1"), '{"a":1}'])
def test_request_id_that_could_spoil_a_log_is_replaced(client: TestClient, wished: str) -> None:
    sent = {"x-request-id": wished.encode("latin-1")}
    assert client.get("/health", headers=sent).headers["x-request-id"].encode("latin-1") != wished.encode("latin-1")


def test_slow_body_is_408_and_the_connection_ends(
    server_with: Callable[..., Server], applicant: dict[str, Any]
) -> None:
    server = server_with(LASTRO_BODY_TIMEOUT="0.5")
    body = json.dumps(applicant).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: a\r\nx-api-key: {HEADERS['x-api-key']}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(head.encode() + body[:10])
        said = b""
        while part := client.recv(65536):
            said += part
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in said


def test_other_pages_may_call_only_where_the_deployment_says_so(client_with: Callable[..., TestClient]) -> None:
    asked = {"origin": "https://bank.example", "access-control-request-method": "POST",
             "access-control-request-headers": "x-api-key,authorization,content-type"}  # fmt: skip
    client = client_with()
    assert "access-control-allow-origin" not in client.get("/health", headers=asked).headers
    assert client.options("/predict", headers=asked | HEADERS).status_code == 405
    client = client_with(cors_origins="https://bank.example,https://other.example")
    assert client.options("/predict", headers=asked).headers["access-control-allow-origin"] == "https://bank.example"
    refused = client.post("/predict", headers={"origin": "https://bank.example"})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://bank.example")
    asked["origin"] = "https://evil.example"
    assert client.options("/predict", headers=asked).status_code == 400
    assert "access-control-allow-origin" not in client.get("/health", headers=asked).headers
