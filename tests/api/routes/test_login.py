"""POST /login: a token for a name and a password, and what a token's bearer may do"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.api import logs
from tests.api.live import HEADERS, KEYS, LOGIN, USERS

Sign = Callable[..., dict[str, str]]


@pytest.fixture
def client(client_with: Callable[..., TestClient]) -> TestClient:
    """The service with users."""
    return client_with(**LOGIN)


def credentials(name: str, password: str = "") -> dict[str, str]:
    return {"username": name, "password": password or USERS[name]}


def bearer(client: TestClient, name: str) -> dict[str, str]:
    """The header of a user who has logged in."""
    return {"authorization": f"Bearer {client.post('/login', json=credentials(name)).json()['access_token']}"}


def test_right_password_gives_a_token_that_scores(client: TestClient, applicant: dict[str, Any]) -> None:
    answer = client.post("/login", json=credentials("ana"))
    found = answer.json()
    assert (answer.status_code, set(found)) == (200, {"access_token", "token_type", "expires_in"})
    assert (found["token_type"], found["expires_in"]) == ("bearer", 900)
    assert answer.headers["cache-control"] == "no-store"
    headers = {"authorization": f"Bearer {found['access_token']}"}
    made = client.post("/predict", json=applicant, headers=headers).json()["prediction_id"]
    assert client.get(f"/predictions/{made}", headers=headers).json()["caller"] == "user:ana"
    assert client.get("/predictions", headers=bearer(client, "bia")).json()["predictions"] == []
    assert client.get(f"/predictions/{made}", headers=HEADERS).status_code == 404


@pytest.mark.parametrize(
    ("name", "password"), [("ana", "wrong"), ("ana", USERS["bia"]), ("eve", "x"), ("", ""), ("a\n", "\0")]
)
def test_wrong_name_or_password_is_401_and_they_are_not_told_apart(
    client: TestClient, name: str, password: str
) -> None:
    answer = client.post("/login", json={"username": name, "password": password})
    assert (answer.status_code, answer.json()["detail"]) == (401, "The name or the password is wrong.")
    assert answer.headers["content-type"] == "application/problem+json"


def test_service_without_users_has_no_login(client_with: Callable[..., TestClient]) -> None:
    answer = client_with().post("/login", json={"username": "ana", "password": "x"})
    assert (answer.status_code, "no users" in answer.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "ana"}, 422),
        ({"username": "ana", "password": 1}, 422),
        (credentials("ana") | {"more": ""}, 422),
        ({"username": "a" * 1025, "password": "x"}, 422),
        (b'{"username": "ana", "password": "\\ud800"}', 422),
        (b"username=ana&password=x", 422),
    ],
)
def test_body_that_holds_no_credentials_is_named_without_its_values(client: TestClient, body: Any, status: int) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body)
    answer = client.post("/login", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert USERS["ana"] not in answer.text


def test_form_is_not_taken(client: TestClient) -> None:
    assert client.post("/login", data=credentials("ana")).status_code == 415


@pytest.mark.parametrize("name", ["ana", "bia", "root"])
def test_token_may_do_what_its_user_may(client: TestClient, applicant: dict[str, Any], name: str) -> None:
    headers = bearer(client, name)
    assert client.get("/metrics", headers=headers).status_code == 200
    assert client.post("/predict", json=applicant, headers=headers).status_code == (403 if name == "bia" else 200)
    assert client.post("/admin/reload-model", headers=headers).status_code == (200 if name == "root" else 403)
    for path in ("/predictions?caller=user:ana", "/predictions?caller=web"):
        assert client.get(path, headers=headers).status_code == (200 if name == "root" else 403)


def test_limit_of_a_token_is_its_users(client_with: Callable[..., TestClient]) -> None:
    client = client_with(**LOGIN, rate_limit="2/minute")
    first, second, other = bearer(client, "ana"), bearer(client, "ana"), bearer(client, "bia")
    found = [
        client.get("/model/info", headers=headers).status_code for headers in (first, second, first, other, HEADERS)
    ]
    assert found == [200, 200, 429, 200, 200]


def test_token_that_is_not_ours_is_401_and_tells_the_schemes(client: TestClient) -> None:
    token = bearer(client, "ana")["authorization"]
    answer = client.get("/model/info", headers={"authorization": token[:-2]})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'ApiKey header="x-api-key", Bearer')


def test_failures_of_an_address_are_429_even_with_the_right_password(client_with: Callable[..., TestClient]) -> None:
    client = client_with(**LOGIN, failed_key_limit="2/minute", open_limit="100/minute")
    found = [client.post("/login", json=credentials(name, "wrong")) for name in ("eve", "bia")]
    found.append(client.post("/login", json=credentials("ana")))
    assert [answer.status_code for answer in found] == [401, 401, 429]
    assert 1 <= int(found[2].headers["retry-after"]) <= 60
    assert client.get("/model/info", headers={"x-api-key": "guess"}).status_code == 429
    assert client.get("/model/info", headers=HEADERS).status_code == 200


@pytest.mark.parametrize("name", ["ana", "eve"])
def test_failures_of_a_name_are_429_from_everywhere(client_with: Callable[..., TestClient], name: str) -> None:
    client = client_with(**LOGIN, failed_key_limit="2/minute", trusted_proxies="127.0.0.1")
    client = TestClient(client.app, client=("127.0.0.1", 1))
    found = [
        client.post("/login", json=credentials(name, "wrong"), headers={"x-forwarded-for": f"192.0.2.{number}"})
        for number in range(4)
    ]
    assert [answer.status_code for answer in found] == [401, 401, 429, 429]
    other = client.post("/login", json=credentials("bia"), headers={"x-forwarded-for": "192.0.2.9"})
    assert other.status_code == 200


def test_tries_of_an_address_are_limited_like_other_open_pages(client_with: Callable[..., TestClient]) -> None:
    client = client_with(**LOGIN, open_limit="2/minute")
    assert [client.post("/login", json=credentials("ana")).status_code for _ in range(3)] == [200, 200, 429]


def test_what_is_refused_is_counted_and_logged_without_its_secret_until_the_limit(
    client_with: Callable[..., TestClient], caplog: pytest.LogCaptureFixture
) -> None:
    client = client_with(**LOGIN, failed_key_limit="4/minute", open_limit="100/minute")
    token = bearer(client, "ana")["authorization"]
    for headers in ({}, {"x-api-key": "a-wrong-key"}, {"authorization": f"{token}x"}):
        client.get("/model/info", headers=headers)
    client.post("/login", json=credentials("ana", "a-wrong-password"))
    client.post("/login", json=credentials("my secret word", "x"))
    client.post("/admin/reload-model", headers={"authorization": token})
    for _ in range(50):
        client.get("/model/info", headers={"x-api-key": "a-wrong-key"})
    text = client.get("/metrics", headers=HEADERS).text
    counted = dict(re.findall(r'^lastro_refusals_total\{reason="(\w+)"\} (\S+)$', text, re.MULTILINE))
    assert counted == {"missing": "1.0", "key": "51.0", "token": "1.0", "scope": "1.0", "password": "2.0"}
    said = [logs.JsonFormatter().format(record) for record in caplog.records]
    found = [line for line in map(json.loads, said) if line["logger"] == "src.api.security"]
    assert [(line["event"], line["name"], line["address"]) for line in found] == [
        ("logged in", "ana", "testclient"),
        *[("key refused", None, "testclient")] * 3,
        ("login refused", "ana", "testclient"),
        ("login refused", None, "testclient"),  # no name of ours: it may be a password in the wrong field
        ("scope refused", "user:ana", "testclient"),
    ]
    for secret in (*KEYS.values(), *USERS.values(), "a-wrong-key", "a-wrong-password", "my secret word", token[7:]):
        assert secret not in "\n".join(said)
