"""Rows of batches are counted, judged and known by their outcomes as the service's are; they are no day's volume"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from src.journal.batch_ids import ids_of
from src.journal.batch_tables import BATCH_RUNS
from src.journal.monitoring_tables import CHECKS, COHORTS, MONITOR_PROGRESS
from src.lineage.policy import Monitoring
from src.monitoring import batch_outcomes
from src.monitoring.batches import count_batches
from src.monitoring.counts import Hour, Key, count_new, hours_where
from src.monitoring.measure import Measured, measure
from src.monitoring.outcome_file import OutcomeFile
from src.monitoring.outcomes import Contracts, record_file
from src.monitoring.progress import note
from src.monitoring.reading import NAME
from src.serving.outcomes import OutcomeContract
from tests.monitoring.batched import run_over
from tests.monitoring.seeded import belong, card, insert, observe, opened, spread, version

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
POLICY = Monitoring(maturity_days=100)


def run(engine: sa.Engine, now: datetime) -> Measured:
    return measure(engine, [version()], POLICY, now)


def hours(engine: sa.Engine) -> dict[Key, Hour]:
    return dict(hours_where(engine, sa.true()))


def rows(engine: sa.Engine, table: sa.Table, **equal: Any) -> list[dict[str, Any]]:
    query = sa.select(table).where(*(table.c[name] == value for name, value in equal.items()))
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def test_batch_is_counted_once_as_its_rows_would_be_beside_those_of_the_service(
    engine: sa.Engine, tmp_path: Path
) -> None:
    seeded = spread(MONDAY, 300, HOUR)
    insert(engine, seeded)
    assert count_new(engine, [version()], MONDAY) == 300
    ((key, by_rows),) = hours(engine).items()
    run_over(engine, tmp_path / "one", seeded, MONDAY + HOUR / 2)
    assert (count_batches(engine, MONDAY), count_batches(engine, MONDAY)) == (300, 0)
    twice = {subject: [2 * rows for rows in bins] for subject, bins in by_rows.counts.items()}
    assert hours(engine) == {key: by_rows._replace(rows=600, counts=twice)}
    insert(engine, spread(MONDAY, 7, HOUR))
    run_over(engine, tmp_path / "two", seeded, MONDAY + 3 * HOUR, rejected=[0, 7], seed="8")
    assert run(engine, MONDAY + 4 * HOUR).rows_counted == 7 + 298
    assert run(engine, MONDAY + 4 * HOUR) == Measured(0, 0, 0)
    assert [hour.rows for hour in hours(engine).values()] == [607, 298]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_batches_are_counted_anew_where_the_database_was_restored_elsewhere(engine: sa.Engine, tmp_path: Path) -> None:
    run_over(engine, tmp_path, spread(MONDAY, 30, HOUR), MONDAY)
    assert run(engine, MONDAY).rows_counted == 30
    with engine.begin() as connection:
        number = connection.execute(sa.select(BATCH_RUNS.c.id)).scalar()
        note(connection, NAME, {"old": f"{2**40 + 9}:{2**40 + 9}:", "batch": number}, MONDAY)
    assert run(engine, MONDAY).rows_counted == 30
    assert [hour.rows for hour in hours(engine).values()] == [30]


def test_batch_drifts_as_rows_do_and_is_no_part_of_a_days_volume_nor_ends_a_silence(
    engine: sa.Engine, tmp_path: Path
) -> None:
    days = [MONDAY + number * DAY for number in range(59)]
    insert(engine, [row for day in days[:57] for row in spread(day, 10, DAY / 2)])
    shifted = spread(MONDAY, 3000, inputs='{"duration": 30, "purpose": "car"}')
    run_over(engine, tmp_path, shifted, days[56] + HOUR)
    quiet = POLICY.model_copy(update={"silence_hours": 30})
    measure(engine, [version()], quiet, days[58])
    assert [(row["rows"], row["alarm"]) for row in rows(engine, CHECKS, kind="volume")] == [(10, False), (0, True)]
    assert [row["alarm"] for row in rows(engine, CHECKS, kind="silence")] == [True]
    drift = {row["subject"]: row for row in rows(engine, CHECKS, kind="drift") if row["rows"] == 3010}
    assert {subject for subject, row in drift.items() if row["alarm"]} == {"duration", "purpose"}


def test_log_of_batches_alone_has_no_volume(engine: sa.Engine, tmp_path: Path) -> None:
    for week in range(10):
        run_over(engine, tmp_path / str(week), spread(MONDAY, 20), MONDAY + week * 7 * DAY, seed=f"{week:x}")
    run(engine, MONDAY + 75 * DAY)
    assert rows(engine, CHECKS, kind="volume") == rows(engine, CHECKS, kind="silence") == []


def known(engine: sa.Engine) -> dict[str, Any]:
    ((found),) = rows(engine, COHORTS, month="2026-03")
    return dict(json.loads(found["found"]))


def told(engine: sa.Engine, its: list[dict[str, Any]]) -> None:
    """Outcomes and groups of applicants, some of them corrected, one of each field and value at a tie."""
    taken = [row for row in its if row["decision"] == "approve"]
    observe(engine, taken[:90], "bad", MONDAY + 60 * DAY)
    observe(engine, taken[90:], "good", MONDAY + 90 * DAY)
    observe(engine, taken[80:85], "good", MONDAY + 59 * DAY)  # an old message that arrives late
    observe(engine, taken[85:90], "good", MONDAY + 60 * DAY)
    belong(engine, its[:200], "sex", "female", MONDAY + DAY)
    belong(engine, its[190:], "sex", "male", MONDAY + 2 * DAY)  # ten are corrected
    belong(engine, its[::2], "region", "north", MONDAY + 2 * DAY)


def alike(one: Any, other: Any) -> bool:
    """Whether two findings are equal, numbers but for the order in which they were added."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == (pytest.approx(other, rel=1e-9) if isinstance(other, float) else other))


@pytest.mark.parametrize("together", [1, 7, 20_000])
def test_month_of_a_batch_is_judged_as_the_same_rows_of_the_service(
    engine: sa.Engine, tmp_path: Path, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_outcomes, "ROWS", together)
    seeded = spread(MONDAY, 500, HOUR)
    _, batched = run_over(engine, tmp_path, seeded, MONDAY + HOUR / 2)
    told(engine, batched)
    service = opened(f"sqlite:///{tmp_path}/service.db")
    insert(service, seeded)
    told(service, seeded)
    for log in (service, engine):
        run(log, MONDAY + 140 * DAY)
    found = known(engine)
    assert (found["look"], found["known"], found["bads"]) == ("mature", 400, 85)
    assert [(one["field"], one["predictions"]) for one in found["groups"]] == [("sex", 190), ("sex", 310)]
    assert alike(found, known(service))
    assert run(engine, MONDAY + 140 * DAY) == Measured(0, 0, 0)
    service.dispose()


def test_batches_and_service_share_a_month_and_an_output_that_is_gone_is_said(
    engine: sa.Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    insert(engine, seeded := spread(MONDAY, 100, HOUR))
    _, here = run_over(engine, tmp_path / "here", seeded, MONDAY + HOUR, rejected=[0])
    gone, there = run_over(engine, tmp_path / "there", seeded, MONDAY + HOUR, seed="8")
    run(engine, MONDAY + DAY)
    assert (known(engine)["predictions"], known(engine)["approved"]) == (299, 239)
    run(engine, MONDAY + 40 * DAY)
    assert known(engine)["approved"] == 239
    for its in (seeded, here[1:], there):
        observe(engine, [row for row in its if row["decision"] == "approve"], "good", MONDAY + 20 * DAY)
    (tmp_path / "there" / "applicants-00001.parquet").write_bytes(b"another")
    run(engine, MONDAY + 41 * DAY)
    found = known(engine)
    assert (found["predictions"], found["approved"], found["known"], found["look"]) == (199, 159, 159, "early")
    assert f"100 predictions of the batch run {gone.run_id} are left out: " in found["says"]
    assert "its sha256 is" in found["says"]
    assert found["says"] in caplog.text
    (tmp_path / "here" / "manifest.json").unlink()
    observe(engine, here[1:2], "bad", MONDAY + 21 * DAY)
    run(engine, MONDAY + 41 * DAY)
    assert known(engine)["predictions"] == 100
    assert "here/manifest.json: no such file" in known(engine)["says"]
    with engine.connect() as connection:
        assert json.loads(connection.execute(sa.select(MONITOR_PROGRESS.c.value)).scalars().first() or "")


def test_file_of_outcomes_finds_rows_of_a_batch_and_refuses_those_that_have_no_answer(
    engine: sa.Engine, tmp_path: Path
) -> None:
    made, batched = run_over(engine, tmp_path / "out", spread(MONDAY, 30, HOUR), MONDAY, rejected=[5])
    beyond = ids_of(made.run_id, 30, 1)[0]
    known, rejected, other = (batched[row]["id"] for row in (4, 5, 6))
    told = ((known, 9), (rejected, 9), (beyond, 9), (known, 9), (other, 1))
    lines = [f"{one},bad,2026-03-0{day}" for one, day in told]
    path = tmp_path / "told.csv"
    path.write_text("\n".join(["prediction_id,outcome,observed_at", *lines]))
    contracts = Contracts({made.form_sha256: OutcomeContract(card())})
    found = record_file(engine, contracts, OutcomeFile(path, set()), MONDAY + 30 * DAY)
    assert found == {"recorded": 1, "repeated": 1, "refused": 3}
    refused = (tmp_path / "told.csv.rejected.csv").read_text().splitlines()[1:]
    assert [line.rpartition(",")[2] for line in refused] == [
        "no application has this id", "no application has this id", "observed_at must not be before the prediction"
    ]  # fmt: skip
