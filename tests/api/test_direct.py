"""What passes FastAPI's layers is answered as if it had not"""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.api.main import create_app
from src.api.settings import Settings
from tests.api.live import HEADERS


def test_prediction_is_found_below_a_proxys_prefix(
    settings_with: Callable[..., Settings], applicant: dict[str, Any]
) -> None:
    with TestClient(create_app(settings_with()), root_path="/credit") as client:
        assert client.post("/credit/predict", json=applicant, headers=HEADERS).status_code == 200
        assert client.post("/credit/predict/predict", json=applicant, headers=HEADERS).status_code == 404


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_another_method_is_405_as_everywhere(client: TestClient, path: str) -> None:
    for method in ("GET", "PUT"):
        refused = client.request(method, path, headers=HEADERS)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        assert refused.headers["content-type"] == "application/problem+json"


def test_refusal_of_a_body_tells_other_pages_that_they_may_read_it(client_with: Callable[..., TestClient]) -> None:
    client = client_with(cors_origins="https://bank.example")
    refused = client.post("/predict", json={}, headers=HEADERS | {"origin": "https://bank.example"})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (422, "https://bank.example")
