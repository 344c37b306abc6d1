"""The service in this process and as a live server, with the real PostgreSQL and Redis of Debian's packages"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from src.api.main import create_app
from src.api.settings import Settings
from tests.conftest import ROOT, Project

KEYS = {"web": "key-of-web", "batch": "key-of-batch"}
HEADERS = {"x-api-key": KEYS["web"]}
DIGESTS = ",".join(f"{name}:{sha256(key.encode()).hexdigest()}" for name, key in KEYS.items())
PLENTY = "1000000/minute"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(check: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def models(light_run: Project) -> Path:
    """A model folder as the pipeline leaves it."""
    return light_run.root / "models"


@pytest.fixture(scope="session")
def applicant(models: Path) -> dict[str, Any]:
    """The contract's example applicant."""
    card = json.loads((models / "model.json").read_text())
    return {feature["name"]: feature["example"] for feature in card["features"]}


@pytest.fixture
def settings_with(tmp_path: Path, models: Path) -> Callable[..., Settings]:
    """Settings of this test alone."""

    def build(**changes: Any) -> Settings:
        own = {"api_keys": DIGESTS, "state": tmp_path, "models": models, "rate_limit": PLENTY}
        return Settings(_env_file=None, **(own | changes))

    return build


@pytest.fixture
def client_with(settings_with: Callable[..., Settings]) -> Iterator[Callable[..., TestClient]]:
    """Builds a client of an application with these settings."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(
            TestClient(create_app(settings_with(**changes)), raise_server_exceptions=False)
        )


@pytest.fixture
def client(client_with: Callable[..., TestClient]) -> TestClient:
    return client_with()


@dataclass
class Server:
    """A live uvicorn."""

    folder: Path
    models: Path
    port: int = field(default_factory=free_port)
    workers: int = 1
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def start(self) -> "Server":
        own = {"LASTRO_API_KEYS": DIGESTS, "LASTRO_STATE": str(self.folder), "LASTRO_MODELS": str(self.models)}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LASTRO_")}
        command = f"-m uvicorn --factory src.api.main:create_app --port {self.port} --workers {self.workers}"
        options = "--no-access-log --no-proxy-headers"
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command.split(), *options.split()],
                cwd=ROOT,
                env=kept | {"LASTRO_RATE_LIMIT": PLENTY} | own | self.env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self.answers)
        return self

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            return httpx.get(f"{self.url}/health", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)
            self.process.wait(20)

    def stop(self) -> None:
        self.signal(signal.SIGTERM)


@pytest.fixture
def server_with(tmp_path: Path, models: Path) -> Iterator[Callable[..., Server]]:
    """Starts a live server with these variables."""
    started: list[Server] = []

    def start(workers: int = 1, models: Path = models, **env: str) -> Server:
        started.append(Server(tmp_path, models, workers=workers, env=env))
        return started[-1].start()

    yield start
    for server in started:
        server.signal(signal.SIGKILL)


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """The address of a real Redis."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        wait_until(lambda: listens(port))
        yield f"redis://127.0.0.1:{port}"
        process.terminate()
        process.wait(10)


@dataclass(frozen=True)
class Postgres:
    """A real PostgreSQL server of this session's own."""

    folder: Path
    bin: Path
    port: int
    user: str | None

    @property
    def url(self) -> str:
        return f"postgresql://lastro@127.0.0.1:{self.port}/postgres"

    def run(self, *command: str) -> None:
        subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd="/",
            user=self.user,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL refuses to run as root; Debian's package brings the user that it runs as."""
    (binaries,) = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="lastro-postgres-"))
    if user:
        shutil.chown(folder, user)
    server = Postgres(folder, binaries, free_port(), user)
    server.run("initdb", "-D", str(folder / "data"), "-U", "lastro", "-A", "trust", "--no-sync")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)
