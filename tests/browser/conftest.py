"""The real stack, and visits of the machine's Chromium to its page"""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ops.minio import find_or_build
from tests.api.live import Server
from tests.browser.chromium import AXE, launched, program, settled
from tests.browser.stack import Site, Stack, published
from tests.conftest import Project
from tests.lineage.conftest import Minio

Visit = Callable[..., Page]
PLENTY = {"LASTRO_OPEN_LIMIT": "100000/minute"}
PATIENCE = 30_000  # milliseconds until something must be seen, on a machine that has more to do


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, outside of CI, what needs a browser or axe-core that is not installed; `make test` has named them."""
    absent = {name for name, there in {"browser": program() is not None, "axe": AXE.is_file()}.items() if not there}
    if os.environ.get("CI") or not absent:
        return
    left_out = [item for item in items if absent & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def stack(light_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """MinIO, a model that was pushed to it, published and pulled, the API and the page."""
    folder = tmp_path_factory.mktemp("browser")
    minio = Minio(folder / "minio" / "data", find_or_build())
    minio.data.parent.mkdir()
    minio.start()
    api = Server(folder, published(light_run.copy(folder / "project"), minio), env=PLENTY)
    site = Site(folder, api.url)
    api.start()
    site.start()
    yield Stack(api, site)
    site.stop()
    api.stop()
    minio.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a module: while it runs, this thread has an event loop, which other rooms' tests could meet."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        yield launched(playwright)


@pytest.fixture
def axe() -> Path:
    """axe-core, of which tests say by this name that they need it."""
    return AXE


@pytest.fixture
def visit(stack: Stack, browser: Browser) -> Iterator[Visit]:
    """Opens an address of the page in a browser that was never here, in English unless another language is named."""
    contexts: list[BrowserContext] = []

    def opened(path: str = "/", site: Site = stack.site, **about: Any) -> Page:
        about = {"locale": "en-US", "timezone_id": "Europe/Berlin", "accept_downloads": True, **about}
        contexts.append(browser.new_context(**about))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{site.url}{path}")
        settled(page)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def server_with(stack: Stack, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Builds another API on the stack's model, with these variables; it is to be started, and is ended."""
    built: list[Server] = []

    def build(**env: str) -> Server:
        built.append(Server(tmp_path, stack.models, env=PLENTY | env))
        return built[-1]

    yield build
    for server in built:
        server.signal(signal.SIGKILL)


@pytest.fixture
def site_for(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Starts another page, which asks this endpoint by this key."""
    started: list[Site] = []

    def start(endpoint: str, **about: Any) -> Site:
        started.append(Site(tmp_path, endpoint, **about))
        return started[-1].start()

    yield start
    for site in started:
        site.stop()


@pytest.fixture(scope="session")
def applicant(stack: Stack) -> dict[str, Any]:
    """The API's example applicant."""
    with stack.client() as client:
        schemas = client.get("/openapi.json").json()["components"]["schemas"]
    return dict(schemas["Applicant"]["example"])


@pytest.fixture(scope="session")
def titles(stack: Stack) -> dict[str, str]:
    """Field -> its title."""
    with stack.client() as client:
        return {each["name"]: each["title"] for each in client.get("/model/info").json()["card"]["features"]}
