"""The history takes what became of an applicant, and shows it"""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from src.frontend import outcome
from src.frontend.client import Client
from tests.api.live import KEYS
from tests.frontend.conftest import Open
from tests.frontend.pages import button, widget, words
from tests.frontend.service import Service

FOUND = {"prediction_id": "7", "time": "2026-03-01T10:00:00+00:00"}


def opened(open_page: Open, endpoint: str, wanted: str, key: str = KEYS["web"]) -> Any:
    page = open_page("history_page", endpoint=endpoint, key=key)
    widget(page, "Prediction id").set_value(wanted).run()
    return page


def asked(endpoint: str, example: dict[str, Any], purpose: Any = "application", key: str = KEYS["web"]) -> str:
    with closing(Client(endpoint, key)) as client:
        return str(client.predict(example, purpose)["prediction_id"])


def test_outcome_is_taken_shown_and_corrected(open_page: Open, api: Service, example: dict[str, Any]) -> None:
    wanted = asked(api.url, example)
    page = opened(open_page, api.url, wanted)
    assert "Not known yet." in words(page)
    for label, says in (("good", "Recorded. Of several"), ("good", "known already"), ("bad", "in place of what was")):
        widget(page, "Outcome").set_value(label)
        button(page, "Record").click().run()
        assert not page.exception
        assert says in page.success[0].value
        assert f"**{label}**, known since " in words(page)
    assert page.dataframe[0].value["Outcome"][0] == "bad"
    with closing(Client(api.url, KEYS["batch"])) as client:  # the newest observation counts, whoever made it
        assert client.tell({"prediction_id": wanted, "outcome": "good"}) == "corrected"
    page.run()
    assert (len(page.success), page.dataframe[0].value["Outcome"][0]) == (0, "good")


def test_nothing_is_recorded_unless_something_is_chosen_and_a_what_if_has_no_outcome(
    open_page: Open, api: Service, example: dict[str, Any]
) -> None:
    page = opened(open_page, api.url, asked(api.url, example))
    button(page, "Record").click().run()
    assert (len(page.success), "Not known yet." in words(page)) == (0, True)
    page = opened(open_page, api.url, asked(api.url, example, "what-if"))
    assert "What became of the applicant" not in words(page)


def test_who_may_not_tell_reads_why(
    open_page: Open, server_with: Callable[..., Service], example: dict[str, Any]
) -> None:
    key = "key-of-clerk"
    server = server_with(LASTRO_API_KEYS=f"clerk:{sha256(key.encode()).hexdigest()}:predict+read")
    page = opened(open_page, server.url, asked(server.url, example, key=key), key)
    widget(page, "Outcome").set_value("good")
    button(page, "Record").click().run()
    assert "scope outcomes" in words(page)
    assert "Last predictions" in words(page)  # the rest of the page is there


def test_day_is_its_beginning_but_not_before_the_prediction_and_today_is_now() -> None:
    made = datetime.fromisoformat(FOUND["time"])
    assert outcome.observed_at(made.date(), FOUND) == FOUND["time"]
    assert outcome.observed_at(made.date() + timedelta(days=1), FOUND) == "2026-03-02T00:00:00+00:00"
    assert outcome.observed_at(datetime.now(UTC).date(), FOUND) is None


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        ({"goods": [0], "bads": [1]}, {"0": 0, "1": 1}),
        ({"goods": [False], "bads": [True]}, {"false": False, "true": True}),
        ({"bad": "bad"}, {}),
    ],
)
def test_labels_are_known_by_the_texts_of_the_log(target: dict[str, Any], labels: dict[str, Any]) -> None:
    assert outcome.labels_of({"card": {"target": target}}) == labels
