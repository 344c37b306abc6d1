"""`run`, `status`, `acknowledge`: what they answer, with which exit code, and that a kill loses nothing."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.journal.monitoring_tables import ALERT_EVENTS, ALERTS, CHECKS, OUTBOX
from src.monitoring.__main__ import main
from src.monitoring.lock import alone
from tests.conftest import ROOT
from tests.monitoring.alerting import days, history, judged, states, table
from tests.monitoring.receiver import SECRET, Receiver
from tests.ports import wait_until

NOW = "2026-04-01T00:00:00Z"


@pytest.fixture
def deployment(engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """A log whose address stands in the environment."""
    monkeypatch.setenv("LASTRO_DATABASE_URL", address_of(engine))
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path))
    monkeypatch.setenv("LASTRO_MONITOR_MINUTES", "15")
    monkeypatch.delenv("LASTRO_SLACK_WEBHOOK_URL", raising=False)
    return engine


@pytest.fixture
def log(sqlite: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """The same in SQLite alone."""
    monkeypatch.setenv("LASTRO_DATABASE_URL", address_of(sqlite))
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path))
    monkeypatch.delenv("LASTRO_SLACK_WEBHOOK_URL", raising=False)
    return sqlite


def address_of(engine: sa.Engine) -> str:
    """The address as a setting has it."""
    if engine.dialect.name == "sqlite":
        return f"sqlite:///{str(engine.url.database).removeprefix('file:')}"
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """An exit code, what is printed, what is said of faults."""
    code = main(words)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_run_moves_alerts_on_sends_them_and_status_tells(
    deployment: sa.Engine, receiver: Receiver, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTRO_SLACK_WEBHOOK_URL", receiver.url)
    assert asked(capsys, "status")[0] == 2  # no run yet
    code, said, _ = asked(capsys, "run", "--json")
    found = json.loads(said)
    assert (code, found["fired"], found["receiver"]) == (0, 0, "ok")
    assert (found["silence_hours"], found["minutes"]) == (None, 15.0)  # which the API has as gauges
    assert asked(capsys, "status")[0] == 0
    judged(deployment, days("!!"))
    found = json.loads(asked(capsys, "run", "--json")[1])
    assert (found["fired"], found["delivered"], found["receiver"]) == (1, 1, "ok")
    code, said, _ = asked(capsys, "status", "--json")
    status = json.loads(said)
    (alert,) = status["alerts"]
    assert (code, alert["state"], alert["kind"], alert["subject"]) == (1, "firing", "drift", "duration")
    assert (status["undelivered"], status["overdue"]) == (0, False)
    assert receiver.ids == [table(deployment, OUTBOX)[0]["id"]]
    code, said, _ = asked(capsys, "acknowledge", alert["id"], "--why", "a campaign")
    assert (code, said) == (0, "drift duration: does not ring any more\n")
    code, said, _ = asked(capsys, "status")
    assert code == 0
    assert f"acknowledged: drift duration, version 3 ({alert['id']})" in said


@pytest.mark.usefixtures("log")
def test_status_is_overdue_without_a_success_for_two_periods(capsys: pytest.CaptureFixture[str]) -> None:
    for minutes, code in ((29, 0), (31, 2)):
        now = datetime.now(UTC) - timedelta(minutes=minutes)
        assert asked(capsys, "run", "--now", now.isoformat())[0] == 0
        assert asked(capsys, "status")[0] == code


def test_without_an_address_alerts_are_kept_and_arrive_once_there_is_one(
    log: sa.Engine, receiver: Receiver, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(log, days("!!"))
    asked(capsys, "run")
    found = json.loads(asked(capsys, "status", "--json")[1])
    assert (found["receiver"], found["undelivered"], len(found["alerts"])) == ("none", 1, 1)
    monkeypatch.setenv("LASTRO_SLACK_WEBHOOK_URL", receiver.url)
    asked(capsys, "run")
    assert receiver.ids == [table(log, OUTBOX)[0]["id"]]


@pytest.mark.parametrize(("status", "receiver_is", "left"), [(503, "failing", 0), (404, "refused", 1)])
def test_receiver_that_takes_nothing_shows_in_status_until_it_does(
    log: sa.Engine,
    receiver: Receiver,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    receiver_is: str,
    left: int,
) -> None:
    monkeypatch.setenv("LASTRO_SLACK_WEBHOOK_URL", receiver.url)
    receiver.answers = [(status, {}), (200, {})]
    judged(log, days("!!"))
    assert asked(capsys, "run", "--now", NOW)[0] == 0
    found = json.loads(asked(capsys, "status", "--json")[1])
    assert (found["receiver"], found["undelivered"], found["refused"]) == (receiver_is, 1, left)
    judged(log, days("..", first=2))
    asked(capsys, "run", "--now", "2026-04-01T01:00:00Z")
    found = json.loads(asked(capsys, "status", "--json")[1])
    assert (found["receiver"], found["undelivered"]) == ("ok", left)


def test_second_monitor_leaves_the_work_to_the_first(
    deployment: sa.Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(deployment, days("!!"))
    with alone(deployment, tmp_path / "journal.db" if deployment.dialect.name == "sqlite" else None) as mine:
        assert mine
        assert asked(capsys, "run") == (0, "another monitor works on this log now\n", "")
    assert states(deployment) == []
    asked(capsys, "run")
    assert states(deployment) == ["firing"]


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["acknowledge", "abc", "--why", "x"], "error: abc: no such alert\n"),
        (["acknowledge", "abc", "--why", " "], "error: --why: say why, in a few words: it is kept\n"),
        (["run", "--every", "5", "--now", NOW], "error: --now: not with --every, which goes by the clock\n"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_2(
    capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert asked(capsys, *words) == (2, "", says)


def test_log_that_is_not_there_or_too_old_is_a_sentence_and_2(
    log: sa.Engine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with log.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0003'"))
    code, _, says = asked(capsys, "run")
    assert (code, says) == (
        2,
        "error: the prediction log has no tables of the monitor yet: the API makes them at its start\n",
    )
    monkeypatch.setenv("LASTRO_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    code, _, says = asked(capsys, "status")
    assert (code, says) == (
        2, f"error: the prediction log: {tmp_path}/none.db: no such file; the API makes it when it starts\n",
    )  # fmt: skip


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("address", ["hooks.slack.com/services/T0/B0/secret", "ftp://host/secret", "https:///secret"])
def test_wrong_address_is_named_and_never_repeated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("LASTRO_SLACK_WEBHOOK_URL", address)
    code, _, says = asked(capsys, "run")
    assert (code, says) == (
        2, "error: LASTRO_SLACK_WEBHOOK_URL: is no address such as https://hooks.slack.com/services/…\n",
    )  # fmt: skip


def test_commands_are_light_and_the_service_needs_no_table_library() -> None:
    code = (
        "import sys; from src.monitoring import __main__, service; print({'scipy', 'pandas'} & {*sys.modules});"
        "from src.monitoring import run; print({'pandas', 'pyarrow', 'sklearn'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nset()\n"


def monitor(*words: str) -> subprocess.Popen[bytes]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "src.monitoring", "run", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ)


def test_kill_while_a_message_is_under_way_loses_nothing_and_doubles_no_alert(
    log: sa.Engine, receiver: Receiver, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTRO_SLACK_WEBHOOK_URL", receiver.url)
    judged(log, [*days("!!"), *days("!!..", subject="age")])
    receiver.delay = 60.0
    process = monitor("--now", "2026-03-07T00:00:00Z")
    wait_until(lambda: bool(receiver.received))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    receiver.delay = 0.0
    asked(capsys, "run", "--now", "2026-03-07T00:10:00Z")
    sent = [row["id"] for row in table(log, OUTBOX)]
    assert len(sent) == 3
    assert sorted(receiver.ids) == sorted([*sent, receiver.ids[0]])  # the one that was under way came twice
    assert sorted(states(log)) == ["firing", "resolved"]
    assert sorted(history(log)) == ["firing", "firing", "resolved"]


def test_service_runs_sends_within_seconds_ends_in_peace_and_never_says_the_address(
    log: sa.Engine, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTRO_SLACK_WEBHOOK_URL", receiver.url)
    judged(log, days("!!"))
    process, heartbeat = monitor("--every", "0.01"), tmp_path / "monitor" / "heartbeat"
    wait_until(lambda: len(receiver.received) == 1)
    assert heartbeat.is_file()
    judged(log, days("..", first=2))
    wait_until(lambda: len(receiver.received) == 2)
    process.terminate()
    said = process.communicate(timeout=10)[0].decode()
    assert (process.returncode, heartbeat.exists()) == (0, False)
    assert "fired 1" in said
    assert SECRET not in said
    held = [str(row) for of in (ALERTS, ALERT_EVENTS, CHECKS, OUTBOX) for row in table(log, of)]
    assert SECRET not in "".join(held)
