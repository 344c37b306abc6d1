import math
from typing import Any

import pytest

from src.frontend.advice import Advice, room
from src.frontend.changes import smallest
from src.frontend.client import Client
from src.frontend.schema import Field
from tests.api.live import KEYS
from tests.frontend.service import Service


def test_found_changes_are_what_the_api_approves_and_every_question_is_a_what_if(
    api: Service, client: Client, fields: list[Field], declined: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTRO_ENDPOINT", api.url)
    monkeypatch.setenv("LASTRO_API_KEY", KEYS["web"])
    answer = client.predict(declined, "what-if")
    advice = Advice(answer["prediction_id"], client.model_info()["card"]["threshold"], None)
    changes = smallest(declined, fields, advice.ask, room(answer, advice.threshold))
    assert changes
    for change in changes:
        assert {name for name, _ in change} <= {field.name for field in fields if field.changeable}
        assert client.predict({**declined, **dict(change)}, "what-if")["decision"] == "approve"
    assert 0 < len(advice.answers) <= 200


@pytest.mark.parametrize("pd", [0.0, 1e-300, 0.1, 0.25, 0.9, 1.0])
def test_room_is_finite_and_above_zero_exactly_where_the_api_approves(pd: float) -> None:
    for decision in ("approve", "decline"):
        found = room({"probability_of_default": pd, "decision": decision}, 0.25)
        assert math.isfinite(found)
        assert (found > 0) == (decision == "approve")


def test_what_is_answered_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    class Once:
        def predict_batch(self, applicants: list[Any], purpose: str, model: str) -> list[dict[str, Any]]:
            sent.append((applicants, purpose, model))
            return [{"probability_of_default": 0.5, "decision": "decline"} for _ in applicants]

    monkeypatch.setattr("src.frontend.advice.served.client", Once)
    advice = Advice("id", 0.25, "7")
    advice.ask([{"a": 1, "b": None}])
    advice.ask([{"a": 1, "b": None}, {"a": 2, "b": None}])
    assert sent == [([{"a": 1}], "what-if", "7"), ([{"a": 2}], "what-if", "7")]
