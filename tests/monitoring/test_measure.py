"""A log of months is counted, judged and shown, once each, whatever the clock says between"""

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from src.errors import LastroError
from src.journal.monitoring_tables import CHECKS, COHORTS, MONITOR_PROGRESS, MONITOR_VIEWS
from src.lineage.policy import Monitoring
from src.monitoring.measure import Measured, measure
from src.monitoring.progress import utc
from src.monitoring.rebasing import named, rebase
from src.monitoring.versions import Version
from tests.monitoring.seeded import FORM, applicant, belong, insert, observe, spread, version

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
POLICY = Monitoring(maturity_days=100)
NOTHING = Measured(0, 0, 0)


def run(engine: sa.Engine, now: datetime, policy: Monitoring = POLICY, versions: Sequence[Version] = ()) -> Measured:
    return measure(engine, versions or [version()], policy, now)


def rows(engine: sa.Engine, table: sa.Table, **equal: Any) -> list[dict[str, Any]]:
    query = sa.select(table).where(*(table.c[name] == value for name, value in equal.items()))
    order = [column for column in table.c if column.name in ("id", "window_end", "month", "kind")]
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(query.order_by(*order))]


def views(engine: sa.Engine) -> dict[str, Any]:
    return {row["kind"]: json.loads(row["found"]) for row in rows(engine, MONITOR_VIEWS, form_sha256=FORM)}


def test_closed_days_are_judged_once_and_an_idle_run_changes_nothing(engine: sa.Engine) -> None:
    insert(engine, spread(MONDAY, 300) + spread(MONDAY + DAY, 240) + spread(MONDAY + 2 * DAY, 20))
    assert run(engine, MONDAY + DAY - timedelta(seconds=1)) == Measured(560, 0, 1)
    assert run(engine, MONDAY + DAY) == Measured(0, 5, 0)
    assert run(engine, MONDAY + 3 * DAY) == Measured(0, 5, 0)
    with engine.connect() as connection:
        before = connection.execute(sa.select(MONITOR_PROGRESS).order_by(MONITOR_PROGRESS.c.name)).all()
    assert run(engine, MONDAY + 3 * DAY + timedelta(hours=1)) == NOTHING
    with engine.connect() as connection:
        assert connection.execute(sa.select(MONITOR_PROGRESS).order_by(MONITOR_PROGRESS.c.name)).all() == before
    assert run(engine, MONDAY + WEEK) == Measured(0, 1, 0)
    found = rows(engine, CHECKS)
    assert {(row["kind"], row["form_sha256"], row["model_version"]) for row in found} == {("drift", FORM, "3")}
    assert [row["subject"] for row in found[:3]] == ["duration", "purpose", "probability_of_default"]
    assert [(row["rows"], row["alarm"]) for row in found] == [(300, False)] * 5 + [(240, False)] * 5 + [(20, None)]
    assert found[-1]["says"] == "too few: 20 applications in the week, 200 are needed"
    assert utc(found[-1]["window_end"]) == MONDAY + WEEK


def test_version_of_no_delivery_has_the_number_that_its_rows_say(engine: sa.Engine) -> None:
    insert(engine, spread(MONDAY, 200))
    run(engine, MONDAY + DAY, versions=[version(number=None)])
    assert {row["model_version"] for row in rows(engine, CHECKS)} == {"3"}


def test_shift_alarms_where_it_is_and_nowhere_else(engine: sa.Engine) -> None:
    shifted = [applicant(number, MONDAY, inputs='{"duration": 30, "purpose": "radio"}') for number in range(300)]
    insert(engine, shifted)
    run(engine, MONDAY + DAY)
    found = {row["subject"]: row for row in rows(engine, CHECKS)}
    assert {subject for subject, row in found.items() if row["alarm"]} == {"duration", "purpose"}
    row = found["duration"]
    assert row["value"] == row["psi"] == row["psi_training"] > row["limit"] == 0.1
    assert row["p_value"] < 0.01 / 5


def test_version_without_a_reference_is_named_and_not_judged(engine: sa.Engine) -> None:
    lacking = version(development=None, says="it has no reference.json")
    insert(engine, spread(MONDAY, 300) + spread(MONDAY, 10, form_sha256="e" * 64))
    assert run(engine, MONDAY + DAY, versions=[lacking]) == Measured(310, 0, 0)
    assert views(engine) == {"version": {"says": "it has no reference.json"}}
    (other,) = rows(engine, MONITOR_VIEWS, form_sha256="e" * 64)
    assert "not among the versions that are delivered here" in other["found"]


def test_volume_is_judged_from_the_ninth_week_on_and_silence_by_the_clock(engine: sa.Engine) -> None:
    days = [MONDAY + number * DAY for number in range(58)]
    insert(engine, [row for day in days for row in spread(day, 40 if day == days[56] else 10, DAY / 2)])
    quiet = Monitoring(silence_hours=30)
    run(engine, days[57] + DAY / 2, quiet)
    found = rows(engine, CHECKS, kind="volume")
    assert [(row["rows"], row["value"], row["alarm"]) for row in found] == [(40, 4, True)]
    last = days[57] + DAY / 2 * 9 / 10
    run(engine, last + 29 * DAY / 24, quiet)
    assert rows(engine, CHECKS, kind="silence") == []
    for hours in (32, 33):
        run(engine, last + hours * DAY / 24, quiet)
    assert [row["alarm"] for row in rows(engine, CHECKS, kind="silence")] == [True]
    insert(engine, [applicant(0, last + 40 * DAY / 24)])
    run(engine, last + 41 * DAY / 24, quiet)
    assert [row["alarm"] for row in rows(engine, CHECKS, kind="silence")] == [True, False]
    assert [row["rows"] for row in rows(engine, CHECKS, kind="volume")] == [40, 10, 0]


def approved(seeded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in seeded if row["decision"] == "approve"]


def test_month_is_judged_once_when_most_outcomes_are_known(engine: sa.Engine) -> None:
    seeded = spread(MONDAY, 1000, 20 * DAY)
    taken = approved(seeded)
    insert(engine, seeded)
    observe(engine, taken[:100], "bad", MONDAY + 60 * DAY)
    run(engine, MONDAY + 61 * DAY)
    (row,) = rows(engine, COHORTS)
    found = json.loads(row["found"])
    assert (row["month"], row["mature"], found["look"], found["alarm"]) == ("2026-03", False, "open", None)
    assert (found["predictions"], found["approved"], found["known"], found["bads"]) == (1000, 800, 100, 100)
    assert found["share_known"] == 0.125
    assert found["ratio"] > 2  # bads alone are known, and nothing alarms
    assert found["roc_auc"] is None
    observe(engine, taken[100:650], "good", MONDAY + 120 * DAY)
    run(engine, MONDAY + 128 * DAY)  # old enough only 100 days after the month's end
    assert rows(engine, CHECKS, kind="calibration") == []
    run(engine, MONDAY + 130 * DAY)
    (check,) = rows(engine, CHECKS, kind="calibration")
    (row,) = rows(engine, COHORTS)
    found = json.loads(row["found"])
    assert (row["mature"], found["look"], found["known"]) == (True, "mature", 650)
    assert (check["subject"], check["rows"], check["alarm"]) == ("bads", 650, True)
    assert check["value"] == pytest.approx(found["ratio"] / found["reference_ratio"])
    assert found["reference_ratio"] == 28 / 40
    assert found["roc_auc"]["reference"] == 0.7
    assert 0.5 < found["expected_roc_auc"] < 0.8
    assert found["false_accept_cost"] == 500
    observe(engine, taken[650:], "good", MONDAY + 130 * DAY)
    assert run(engine, MONDAY + 131 * DAY) == Measured(0, 1, 1)
    assert rows(engine, CHECKS, kind="calibration") == [check]
    shown = views(engine)
    assert shown["vintages"]["vintages"] == [
        {"month": "2026-03", "approved": 800, "open": False, "bad_rate": [0, 0, 0.125, 0.125, 0.125]}
    ]
    assert [band["rows"] for band in shown["bands"]["bands"]] == [400, 400]
    assert sum(band["observed"] for band in shown["bands"]["bands"]) == 100


def test_outcomes_of_nearly_all_are_an_early_look(engine: sa.Engine) -> None:
    seeded = spread(MONDAY, 500, 10 * DAY)
    insert(engine, seeded)
    observe(engine, approved(seeded), "good", MONDAY + 12 * DAY)
    run(engine, MONDAY + 13 * DAY)  # all are known, but the month goes on
    assert rows(engine, CHECKS, kind="calibration") == []
    run(engine, MONDAY + 31 * DAY)
    (check,) = rows(engine, CHECKS, kind="calibration")
    assert (check["alarm"], check["says"]) == (False, "no bads are observed or expected: there is nothing to compare")
    assert json.loads(rows(engine, COHORTS)[0]["found"])["look"] == "early"


def test_latest_observation_counts_and_at_a_tie_the_later_entry(engine: sa.Engine) -> None:
    seeded = approved(spread(MONDAY, 10, DAY))
    insert(engine, seeded)
    observe(engine, seeded[:3], "bad", MONDAY + 20 * DAY)
    observe(engine, seeded[:1], "good", MONDAY + 19 * DAY)  # an old message that arrives late
    observe(engine, seeded[1:2], "good", MONDAY + 20 * DAY)
    observe(engine, seeded[2:3], "good", MONDAY + 21 * DAY)
    run(engine, MONDAY + 22 * DAY)
    found = json.loads(rows(engine, COHORTS)[0]["found"])
    assert (found["known"], found["bads"]) == (3, 1)


def test_approved_are_those_below_the_threshold_that_their_row_recorded(engine: sa.Engine) -> None:
    seeded = [applicant(number, MONDAY, probability_of_default=0.2, threshold=0.25) for number in range(4)]
    seeded += [applicant(number, MONDAY, probability_of_default=0.2, threshold=0.15) for number in range(3)]
    insert(engine, seeded)
    observe(engine, seeded, "good", MONDAY + DAY)
    run(engine, MONDAY + 2 * DAY)
    assert json.loads(rows(engine, COHORTS)[0]["found"])["known"] == 4


def test_groups_are_compared_where_nearly_all_have_one(engine: sa.Engine) -> None:
    seeded = spread(MONDAY, 100, DAY)
    insert(engine, seeded)
    belong(engine, seeded[:60], "sex", "female", MONDAY + DAY)
    run(engine, MONDAY + 2 * DAY)
    found = json.loads(rows(engine, COHORTS)[0]["found"])
    assert (found["groups"], found["groups_known"]) == ([], 0.6)
    belong(engine, seeded[55:95], "sex", "male", MONDAY + 2 * DAY)  # five are corrected
    observe(engine, approved(seeded[:55]), "bad", MONDAY + 3 * DAY)
    run(engine, MONDAY + 4 * DAY)
    found = json.loads(rows(engine, COHORTS)[0]["found"])
    assert found["groups_known"] == 0.95
    assert [(one["value"], one["predictions"], one["approved"]) for one in found["groups"]] == [
        ("female", 55, 44),
        ("male", 40, 32),
    ]
    female, male = found["groups"]
    assert female["approval_ratio"] == male["approval_ratio"] == 1
    assert (female["observed"], female["known"], male["known"]) == (44, 44, 0)
    assert female["low"] < female["observed"] / female["expected"] < female["high"]


def test_rebase_makes_live_applicants_the_reference_and_keeps_training_beside_it(engine: sa.Engine) -> None:
    def shifted(day: int) -> list[dict[str, Any]]:
        return spread(MONDAY + day * DAY, 300, inputs='{"duration": 30, "purpose": "car"}')

    insert(engine, shifted(0) + shifted(1))
    run(engine, MONDAY + DAY)
    assert rows(engine, CHECKS, subject="duration")[-1]["alarm"]
    with pytest.raises(LastroError, match="not over yet"):
        rebase(engine, version(), MONDAY, MONDAY + 2 * DAY, "approved only", "ana", MONDAY + DAY, 200)
    with pytest.raises(LastroError, match="0 applications were counted then, 200 are needed"):
        rebase(engine, version(), MONDAY - DAY, MONDAY, "approved only", "ana", MONDAY + DAY, 200)
    assert rebase(engine, version(), MONDAY, MONDAY + DAY, "approved only", "ana", MONDAY + DAY, 200) == 300
    run(engine, MONDAY + 2 * DAY)
    first, second = rows(engine, CHECKS, subject="duration")
    assert (first["alarm"], second["alarm"]) == (True, False)
    assert second["psi"] == 0 < 0.1 < second["psi_training"] == first["psi"]
    assert views(engine)["distribution"]["subjects"]["duration"]["reference"] == [0, 0, 300, 0, 0]


def test_version_to_rebase_is_one_that_is_judged() -> None:
    lacking = version(number="2", form_sha256="e" * 64, development=None, says="it has none")
    assert named([lacking, version()], "3") == version()
    with pytest.raises(LastroError, match="version 2 is not judged: it has none"):
        named([lacking], "2")
    with pytest.raises(LastroError, match="7: no version that is watched; those are 2, 3"):
        named([lacking, version()], "7")


def test_views_show_then_and_now_and_points_lost(engine: sa.Engine) -> None:
    insert(engine, spread(MONDAY, 300, inputs='{"duration": 30, "purpose": "car"}'))
    run(engine, MONDAY + DAY)
    shown = views(engine)
    duration = shown["distribution"]["subjects"]["duration"]
    assert (duration["labels"][0], duration["live"]) == ("up to 10", [0, 0, 300, 0, 0])
    assert duration["psi"] > 1
    (field,) = shown["points"]["fields"]
    assert (field["feature"], field["live"]) == ("duration", -10)
    assert field["difference"] == pytest.approx(-10 - (8 * 266 - 10 * 268) / 800)


def test_two_monitors_judge_nothing_twice(engine: sa.Engine) -> None:
    insert(engine, [row for number in range(10) for row in spread(MONDAY + number * DAY, 200)])
    done: list[Measured] = []
    threads = [threading.Thread(target=lambda: done.append(run(engine, MONDAY + 10 * DAY))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run(engine, MONDAY + 10 * DAY)
    assert sum(one.rows_counted for one in done) == 2000
    found = [(row["subject"], row["window_start"]) for row in rows(engine, CHECKS)]
    assert len(found) == len(set(found)) == 50
    assert {row["rows"] for row in rows(engine, CHECKS)} == {200}
