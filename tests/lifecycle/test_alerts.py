"""A monitor that is killed again and again, its receiver down for a while: every alert arrives, none begins twice"""

import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.journal.monitoring_tables import ALERT_EVENTS, ALERTS, OUTBOX
from src.monitoring.run import opened
from src.monitoring.settings import read_settings
from tests.conftest import ROOT
from tests.monitoring.alerting import START, days, history, judged, states, table
from tests.monitoring.conftest import engine, migrated, sqlite
from tests.monitoring.receiver import Receiver
from tests.monitoring.test_run import address_of

__all__ = ["engine", "migrated", "sqlite"]
log = logging.getLogger(__name__)
pytestmark = pytest.mark.lifecycle
KILLS, DOWN = 20, range(7, 13)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(delay=0.05).start()
    yield receiver
    receiver.stop()


def service() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "src.monitoring", "run", "--every", "0.003"]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_kills_and_a_dead_receiver_lose_no_alert(
    engine: sa.Engine, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTRO_DATABASE_URL", address_of(engine))
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path))
    monkeypatch.setenv("LASTRO_SLACK_WEBHOOK_URL", receiver.url)
    chance = random.Random(4)
    for kill in range(KILLS):
        if kill == DOWN.start:
            receiver.stop()
        elif kill == DOWN.stop:
            receiver.start()
        process, heartbeat = service(), tmp_path / "monitor" / "heartbeat"
        while not heartbeat.exists():
            time.sleep(0.01)
        time.sleep(chance.uniform(0.5, 1.5))
        first = (datetime.now(UTC) - START).days - 5  # what ended longer than a week ago is history, and rings not
        judged(engine, [row for n in range(3) for row in days("!!..", first, subject=f"field {kill} {n}")])
        time.sleep(chance.uniform(0.0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        heartbeat.unlink(missing_ok=True)
    now = datetime.now(UTC)
    with opened(read_settings()) as monitor:
        for minute in range(20):
            monitor.run(now + timedelta(minutes=minute))
    outbox = table(engine, OUTBOX)
    assert set(receiver.ids) == {row["id"] for row in outbox}
    assert all(row["delivered_at"] and not row["refused"] for row in outbox)
    assert states(engine) == ["resolved"] * 3 * KILLS
    assert Counter(history(engine)) == {"firing": 3 * KILLS, "resolved": 3 * KILLS}
    assert Counter(row["alert_id"] for row in outbox) == {row["id"]: 2 for row in table(engine, ALERTS)}
    assert Counter(row["alert_id"] for row in table(engine, ALERT_EVENTS)) == {
        row["id"]: 2 for row in table(engine, ALERTS)
    }
    log.info("%d messages, %d of them came twice", len(outbox), len(receiver.ids) - len(outbox))
