"""A webhook's answer is understood, its address never told."""

import logging
from datetime import UTC, datetime

import pytest

from src.errors import LastroError
from src.monitoring.webhook import Answer, Webhook, answered, seconds_of
from tests.monitoring.receiver import SECRET, Receiver

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_message_is_json_as_slack_has_it_and_bears_its_identifier(receiver: Receiver, webhook: Webhook) -> None:
    assert webhook.send("0197", "PD < .1 & <!channel>", "<http://evil|all well>\nä", NOW) == Answer("delivered")
    assert receiver.received == [
        {"text": "*PD &lt; .1 &amp; &lt;!channel&gt;*\n&lt;http://evil|all well&gt;\nä\nmessage 0197"}
    ]
    assert receiver.paths == [SECRET]


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (204, {}, Answer("delivered")),
        (429, {"Retry-After": "7"}, Answer("again", "HTTP 429", 7.0, whole=True)),
        (503, {}, Answer("again", "HTTP 503")),
        (404, {}, Answer("refused", "HTTP 404")),
        (400, {}, Answer("refused", "HTTP 400")),
    ],
)
def test_answer_is_understood(
    receiver: Receiver, webhook: Webhook, status: int, headers: dict[str, str], answer: Answer
) -> None:
    receiver.answers = [(status, headers)]
    assert webhook.send("1", "title", "text", NOW) == answer


def test_redirect_is_not_followed(receiver: Receiver, webhook: Webhook) -> None:
    for status in (301, 302, 307, 308):
        receiver.answers = [(status, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"})]
        assert webhook.send("1", "title", "text", NOW).outcome == "refused"
    assert receiver.paths == [SECRET] * 4


def test_silent_receiver_is_one_to_try_again_and_its_address_is_nowhere(
    receiver: Receiver, webhook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert webhook.send("1", "title", "text", NOW).outcome == "delivered"
        receiver.stop()
        answer = webhook.send("2", "title", "text", NOW)
    assert (answer.outcome, answer.whole) == ("again", True)
    assert "services" not in f"{answer}{caplog.text}{webhook.client!r}"
    with pytest.raises(LastroError) as caught:
        Webhook("http://exa mple:port/services/T0")
    assert "T0" not in str(caught.value)


@pytest.mark.parametrize(
    ("says", "seconds"),
    [("120", 120.0), ("Mon, 02 Mar 2026 12:01:30 GMT", 90.0), ("Mon, 02 Mar 2026 11:00:00 GMT", 0.0), ("soon", 0.0)],
)
def test_receiver_says_how_long_to_wait(says: str, seconds: float) -> None:
    assert seconds_of(says, NOW) == seconds
    assert answered(429, says, NOW).seconds == seconds
