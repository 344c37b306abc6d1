"""A request's head is bounded in size and time, and what is in time is answered"""

import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from src.api import middleware
from src.api.metrics import Metrics
from src.api.middleware import ExchangeMiddleware
from src.api.protocol import BOUNDS, Bounds, taken_from, write_whole
from tests.api.live import HEADERS, KEYS, PLENTY, PROTOCOL, Server, served
from tests.conftest import ROOT, project_files


def start(length: int | None = None, *more: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    """A head as applications send it."""
    own = [] if length is None else [(b"content-length", b"%d" % length)]
    return {"type": "http.response.start", "status": status, "headers": [*own, (b"content-type", b"text/a"), *more]}


def body(text: bytes, **more: bool) -> dict[str, Any]:
    """A body, or a part of it."""
    return {"type": "http.response.body", "body": text, **more}


BEGIN = b"GET /health HTTP/1.1\r\nhost: a\r\n"
END = b"connection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all: what a connection suffers here no other may feel."""
    bounds = {"LASTRO_HEAD_TIMEOUT": "1", "LASTRO_MAX_HEAD_BYTES": "5000", "LASTRO_MAX_BODY_BYTES": "500000"}
    plenty = {"LASTRO_FAILED_KEY_LIMIT": PLENTY, "LASTRO_OPEN_LIMIT": PLENTY}
    server = Server(tmp_path_factory.mktemp("api"), models, env=bounds | plenty).start()
    yield server
    server.signal(signal.SIGKILL)


def answer(server: Server, *parts: bytes, pause: float = 0.0) -> bytes:
    """Return all that the server says until it closes the connection."""
    said = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        with suppress(ConnectionError):  # closed while we still sent
            for part in parts:
                client.sendall(part)
                time.sleep(pause)
        with suppress(ConnectionError):
            while part := client.recv(65536):
                said += part
    return said


@pytest.mark.parametrize(
    "parts", [(), (BEGIN,), (BEGIN + END, b"\r\n"), (BEGIN + END.replace(b"close", b"keep"), b"G")]
)
def test_head_that_does_not_come_is_no_open_connection(server: Server, parts: tuple[bytes, ...]) -> None:
    started = time.monotonic()
    said = answer(server, *parts, pause=0.2)
    assert time.monotonic() - started < 5
    assert said.startswith(b"HTTP/1.1 200 " if len(parts) > 1 else b"HTTP/1.1 408 ")


def test_server_that_drains_tells_each_connection_and_loses_no_request(models: Path, tmp_path: Path) -> None:
    server = Server(tmp_path, models, env={"LASTRO_DRAIN_SECONDS": "3"}).start()
    assert server.process is not None
    with httpx.Client(base_url=server.url) as kept:
        assert "connection" not in kept.get("/health").headers
        server.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        while "connection" not in (last := kept.get("/health")).headers:
            assert time.monotonic() - began < 2, "nobody was told"
        assert last.status_code == 200
        for each in ("kept", "new"):
            response = kept.get("/health") if each == "kept" else httpx.get(f"{server.url}/health")
            assert (response.status_code, response.headers["connection"]) == (200, "close")
    assert server.process.wait(20) in {0, -signal.SIGTERM}
    assert 2.9 < time.monotonic() - began < 15


@pytest.mark.parametrize("seconds", ["0", "60"])
def test_server_ends_at_once_where_it_need_not_drain_or_is_told_twice(
    models: Path, tmp_path: Path, seconds: str
) -> None:
    server = Server(tmp_path, models, env={"LASTRO_DRAIN_SECONDS": seconds}).start()
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    if seconds != "0":
        time.sleep(0.5)
        assert server.answers()
        server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(15) in {0, -signal.SIGTERM}


def test_head_that_drips_is_cut_off(server: Server) -> None:
    started = time.monotonic()
    answer(server, BEGIN, *[b"a: b\r\n"] * 50, pause=0.1)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("parts", [(BEGIN + b"a: " + b"x" * 5000 + b"\r\n" + END,), (BEGIN, b"a: " + b"x" * 5000)])
def test_head_that_is_too_long_is_431(server: Server, parts: tuple[bytes, ...]) -> None:
    said = answer(server, *parts, pause=0.1)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in said


def test_head_in_parts_is_answered(server: Server) -> None:
    assert answer(server, BEGIN[:20], BEGIN[20:], END, pause=0.1).startswith(b"HTTP/1.1 200 ")


def post(length: int, *headers: str, key: str = "wrong") -> bytes:
    """The head of a prediction."""
    lines = ["POST /predict HTTP/1.1", "host: a", f"x-api-key: {key}", "content-type: application/json"]
    return "\r\n".join([*lines, f"content-length: {length}", *headers, "", ""]).encode()


def statuses(said: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d+) ", said)


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_request_after_an_answer_that_came_before_the_body_is_answered(server: Server, pause: float) -> None:
    for size in (1, 100, 20_000, 400_000):
        body = b"x" * size
        parts = [body[start : start + 100_000] for start in range(0, size, 100_000)]
        said = answer(server, post(size), *parts, BEGIN + b"\r\n", post(size), body + BEGIN + END, pause=pause)
        assert statuses(said) == [b"401", b"200", b"401", b"200"], size


def test_client_with_one_connection_never_pays_for_a_refused_body(server: Server, applicant: dict[str, Any]) -> None:
    with httpx.Client(base_url=server.url) as client:
        for path, body, status in (("/predict/batch", {"applicants": [applicant] * 900}, 401), ("/docs", {}, 405)):
            for _ in range(20):
                assert client.post(path, json=body, headers={"x-api-key": "wrong"}).status_code == status
                assert client.post("/predict", json=applicant, headers=HEADERS).status_code == 200


def test_rest_of_a_refused_body_that_drips_is_cut_off(server: Server) -> None:
    started = time.monotonic()
    said = answer(server, post(1000), *[b"x"] * 50, pause=0.1)
    assert time.monotonic() - started < 3
    assert statuses(said) == [b"401"]


def test_rest_of_a_refused_body_without_an_end_is_cut_off(server: Server) -> None:
    head = post(0).replace(b"content-length: 0", b"transfer-encoding: chunked")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(head)
        assert client.recv(65536).startswith(b"HTTP/1.1 401 ")
        with pytest.raises(ConnectionError):
            client.sendall(chunk * 300)


def test_refused_body_that_was_only_announced_closes_the_connection(server: Server) -> None:
    said = answer(server, post(1000, "expect: 100-continue"), pause=0.2)
    assert statuses(said) == [b"401"]
    assert b"\r\nconnection: close\r\n" in said


@pytest.mark.parametrize("path", ["/health", "/ready", "/docs", "/model/info", "/predictions", "/nowhere"])
def test_head_is_answered_as_get_is_without_a_body(server: Server, path: str) -> None:
    lines = f"{path} HTTP/1.1\r\nhost: a\r\nx-api-key: {HEADERS['x-api-key']}\r\n".encode()
    said = answer(server, b"HEAD " + lines + b"\r\n", b"HEAD " + lines + END)
    heads = said.split(b"\r\n\r\n")
    assert len(heads) == 3
    assert heads[2] == b""  # nothing else than two heads
    status, length = by_get(server, path)
    assert statuses(said) == [status] * 2
    assert all(length in head.lower() for head in heads[:2])


def by_get(server: Server, path: str) -> tuple[bytes, bytes]:
    """Return the status and the length that GET has."""
    found = httpx.get(f"{server.url}{path}", headers=HEADERS)
    return str(found.status_code).encode(), f"content-length: {len(found.content)}".encode()


def test_pipelined_requests_are_answered_in_their_order(server: Server) -> None:
    body = b"x" * 6000
    said = answer(server, (post(6000, key=KEYS["web"]) + body + BEGIN + b"\r\n") * 3 + BEGIN[:5], BEGIN[5:] + END)
    assert statuses(said) == [b"422", b"200"] * 3 + [b"200"]


@pytest.mark.parametrize("protocol", [PROTOCOL, ""])
def test_server_that_makes_its_own_connections_is_warned_once_a_worker(
    server_with: Callable[..., Server], protocol: str
) -> None:
    server = server_with(workers=2, protocol=protocol)
    for _ in range(20):
        assert httpx.get(f"{server.url}/health").status_code == 200
    warned = server.log.count("heads are not bounded in size and time")
    assert warned == 0 if protocol == PROTOCOL else 1 <= warned <= 2


def test_every_place_that_starts_the_service_bounds_its_heads() -> None:
    places = 0
    for name in project_files():
        if (text := text_of(ROOT / name)) and not name.startswith("tests/"):
            words = re.sub(r"[\s\"',\\]+", " ", text)  # a command line, or a list of its words in any language
            starts = re.findall(r"src\.api\.main:create_app(.{0,40})", words)
            assert [start for start in starts if not start.startswith(f" {PROTOCOL}")] == [], name
            places += len(starts)
    assert places >= 6


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


LONG = b"a" * 70_000
ANSWERS: dict[str, tuple[list[dict[str, Any]], bytes]] = {
    "short": ([start(2), body(b"{}")], b"GET"),
    "of a post": ([start(2), body(b"{}")], b"POST"),
    "long": ([start(len(LONG)), body(LONG)], b"GET"),
    "empty": ([start(0), {"type": "http.response.body"}], b"GET"),
    "without a body": ([start(status=204), body(b"")], b"GET"),
    "head only": ([start(2), body(b"{}")], b"HEAD"),
    "of unknown length": ([start(), body(b"{}")], b"GET"),
    "in parts": ([start(4), body(b"ab", more_body=True), body(b"cd")], b"GET"),
    "in parts of unknown length": ([start(), body(b"ab", more_body=True), body(b"cd"), body(b"")], b"GET"),
    "the last one": ([start(2, (b"connection", b"close")), body(b"{}")], b"GET"),
    "in chunks": ([start(None, (b"transfer-encoding", b"chunked")), body(b"{}")], b"GET"),
    "in capitals": ([start(None, (b"Content-Length", b"2"), (b"X-Own", b"Y")), body(b"{}")], b"GET"),
    "too short": ([start(3), body(b"{}")], b"GET"),
    "too long": ([start(1), body(b"{}")], b"GET"),
    "told twice": ([start(2, (b"content-length", b"2")), body(b"{}")], b"GET"),
    "with another's line": ([start(2, (b"x-own", b"a\r\nset-cookie: b")), body(b"{}")], b"GET"),
    "with a control": ([start(2, (b"x-own", b"a\x00")), body(b"{}")], b"GET"),
    "with a tab": ([start(2, (b"x-own", b"a\tb")), body(b"{}")], b"GET"),
    "with a blank in a name": ([start(2, (b"x own", b"a")), body(b"{}")], b"GET"),
    "of another kind": ([start(2), {"type": "http.response.debug"}, body(b"{}")], b"GET"),
}


def answers(*, known: bool) -> ASGIApp:
    """What stands above, within the service's outermost layer; it may know what the server has of a request, or not."""
    bounds = Bounds(10_000, 10.0, 10_000)

    async def answer(scope: Scope, _: Receive, send: Send) -> None:
        for message in ANSWERS[dict(scope["headers"])[b"x-wanted"].decode()][0]:
            await send(dict(message))

    layer = ExchangeMiddleware(answer, Metrics(None), bounds, 10.0)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                scope["state"][BOUNDS] = bounds
                await send({"type": f"lifespan.{kind}.complete"})
            return
        if not known:
            taken_from(scope)
        await layer(scope, receive, send)

    return app


def test_answer_in_one_write_is_the_servers_own_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests on a connection, and each answer in the table: what is said, whether the connection goes on."""
    whole: list[bool] = []

    def noted(*parts: Any) -> bool:
        whole.append(write_whole(*parts))
        return whole[-1]

    def said(port: int, name: str, method: bytes) -> bytes:
        asked = method + b" / HTTP/1.1\r\nhost: a\r\nx-request-id: 7\r\nx-wanted: " + name.encode() + b"\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(asked + b"\r\n" + asked + END)
            parts = b""
            with suppress(ConnectionError):
                while part := client.recv(65536):
                    parts += part
        return re.sub(rb"date: [^\r]*", b"date: ", parts)

    monkeypatch.setattr(middleware, "write_whole", noted)
    with served(answers(known=True)) as port, served(answers(known=False)) as other:
        for name, (_, method) in ANSWERS.items():
            assert said(port, name, method) == said(other, name, method), name
    assert sum(whole) == 6  # the first of two; the second ends its connection, which is the server's own business


def test_client_that_reads_what_has_come_has_the_whole_answer(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        for _ in range(50):
            client.sendall(BEGIN + b"\r\n")
            head, _, body = client.recv(65536).partition(b"\r\n\r\n")
            assert f"content-length: {len(body)}".encode() in head
            assert body
