from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.api.live import Server
from tests.frontend.conftest import ClientOf, Open
from tests.frontend.pages import button, widget, words

NOBODYS = "01a1feee-f0f8-7f39-8c3b-d01b1fe5202f"


@pytest.fixture
def past(
    server_with: Callable[..., Server], client_of: ClientOf, example: dict[str, Any]
) -> tuple[str, list[dict[str, Any]]]:
    """A service that has given 30 answers; they are newest first."""
    server = server_with()
    return server.url, client_of(server.url).predict_batch([example] * 30)[::-1]


def ids(page: Any) -> list[str]:
    return list(page.dataframe[0].value["Prediction id"])


def test_predictions_are_listed_newest_first_page_by_page(
    open_page: Open, past: tuple[str, list[dict[str, Any]]]
) -> None:
    endpoint, answers = past
    expected = [answer["prediction_id"] for answer in answers]
    page = open_page("history_page", endpoint=endpoint)
    assert ids(page) == expected[:25]
    button(page, "Older").click().run()
    assert ids(page) == expected[25:]
    assert button(page, "Older").disabled
    button(page, "Newer").click().run()
    assert ids(page) == expected[:25]


def test_decision_and_dates_filter(open_page: Open, past: tuple[str, list[dict[str, Any]]]) -> None:
    endpoint, answers = past
    page = open_page("history_page", endpoint=endpoint)
    other = {"approve": "decline", "decline": "approve"}[answers[0]["decision"]]
    widget(page, "Decision").select(other).run()
    assert "There are none" in words(page)
    widget(page, "Decision").select(answers[0]["decision"]).run()
    assert len(ids(page)) == 25
    widget(page, "From").set_value(date.today() + timedelta(days=2)).run()
    assert "There are none" in words(page)
    widget(page, "From").set_value(None).run()
    widget(page, "To").set_value(date.today() + timedelta(days=1)).run()
    assert len(ids(page)) == 25


def test_prediction_is_opened_by_its_id(
    open_page: Open, past: tuple[str, list[dict[str, Any]]], example: dict[str, Any]
) -> None:
    endpoint, answers = past
    page = open_page("history_page", endpoint=endpoint)
    widget(page, "Prediction id").set_value(f" {answers[7]['prediction_id']} ").run()
    assert page.code[0].value == answers[7]["prediction_id"]
    assert len(page.table[0].value) == len(example)


@pytest.mark.parametrize(("wanted", "said"), [("nonsense", "no prediction id"), (NOBODYS, "nothing by that name")])
def test_id_that_opens_nothing_is_a_sentence(open_page: Open, wanted: str, said: str) -> None:
    page = open_page("history_page")
    widget(page, "Prediction id").set_value(wanted).run()
    assert said in words(page)
    assert not page.exception


def test_key_without_predictions_sees_none(open_page: Open, server_with: Callable[..., Server]) -> None:
    page = open_page("history_page", endpoint=server_with().url)
    assert "There are none" in words(page)
