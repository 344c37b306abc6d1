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
from starlette.testclient import TestClient

from src.api.entries import NAME_RULE, Key, token_keys, users
from src.api.passwords import fits
from src.api.problems import ProblemError
from src.api.security import Keys, main, new_key, presented
from tests.api.live import BEARER, HEADERS, KEYS, Server
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


def command(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "src.api.security", *words],
        cwd=ROOT,
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_user_reads_the_password_and_prints_the_entry_alone() -> None:
    done = command("user", "ana", said="correct-horse-battery\n")
    ((name, ana),) = users(done.stdout).items()
    assert (name, ana.password[:3], ana.scopes) == ("ana", (2**14, 8, 5), {"predict", "read"})
    assert fits(ana.password, "correct-horse-battery")
    assert "correct" not in done.stdout + done.stderr


def test_password_that_is_too_short_is_refused_in_a_sentence() -> None:
    done = command("user", "ana", said="1234567\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: a password has at least 8 characters\n"


TERMINAL = """
import os, pty, sys
words, typed = sys.argv[1:5], sys.argv[5:]
def answer(terminal):
    said = os.read(terminal, 1024)
    if said.endswith(b": "):
        os.write(terminal, typed.pop(0).encode() + b"\\n")
    return said
sys.exit(os.waitstatus_to_exitcode(pty.spawn([sys.executable, *words], answer)))
"""


@pytest.mark.parametrize(
    ("second", "said"), [("a-long-word", "ana:16384.8.5."), ("another", "the two passwords differ")]
)
def test_password_is_typed_twice_unseen_where_there_is_a_terminal(second: str, said: str) -> None:
    words = ["-m", "src.api.security", "user", "ana", "a-long-word", second]
    done = subprocess.run(
        [sys.executable, "-c", TERMINAL, *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert said in done.stdout, done.stderr
    assert done.returncode == (second != "a-long-word")
    assert "a-long-word" not in done.stdout


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The command in this process -> its exit code."""
    monkeypatch.setattr("sys.argv", ["security", *words])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize("words", [("user", "a:b"), ("new", "user:ana"), ("token-key", "")])
def test_name_that_no_list_could_hold_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    assert called(monkeypatch, *words) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[-1].endswith(NAME_RULE)) == ("", True)


def test_token_key_is_one_that_the_settings_take(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "token-key", "2027-01") == 0
    assert list(token_keys(capsys.readouterr().out)) == ["2027-01"]


@pytest.mark.parametrize("words", [(), ("new",), ("user",), ("token-key",)])
def test_every_command_has_help(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    assert called(monkeypatch, *words, "--help") == 0


def test_key_is_known_by_its_hash() -> None:
    key, digest = new_key()
    other = sha256(b"other").digest()
    known = Keys({"a": Key(other, frozenset()), "b": Key(bytes.fromhex(digest), frozenset({"read"}))})
    assert known.identity(sha256(key.encode()).digest()) == ("b", {"read"})
    assert known.identity(sha256(key[:-1].encode()).digest()) is None


NOT_ASCII = {"x-api-key": "é".encode()}
WRONG_BEARER = {"authorization": "Bearer guess"}
OTHER_SCHEME = {"authorization": f"Basic {KEYS['web']}"}


@pytest.mark.parametrize("headers", [{}, WRONG, NOT_ASCII, WRONG_BEARER, OTHER_SCHEME, {"authorization": "Bearer"}])
@pytest.mark.parametrize("path", ["/predictions", "/model/info", "/model/evaluation", "/model/scorecard", "/metrics"])
def test_without_a_key_is_401(client: TestClient, path: str, headers: dict[str, Any]) -> None:
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_bearer_may_be_a_key_for_metrics_too(client: TestClient, scheme: str) -> None:
    headers = {"authorization": f"{scheme}{KEYS['web']}"}
    assert [client.get(path, headers=headers).status_code for path in ("/metrics", "/predictions")] == [200, 200]


def test_two_credentials_at_once_are_400(client: TestClient) -> None:
    assert client.get("/model/info", headers=HEADERS | BEARER).status_code == 400


@pytest.mark.parametrize("name", [b"x-api-key", b"authorization"])
def test_header_that_stands_twice_is_400(name: bytes) -> None:
    with pytest.raises(ProblemError) as refused:
        presented({"headers": [(name, b"Bearer key"), (b"accept", b"*/*"), (name, b"Bearer key")]})
    assert refused.value.status == 400


def test_other_scheme_beside_a_key_is_a_proxys_business(client: TestClient) -> None:
    assert client.get("/model/info", headers=HEADERS | OTHER_SCHEME).status_code == 200


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
    assert client.get("/model/info", headers=HEADERS).status_code == 200


def test_who_shows_nothing_has_guessed_nothing_and_does_not_fill_the_log(
    client_with: Callable[..., TestClient], caplog: pytest.LogCaptureFixture
) -> None:
    client = client_with(failed_key_limit="2/minute")
    assert {client.get("/model/info").status_code for _ in range(9)} == {401}
    assert [record.reason for record in caplog.records if record.message == "key refused"] == ["missing"] * 2  # type: ignore[attr-defined]
    assert [client.get("/model/info", headers=WRONG).status_code for _ in range(3)] == [401, 401, 429]
    assert client.get("/model/info").status_code == 401


def test_documents_are_open_but_limited_by_address(client_with: Callable[..., TestClient]) -> None:
    client = client_with(open_limit="2/minute")
    assert [client.get(path).status_code for path in ("/docs", "/openapi.json", "/docs")] == [200, 200, 429]
    assert client.get("/health").status_code == 200


def test_metrics_are_open_where_the_deployment_says_so(client_with: Callable[..., TestClient]) -> None:
    assert client_with(metrics_open=True).get("/metrics").status_code == 200


def test_trusted_proxy_tells_the_address(client_with: Callable[..., TestClient]) -> None:
    believed = client_with(failed_key_limit="1/minute", trusted_proxies="10.0.0.0/8,127.0.0.1")
    believed = TestClient(believed.app, client=("10.1.2.3", 1))
    statuses = [
        believed.get("/metrics", headers=WRONG | {"x-forwarded-for": f"192.0.2.{n}"}).status_code for n in (1, 2, 1)
    ]
    assert statuses == [401, 401, 429]
    stranger = client_with(failed_key_limit="1/minute", trusted_proxies="10.0.0.0/8")
    statuses = [
        stranger.get("/metrics", headers=WRONG | {"x-forwarded-for": f"192.0.2.{n}"}).status_code for n in (1, 2)
    ]
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
