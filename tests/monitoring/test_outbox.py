"""Every message arrives at least once with one identifier, whatever the receiver does; what is refused stops."""

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from src.journal.monitoring_tables import ALERTS, OUTBOX
from src.journal.outbox import enqueue
from src.monitoring.alerts import advance
from src.monitoring.outbox import Sent, send
from src.monitoring.progress import utc
from src.monitoring.webhook import Webhook
from tests.monitoring.alerting import START, days, judged, table
from tests.monitoring.receiver import Receiver

NOW = START + timedelta(days=30)


def queue(engine: sa.Engine, *titles: str) -> list[str]:
    with engine.begin() as connection:
        return [enqueue(connection, title, "text", "info", now=NOW) for title in titles]


def seconds(moment: datetime) -> float:
    return (utc(moment) - NOW).total_seconds()


def test_message_is_sent_once_and_its_alert_says_when(engine: sa.Engine, receiver: Receiver, webhook: Webhook) -> None:
    judged(engine, days("!!"))
    advance(engine, 2, NOW)
    later = NOW + timedelta(seconds=1)
    assert send(engine, webhook, later) == Sent(delivered=1)
    assert send(engine, webhook, later + timedelta(days=1)) == Sent()
    assert receiver.ids == [table(engine, OUTBOX)[0]["id"]]
    assert {seconds(row["delivered_at"]) for of in (ALERTS, OUTBOX) for row in table(engine, of)} == {1.0}


def test_receiver_that_is_down_for_ten_minutes_gets_everything_in_order(
    engine: sa.Engine, receiver: Receiver, webhook: Webhook
) -> None:
    ids = queue(engine, "one", "two")
    receiver.stop()
    attempts = []
    for second in range(0, 600, 5):
        if second == 300:
            ids += queue(engine, "three")
        attempts += [second] * send(engine, webhook, NOW + timedelta(seconds=second)).failing
    assert attempts[:6] == [0, 5, 15, 35, 75, 155]
    assert len(attempts) < 12
    receiver.start()
    for second in range(600, 960, 5):
        send(engine, webhook, NOW + timedelta(seconds=second))
    assert receiver.ids == ids


def test_pauses_grow_to_five_minutes(sqlite: sa.Engine, receiver: Receiver, webhook: Webhook) -> None:
    queue(sqlite, "one")
    receiver.answers = [(500, {})]
    pauses, second = [], 0.0
    for _ in range(9):
        assert send(sqlite, webhook, NOW + timedelta(seconds=second)) == Sent(failing=1)
        (row,) = table(sqlite, OUTBOX)
        pauses.append(seconds(row["next_attempt_at"]) - second)
        second = seconds(row["next_attempt_at"])
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert len(set(receiver.ids)) == 1


@pytest.mark.parametrize(("asked", "waited"), [("60", 60), ("1", 5), ("86400", 300)])
def test_receiver_that_has_too_many_is_left_alone_as_long_as_it_asks(
    sqlite: sa.Engine, receiver: Receiver, webhook: Webhook, asked: str, waited: int
) -> None:
    queue(sqlite, "one", "two")
    receiver.answers = [(429, {"Retry-After": asked}), (200, {})]
    assert send(sqlite, webhook, NOW) == Sent(failing=1)
    assert [seconds(row["next_attempt_at"]) for row in table(sqlite, OUTBOX)] == [waited, waited]
    assert send(sqlite, webhook, NOW + timedelta(seconds=waited - 1)) == Sent()
    assert send(sqlite, webhook, NOW + timedelta(seconds=waited)) == Sent(delivered=2)


def test_message_that_fails_holds_up_no_other(sqlite: sa.Engine, receiver: Receiver, webhook: Webhook) -> None:
    queue(sqlite, "one", "two")
    receiver.answers = [(500, {}), (200, {})]
    assert send(sqlite, webhook, NOW) == Sent(delivered=1, failing=1)


def test_refused_message_stops_and_says_why(engine: sa.Engine, receiver: Receiver, webhook: Webhook) -> None:
    queue(engine, "one", "two")
    receiver.answers = [(404, {}), (200, {})]
    assert send(engine, webhook, NOW) == Sent(delivered=1, refused=1)
    assert send(engine, webhook, NOW + timedelta(days=1)) == Sent()
    first, second = table(engine, OUTBOX)
    assert (first["refused"], first["delivered_at"], second["refused"]) == ("HTTP 404", None, None)


def test_two_at_once_send_each_message_once(engine: sa.Engine, receiver: Receiver) -> None:
    ids = queue(engine, *map(str, range(20)))
    ready, found = threading.Barrier(2), []

    def step() -> None:
        webhook = Webhook(receiver.url)
        ready.wait()
        found.append(send(engine, webhook, NOW))
        webhook.close()

    threads = [threading.Thread(target=step) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receiver.ids) == sorted(ids)
    assert sum(sent.delivered for sent in found) == 20


def test_attempt_is_noted_before_it_is_made(
    sqlite: sa.Engine, receiver: Receiver, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (identifier,) = queue(sqlite, "one")
    with monkeypatch.context() as broken:  # as a kill between the answer and its writing down
        broken.setattr("src.monitoring.outbox.settle", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send(sqlite, webhook, NOW)
    assert send(sqlite, webhook, NOW) == Sent()
    assert send(sqlite, webhook, NOW + timedelta(seconds=5)) == Sent(delivered=1)
    assert receiver.ids == [identifier] * 2
