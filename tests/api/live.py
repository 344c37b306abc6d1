"""A live uvicorn on a free port"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import scrypt, sha256
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from src.api.protocol import Connection
from tests.conftest import ROOT
from tests.ports import free_port, listens, wait_until

KEYS = {"web": "key-of-web", "batch": "key-of-batch"}
HEADERS = {"x-api-key": KEYS["web"]}
DIGESTS = ",".join(f"{name}:{sha256(key.encode()).hexdigest()}" for name, key in KEYS.items())
USERS = {"ana": "correct-horse-battery", "bia": "another-long-word", "root": "may-do-everything"}
SCOPES = {"ana": "predict+read", "bia": "read", "root": "predict+read+outcomes+admin"}
TOKEN_KEYS = {"new": "n" * 32, "old": "o" * 40}  # the first signs
BEARER = {"authorization": f"Bearer {KEYS['web']}"}


def cheap(password: str) -> str:
    """A password as LASTRO_USERS holds it, by scrypt at the least costs that there are."""
    salt = sha256(password.encode()).digest()[:16]
    return f"2.1.1.{salt.hex()}.{scrypt(password.encode(), salt=salt, n=2, r=1, p=1, dklen=32).hex()}"


LOGIN = {
    "users": ",".join(f"{name}:{cheap(password)}:{SCOPES[name]}" for name, password in USERS.items()),
    "token_keys": ",".join(f"{name}:{key}" for name, key in TOKEN_KEYS.items()),
}
PLENTY = "1000000/minute"
PROTOCOL = "--http src.api.protocol:Connection"


@contextmanager
def served(app: ASGIApp) -> Iterator[int]:
    """The port of an application in a thread of this process, behind our connections."""
    about: dict[str, Any] = {"http": Connection, "access_log": False, "log_config": None}
    server = uvicorn.Server(uvicorn.Config(app, port=free_port(), **about))
    thread = Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield server.config.port
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Server:
    """A live uvicorn."""

    folder: Path
    models: Path
    port: int = field(default_factory=free_port)
    workers: int = 1
    env: dict[str, str] = field(default_factory=dict)
    protocol: str = PROTOCOL
    root: Path = ROOT  # whose code answers
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def start(self) -> "Server":
        self.launch()
        wait_until(self.answers)
        return self

    def launch(self) -> subprocess.Popen[bytes]:
        own = {"LASTRO_API_KEYS": DIGESTS, "LASTRO_STATE": str(self.folder), "LASTRO_MODELS": str(self.models)}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LASTRO_")}
        command = f"-m uvicorn --factory src.api.main:create_app {self.protocol} --port {self.port}"
        options = f"--workers {self.workers} --no-access-log --no-proxy-headers"
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command.split(), *options.split()],
                cwd=self.root,
                env=kept | {"LASTRO_RATE_LIMIT": PLENTY} | own | self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.process

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            return listens(self.port) and httpx.get(f"{self.url}/health", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)
            self.process.wait(20)

    def stop(self) -> None:
        self.signal(signal.SIGTERM)
