"""openapi.json and its page"""

import json
from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from src.api.openapi import DETAILS


def test_document_holds_the_contract(client: TestClient, models: Path) -> None:
    schema = client.get("/openapi.json").json()["components"]["schemas"]["Applicant"]
    features = json.loads((models / "model.json").read_text())["features"]
    assert list(schema["properties"]) == [feature["name"] for feature in features]
    assert schema["additionalProperties"] is False
    for feature in features:
        shown = schema["properties"][feature["name"]]
        assert (shown["title"], shown.get("enum")) == (feature["title"], feature["categories"])
        if feature["type"] == "integer":
            assert (shown["minimum"], shown["maximum"]) == (feature["minimum"], feature["maximum"])


def test_document_says_which_routes_want_a_key(client_with: Callable[..., TestClient]) -> None:
    for is_open in (False, True):
        paths = client_with(metrics_open=is_open).get("/openapi.json").json()["paths"]
        free = {path for path, item in paths.items() for operation in item.values() if "security" not in operation}
        assert free == {"/health", "/ready", "/login"} | ({"/metrics"} if is_open else set())


def test_document_says_which_scope_a_route_wants_of_a_key_or_a_token(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if "security" in operation:
                scope = (
                    "read"
                    if method == "get" or path.endswith("/verify")
                    else "admin"
                    if path.startswith(("/admin/", "/alerts/"))
                    else path.split("/")[1]
                )
                assert operation["security"] == [{"ApiKey": [scope]}, {"Bearer": [scope]}], path
    named = {scheme["name"] for scheme in document["components"]["securitySchemes"].values()}
    assert named == {"x-api-key", "Authorization"}


def test_every_refusal_in_the_document_is_a_problem_and_explained(client: TestClient) -> None:
    for item in client.get("/openapi.json").json()["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"]
                    assert answer["description"] == DETAILS[int(status)]


def test_references_of_the_document_lead_somewhere(client: TestClient) -> None:
    text = client.get("/openapi.json").text
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(json.loads(text)["components"]["schemas"])


def test_operations_have_the_names_that_a_generated_client_shall_use(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    named = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}
    assert named == {"predict", "predict_batch", "predict_applicant", "predict_applicants", "features_status",
                     "predictions", "prediction", "verify", "model_info", "model_evaluation",
                     "model_scorecard", "models", "version", "swaps", "reload_model", "login", "outcomes",
                     "monitoring", "alert_status", "alert_history", "test_alerts", "send_alert", "health", "ready",
                     "metrics"}  # fmt: skip
    assert document["info"]["version"] == "0"  # unpublished; packagers want a number
