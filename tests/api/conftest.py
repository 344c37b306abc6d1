"""The service in this process and as a live server, with a model of its own"""

import json
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.api.main import create_app
from src.api.settings import Settings
from tests.api.live import DIGESTS, LOGIN, PLENTY, PROTOCOL, Server
from tests.conftest import Project


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


@pytest.fixture(scope="session")
def live(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A live server without limits in the way, for tests that leave it as it is."""
    plenty = {"LASTRO_OPEN_LIMIT": PLENTY, "LASTRO_FAILED_KEY_LIMIT": PLENTY}
    plenty |= {f"LASTRO_{name}".upper(): value for name, value in LOGIN.items()}
    server = Server(tmp_path_factory.mktemp("live"), models, env=plenty).start()
    yield server
    server.signal(signal.SIGKILL)


@pytest.fixture
def server_with(tmp_path: Path, models: Path) -> Iterator[Callable[..., Server]]:
    """Starts a live server with these variables."""
    started: list[Server] = []

    def start(workers: int = 1, models: Path = models, protocol: str = PROTOCOL, **env: str) -> Server:
        started.append(Server(tmp_path, models, workers=workers, protocol=protocol, env=env))
        return started[-1].start()

    yield start
    for server in started:
        server.signal(signal.SIGKILL)
