"""What the monitor wrote, read on SQLite and PostgreSQL"""

import pytest
import sqlalchemy as sa

from src.journal import monitored, outbox
from src.journal.journal import Journal
from src.journal.monitoring_tables import OUTBOX
from tests.journal.monitored_rows import DAY, START, seed


def test_rows_are_told_newest_first_with_their_zone_and_by_version(journal: Journal) -> None:
    with journal.transaction() as connection:
        alerts = seed(connection)
    with journal.transaction() as connection:
        checks = monitored.checks(connection)
        assert [(row["window_end"] - START).days for row in checks] == [83, 83, 82, 82, 81, 2]
        assert len(monitored.checks(connection, since=START + 83 * DAY)) == 2
        assert [row["kind"] for row in monitored.checks(connection, version="7")] == ["volume"]  # of no version
        assert [row["month"] for row in monitored.cohorts(connection)] == ["2026-03", "2026-02", "2026-01"]
        assert monitored.cohorts(connection)[1]["roc_auc"]["low"] == 0.6
        assert [row["kind"] for row in monitored.views(connection, "1")] == ["bands", "version"]
        (counted,) = monitored.versions(connection)
        assert (counted["rows"], counted["first"], counted["last"]) == (3, START + DAY, START + 2 * DAY)
        told = monitored.alerts(connection)
        assert [row["id"] for row in told] == [alert["id"] for alert in reversed(alerts)]
        assert [[event["state"] for event in row["events"]] for row in told] == [
            ["firing", "acknowledged"], ["firing"], ["firing", "resolved"],
        ]  # fmt: skip
        assert [row["state"] for row in monitored.open_alerts(connection)] == ["acknowledged", "firing"]
        run = monitored.last_run(connection)
        assert run is not None
        assert run["receiver"] == "failing"


def test_newest_are_of_each_subject_and_version_that_is_still_checked(journal: Journal) -> None:
    with journal.transaction() as connection:
        assert (monitored.newest_drift(connection), monitored.last_run(connection)) == ([], None)
        seed(connection)
        found = monitored.newest_drift(connection)
        assert {(row["subject"], row["psi"]) for row in found} == {("duration", 0.82), ("score", 0.3)}
        assert [row["month"] for row in monitored.newest_mature(connection)] == ["2026-02"]
        assert monitored.firing_by_kind(connection) == {"drift": 1}


def test_a_message_stands_in_the_outbox_with_its_transaction_or_not_at_all(journal: Journal) -> None:
    with journal.transaction() as connection:
        first = outbox.enqueue(connection, "Moved", "duration & more", "warning", alert_id="a", now=START)
        second = outbox.enqueue(connection, "Test", "", "info")
    with pytest.raises(ZeroDivisionError), journal.transaction() as connection:
        outbox.enqueue(connection, "Never", str(1 / 0), "info")
    with journal.transaction() as connection:
        row = monitored.rows(connection, sa.select(OUTBOX).where(OUTBOX.c.id == first))[0]
        assert (row["next_attempt_at"], row["attempts"], row["alert_id"], row["refused"]) == (START, 0, "a", None)
        assert outbox.waiting(connection) == (2, 0)
        connection.execute(OUTBOX.update().values(refused="404").where(OUTBOX.c.id == second))
        assert outbox.waiting(connection) == (2, 1)
        connection.execute(OUTBOX.update().values(delivered_at=START).where(OUTBOX.c.id == first))
        assert outbox.waiting(connection) == (1, 1)
