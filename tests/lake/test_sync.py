"""What a sync brings is there once: rows of SQLite and PostgreSQL, late, with others, after a log was moved"""

import json
from threading import Barrier, Thread

import pyarrow as arrow
import pytest
import sqlalchemy as sa

from src.journal.outcome_tables import OUTCOMES as TOLD
from src.journal.tables import PREDICTIONS as LOG
from src.lake import commits, predictions
from src.lake.catalog import BRONZE, CHECKS, OUTCOMES, PREDICTIONS, RUNS, opened
from src.lake.predictions import PROGRESS, sync_predictions
from tests.journal.rows import entry
from tests.lake.conftest import Lake, at
from tests.monitored import seed


def tell(lake: Lake, *predictions: str, outcome: str = "good") -> None:
    row = {
        "outcome": outcome,
        "observed_at": at(20),
        "received_at": at(21),
        "key_id": "web",
        "prediction_key_id": "web",
    }
    with lake.log.begin() as connection:
        connection.execute(TOLD.insert(), [{"prediction_id": one, **row} for one in predictions])


def ids(lake: Lake) -> list[str]:
    return sorted(one for (one,) in lake.ask("SELECT prediction_id FROM gold.predictions"))


def test_sync_brings_everything_once_and_then_what_is_new(lake: Lake, typed: arrow.Table) -> None:
    entries = [entry(time=at(day), inputs=json.dumps({"a": day}), score=day) for day in (1, 1, 2)]
    lake.add(entries)
    tell(lake, *(one.id for one in entries[:2]))
    seed(lake.log, "f" * 64, {"duration": ["to 10", "over 10"]})
    lake.publish(1, typed)
    found = lake.sync()
    tables = {BRONZE: 1000, PREDICTIONS: 3, OUTCOMES: 2, RUNS: 1, "tags": ["credit-score-1"]}
    assert tables.items() <= found.items()
    assert found[CHECKS] > 100
    assert all(not value for value in lake.sync().values())
    assert lake.ask("SELECT count(*), sum(credit_amount), max(_row) FROM silver.applications") == [(1000, 3271258, 999)]
    assert lake.ask("SELECT sum(credit_amount::INT), max(_line), max(_file) FROM bronze.applications") == [
        (3271258, 1000, "german.data")
    ]
    rows = lake.ask("SELECT day, time, key_id, score, inputs, decision FROM gold.predictions ORDER BY score, time")
    assert [(str(row[0]), row[1].astimezone(at(1).tzinfo), *row[2:]) for row in rows] == [
        (f"2026-03-0{day}", at(day), "web", day, f'{{"a": {day}}}', "approve") for day in (1, 1, 2)
    ]
    assert lake.ask("SELECT version, alias, roc_auc FROM gold.training_runs") == [(1, "challenger", 0.8)]
    assert lake.ask("SELECT count(*) FROM gold.checks WHERE kind = 'drift' AND alarm") > [(0,)]
    late = entry(time=at(1), id=entries[0].id[:-1] + "z")  # its identifier and its time are older than what was read
    lake.add([late])
    tell(lake, late.id, outcome="bad")
    assert {PREDICTIONS: 1, OUTCOMES: 1}.items() <= lake.sync().items()
    assert ids(lake) == sorted(one.id for one in (*entries, late))


def test_inputs_and_reasons_can_be_left_out(lake: Lake) -> None:
    lake.add([entry(time=at(1), reasons='[{"value": 1}]')])
    lake.sync(inputs=False)
    assert lake.ask("SELECT count(*), count(inputs), count(reasons), count(score) FROM gold.predictions") == [
        (1, 0, 0, 1)
    ]


def test_row_whose_transaction_ends_late_is_not_missed(lake: Lake) -> None:
    if lake.log.dialect.name == "sqlite":  # has one writer: rows come in the order of commits
        return
    late, early = entry(time=at(1)), entry(time=at(2))
    with lake.log.connect() as connection:
        connection.execute(LOG.insert(), [late._asdict()])
        lake.add([early])
        assert lake.sync()[PREDICTIONS] == 1
        connection.commit()
    assert lake.sync()[PREDICTIONS] == 1
    assert ids(lake) == sorted([late.id, early.id])


def test_log_that_lost_rows_or_was_restored_elsewhere_is_compared_and_nothing_is_twice(lake: Lake) -> None:
    before = [entry(time=at(day)) for day in range(1, 8)]
    lake.add(before)
    tell(lake, *(one.id for one in before))
    lake.sync()
    moved, gone = lake.catalog.load_table(PREDICTIONS), before[4:]
    with lake.log.begin() as connection:
        connection.execute(LOG.delete().where(LOG.c.id.in_([one.id for one in gone])))
        connection.execute(TOLD.delete().where(TOLD.c.prediction_id.in_([one.id for one in gone])))
        if lake.log.dialect.name == "postgresql":  # another server, whose transactions have not come so far
            connection.execute(sa.text("UPDATE predictions SET transaction = 4000000000"))
            connection.execute(sa.text("SELECT setval('outcomes_id_seq', (SELECT max(id) FROM outcomes))"))
            with moved.transaction() as change:
                change.set_properties({PROGRESS: json.dumps({"old": "4000000001:4000000001:"})})
    after = [entry(time=at(day)) for day in (1, 9)]  # they get the numbers of those that are gone
    lake.add(after)
    tell(lake, *(one.id for one in after))
    assert {PREDICTIONS: 2, OUTCOMES: 2}.items() <= lake.sync().items()
    last = entry(time=at(9))
    lake.add([last])
    assert lake.sync()[PREDICTIONS] == 1
    assert ids(lake) == sorted(one.id for one in (*before, *after, last))
    assert lake.ask("SELECT count(*), count(DISTINCT prediction_id) FROM gold.outcomes") == [(9, 9)]


def test_two_writers_lose_nothing_and_double_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [entry(time=at(1 + number % 9)) for number in range(120)]
    lake.add(entries)
    lake.sync()
    more = [entry(time=at(1 + number % 9)) for number in range(120)]
    lake.add(more)
    start, added, waits = Barrier(2), [], []
    monkeypatch.setattr(commits.time, "sleep", waits.append)

    def write() -> None:
        with opened(lake.settings, lake.place) as catalog:
            start.wait()
            added.append(sync_predictions(catalog, lake.log, True, rows=20))

    writers = [Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sum(added) == 120
    assert waits, "one was done before the other began"
    assert ids(lake) == sorted(one.id for one in (*entries, *more))


def test_rows_that_fill_parts_exactly_are_all_read(lake: Lake) -> None:
    lake.add([entry(time=at(1)) for _ in range(6)])
    assert sync_predictions(lake.catalog, lake.log, True, rows=3) == 6
    assert sync_predictions(lake.catalog, lake.log, True, rows=3) == 0
    assert predictions.ROWS >= 10_000, "a commit takes .4 s"
