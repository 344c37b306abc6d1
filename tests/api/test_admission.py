"""Deny by default: whatever has no place in the list of open paths wants a key, and counts"""

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from src.api.admission import OPEN_PATHS, Access, scope_of
from src.api.main import create_app
from src.api.settings import Settings
from tests.api.live import HEADERS, KEYS, PLENTY

LIMIT_HEADERS = {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}
FILES_OF_DOCS = {
    f"/docs/{name}"
    for name in ("start.js", "swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js", "favicon.png")
}
ADDED = {"/alone", "/group/inner", "/mounted/deep", "/.hidden"}


def walk(routes: Sequence[BaseRoute], start: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path that is answered, hidden ones too, at any depth of routers and mounted applications."""
    for route in routes:
        if isinstance(route, Mount):
            yield from walk(route.routes, start + route.path)
        elif included := getattr(route, "original_router", None):
            yield from walk(included.routes, start + route.include_context.prefix)  # type: ignore[attr-defined]
        else:
            path = re.sub(r"\{[^}]*\}", "1", start + getattr(route, "path", ""))
            yield from ((method, path) for method in sorted(getattr(route, "methods", None) or {"GET"}))


@pytest.fixture
def app(settings_with: Callable[..., Settings]) -> FastAPI:
    return create_app(settings_with(failed_key_limit=PLENTY, open_limit=PLENTY))


@pytest.fixture
def grown(app: FastAPI) -> FastAPI:
    """The service, and routes of every kind that somebody added without a thought of keys."""

    async def answer(_: Any = None) -> PlainTextResponse:
        return PlainTextResponse("open!")

    router = APIRouter()
    router.add_api_route("/inner", answer, name="inner")
    app.add_api_route("/alone", answer, name="alone")
    app.add_api_route("/.hidden", answer, include_in_schema=False)
    app.include_router(router, prefix="/group")
    app.mount("/mounted", Starlette(routes=[Route("/deep", answer)]))
    return app


def test_the_open_paths_are_these_and_no_others() -> None:
    assert {path for path, access in OPEN_PATHS.items() if access is Access.FREE} == {"/health", "/ready"}
    limited = {path for path, access in OPEN_PATHS.items() if access is Access.ADDRESS}
    assert limited == {"/", "/login", "/docs", "/redoc", "/openapi.json"} | FILES_OF_DOCS


def test_every_route_wants_a_key_or_stands_in_the_list(grown: FastAPI) -> None:
    found = set(walk(grown.routes))
    assert {"/predict", "/docs", "/predictions/1"} | ADDED <= {path for _, path in found}
    with TestClient(grown) as client:
        for method, path in found:
            status = client.request(method, path).status_code
            assert (status == 401) == (path not in OPEN_PATHS), (method, path, status)
        assert {client.get(path, headers=HEADERS).text for path in ADDED} == {"open!"}


def test_every_answer_behind_a_key_says_what_is_left(grown: FastAPI) -> None:
    with TestClient(grown, raise_server_exceptions=False) as client:
        for method, path in [*walk(grown.routes), ("GET", "/nowhere"), ("PUT", "/predict")]:
            headers = client.request(method, path, headers=HEADERS).headers
            assert (set(headers) >= LIMIT_HEADERS) == (OPEN_PATHS.get(path) is not Access.FREE), (method, path)


@pytest.mark.parametrize(("headers", "status"), [({}, 401), (HEADERS, 404)])
def test_unknown_path_is_told_to_callers_only(client: TestClient, headers: dict[str, str], status: int) -> None:
    for path in (
        "/nowhere",
        "/predict/1/2",
        "/health/",
        "/HEALTH",
        "/docs/x",
        "/%2e%2e/health",
        "http://testserver//health",
    ):
        assert client.get(path, headers=headers).status_code == status, path


def test_path_with_a_slash_at_its_end_is_another_one_and_leads_nowhere(
    settings_with: Callable[..., Settings],
) -> None:
    everything = f"web:{sha256(KEYS['web'].encode()).hexdigest()}:predict+read+outcomes+admin"
    app = create_app(settings_with(failed_key_limit=PLENTY, open_limit=PLENTY, api_keys=everything))
    with TestClient(app, follow_redirects=False) as client:
        for method, path in ((method, path) for method, path in walk(app.routes) if path != "/"):
            answers = [client.request(method, f"{path}/", headers=headers) for headers in ({}, HEADERS)]
            assert [answer.status_code for answer in answers] == [401, 404], path
            assert not any("location" in answer.headers for answer in answers)


def test_path_below_a_prefix_is_the_same_path(app: FastAPI) -> None:
    with TestClient(app, root_path="/scores") as client:
        assert client.get("/scores/health").status_code == 200
        assert client.get("/scores/predictions").status_code == 401
        assert client.get("/scores/scores/health").status_code == 401


def test_web_socket_is_refused(app: FastAPI) -> None:
    async def talk(socket: WebSocket) -> None:
        await socket.accept()

    app.add_api_websocket_route("/talk", talk)
    with TestClient(app) as client, pytest.raises(WebSocketDisconnect), client.websocket_connect("/talk"):
        pass


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/model/info", "read"),
        ("GET", "/metrics", "read"),
        ("GET", "/predict", "read"),
        ("GET", "/nowhere", "read"),
        ("POST", "/predict", "predict"),
        ("POST", "/predict/batch", "predict"),
        ("POST", "/predict/applicant/1", "predict"),
        ("POST", "/outcomes", "outcomes"),
        ("POST", "/predictions", "admin"),
        ("POST", "/predictions/1/verify", "read"),
        ("DELETE", "/predictions/1/verify", "admin"),
        ("POST", "/predictions/1/2/verify", "admin"),
        ("POST", "/predicted", "admin"),
        ("POST", "/admin/reload-model", "admin"),
        ("POST", "/nowhere", "admin"),
        ("DELETE", "/model/info", "admin"),
        ("POST", "", "admin"),
    ],
)
def test_what_is_asked_wants_a_scope_and_what_is_in_no_list_wants_admin(method: str, path: str, scope: str) -> None:
    assert scope_of(method, path) == scope


@pytest.mark.parametrize("scope", ["predict", "read", "outcomes", "admin"])
def test_key_may_do_what_its_scope_says_and_nothing_else(
    client_with: Callable[..., TestClient], applicant: dict[str, Any], scope: str
) -> None:
    client = client_with(api_keys=f"web:{sha256(KEYS['web'].encode()).hexdigest()}:{scope}")
    asked = {
        "predict": client.post("/predict", json=applicant, headers=HEADERS),
        "read": client.get("/metrics", headers=HEADERS),
        "outcomes": client.post("/outcomes", headers=HEADERS),
        "admin": client.post("/admin/reload-model", headers=HEADERS),
    }
    for wanted, answer in asked.items():
        assert (answer.status_code == 403) == (wanted != scope), wanted
        assert set(answer.headers) >= LIMIT_HEADERS
        if wanted != scope:
            assert f'scope="{wanted}"' in answer.headers["www-authenticate"]
            assert wanted in answer.json()["detail"]
    assert client.head("/model/info", headers=HEADERS).status_code == (200 if scope == "read" else 403)


def test_open_metrics_are_not_counted(client_with: Callable[..., TestClient]) -> None:
    client = client_with(metrics_open=True, rate_limit="1/minute", open_limit="1/minute")
    assert [client.get("/metrics").status_code for _ in range(3)] == [200] * 3
