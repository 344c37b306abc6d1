"""What the monitor found, as gauges: read from the log whenever they are asked for"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from src.api.gauges import gauges_of
from src.journal import outbox
from src.journal.journal import Journal
from src.journal.monitoring_tables import OUTBOX
from tests.journal.monitored_rows import START, seed


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    found = Journal(f"sqlite:///{tmp_path}/log.db", 2.0)
    found.start()
    yield found
    found.close()


def lines(journal: Journal) -> dict[str, float]:
    text = gauges_of(journal).decode()
    return {name: float(value) for name, value in re.findall(r"^(lastro_\S+) (\S+)$", text, re.MULTILINE)}


def test_gauges_tell_the_last_windows_the_last_mature_month_and_what_fires(journal: Journal) -> None:
    with journal.transaction() as connection:
        seed(connection)
        first = outbox.enqueue(connection, "a", "b", "info")
        outbox.enqueue(connection, "c", "d", "info")
        connection.execute(OUTBOX.update().values(refused="404").where(OUTBOX.c.id == first))
    firing = {
        f'lastro_alerts_firing{{kind="{kind}"}}': 0.0 for kind in ("volume", "silence", "calibration", "fairness")
    }
    assert lines(journal) == firing | {
        'lastro_drift_psi{model_version="1",subject="duration"}': 0.82,
        'lastro_drift_psi{model_version="1",subject="score"}': 0.3,
        'lastro_drift_p_value{model_version="1",subject="duration"}': 0.5,
        'lastro_drift_p_value{model_version="1",subject="score"}': 1e-9,
        'lastro_live_bad_rate{model_version="1"}': 0.05,
        'lastro_live_expected_bad_rate{model_version="1"}': 0.08,
        'lastro_live_roc_auc{model_version="1"}': 0.7,
        'lastro_alerts_firing{kind="drift"}': 1.0,
        "lastro_alerts_undelivered": 2.0,
        "lastro_alerts_refused": 1.0,
        "lastro_monitor_last_success_timestamp_seconds": START.timestamp(),
        "lastro_monitor_period_seconds": 900.0,
        "lastro_monitor_silence_hours": 4.0,
        "lastro_log_writable": 1.0,
        "lastro_log_waiting": 0.0,
    }


def test_before_the_monitor_has_run_nothing_is_told_of_it(journal: Journal) -> None:
    found = lines(journal)
    assert "lastro_monitor_last_success_timestamp_seconds" not in found
    assert "lastro_monitor_period_seconds" not in found
    assert {name for name, value in found.items() if value} == {"lastro_log_writable"}


def test_what_waits_for_the_disk_is_told(journal: Journal) -> None:
    disk = Event()

    async def told() -> float:
        journal.commits.commit = lambda _: bool(disk.wait(5))  # type: ignore[assignment]
        writes = [asyncio.create_task(journal.write([])) for _ in range(4)]
        await asyncio.sleep(0.05)  # they are under way together
        writes += [asyncio.create_task(journal.write([])) for _ in range(3)]
        await asyncio.sleep(0.05)
        found = lines(journal)["lastro_log_waiting"]
        disk.set()
        await asyncio.gather(*writes)
        return found

    assert asyncio.run(told()) == 3.0
    assert lines(journal)["lastro_log_waiting"] == 0.0


def test_a_log_that_is_silent_leaves_the_monitors_gauges_out(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "log.db").rename(tmp_path / "away.db")
    assert lines(journal) == {"lastro_log_writable": 0.0, "lastro_log_waiting": 0.0}
