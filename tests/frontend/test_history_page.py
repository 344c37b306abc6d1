import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from src.frontend.client import Client
from src.frontend.texts import NONE
from src.journal.journal import Journal
from src.journal.tables import Entry
from tests.api.live import KEYS
from tests.frontend.conftest import Open
from tests.frontend.pages import button, widget, words
from tests.frontend.service import Service
from tests.journal.rows import entry, leave_release, of_release

NOBODYS = "01a1feee-f0f8-7f39-8c3b-d01b1fe5202f"


@pytest.fixture(scope="module")
def server_in(models: Path) -> Iterator[Callable[[Path], Service]]:
    """Starts a service with its log in a folder, for all tests: they only read."""
    started: list[Service] = []

    def start(folder: Path) -> Service:
        started.append(Service(folder, models))
        return started[-1].start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def past(
    server_in: Callable[[Path], Service], tmp_path_factory: pytest.TempPathFactory, example: dict[str, Any]
) -> tuple[str, list[dict[str, Any]]]:
    """A service that has given 30 answers; they are newest first."""
    server = server_in(tmp_path_factory.mktemp("past"))
    with closing(Client(server.url, KEYS["web"])) as client:
        return server.url, client.predict_batch([example] * 30)[::-1]


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
    assert [each.label for each in page.get("download_button")] == ["Download as CSV"]


@pytest.mark.parametrize(("wanted", "said"), [("nonsense", "no prediction id"), (NOBODYS, "nothing by that name")])
def test_id_that_opens_nothing_is_a_sentence(open_page: Open, wanted: str, said: str) -> None:
    page = open_page("history_page")
    widget(page, "Prediction id").set_value(wanted).run()
    assert said in words(page)
    assert not page.exception


@pytest.fixture(scope="module")
def long_ago(
    server_in: Callable[[Path], Service], tmp_path_factory: pytest.TempPathFactory, example: dict[str, Any]
) -> tuple[str, list[Entry]]:
    """A service whose log is of the first release, but for a last row that was decided by other rules than today's."""
    folder = tmp_path_factory.mktemp("long_ago")
    address = f"sqlite:///{folder}/api/journal.db"
    inputs = {"inputs": json.dumps(example)}
    first = of_release("0001", **inputs, probability_of_default=0.125, score=612)
    leave_release(address, "0001", [first])
    journal = Journal(address, 2.0)
    journal.start()
    scale = '{"points": 500, "odds": 10, "pdo": 20, "minimum": 0, "maximum": 1000}'
    second = entry(**inputs, threshold=0.25, scale=scale, score=444, decision="decline", purpose="what-if")
    asyncio.run(journal.write([second]))
    journal.close()
    return server_in(folder).url, [first, second]


def test_prediction_is_shown_with_the_threshold_and_the_scale_of_its_own_time(
    open_page: Open, long_ago: tuple[str, list[Entry]]
) -> None:
    endpoint, (_, second) = long_ago
    page = open_page("history_page", endpoint=endpoint)
    widget(page, "Prediction id").set_value(second.id).run()
    assert "Score 444 on a scale from 0 to 1,000; the threshold is at 465." in words(page)  # 500 + 20 log2(3 / 10)
    assert "the threshold is 25.0%, in points 465" in words(page)
    assert "· What if" in page.caption[0].value


def test_prediction_without_threshold_and_scale_says_so_and_draws_none(
    open_page: Open, long_ago: tuple[str, list[Entry]]
) -> None:
    endpoint, (first, _) = long_ago
    page = open_page("history_page", endpoint=endpoint)
    widget(page, "Prediction id").set_value(first.id).run()
    assert not page.exception
    assert "Probability of default **12.5%**. This prediction is older than the record" in words(page)
    assert "on a scale from" not in words(page)
    assert [(each.label, each.value) for each in page.metric] == [("Points", "612")]
    assert "Approve" in words(page)


def test_what_ifs_are_told_from_applications(open_page: Open, long_ago: tuple[str, list[Entry]]) -> None:
    endpoint, entries = long_ago
    page = open_page("history_page", endpoint=endpoint)
    assert ids(page) == [each.id for each in entries[::-1]]
    assert list(page.dataframe[0].value["Purpose"]) == ["What if", NONE]  # the older one asked nobody for a purpose


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the page asks the API for."""
    questions: list[dict[str, Any]] = []
    ask = Client.ask

    def noted(client: Client, method: str, path: str, **request: Any) -> Any:
        questions.append({"path": path} | (request.get("params") or {}))
        return ask(client, method, path, **request)

    monkeypatch.setattr(Client, "ask", noted)
    return questions


def test_version_purpose_and_caller_are_asked_for_and_a_change_begins_at_the_first_page(
    open_page: Open, past: tuple[str, list[dict[str, Any]]], asked_for: list[dict[str, Any]]
) -> None:
    page = open_page("history_page", endpoint=past[0])
    button(page, "Older").click().run()
    assert "cursor" in asked_for[-1]
    widget(page, "Purpose").select("what-if").run()
    widget(page, "Version").set_value(" 3 ").run()
    widget(page, "Caller").set_value("user:ana").run()
    filters = {"purpose": "what-if", "version": "3", "caller": "user:ana"}
    assert asked_for[-1] == {"path": "/predictions", "limit": 25} | filters
    widget(page, "Prediction id").set_value(NOBODYS).run()
    assert {"path": f"/predictions/{NOBODYS}", "caller": "user:ana"} in asked_for


def test_key_without_predictions_sees_none(open_page: Open, past: tuple[str, list[dict[str, Any]]]) -> None:
    page = open_page("history_page", endpoint=past[0], key=KEYS["batch"])
    assert "There are none" in words(page)
