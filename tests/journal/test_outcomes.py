"""What became of applicants: append-only, each message once, the latest observation counts; SQLite and PostgreSQL"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from src.journal.journal import Journal
from src.journal.outcome_tables import OUTCOME_GROUPS, OUTCOMES
from src.journal.outcomes import Predicted, Standing, Status, Told, predicted, record, standing, wrong_time
from src.journal.writer import JournalUnavailableError
from tests.journal.rows import entry

MADE = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MARCH, MAY = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)


def made(journal: Journal, *keys: str, **changes: Any) -> list[str]:
    """Predictions of some keys; their ids."""
    rows = [entry(key, time=MADE, **changes) for key in keys]
    journal.writer.commit(rows)
    return [row.id for row in rows]


def tell(journal: Journal, *told: Told, key: str = "web", now: datetime = NOW) -> list[Status]:
    with journal.transaction() as connection:
        known = predicted(connection, [one.prediction_id for one in told])
    with journal.transaction() as connection:
        return record(connection, told, known, key, now)


def outcome(one: str, value: str, at: datetime | None = None) -> Told:
    return Told(one, value, at, {})


def rows(journal: Journal, table: sa.Table) -> list[Any]:
    with journal.transaction() as connection:
        return list(connection.execute(sa.select(table).order_by(table.c.id)))


def counts(journal: Journal, one: str) -> Standing | None:
    with journal.transaction() as connection:
        return standing(connection, [one]).get(one)


def test_each_message_is_stored_once_and_the_latest_observation_counts(journal: Journal) -> None:
    (one,) = made(journal, "web")
    assert tell(journal, outcome(one, "good", MARCH), outcome(one, "good", MARCH)) == ["recorded", "repeated"]
    assert tell(journal, outcome(one, "bad", MAY)) == ["corrected"]
    assert tell(journal, outcome(one, "good", MARCH)) == ["repeated"]  # an old message that arrives late
    assert counts(journal, one) == Standing("bad", MAY)
    assert tell(journal, outcome(one, "good", MARCH + timedelta(days=1))) == ["recorded"]  # older than what counts
    assert counts(journal, one) == Standing("bad", MAY)
    assert tell(journal, outcome(one, "good", MAY)) == ["corrected"]  # at a tie, the later arrival
    assert tell(journal, outcome(one, "bad", MAY)) == ["repeated"]
    assert counts(journal, one) == Standing("good", MAY)
    assert len(rows(journal, OUTCOMES)) == 4


def test_what_is_observed_at_no_time_is_observed_now_unless_it_counts_already(journal: Journal) -> None:
    (one,) = made(journal, "web")
    later = NOW + timedelta(days=1)
    assert tell(journal, outcome(one, "good")) == ["recorded"]
    assert tell(journal, outcome(one, "good"), now=later) == ["repeated"]
    assert tell(journal, outcome(one, "bad"), now=later) == ["corrected"]
    assert counts(journal, one) == Standing("bad", later)
    (young,) = made(journal, "web")
    assert tell(journal, outcome(young, "good"), now=MADE - timedelta(seconds=1)) == ["recorded"]  # a clock behind
    assert counts(journal, young) == Standing("good", MADE)


def test_who_told_and_whose_it_was_are_recorded_and_what_is_no_application_is_unknown(journal: Journal) -> None:
    mine, other = made(journal, "web", "batch")
    (asked,) = made(journal, "web", purpose="what-if")
    (old,) = made(journal, "web", purpose=None)
    never = entry().id
    told = [outcome(each, "bad", MAY) for each in (other, never, asked, mine, old)]
    assert tell(journal, *told, key="loans") == ["recorded", "unknown", "unknown", "recorded", "recorded"]
    found = [(row.prediction_id, row.key_id, row.prediction_key_id) for row in rows(journal, OUTCOMES)]
    assert found == [(other, "loans", "batch"), (mine, "loans", "web"), (old, "loans", "web")]


def test_groups_are_told_with_or_without_an_outcome_and_corrected_alike(journal: Journal) -> None:
    one, two = made(journal, "web", "web")
    sex = Told(one, None, MARCH, {"sex": "f", "foreign": "yes"})
    assert tell(journal, sex, Told(two, "good", MARCH, {"sex": "m"})) == ["recorded", "recorded"]
    assert tell(journal, sex) == ["repeated"]
    assert tell(journal, Told(one, "good", MAY, {"sex": "f"})) == ["recorded"]
    assert tell(journal, Told(one, None, None, {"sex": "m"})) == ["corrected"]
    assert tell(journal, sex, Told(one, None, None, {"sex": "m"})) == ["repeated", "repeated"]
    found = [(row.field, row.value) for row in rows(journal, OUTCOME_GROUPS) if row.prediction_id == one]
    assert found == [("sex", "f"), ("foreign", "yes"), ("sex", "f"), ("sex", "m")]
    assert counts(journal, two) == Standing("good", MARCH)


def test_processes_that_record_the_same_at_once_store_it_once(journal: Journal, address: str) -> None:
    ids = made(journal, *["web"] * 600)
    start = Barrier(2)

    def told(_: int) -> list[Status]:
        own = Journal(address, 10.0)
        start.wait()
        found = tell(own, *(Told(one, "good", None, {"sex": "f"}) for one in ids))
        own.close()
        return found

    with ThreadPoolExecutor(2) as both:
        found = [*both.map(told, range(2))]
    assert {frozenset(each) for each in found} == {frozenset({"recorded"}), frozenset({"repeated"})}
    assert [len(rows(journal, table)) for table in (OUTCOMES, OUTCOME_GROUPS)] == [600, 600]


def test_nothing_is_stored_where_something_fails(journal: Journal) -> None:
    (one,) = made(journal, "web")
    broken = Told(one, "good", MAY, {"sex": None})  # type: ignore[dict-item]  # which its table refuses, after the other
    with pytest.raises(JournalUnavailableError):
        tell(journal, broken)
    assert rows(journal, OUTCOMES) == []


@pytest.mark.parametrize(
    ("at", "wrong"),
    [
        (MADE, None),
        (MADE - timedelta(microseconds=1), "before the prediction"),
        (NOW + timedelta(minutes=5), None),
        (NOW + timedelta(minutes=5, microseconds=1), "in the future"),
    ],
)
def test_time_of_observation_is_after_the_prediction_and_not_in_the_future(at: datetime, wrong: str | None) -> None:
    found = wrong_time(at, Predicted("web", MADE, None), NOW)
    assert (found is None) if wrong is None else (found is not None and wrong in found)


def test_time_without_fractions_in_the_predictions_second_is_not_before_it() -> None:
    made = Predicted("web", MADE + timedelta(microseconds=900_000), None)
    assert wrong_time(MADE, made, NOW) is None
    assert wrong_time(MADE - timedelta(seconds=1), made, NOW)
