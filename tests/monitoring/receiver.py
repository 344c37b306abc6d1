"""A webhook as Slack has it: a real server that keeps what it is sent, and answers as it is told"""

import json
import re
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.ports import free_port

SECRET = "/services/T0000/B0000/a-secret-path"


@dataclass
class Receiver:
    """It can be down, and up again at the same address; `answers` are statuses with headers, the last one stays."""

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=lambda: [(200, {})])
    port: int = field(default_factory=free_port)
    delay: float = 0.0  # between what was received and its answer
    received: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{SECRET}"

    @property
    def ids(self) -> list[str]:
        """The messages' identifiers, in the order in which they came."""
        return [re.findall(r"^message (\S+)$", message["text"], re.M)[-1] for message in self.received]

    def start(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.paths.append(self.path)
                receiver.received.append(json.loads(content))
                status, headers = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                came = time.monotonic()
                while time.monotonic() - came < receiver.delay:  # which may be taken back meanwhile
                    time.sleep(0.01)
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def do_GET(self) -> None:
                receiver.paths.append(f"GET {self.path}")
                self.send_error(404)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:  # who asked was killed
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
