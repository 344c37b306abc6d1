"""Waiting ends when an address answers, and says why where it does not."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ops import wait
from ops.errors import SetupError
from tests.ports import free_ports


class Answers(BaseHTTPRequestHandler):
    """Ready at the second request."""

    asked = 0

    def do_GET(self) -> None:
        """Answer 503, later 200."""
        Answers.asked += 1
        self.send_response(503 if Answers.asked == 1 else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "PERIOD", 0.05)


def test_server_is_waited_for_until_it_says_that_all_is_well() -> None:
    Answers.asked = 0
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wait.wait_for(f"http://127.0.0.1:{server.server_port}/ready", patience=30)
        server.shutdown()
    assert Answers.asked == 2


def test_port_is_waited_for_until_somebody_listens() -> None:
    (port,) = free_ports(1)
    opened: list[socket.socket] = []
    threading.Timer(0.3, lambda: opened.append(socket.create_server(("127.0.0.1", port)))).start()
    wait.wait_for(f"tcp://127.0.0.1:{port}", patience=30)
    assert len(opened) == 1
    opened[0].close()


def test_patience_ends_with_the_reason() -> None:
    (port,) = free_ports(1)
    with pytest.raises(SetupError, match=rf"tcp://127\.0\.0\.1:{port} does not answer: .*refused"):
        wait.wait_for(f"tcp://127.0.0.1:{port}", patience=0.1)


@pytest.mark.parametrize("word", ["database:5432", "tcp://", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(word: str) -> None:
    with pytest.raises(SetupError, match="an address is http://HOST:PORT/PATH, or tcp://HOST:PORT"):
        wait.addresses([word])
