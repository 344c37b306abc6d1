from typing import Any

import pytest
import streamlit as st

from src.frontend import whatif
from src.frontend.client import Client
from tests.api.live import KEYS
from tests.frontend.service import Service


@pytest.mark.usefixtures("_forgotten")
def test_same_change_is_asked_for_once(
    api: Service, client: Client, example: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTRO_ENDPOINT", api.url)
    monkeypatch.setenv("LASTRO_API_KEY", KEYS["web"])
    monkeypatch.setattr(st, "session_state", {})
    first = whatif.ask(example, None)
    assert whatif.ask(dict(example), None) is first
    newest = client.predictions(limit=1)["predictions"][0]
    assert (newest["prediction_id"], newest["purpose"]) == (first["prediction_id"], "what-if")
    name = next(key for key, value in example.items() if isinstance(value, int))
    assert whatif.ask({**example, name: example[name] + 1}, None)["prediction_id"] != first["prediction_id"]
