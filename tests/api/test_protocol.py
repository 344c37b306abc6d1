"""A request's head is bounded in size and time, and what is in time is answered"""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.api.live import Server

BEGIN = b"GET /health HTTP/1.1\r\nhost: a\r\n"
END = b"connection: close\r\n\r\n"


@pytest.fixture
def server(server_with: Callable[..., Server]) -> Iterator[Server]:
    return server_with(LASTRO_HEAD_TIMEOUT="1", LASTRO_MAX_HEAD_BYTES="5000")


def answer(server: Server, *parts: bytes, pause: float = 0.0) -> bytes:
    """All that the server says until it closes the connection."""
    said = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        try:
            for part in parts:
                client.sendall(part)
                time.sleep(pause)
            while part := client.recv(65536):
                said += part
        except ConnectionError:
            pass  # closed while we still sent
    return said


@pytest.mark.parametrize(
    "parts", [(), (BEGIN,), (BEGIN + END, b"\r\n"), (BEGIN + END.replace(b"close", b"keep"), b"G")]
)
def test_head_that_does_not_come_is_no_open_connection(server: Server, parts: tuple[bytes, ...]) -> None:
    started = time.monotonic()
    said = answer(server, *parts, pause=0.2)
    assert time.monotonic() - started < 5
    assert said.startswith(b"HTTP/1.1 200 " if len(parts) > 1 else b"HTTP/1.1 408 ")


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
