"""The demonstration: a log of its own, marked, in which what shifted is what rings"""

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from src.monitoring import __main__ as command
from src.monitoring import demo, report, traffic
from src.monitoring.settings import read_settings
from tests.conftest import Project
from tests.monitoring.receiver import Receiver


@pytest.fixture
def state(light_run: Project, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment whose alerts are told to somebody, and a demonstration of a month or two, shifted at once."""
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path))
    monkeypatch.setenv("LASTRO_MODELS", str(light_run.root / "models"))
    monkeypatch.setenv("LASTRO_SLACK_WEBHOOK_URL", receiver.url)
    monkeypatch.setattr(demo, "TEST", light_run.root / "data/processed/test.parquet")
    monkeypatch.setattr(demo, "MONTHS", 1)
    monkeypatch.setattr(demo, "SHIFTED", 1)
    monkeypatch.setattr(traffic, "DAYS", (220,) * 7)
    return tmp_path


def test_what_has_shifted_rings_in_a_log_that_says_it_is_simulated(
    state: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["demo"]) == 0
    said = capsys.readouterr().out
    shifted = said.split(" on ")[1].split(" is larger")[0]
    with sqlite3.connect(state / "demo" / "api" / "journal.db") as log:
        (rows,) = log.execute("SELECT count(*) FROM predictions").fetchone()
        (counted,) = log.execute("SELECT sum(rows) FROM hourly_counts").fetchone()
        fired = {subject for (subject,) in log.execute("SELECT subject FROM alerts WHERE kind = 'drift'")}
        views = {kind for (kind,) in log.execute("SELECT kind FROM monitor_views")}
    log.close()
    assert said.startswith(f"{rows} simulated applications")
    assert counted == rows
    assert shifted in fired
    assert "simulated" in views
    assert "Simulated traffic: nobody applied" in (state / "demo" / report.FILE).read_text(encoding="utf-8")
    assert receiver.paths == []
    assert not (state / "api").exists(), "the deployment's own log is another one"


def test_what_lacks_is_named(state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(demo, "TEST", state / "test.parquet")
    assert command.main(["demo"]) == 2
    assert (
        capsys.readouterr().err
        == f"error: {state}/test.parquet: no such file; `dvc repro` makes it, or `dvc pull` brings it\n"
    )
    assert not (state / "demo").exists()


def test_next_demonstration_takes_the_place_of_the_one_before(state: Path) -> None:
    settings = demo.own(read_settings())
    for _ in range(2):
        demo.made(settings).dispose()
    with sqlite3.connect(state / "demo" / "api" / "journal.db") as log:
        assert log.execute("SELECT count(*) FROM monitor_views").fetchone() == (1,)
    log.close()


def test_ninth_month_is_the_ninth_of_fifteen_and_the_last_day_is_yesterday() -> None:
    first, last, since = demo.period(date(2026, 3, 9))
    assert (first, last, since) == (date(2024, 12, 1), date(2026, 3, 8), date(2025, 8, 1))
