"""The page's script in this process, in front of a real uvicorn"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from src.frontend.client import Client
from src.frontend.schema import Field, fields_of
from tests.api.live import KEYS
from tests.conftest import Project
from tests.frontend.pages import APP, PATIENCE, alone
from tests.frontend.service import Service

Open = Callable[..., AppTest]
ClientOf = Callable[..., Client]


@pytest.fixture(scope="session")
def models(light_run: Project) -> Path:
    """A model folder as the pipeline leaves it."""
    return light_run.root / "models"


@pytest.fixture(scope="session")
def api(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, without a limit that a test could reach."""
    server = Service(tmp_path_factory.mktemp("api"), models, env={"LASTRO_OPEN_LIMIT": "100000/minute"}).start()
    yield server
    server.stop()


@pytest.fixture
def server_with(tmp_path: Path, models: Path) -> Iterator[Callable[..., Service]]:
    """Starts another service with these variables."""
    started: list[Service] = []

    def start(models: Path = models, **env: str) -> Service:
        started.append(Service(tmp_path, models, env=env))
        return started[-1].start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Nothing kept of another test, and no secrets of the developer's own deployment."""
    for name in [name for name in os.environ if name.startswith("LASTRO_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def client_of() -> Iterator[ClientOf]:
    """Builds a client of a service, closed in the end."""
    with ExitStack() as stack:
        yield lambda url, key=KEYS["web"]: stack.enter_context(closing(Client(url, key)))


@pytest.fixture
def client(api: Service, client_of: ClientOf) -> Client:
    return client_of(api.url)


@pytest.fixture(scope="session")
def fields(api: Service) -> list[Field]:
    """What the service asks of an applicant."""
    return fields_of(httpx.get(f"{api.url}/openapi.json").json())


@pytest.fixture(scope="session")
def example(fields: list[Field]) -> dict[str, Any]:
    return {field.name: field.example for field in fields}


@pytest.fixture(scope="session")
def declined(api: Service, example: dict[str, Any], fields: list[Field]) -> dict[str, Any]:
    """The example, but for a number that gets it declined."""
    whole = [field for field in fields if field.kind == "integer" and field.changeable]
    tried = [{**example, field.name: int(field.maximum or 0)} for field in whole]
    with closing(Client(api.url, KEYS["web"])) as client:
        answers = client.predict_batch(tried, "what-if")
    return next(one for one, answer in zip(tried, answers, strict=True) if answer["decision"] == "decline")


@pytest.fixture
def open_page(api: Service, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Runs the app, or one of its pages by the name of its module, as a browser's first visit would."""

    def visit(
        page: str = "", locale: str = "en-US", endpoint: str = api.url, key: str = KEYS["web"], lang: str = ""
    ) -> AppTest:
        monkeypatch.setenv("LASTRO_ENDPOINT", endpoint)
        monkeypatch.setenv("LASTRO_API_KEY", key)
        app = alone(page) if page else AppTest.from_file(str(APP), default_timeout=PATIENCE)
        app.context["locale"] = locale
        app.query_params.update({"lang": lang} if lang else {})
        return app.run()

    return visit
