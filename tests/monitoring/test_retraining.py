"""An alert of the champion that alarms in two windows running starts a retraining where the policy asks, once a week"""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from src.journal.monitoring_tables import ALERTS, OUTBOX
from src.lineage.policy import read_policy
from src.monitoring import retraining
from src.monitoring.alerts import acknowledge, advance
from src.monitoring.retraining import due, retrain_where_due, start
from src.monitoring.run import Monitor
from src.monitoring.settings import Settings
from src.monitoring.versions import read_versions
from tests.conftest import ROOT
from tests.monitoring.alerting import DAY, FORM, START, days, judged, messages, table
from tests.ports import wait_until

NOW = START + 3 * DAY
BEGUN = ["Alert: drift of duration, version 3", "Retraining has started"]


def fired(engine: sa.Engine, alarms: str = "!!", **changes: Any) -> str:
    """Alerts after these windows; returns the first one's id."""
    judged(engine, days(alarms, **changes))
    advance(engine, 2, NOW)
    return next((row["id"] for row in table(engine, ALERTS)), "")


def asked(engine: sa.Engine, now: datetime = NOW, *, here: bool = True) -> str | None:
    return due(engine, FORM, now, here=here)


def test_alert_of_two_windows_asks_for_one_and_not_again_for_a_week(engine: sa.Engine) -> None:
    assert asked(engine) is None
    alert = fired(engine)
    assert asked(engine) == f"drift duration, since 2026-03-02 00:00 UTC (alert {alert})"
    assert messages(engine) == BEGUN
    for days_later in (0, 1, 6.99):
        assert asked(engine, NOW + days_later * DAY) is None
    assert asked(engine, NOW + timedelta(days=7)) is not None
    assert len(messages(engine)) == 3


@pytest.mark.parametrize(
    ("alarms", "changes"),
    [
        ("!", {}),
        ("!!.", {}),  # it fires still, and is about to be quiet
        ("!!..", {}),
        ("!!", {"form_sha256": "0" * 64}),  # of another version than the champion
        ("!!", {"kind": "volume", "subject": ""}),  # which no other model would mend
    ],
)
def test_what_asks_for_none(sqlite: sa.Engine, alarms: str, changes: dict[str, Any]) -> None:
    fired(sqlite, alarms, **changes)
    assert asked(sqlite) is None
    assert "Retraining has started" not in messages(sqlite)


def test_one_window_is_not_enough_whatever_the_policy_says(sqlite: sa.Engine) -> None:
    judged(sqlite, days("!"))
    advance(sqlite, 1, NOW)
    assert len(table(sqlite, ALERTS)) == 1
    assert asked(sqlite) is None
    judged(sqlite, days("!", first=1))
    assert asked(sqlite) is not None


def test_acknowledged_alert_is_a_persons_matter_and_the_next_one_is_taken(sqlite: sa.Engine) -> None:
    acknowledge(sqlite, fired(sqlite), "a campaign", "t", None, NOW)
    assert asked(sqlite) is None
    fired(sqlite, kind="calibration", subject="")
    assert str(asked(sqlite)).startswith("calibration, since 2026-03-02")


def test_without_git_it_is_said_once_a_week_and_nothing_starts(
    sqlite: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fired(sqlite)
    monkeypatch.setattr(retraining, "ROOT", tmp_path)
    for _ in range(2):
        assert retrain_where_due(sqlite, Settings(state=tmp_path), FORM, NOW) is None
    assert messages(sqlite)[1:] == ["Retraining cannot start: the monitor runs in no Git checkout"]
    assert not (tmp_path / "retrain").exists()


def test_it_runs_by_itself_on_what_is_known_now_and_its_words_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real command, in a folder whose Git has nothing that could be retrained."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(retraining, "ROOT", tmp_path)
    start(Settings(state=tmp_path / "state"), "drift of a $(field); 'x'", NOW)
    words = tmp_path / "state" / "retrain" / "retrain.log"
    wait_until(lambda: "no Git checkout with a commit" in words.read_text(), 60.0)
    assert words.read_text().startswith("2026-03-05 00:00 UTC: drift of a $(field); 'x'\n")


def test_policy_lets_the_monitor_start_it_and_says_so_in_what_a_run_did(
    sqlite: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fired(sqlite)
    begun: list[str] = []
    monkeypatch.setattr(retraining, "start", lambda _settings, why, _now: begun.append(why))
    settings = Settings(state=tmp_path, database_url=f"sqlite:///{str(sqlite.url.database).removeprefix('file:')}")  # type: ignore[arg-type]
    policy = read_policy(ROOT / "policy.yaml")
    champion = read_versions(settings.deliveries, settings.models)[0].form_sha256
    with sqlite.begin() as connection:
        for of in (ALERTS, retraining.CHECKS):
            connection.execute(of.update().values(form_sha256=champion))
    assert "retraining" not in (Monitor(sqlite, settings, policy).run(NOW) or {})
    assert begun == []
    asking = policy.model_copy(update={"monitoring": policy.monitoring.model_copy(update={"retrain": True})})
    found = Monitor(sqlite, settings, asking).run(NOW) or {}
    assert begun == [found["retraining"]]
    assert [row["severity"] for row in table(sqlite, OUTBOX)] == ["warning", "info"]
