"""The service in this process and as a live server, with the real PostgreSQL and Redis of Debian's packages"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.api.main import create_app
from src.api.settings import Settings
from tests.api.live import DIGESTS, PLENTY, Server, listens, wait_until
from tests.api.postgresql import Postgres
from tests.conftest import Project
from tests.ports import free_port

PROGRAMS = {"redis": "redis-server", "postgres": "/usr/lib/postgresql"}  # fixture -> what Debian's package brings


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, outside of CI, what needs a server that is not installed; `make test` has named its package."""
    absent = {name for name, program in PROGRAMS.items() if not (shutil.which(program) or Path(program).is_dir())}
    if os.environ.get("CI") or not absent:
        return
    left_out = [item for item in items if absent & needs(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def needs(item: pytest.Item) -> set[str]:
    """The fixtures of a test, and the database that it is parametrized by."""
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return {*getattr(item, "fixturenames", ()), *("postgres" for param in params if param == "postgresql")}


@pytest.fixture(scope="session")
def models(light_run: Project) -> Path:
    """A model folder as the pipeline leaves it."""
    return light_run.root / "models"


@pytest.fixture
def changed(models: Path, tmp_path: Path) -> Path:
    """A copy of the model folder to spoil."""
    return Path(shutil.copytree(models, tmp_path / "changed"))


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
