"""A message by the command stands in the outbox once; what cannot be sent is refused in a sentence"""

from pathlib import Path

import pytest
import sqlalchemy as sa

from src.journal.monitoring_tables import OUTBOX
from src.monitoring.__main__ import main
from tests.monitoring.alerting import table
from tests.monitoring.test_run import address_of


@pytest.fixture
def log(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """The log, as a deployment's command finds it."""
    monkeypatch.setenv("LASTRO_DATABASE_URL", address_of(engine))
    return engine


def test_message_waits_in_the_outbox(log: sa.Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alert", "--severity", "critical", "lastro_training: push failed", "Run 1,\nattempt 3"]) == 0
    (row,) = table(log, OUTBOX)
    assert (row["title"], row["text"]) == ("lastro_training: push failed", "Run 1,\nattempt 3")
    assert (row["severity"], row["alert_id"], row["attempts"]) == ("critical", None, 0)
    assert (row["id"], row["delivered_at"]) == (capsys.readouterr().out.strip(), None)


@pytest.mark.parametrize(
    ("title", "text", "says"),
    [
        (" ", "text", "TITLE: has 0 signs; 1 to 200 are wanted"),
        ("t" * 201, "text", "TITLE: has 201 signs"),
        ("a\nb", "text", "TITLE: is of several lines"),
        ("title", "t" * 3001, "TEXT: has 3001 signs; 1 to 3000 are wanted"),
        ("title", "bell \x07", "TEXT: holds signs that cannot be shown"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    sqlite: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], title: str, text: str,
    says: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("LASTRO_DATABASE_URL", address_of(sqlite))
    assert main(["alert", title, text]) == 2
    assert says in capsys.readouterr().err
    assert table(sqlite, OUTBOX) == []


def test_log_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LASTRO_DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    assert main(["alert", "title", "text"]) == 2
    assert "none.db: no such file; the API makes it when it starts" in capsys.readouterr().err
