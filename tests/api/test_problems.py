"""Every refusal is an RFC 9457 problem document"""

import json
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient

from src.api.main import create_app
from src.api.problems import SHOWN, FieldError, ProblemError, escaped, invalid
from src.api.settings import Settings
from tests.api.live import HEADERS


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/predict", 405), ("GET", "/predictions?limit=x", 422),
     ("GET", "/predictions/none", 422), ("GET", "/predictions?since=2026-01-01", 422)],
)  # fmt: skip
def test_every_refusal_is_a_problem_document(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path, headers=HEADERS)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_document_has_the_standards_members() -> None:
    answer = ProblemError(
        422, "why", [FieldError(pointer="#/a", detail="no", type="t")], {"Retry-After": "1"}
    ).response()
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "why",
        "errors": [{"pointer": "#/a", "detail": "no", "type": "t"}],
    }
    assert (answer.media_type, answer.headers["retry-after"]) == ("application/problem+json", "1")
    assert "errors" not in json.loads(bytes(ProblemError(404, "gone").response().body))


def test_pointer_is_escaped_as_rfc_6901_says() -> None:
    assert escaped("a/b~c") == "a~1b~0c"
    assert escaped(3) == "3"


def test_many_wrong_fields_are_counted_and_the_first_are_named() -> None:
    errors = [{"type": "missing", "loc": ("applicants", place, "a"), "msg": "Field required"} for place in range(900)]
    problem = invalid(errors)  # type: ignore[arg-type]
    assert problem.detail == f"900 fields are wrong; the first {SHOWN} are named"
    assert problem.errors is not None
    assert len(problem.errors) == SHOWN
    assert invalid(errors[:1]).detail == "1 field is wrong"  # type: ignore[arg-type]


def test_fault_of_ours_is_a_500_that_tells_nothing(settings_with: Callable[..., Settings]) -> None:
    app = create_app(settings_with())

    async def broken() -> None:
        raise RuntimeError("a secret of the server")

    app.add_api_route("/broken", broken)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/broken", headers=HEADERS | {"x-request-id": "asked-by-me"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.headers["x-request-id"] == "asked-by-me"  # the answer says that the log names it
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "secret" not in answer.text


def test_answer_that_fails_behind_its_head_is_a_500_too(settings_with: Callable[..., Settings]) -> None:
    app = create_app(settings_with())

    async def parts() -> AsyncIterator[bytes]:
        raise RuntimeError("a secret of the server")
        yield b""

    app.get("/broken")(lambda: StreamingResponse(parts()))
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/broken", headers=HEADERS)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert len(answer.headers.get_list("x-request-id")) == 1
