"""A real Git server over HTTP that wants a name and a password: `git http-backend` behind Python's own server"""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesHeaderParser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

NAME, PASSWORD = "cluster", "a-token-of-these-tests"
KNOWN = f"Basic {base64.b64encode(f'{NAME}:{PASSWORD}'.encode()).decode()}"


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Yield the address below which the repositories of a folder are read and pushed to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != KNOWN:
                self.send_response(HTTPStatus.UNAUTHORIZED)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            head, _, body = self.answer().partition(b"\r\n\r\n")
            told = BytesHeaderParser().parsebytes(head)
            self.send_response(int((told.get("Status") or "200").split()[0]))
            for name, value in told.items():
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def answer(self) -> bytes:
            asked = urlsplit(self.path)
            variables = {
                "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(folder), "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": asked.path, "QUERY_STRING": asked.query, "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_USER": NAME,
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "CONTENT_LENGTH": self.headers.get("Content-Length", "0"),
            }  # fmt: skip
            body = self.rfile.read(int(variables["CONTENT_LENGTH"]))
            return subprocess.run(["git", "http-backend"], env=variables, input=body, capture_output=True).stdout

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def credentials(address: str) -> str:
    """The line of `git credential-store` that opens this server."""
    return f"http://{NAME}:{PASSWORD}@{urlsplit(address).netloc}\n"
