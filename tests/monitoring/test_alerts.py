"""An alert fires after two windows running, resolves after two quiet ones, and nothing stands without its message."""

import re
import threading
from datetime import timedelta
from itertools import product

import pytest
import sqlalchemy as sa

from src.errors import LastroError
from src.journal.monitoring_tables import ALERT_EVENTS, ALERTS, CHECKS, OUTBOX
from src.monitoring.alerts import Moved, acknowledge, advance
from src.monitoring.windows import firing
from src.monitoring.wording import KINDS, RUNBOOK
from tests.conftest import ROOT
from tests.documents import anchors
from tests.monitoring.alerting import DAY, FORM, START, check, days, history, judged, messages, seen, states, table

NOW = START + 10 * DAY
DRIFT = "drift of duration, version 3"


@pytest.mark.parametrize(
    ("alarms", "events"),
    [
        ("!.!.!", []),
        ("!!", ["firing"]),
        ("!?!", ["firing"]),  # what was not judged is no closed window
        ("!!.?.", ["firing", "resolved"]),
        ("!!..!!..", ["firing", "resolved"] * 2),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_windows_running_make_alerts_whether_they_are_seen_at_once_or_day_by_day(
    sqlite: sa.Engine, alarms: str, events: list[str], together: bool
) -> None:
    rows, engine = days(alarms), sqlite
    for part in [rows] if together else [[row] for row in rows]:
        judged(engine, part)
        advance(engine, 2, NOW)
    assert history(engine) == events
    assert states(engine) == (["resolved"] * (events.count("firing") - 1) + events[-1:] if events else [])
    heads = {"firing": f"Alert: {DRIFT}", "resolved": f"Resolved: {DRIFT}"}
    assert messages(engine) == [heads[event] for event in events]


def test_state_follows_the_rule_for_every_sequence_of_windows() -> None:
    """The rule as a count of windows running that speak against the state."""
    for windows, alarms in product((1, 2, 3), product((False, True), repeat=8)):
        fires, against = False, 0
        for n, alarm in enumerate(alarms):
            against = against + 1 if alarm != fires else 0
            if against == windows:
                fires, against = alarm, 0
            assert firing(alarms[: n + 1], windows) is fires


def test_alert_says_what_how_large_since_when_of_how_many_and_what_to_do(engine: sa.Engine) -> None:
    judged(engine, days(".!!"))
    assert advance(engine, 2, NOW) == Moved(fired=1)
    (alert,), (event,), (message,) = (table(engine, of) for of in (ALERTS, ALERT_EVENTS, OUTBOX))
    assert alert["text"] == (
        "PSI 0.342 (limit 0.1), p = 1.2e-14 of the χ² test, in 312 applications from 2026-03-04 00:00 UTC to "
        "2026-03-05 00:00 UTC; so in 2 windows running, since 2026-03-03 00:00 UTC.\n"
        "Look closer: python -m src.monitoring report\n"
        "What it means and what to do: docs/monitoring.md#alert-drift"
    )
    assert (alert["kind"], alert["subject"], alert["form_sha256"], alert["model_version"]) == (
        "drift", "duration", FORM, "3",
    )  # fmt: skip
    assert (alert["value"], alert["limit"], alert["rows"]) == (0.342, 0.1, 312)
    assert alert["since"].replace(tzinfo=None) == (START + DAY).replace(tzinfo=None)
    assert (event["alert_id"], event["state"], event["value"], event["rows"]) == (alert["id"], "firing", 0.342, 312)
    assert (message["alert_id"], message["severity"], message["attempts"]) == (alert["id"], "warning", 0)
    assert message["text"].startswith(alert["text"])
    assert f"acknowledge {alert['id']} --why" in message["text"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_names_what_it_is_and_a_place_of_the_runbook(sqlite: sa.Engine, kind: str) -> None:
    judged(sqlite, days("!!", kind=kind, subject="duration" if kind == "drift" else ""))
    advance(sqlite, 2, NOW)
    (alert,) = table(sqlite, ALERTS)
    named = {"drift": DRIFT, "volume": "volume", "silence": "silence"}
    assert messages(sqlite) == [f"Alert: {named.get(kind, 'bads above expectation, version 3')}"]
    page, _, anchor = re.findall(r"\S+$", alert["text"])[0].partition("#")
    assert page == RUNBOOK
    assert anchor in anchors(page)
    assert re.search(r"since 2026-03-02 00:00 UTC\.$", alert["text"].splitlines()[0])
    assert "unknown" not in alert["text"]
    assert (ROOT / page).read_text(encoding="utf-8").count(alert["command"]) > 0


def test_silence_rings_at_once_and_ends_with_the_next_prediction(engine: sa.Engine) -> None:
    judged(engine, [check(0, True, "silence", "")])
    assert advance(engine, 2, NOW) == Moved(fired=1)
    judged(engine, [check(1, False, "silence", "")])
    assert advance(engine, 2, NOW) == Moved(resolved=1)
    assert messages(engine) == ["Alert: silence", "Resolved: silence"]


def test_checks_do_not_mix(sqlite: sa.Engine) -> None:
    judged(sqlite, [*days("!."), *days("!!", subject="age"), *days(".!", subject="amount", form_sha256="0" * 64)])
    assert advance(sqlite, 2, NOW) == Moved(fired=1)
    assert [row["subject"] for row in table(sqlite, ALERTS)] == ["age"]


def test_windows_count_in_the_order_in_which_they_closed_not_in_that_of_their_rows(sqlite: sa.Engine) -> None:
    judged(sqlite, reversed(days("!!..")))
    advance(sqlite, 2, NOW)
    assert history(sqlite) == ["firing", "resolved"]


def test_window_that_is_judged_late_counts_where_it_belongs(sqlite: sa.Engine) -> None:
    judged(sqlite, [check(0, False), check(2, True)])
    advance(sqlite, 2, NOW)
    judged(sqlite, [check(1, True)])
    assert advance(sqlite, 2, NOW) == Moved(fired=1)
    (alert,) = table(sqlite, ALERTS)
    assert "since 2026-03-03 00:00 UTC" in alert["text"]


def test_what_began_and_ended_long_before_it_is_seen_is_history_and_rings_not(sqlite: sa.Engine) -> None:
    """The monitor's first run on a log of years tells of what is so now."""
    judged(sqlite, [*days("!!..!!"), *days("!!..", subject="amount")])
    advance(sqlite, 2, START + 30 * DAY)
    assert history(sqlite) == ["firing", "firing", "resolved", "resolved", "firing"]
    assert messages(sqlite) == [f"Alert: {DRIFT}"]


def test_policy_may_ask_for_more_windows(sqlite: sa.Engine) -> None:
    judged(sqlite, days("!!!"))
    assert advance(sqlite, 4, NOW) == Moved()
    judged(sqlite, days("!", first=3))
    assert advance(sqlite, 4, NOW) == Moved(fired=1)


def test_acknowledged_alert_is_shown_and_neither_it_nor_the_same_checks_next_one_rings(engine: sa.Engine) -> None:
    judged(engine, days("!!"))
    advance(engine, 2, NOW)
    (alert,) = table(engine, ALERTS)
    acknowledge(engine, alert["id"], "a campaign", "ana", None, NOW)
    assert states(engine) == ["acknowledged"]
    judged(engine, [*days("!..!!", first=2), *days("!!", subject="age")])
    assert advance(engine, 2, NOW) == Moved(fired=2, resolved=1)
    assert states(engine) == ["resolved", "firing", "acknowledged"]
    assert messages(engine) == [f"Alert: {DRIFT}", "Alert: drift of age, version 3"]
    last = table(engine, ALERT_EVENTS)[-1]
    assert (last["state"], last["why"], last["by"]) == ("acknowledged", "a campaign", "ana")


def test_acknowledged_alert_rings_again_when_its_time_is_over(engine: sa.Engine) -> None:
    judged(engine, days("!!"))
    advance(engine, 2, NOW)
    (alert,) = table(engine, ALERTS)
    acknowledge(engine, alert["id"], "a campaign", "ana", NOW + 3 * DAY, NOW)
    assert advance(engine, 2, NOW + 2 * DAY) == Moved()
    assert advance(engine, 2, NOW + 3 * DAY) == Moved(rang_again=1)
    assert advance(engine, 2, NOW + 4 * DAY) == Moved()
    assert states(engine) == ["firing"]
    assert history(engine) == ["firing", "acknowledged", "firing"]
    assert messages(engine)[1].startswith("Alert: Still so")
    assert {row["alert_id"] for row in table(engine, OUTBOX)} == {alert["id"]}


def test_acknowledging_what_is_no_open_alert_changes_nothing(sqlite: sa.Engine) -> None:
    judged(sqlite, days("!!.."))
    advance(sqlite, 2, NOW)
    (alert,) = table(sqlite, ALERTS)
    for identifier, says in ((alert["id"], "this alert is resolved"), ("abc", "no such alert")):
        with pytest.raises(LastroError, match=f"^{identifier}: {says}$"):
            acknowledge(sqlite, identifier, "why", "ana", None, NOW)
    assert history(sqlite) == ["firing", "resolved"]


def test_two_at_once_take_each_check_once(engine: sa.Engine) -> None:
    judged(engine, [row for n in range(20) for row in days("!!..!!", subject=f"field {n}")])
    found: list[Moved] = []
    ready = threading.Barrier(2)

    def step() -> None:
        ready.wait()
        found.append(advance(engine, 2, NOW))

    threads = [threading.Thread(target=step) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [Moved(), Moved(fired=40, resolved=20)]
    assert (len(table(engine, ALERTS)), len(table(engine, OUTBOX))) == (40, 60)


def test_step_that_breaks_off_leaves_nothing_behind(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    judged(engine, days("!!"))
    with monkeypatch.context() as broken:
        broken.setattr("src.monitoring.alerts.note", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            advance(engine, 2, NOW)
    assert [table(engine, of) for of in (ALERTS, ALERT_EVENTS, OUTBOX)] == [[], [], []]
    assert advance(engine, 2, NOW) == Moved(fired=1)
    assert seen(engine) == max(row["id"] for row in table(engine, CHECKS))


def test_year_of_windows_is_taken_in_a_moment(sqlite: sa.Engine) -> None:
    judged(sqlite, [row for n in range(4) for row in days("." * 360 + "!!", subject=f"field {n}")])
    assert advance(sqlite, 2, START + timedelta(days=400)) == Moved(fired=4)
