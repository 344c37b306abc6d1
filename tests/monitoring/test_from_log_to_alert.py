"""From applicants in the log to what a person reads: what is judged is what alerts tell of."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from src.journal.monitoring_tables import ALERTS, OUTBOX
from src.lineage.policy import Monitoring
from src.monitoring.alerts import Moved, advance
from src.monitoring.measure import measure
from tests.monitoring.alerting import messages, states, table
from tests.monitoring.seeded import insert, spread, version

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def step(engine: sa.Engine, now: datetime, **policy: Any) -> Moved:
    rules = Monitoring(**policy)
    measure(engine, [version()], rules, now)
    return advance(engine, rules.windows, now)


def longer(day: datetime) -> list[dict[str, Any]]:
    """A day of applicants who all ask for the longest duration."""
    rows = spread(day, 300)
    return [row | {"inputs": json.dumps(json.loads(row["inputs"]) | {"duration": 30})} for row in rows]


def test_second_day_of_other_applicants_rings_and_two_days_as_before_end_it(engine: sa.Engine) -> None:
    insert(engine, [*spread(MONDAY, 300), *longer(MONDAY + DAY)])
    assert step(engine, MONDAY + 2 * DAY) == Moved()
    insert(engine, longer(MONDAY + 2 * DAY))
    assert step(engine, MONDAY + 3 * DAY + HOUR) == Moved(fired=1)
    (alert,) = table(engine, ALERTS)
    assert alert["text"].startswith("PSI ")
    assert "in 300 applications from 2026-03-04 00:00 UTC to 2026-03-05 00:00 UTC" in alert["text"]
    assert "since 2026-03-03 00:00 UTC" in alert["text"]
    assert (alert["subject"], alert["limit"], alert["rows"]) == ("duration", 0.1, 300)
    insert(engine, [row for day in (3, 4) for row in spread(MONDAY + day * DAY, 300)])
    assert step(engine, MONDAY + 5 * DAY + HOUR) == Moved(resolved=1)
    assert messages(engine) == ["Alert: drift of duration, version 3", "Resolved: drift of duration, version 3"]
    assert step(engine, MONDAY + 6 * DAY) == Moved()


@pytest.mark.parametrize(("rows", "times"), [(160, "4 times"), (8, "0.2 times")])
def test_two_days_of_too_many_or_too_few_ring(sqlite: sa.Engine, rows: int, times: str) -> None:
    insert(sqlite, [row for day in range(63) for row in spread(MONDAY + day * DAY, 40)])
    insert(sqlite, [row for day in (63, 64) for row in spread(MONDAY + day * DAY, rows)])
    assert step(sqlite, MONDAY + 65 * DAY, least_rows=10_000).fired == 1
    (alert,) = table(sqlite, ALERTS)
    assert alert["text"].startswith(f"{rows} applications from 2026-05-05 00:00 UTC")
    assert f"{times} what this weekday usually has (limit 3 times" in alert["text"]


def test_silence_rings_once_and_ends_with_the_next_application(sqlite: sa.Engine) -> None:
    insert(sqlite, spread(MONDAY, 10, HOUR))
    for hours, moved in ((5, Moved()), (8, Moved(fired=1)), (9, Moved())):
        assert step(sqlite, MONDAY + hours * HOUR, silence_hours=6) == moved
    insert(sqlite, spread(MONDAY + 10 * HOUR, 1))
    assert step(sqlite, MONDAY + 11 * HOUR, silence_hours=6) == Moved(resolved=1)
    assert states(sqlite) == ["resolved"]
    first, last = (row["text"] for row in table(sqlite, OUTBOX))
    assert first.startswith("no application for 7.1 hours (limit 6), since 2026-03-02 00:54 UTC.\n")
    assert last == "It is over; it began 2026-03-02 00:54 UTC."
