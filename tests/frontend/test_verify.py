"""The button that scores a logged prediction again, in front of the real API"""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from src.frontend.client import Client
from tests.frontend.conftest import Open
from tests.frontend.pages import button, widget, words
from tests.frontend.service import Service


@pytest.fixture
def made(client: Client, example: dict[str, Any]) -> dict[str, Any]:
    return client.predict(example)


def change(api: Service, wanted: str, assignment: str) -> None:
    with closing(sqlite3.connect(api.folder / "api" / "journal.db")) as log, log:
        log.execute(f"UPDATE predictions SET {assignment} WHERE id = ?", (wanted,))


def verified(open_page: Open, wanted: str, locale: str = "en-US", label: str = "Verify") -> Any:
    page = open_page("history_page", locale=locale)
    widget(page, {"Verify": "Prediction id", "Verificar": "Id da previsão"}[label]).set_value(wanted).run()
    assert not page.success
    assert not page.error
    return button(page, label).click().run()


def test_same_number_is_shown_to_its_last_digit(open_page: Open, made: dict[str, Any]) -> None:
    page = verified(open_page, made["prediction_id"])
    assert f"the same, to the last bit. Probability of default `{made['probability_of_default']!r}`." in (
        page.success[0].value
    )
    assert not page.error


def test_other_number_is_shown_beside_the_logged_one(open_page: Open, api: Service, made: dict[str, Any]) -> None:
    change(api, made["prediction_id"], "probability_of_default = 0.125, reasons = '[]'")
    page = verified(open_page, made["prediction_id"])
    assert not page.success
    (said,) = [each.value for each in page.error]
    assert f"another: probability of default `{made['probability_of_default']!r}`, {made['score']} points" in said
    assert f"The log holds: probability of default `0.125`, {made['score']} points" in said
    assert "no reasons" in said


def test_form_that_is_not_served_is_told_with_the_command(open_page: Open, api: Service, made: dict[str, Any]) -> None:
    change(api, made["prediction_id"], f"form_sha256 = '{'0' * 64}'")
    page = verified(open_page, made["prediction_id"])
    assert "The form that answered is not served here." in words(page)
    assert f"python -m src.lineage.replay {made['prediction_id']}" in [each.value for each in page.code]
    assert not page.error


def test_it_speaks_portuguese(open_page: Open, made: dict[str, Any]) -> None:
    page = verified(open_page, made["prediction_id"], locale="pt-BR", label="Verificar")
    assert "igual, até o último bit" in page.success[0].value


def test_forgotten_applicant_is_told_and_nothing_is_verified(
    open_page: Open, api: Service, client: Client, example: dict[str, Any]
) -> None:
    made = client.predict(example)
    kept = json.dumps(client.prediction(made["prediction_id"])["inputs"])
    change(api, made["prediction_id"], "inputs = '{}', reasons = '[]'")
    page = open_page("history_page")
    widget(page, "Prediction id").set_value(made["prediction_id"]).run()
    change(api, made["prediction_id"], f"inputs = '{kept}'")  # others read the same log
    assert not page.exception
    assert "The applicant was forgotten: what was known of them, and the reasons, are no more." in words(page)
    assert "Verify" not in [one.label for one in page.button]
