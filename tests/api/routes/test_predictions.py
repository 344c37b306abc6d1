"""Scoring by HTTP: the answer, its reasons, and every body that is refused"""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.contract.table import read_table
from src.model.artifact import load_model
from tests.api.live import HEADERS
from tests.conftest import Project

JSON_HEADERS = {**HEADERS, "content-type": "application/json"}


def test_answer_is_the_fitted_models(client: TestClient, light_run: Project) -> None:
    card, model = load_model(light_run.root / "models")
    table = read_table(light_run.root / "data/processed/test.parquet")[[f.name for f in card.features]].head(50)
    expected = model.predict_proba(table)[:, 1]
    rows = json.loads(table.to_json(orient="records"))
    answers = client.post("/predict/batch", json={"applicants": rows}, headers=HEADERS).json()["predictions"]
    assert [answer["probability_of_default"] for answer in answers] == pytest.approx(expected, abs=1e-9)
    single = [client.post("/predict", json=row, headers=HEADERS).json() for row in rows]
    for one, many in zip(single, answers, strict=True):
        assert {**one, "prediction_id": None} == {**many, "prediction_id": None}
        assert one["decision"] == ("decline" if one["probability_of_default"] >= card.threshold else "approve")
        assert one["model"]["sha256"] == card.sha256


def test_declined_has_reasons_and_approved_only_on_wish(client: TestClient, models: Path) -> None:
    card = json.loads((models / "model.json").read_text())
    best = client.post("/predict", json=card["reference"], headers=HEADERS).json()
    assert best["reasons"] == []  # nothing differs from the reference applicant
    rows = [card["reference"] | {f["name"]: f["example"]} for f in card["features"]]
    worst = {f["name"]: (f["maximum"] and int(f["maximum"])) or f["example"] for f in card["features"]}
    wished = client.post("/predict?reasons=true", json=worst, headers=HEADERS).json()["reasons"]
    assert 0 < len(wished) <= 4
    assert [r["points"] for r in wished] == sorted((r["points"] for r in wished), reverse=True)
    assert all(r["points"] > 0 and r["value"] == worst[r["feature"]] and r["title"] for r in wished)
    for answer in client.post("/predict/batch", json={"applicants": rows}, headers=HEADERS).json()["predictions"]:
        assert answer["decision"] == "decline" or answer["reasons"] == []


def test_wrong_fields_are_422_and_each_is_named(client: TestClient, applicant: dict[str, Any], models: Path) -> None:
    features = {f["name"]: f for f in json.loads((models / "model.json").read_text())["features"]}
    number = next(name for name, f in features.items() if f["type"] == "integer")
    category, missing, *_ = (name for name, f in features.items() if f["type"] == "category")
    body = applicant | {number: -5, category: "nonsense", "shoe_size": 43}
    del body[missing]
    answer = client.post("/predict", json=body, headers=HEADERS)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        f"#/{number}", f"#/{category}", f"#/{missing}", "#/shoe_size"
    }  # fmt: skip
    assert "nonsense" not in answer.text


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "1e999", "1" * 400, "9007199254740993", '"24"', "24.5", "null", "[]", "true"],
)
def test_strange_numbers_are_422(client: TestClient, applicant: dict[str, Any], models: Path, value: str) -> None:
    features = json.loads((models / "model.json").read_text())["features"]
    name = next(f["name"] for f in features if f["type"] == "integer")
    text = json.dumps(applicant | {name: "PLACE"}).replace('"PLACE"', value)
    answer = client.post("/predict", content=text, headers=JSON_HEADERS)
    assert (answer.status_code, answer.json()["title"]) == (422, "Unprocessable Entity")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe{\x00}\x00", b'{"a": "\xe9"}', b"[" * 100_000, b'{"a":' * 50_000],
    ids=["empty", "cut", "list", "null", "text", "utf-16", "latin-1", "nested lists", "nested objects"],
)
@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_malformed_bodies_are_422(client: TestClient, path: str, content: bytes) -> None:
    answer = client.post(path, content=content, headers=JSON_HEADERS)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_other_media_type_is_415(client: TestClient) -> None:
    assert client.post("/predict", content=b"a=1", headers=HEADERS).status_code == 415


@pytest.mark.parametrize("query", ["reasons=perhaps", "purpose=test", "purpose=", "reasons=true&purpose=What-if",
                                   "reasons=true&reasons=false", "purpose=what-if&purpose=what-if"])  # fmt: skip
@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_parameter_takes_only_its_own_words(
    client: TestClient, applicant: dict[str, Any], path: str, query: str
) -> None:
    body = applicant if path == "/predict" else {"applicants": [applicant]}
    answer = client.post(f"{path}?{query}", json=body, headers=HEADERS)
    assert answer.status_code == 422
    said = {"reasons": "reasons is false or true", "purpose": "purpose is application or what-if"}
    assert answer.json()["detail"] == said["purpose" if "purpose" in query else "reasons"]


@pytest.mark.parametrize(("query", "purpose"), [("", "application"), ("?purpose=application", "application"),
                                                ("?purpose=what-if", "what-if")])  # fmt: skip
def test_purpose_is_recorded_with_what_was_true_then(
    client: TestClient, applicant: dict[str, Any], models: Path, query: str, purpose: str
) -> None:
    card = json.loads((models / "model.json").read_text())
    made = [client.post(f"/predict{query}", json=applicant, headers=HEADERS).json()]
    body = {"applicants": [applicant, applicant]}
    made += client.post(f"/predict/batch{query}", json=body, headers=HEADERS).json()["predictions"]
    listed = client.get("/predictions", headers=HEADERS).json()["predictions"]
    for answer, record in zip(made, listed[::-1], strict=True):
        assert client.get(f"/predictions/{answer['prediction_id']}", headers=HEADERS).json() == record
        assert (record["threshold"], record["scale"]) == (card["threshold"], card["scale"])
        assert record["purpose"] == purpose


def test_what_if_is_no_applicant_to_the_metrics(client: TestClient, applicant: dict[str, Any]) -> None:
    for purpose in ("what-if", "application", "what-if"):
        client.post(f"/predict?purpose={purpose}", json=applicant, headers=HEADERS)
    numbers = client.get("/metrics", headers=HEADERS).text.splitlines()
    counted = [float(line.split()[1]) for line in numbers if line.startswith("lastro_predictions_total")]
    assert sum(counted) == 1
    assert "lastro_score_count 1.0" in numbers


def test_bad_row_of_a_batch_is_named_and_nothing_is_answered(client: TestClient, applicant: dict[str, Any]) -> None:
    rows = [applicant, applicant, applicant | {"extra": 1}]
    answer = client.post("/predict/batch", json={"applicants": rows}, headers=HEADERS)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/applicants/2/extra"]
    assert client.get("/predictions", headers=HEADERS).json()["predictions"] == []


@pytest.mark.parametrize(("rows", "status"), [(0, 422), (1, 200), (1000, 200), (1001, 422)])
def test_batch_has_1_to_1000_applicants(client: TestClient, applicant: dict[str, Any], rows: int, status: int) -> None:
    answer = client.post("/predict/batch", json={"applicants": [applicant] * rows}, headers=HEADERS)
    assert answer.status_code == status
    if status == 200:
        assert len({found["prediction_id"] for found in answer.json()["predictions"]}) == rows
