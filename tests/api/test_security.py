"""Keys and limits"""

import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from src.api.security import Keys, new_key
from src.api.settings import Settings
from tests.api.live import HEADERS, KEYS, Server
from tests.conftest import ROOT

WRONG = {"x-api-key": "guess"}


def test_new_prints_a_key_and_its_hash_only() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "src.api.security", "new", "analyst"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    key, digest = re.search(r"key \(shown once\): (\S+)\n.*analyst:([0-9a-f]{64})", done.stdout).groups()  # type: ignore[union-attr]
    assert sha256(key.encode()).hexdigest() == digest
    assert len(key) >= 43  # 256 bits


def test_key_is_known_by_its_hash() -> None:
    key, digest = new_key()
    keys = Keys({"a": sha256(b"other").hexdigest(), "b": digest})
    assert keys.name_of(key.encode()) == "b"
    assert keys.name_of(key[:-1].encode()) is None
    assert keys.name_of(b"") is None


@pytest.mark.parametrize("given", ["", "web", "web:1234", ":" + "a" * 64, "web:" + "g" * 64])
def test_settings_refuse_what_is_no_key_without_repeating_it(given: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, api_keys=given)
    assert len(given) < 60 or given[4:] not in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize("headers", [{}, WRONG, {"x-api-key": "é".encode()}], ids=["missing", "wrong", "not ascii"])
@pytest.mark.parametrize("path", ["/predictions", "/model/info", "/model/evaluation", "/metrics"])
def test_without_a_key_is_401(client: TestClient, path: str, headers: dict[str, Any]) -> None:
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_key_is_asked_before_the_body_is_read(client: TestClient, path: str) -> None:
    assert client.post(path, content=b"not json").status_code == 401


def test_limit_is_by_key_with_slowapis_headers(client_with: Callable[..., TestClient]) -> None:
    client = client_with(rate_limit="3/minute")
    answers = [client.get("/model/info", headers=HEADERS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[3].headers["x-ratelimit-limit"] == "3"
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert answers[3].json()["title"] == "Too Many Requests"
    assert client.get("/model/info", headers={"x-api-key": KEYS["batch"]}).status_code == 200


def test_wrong_keys_are_429_after_their_limit_and_a_right_one_still_passes(
    client_with: Callable[..., TestClient],
) -> None:
    client = client_with(failed_key_limit="2/minute")
    assert [client.get("/model/info", headers=WRONG).status_code for _ in range(4)] == [401, 401, 429, 429]
    assert client.get("/model/info").status_code == 429
    assert client.get("/model/info", headers=HEADERS).status_code == 200


def test_documents_are_open_but_limited_by_address(client_with: Callable[..., TestClient]) -> None:
    client = client_with(open_limit="2/minute")
    assert [client.get(path).status_code for path in ("/docs", "/openapi.json", "/docs")] == [200, 200, 429]
    assert client.get("/health").status_code == 200


def test_metrics_are_open_where_the_deployment_says_so(client_with: Callable[..., TestClient]) -> None:
    assert client_with(metrics_open=True).get("/metrics").status_code == 200


def test_trusted_proxy_tells_the_address(client_with: Callable[..., TestClient]) -> None:
    believed = client_with(failed_key_limit="1/minute", trusted_proxies="10.0.0.0/8,127.0.0.1")
    believed = TestClient(believed.app, client=("10.1.2.3", 1))
    statuses = [believed.get("/metrics", headers={"x-forwarded-for": f"192.0.2.{n}"}).status_code for n in (1, 2, 1)]
    assert statuses == [401, 401, 429]
    stranger = client_with(failed_key_limit="1/minute", trusted_proxies="10.0.0.0/8")
    statuses = [stranger.get("/metrics", headers={"x-forwarded-for": f"192.0.2.{n}"}).status_code for n in (1, 2)]
    assert statuses == [401, 429]


def statuses_of(server: Server, requests: int, headers: dict[str, str]) -> list[int]:
    """Statuses of requests that each have a connection of their own, so that both workers get some."""

    def ask(_: int) -> int:
        return httpx.get(f"{server.url}/model/info", headers=headers, timeout=20).status_code

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(ask, range(requests)))


def test_two_workers_share_one_limit_in_redis(server_with: Callable[..., Server], redis: str) -> None:
    server = server_with(workers=2, LASTRO_LIMIT_STORAGE=redis, LASTRO_RATE_LIMIT="30/minute")
    statuses = statuses_of(server, 60, HEADERS)
    assert (statuses.count(200), statuses.count(429)) == (30, 30)
    server.stop()


def test_live_server_limits_wrong_keys_by_address(server_with: Callable[..., Server]) -> None:
    server = server_with(LASTRO_FAILED_KEY_LIMIT="5/minute")
    statuses = statuses_of(server, 12, WRONG)
    assert (statuses.count(401), statuses.count(429)) == (5, 7)
    assert statuses_of(server, 1, HEADERS) == [200]


def test_unreachable_limit_storage_is_503(client_with: Callable[..., TestClient]) -> None:
    answer = client_with(limit_storage="redis://127.0.0.1:1").get("/model/info", headers=HEADERS)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
