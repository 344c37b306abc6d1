"""The page's Versions: what there is, two of them side by side with their swap set, the trial, who did what and why"""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from src.frontend.client import Client
from tests.api.deliveries import Deliveries, again
from tests.api.live import KEYS
from tests.frontend.conftest import Open
from tests.frontend.pages import words
from tests.frontend.service import Service
from tests.ports import wait_until

EVENTS = [
    {"number": 16, "kind": "publish", "version": 2, "from": 1, "to": None, "by": "ana", "why": "fewer trees",
     "forced": False, "gates": [], "time": "2026-11-26T11:00:00Z"},
    {"number": 17, "kind": "promote", "version": 2, "from": 1, "to": 2, "by": "bruno", "why": "a *better* one",
     "forced": True, "gates": [{"name": "roc_auc", "passed": None}, {"name": "ece", "passed": False},
                               {"name": "parity", "passed": True}], "time": "2026-11-26T12:00:00Z"},
]  # fmt: skip


@pytest.fixture
def two(models: Path, tmp_path: Path, server_with: Callable[..., Service]) -> Service:
    """A service with the light model as champion 2, and as challenger 1 with half of its threshold."""
    threshold = json.loads((models / "model.json").read_text())["threshold"]
    places = {"2": models, "1": again(models, tmp_path / "other", threshold / 2)}
    deliveries = Deliveries(tmp_path / "serving", places)
    deliveries.name(17, "2", "1")
    content = json.loads((deliveries.folder / "serving.json").read_text())
    deliveries.write(content | {"history": EVENTS})
    return server_with(LASTRO_SERVING=str(deliveries.folder), LASTRO_SHADOW="true")


def applicants(client: Client) -> list[dict[str, Any]]:
    """Some applicants who differ in one number."""
    schema = client.document()["components"]["schemas"]["Applicant"]
    number = next(name for name, field in schema["properties"].items() if field.get("type") == "integer")
    low, high = (schema["properties"][number][key] for key in ("minimum", "maximum"))
    return [schema["example"] | {number: low + step * (high - low) // 39} for step in range(40)]


def test_page_shows_versions_side_by_side_and_the_history(two: Service, open_page: Open, models: Path) -> None:
    page = open_page("versions_page", endpoint=two.url)
    assert not page.exception
    (facts, metrics), (there, history) = ([each.value for each in kind] for kind in (page.table, page.dataframe))
    assert list(there["Place"]) == ["Champion", "Challenger"]
    assert list(there["State"]) == ["✓ answers", "✓ answers"]
    assert [box.value for box in page.selectbox] == ["2", "1"]
    assert facts["2"].iloc[3] != facts["1"].iloc[3]  # thresholds
    auc = json.loads((models / "evaluation.json").read_text())["metrics"]["roc_auc"]
    assert metrics["2"][0] == f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})"
    assert list(history["What"]) == ["promoted, forced", "published"]
    assert list(history["Who"]) == ["bruno", "ana"]
    assert history["Gates"][0] == "? roc_auc, ✕ ece"
    assert "None of your applicants" in words(page)


def test_swap_set_and_trial_are_of_the_applicants_in_the_log(two: Service, open_page: Open) -> None:
    with closing(Client(two.url, KEYS["web"])) as client:
        answers = client.predict_batch(applicants(client))
        found = client.swaps("2", "1")
        wait_until(lambda: (client.models()["shadow"] or {}).get("rows") == len(answers))
        shadow = client.models()["shadow"]
    assert {answer["model"]["version"] for answer in answers} == {"2"}
    said = words(open_page("versions_page", endpoint=two.url))
    gained, lost = found["groups"]
    assert (found["rows"], lost["applicants"]) == (40, 0)  # half of the threshold approves nobody more
    assert f"Approved by 2, declined by 1: {gained['applicants']}." in said
    assert "Your last 40 applicants" in said
    assert (shadow["same_decision"], shadow["approved_by_champion_only"]) == (
        40 - gained["applicants"],
        gained["applicants"],
    )
    assert f"Both scored the same 40 applicants, and decided alike on {shadow['same_decision'] / 40:.1%}" in said


def test_page_speaks_portuguese(two: Service, open_page: Open) -> None:
    page = open_page("versions_page", endpoint=two.url, locale="pt-BR")
    assert list(page.dataframe[0].value["Posição"]) == ["Campeã", "Desafiante"]
    assert "Quem promoveu o quê" in words(page)


def test_single_model_that_is_not_published_is_all_there_is(open_page: Open) -> None:
    page = open_page("versions_page")
    assert not page.exception
    assert list(page.dataframe[0].value["Version"]) == ["not published"]
    assert (len(page.table), len(page.dataframe)) == (0, 1)


def test_what_if_of_an_answer_goes_to_the_version_that_gave_it(two: Service) -> None:
    with closing(Client(two.url, KEYS["web"])) as client:
        applicant = applicants(client)[0]
        answer = client.predict(applicant, "what-if", "1")
        assert client.prediction(answer["prediction_id"])["model_asked"] == "1"
        assert answer["model"]["version"] == "1"
