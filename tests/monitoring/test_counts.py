"""Every application counts once: late commits, several monitors, what-ifs, old rows, VACUUM, a restored database"""

import json
import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from src.journal.monitoring_tables import MONITOR_PROGRESS
from src.journal.tables import PREDICTIONS
from src.monitoring.counts import Counts, count_new, hours_where, total
from src.monitoring.progress import note
from src.monitoring.reading import NAME, next_part
from src.monitoring.versions import Version, form_of
from tests.journal.rows import leave_release, of_release
from tests.monitoring.seeded import FORM, MODEL, applicant, insert, opened, spread, version

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def counted(engine: sa.Engine, versions: Sequence[Version] = (), rows: int = 7) -> int:
    return count_new(engine, versions or [version()], NOON, rows)


def summed(engine: sa.Engine) -> tuple[int, Counts]:
    """All rows of the table, and their counts."""
    hours = [hour for _, hour in hours_where(engine, sa.true())]
    return sum(hour.rows for hour in hours), total(hour.counts for hour in hours)


def test_rows_are_counted_by_hour_and_bin(engine: sa.Engine) -> None:
    insert(engine, spread(NOON, 20, 4 * HOUR))
    odd = {"inputs": '{"duration": null, "purpose": "yacht"}', "probability_of_default": 0.9}
    insert(engine, [applicant(0, NOON + 4 * HOUR, **odd), applicant(0, NOON, purpose="what-if")])
    assert counted(engine) == 21
    hours = list(hours_where(engine, sa.true()))
    assert [(key.form_sha256, key.hour, hour.rows) for key, hour in hours] == [
        *((FORM, NOON + number * HOUR, 5) for number in range(4)),
        (FORM, NOON + 4 * HOUR, 1),
    ]
    assert hours[0][1].counts["duration"] == [2, 2, 1, 0, 0]
    assert hours[4][1].counts["duration"] == [0, 0, 0, 1, 0]
    assert hours[4][1].counts["purpose"] == [0, 0, 0, 0, 1]
    assert summed(engine)[1]["decision"] == [17, 4, 0, 0]
    assert all(sum(bins) == 21 for bins in summed(engine)[1].values())


def test_rows_that_log_other_fields_are_counted_by_name(engine: sa.Engine) -> None:
    texts = (
        '{"duration": 30, "purpose": "car"}',
        '{"purpose": "radio", "a": 7}',
        '{"purpose": "car", "duration": 9}',
    )
    insert(engine, [applicant(0, NOON, inputs=text) for text in texts])
    counted(engine)
    assert summed(engine)[1]["duration"] == [1, 0, 1, 1, 0]
    assert summed(engine)[1]["purpose"] == [2, 1, 0, 0, 0]


def test_next_run_counts_what_is_new_and_an_idle_one_writes_nothing(engine: sa.Engine) -> None:
    insert(engine, spread(NOON, 30, HOUR))
    assert (counted(engine), counted(engine)) == (30, 0)
    with engine.connect() as connection:
        before = connection.execute(sa.select(MONITOR_PROGRESS)).all()
    assert count_new(engine, [version()], NOON + HOUR) == 0
    with engine.connect() as connection:
        assert connection.execute(sa.select(MONITOR_PROGRESS)).all() == before
    insert(engine, spread(NOON, 9, HOUR))  # older identifiers than those that were counted, committed later
    assert counted(engine) == 9
    assert summed(engine)[0] == 39
    assert sum(summed(engine)[1]["score"]) == 39


def test_row_of_a_transaction_that_was_open_across_a_run_is_counted_once(engine: sa.Engine) -> None:
    """PostgreSQL: newer rows are committed and counted while an older one waits. SQLite: nobody else can write."""
    early, late = applicant(1, NOON - HOUR), spread(NOON, 10, HOUR)
    insert(engine, spread(NOON - 2 * HOUR, 3, HOUR))
    with engine.connect() as open_one:
        open_one.execute(PREDICTIONS.insert(), [early])
        if engine.dialect.name == "postgresql":
            insert(engine, late)
            assert (counted(engine), counted(engine)) == (13, 0)
            insert(engine, spread(NOON + HOUR, 5, HOUR))
            assert counted(engine) == 5
            open_one.commit()
            assert counted(engine) == 1
        else:
            impatient = opened(str(engine.url.database and f"sqlite:///{engine.url.database[5:]}"), 0.1)
            with pytest.raises(OperationalError, match="locked"):
                insert(impatient, late)
            with pytest.raises(OperationalError, match="locked"):
                counted(impatient)
            impatient.dispose()
            open_one.commit()
            insert(engine, [*late, *spread(NOON + HOUR, 5, HOUR)])
            assert counted(engine) == 19
    assert counted(engine) == 0
    assert summed(engine)[0] == sum(summed(engine)[1]["duration"]) == 19


def test_rows_rolled_back_are_never_counted(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(PREDICTIONS.insert(), [applicant(0, NOON)])
        connection.rollback()
    insert(engine, spread(NOON, 3, HOUR))
    assert counted(engine) == 3


def test_two_monitors_at_once_count_nothing_twice(engine: sa.Engine) -> None:
    insert(engine, spread(NOON, 400, 30 * HOUR))
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(counted(engine))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == summed(engine)[0] == 400
    assert sum(summed(engine)[1]["purpose"]) == 400


def test_killed_between_reading_and_writing_loses_nothing(engine: sa.Engine) -> None:
    insert(engine, spread(NOON, 20, HOUR))
    count_new(engine, [version()], NOON, 7)
    insert(engine, spread(NOON, 20, HOUR))
    assert len(next_part(engine, 7).rows) == 7  # read, not written
    assert counted(engine) == 20


def test_rows_of_earlier_releases_count_under_their_models_form(address: str) -> None:
    old = [of_release("0001", time=NOON, model_sha256=MODEL, inputs='{"duration": 10}') for _ in range(9)]
    leave_release(address, "0001", [*old, of_release("0001", time=NOON, model_sha256="e" * 64)])
    engine = opened(address)
    assert counted(engine, rows=4) == 10
    insert(engine, spread(NOON, 3, HOUR))
    assert (counted(engine), counted(engine)) == (3, 0)
    found = {key.form_sha256: hour for key, hour in hours_where(engine, sa.true())}
    assert {form: hour.rows for form, hour in found.items()} == {FORM: 12, f"model {'e' * 64}": 1}
    assert found[f"model {'e' * 64}"].counts == {}
    engine.dispose()


def test_version_without_a_reference_is_counted_by_rows_alone(engine: sa.Engine) -> None:
    insert(engine, spread(NOON, 5, HOUR))
    assert counted(engine, [version(development=None)]) == 5
    assert summed(engine) == (5, {})


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_sqlite_may_renumber_its_rows(engine: sa.Engine) -> None:
    rows = spread(NOON, 30, HOUR)
    insert(engine, rows)
    with engine.begin() as connection:
        connection.execute(PREDICTIONS.delete().where(PREDICTIONS.c.id.in_([row["id"] for row in rows[:10]])))
    assert counted(engine) == 20
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM"))
        # this SQLite keeps the numbers, its documentation promises the order alone
        connection.execute(sa.text("UPDATE predictions SET rowid = rowid - 10"))
    insert(engine, spread(NOON, 4, HOUR))
    assert (counted(engine), counted(engine)) == (4, 0)
    last = spread(NOON, 1, HOUR)
    insert(engine, last)
    counted(engine)
    with engine.begin() as connection:  # whoever is forgotten was the last one that was read
        connection.execute(PREDICTIONS.delete().where(PREDICTIONS.c.id == last[0]["id"]))
    insert(engine, spread(NOON, 2, HOUR))
    assert counted(engine) == 2


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_database_restored_on_another_server_is_said_and_counted_anew(
    engine: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    insert(engine, spread(NOON, 12, HOUR))
    counted(engine)
    later = 2**40  # what the other server's transactions were numbered
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE predictions SET transaction = transaction + :later"), {"later": later})
        note(connection, NAME, {"old": f"{later + 9}:{later + 9}:"}, NOON)
    insert(engine, spread(NOON, 3, HOUR))
    with caplog.at_level(logging.WARNING):
        assert counted(engine) == 15
    assert "restored on another server" in caplog.text
    assert (counted(engine), summed(engine)[0]) == (0, 15)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_hour_is_that_of_utc_whatever_the_servers_zone(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("SET TIME ZONE 'Asia/Kolkata'"))
        connection.execute(PREDICTIONS.insert(), [applicant(0, NOON)])
    counted(engine)
    assert [key.hour for key, _ in hours_where(engine, sa.true())] == [NOON]


def one_by_one(rows: Sequence[dict[str, Any]], versions: Sequence[Version]) -> dict[tuple[str, datetime], Counts]:
    """Counts found row by row, each value placed by itself: the rule as it is told, without a thought of speed."""
    found: dict[tuple[str, datetime], Counts] = {}
    developments = {one.form_sha256: one.development for one in versions}
    for row in rows:
        if row["purpose"] == "what-if":
            continue
        form = form_of(versions, row["form_sha256"], row["model_sha256"])
        hour = found.setdefault((form, row["time"].replace(minute=0, second=0, microsecond=0)), {"rows": [0]})
        hour["rows"][0] += 1
        reference, inputs = developments.get(form), json.loads(row["inputs"])
        for subject, one in reference.subjects.items() if reference else ():
            values = inputs if subject in reference.features else row  # type: ignore[union-attr]
            (place,) = one.places([values.get(subject)])
            hour.setdefault(subject, [0] * len(one.labels))[place] += 1
    return found


@pytest.mark.parametrize("rows", [1, 7, 5000])
def test_counts_are_those_of_row_by_row_whatever_was_served(engine: sa.Engine, rows: int) -> None:
    """Several versions, models and numbers in turn, fields that lack, what-ifs, rows of old releases."""
    random = Random(rows)
    other = version(form_sha256="e" * 64, model_sha256="d" * 64)
    served: list[dict[str, Any]] = [{}, {}, {"model_version": None}, {"form_sha256": None}, {"form_sha256": "0" * 64}]
    served += [{"form_sha256": "e" * 64, "model_sha256": "d" * 64}, {"form_sha256": None, "model_sha256": "c" * 64}]
    values = [{}, {}, {}, {"inputs": '{"purpose": "yacht"}'}, {"inputs": '{"duration": null}'}, {"purpose": "what-if"}]
    applicants = [
        applicant(number, NOON + number * timedelta(minutes=7), **random.choice(served), **random.choice(values))
        for number in range(60)
    ]
    insert(engine, applicants)
    versions = [version(), other]
    assert counted(engine, versions, rows) == sum(row["purpose"] != "what-if" for row in applicants)
    found = {(key.form_sha256, key.hour): {"rows": [hour.rows], **hour.counts} for key, hour in
             hours_where(engine, sa.true())}  # fmt: skip
    assert found == one_by_one(applicants, versions)
