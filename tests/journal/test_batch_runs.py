"""A run is recorded once, and its rows are known by their identifiers; SQLite and PostgreSQL"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from src.journal.batch_ids import ids_of, run_id
from src.journal.batch_runs import record_run, runs, runs_of
from src.journal.batch_tables import BATCH_REJECTED, BATCH_RUNS, KEY_ID
from src.journal.journal import Journal
from src.journal.outcomes import Predicted, Told, predicted, record, standing, wrong_time
from tests.journal.batches import RUN, batch_run
from tests.journal.rows import entry

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def recorded(journal: Journal, *rejected: int, **changes: Any) -> bool:
    with journal.transaction() as connection:
        return record_run(connection, batch_run(rejected=len(rejected), **changes), rejected)


def ids(*rows: int) -> list[str]:
    return [one for row in rows for one in ids_of(RUN, row, 1)]


def test_run_is_recorded_once_with_its_rejected_rows(journal: Journal) -> None:
    rejected = (0, 65_535, 65_536, 199_999)
    assert recorded(journal, *rejected)
    assert not recorded(journal, 5, time=NOW, output="elsewhere")
    with journal.transaction() as connection:
        assert runs(connection) == [batch_run(rejected=4)]
        assert [one.block for one in connection.execute(sa.select(BATCH_REJECTED.c.block))] == [0, 1, 3]
        asked = ids(*rejected, 1, 65_534, 65_537, 131_072, 199_998, 200_000)
        assert set(runs_of(connection, [*asked, RUN, entry().id])) == set(ids(1, 65_534, 65_537, 131_072, 199_998))


def test_run_whose_rejected_rows_are_not_as_many_as_it_says_is_refused_whole(journal: Journal) -> None:
    with pytest.raises(ValueError, match="1 rejected rows, the run says 2"), journal.transaction() as connection:
        record_run(connection, batch_run(rejected=2), [7, 7])
    with journal.transaction() as connection:
        assert runs(connection) == []


def test_two_who_record_the_same_run_at_once_write_one_and_numbers_follow_commits(journal: Journal) -> None:
    def tell(seed: int) -> bool:
        return recorded(journal, 1, run_id=run_id(f"{seed % 4}" * 64))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tell, range(8))) == 4
    with journal.transaction() as connection:
        numbers = [one.id for one in connection.execute(sa.select(BATCH_RUNS.c.id).order_by(BATCH_RUNS.c.id))]
        assert len(numbers) == len(set(numbers)) == 4


def test_outcomes_of_rows_are_recorded_repeated_and_corrected_and_of_others_unknown(journal: Journal) -> None:
    recorded(journal, 7)
    one, without, beyond = ids(6, 7, 200_000)
    mine = entry()
    journal.writer.commit([mine])

    def tell(outcome: str, days: int, *ids: str) -> list[str]:
        told = [Told(each, outcome, NOW + timedelta(days=days), {}) for each in ids]
        with journal.transaction() as connection:
            known = predicted(connection, [each.prediction_id for each in told])
        with journal.transaction() as connection:
            return [*record(connection, told, known, "back-office", NOW)]

    unknown = ["unknown"] * 3
    assert tell("good", 0, one, mine.id, without, beyond, RUN) == ["recorded", "recorded", *unknown]
    assert tell("good", 0, one, *ids_of(run_id("9" * 64), 6, 1)) == ["repeated", "unknown"]
    assert tell("bad", 1, one) == ["corrected"]
    with journal.transaction() as connection:
        assert standing(connection, [one])[one].value == "bad"


def test_row_was_predicted_when_its_run_was_recorded(journal: Journal) -> None:
    recorded(journal)
    (one,) = ids(6)
    with journal.transaction() as connection:
        found = predicted(connection, [one])
    run = batch_run()
    assert found == {one: Predicted(KEY_ID, run.time, run.form_sha256)}
    assert wrong_time(run.time - timedelta(minutes=1), found[one], NOW) == "must not be before the prediction"
    assert wrong_time(run.time, found[one], NOW) is None
