"""Applications that are old enough, with what counted of them at a moment; SQLite and PostgreSQL"""

from datetime import UTC, datetime, timedelta

import pytest

from src.errors import LastroError
from src.journal.journal import Journal
from src.journal.matured import Matured, matured, told_until
from src.journal.outcomes import Told, predicted, record
from src.journal.reader import Reader
from tests.journal.rows import entry, leave_release, of_release

MADE, NOW = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def tell(journal: Journal, *told: Told) -> None:
    with journal.transaction() as connection:
        known = predicted(connection, [one.prediction_id for one in told])
    with journal.transaction() as connection:
        record(connection, told, known, "web", NOW + 99 * DAY)


def read(address: str, before: datetime = NOW - 365 * DAY, until: datetime = NOW) -> list[Matured]:
    with Reader(address, 5.0) as log:
        return list(matured(log, before, told_until(log, until)))


def test_mature_applications_have_what_counted_then(address: str, journal: Journal) -> None:
    old, corrected, late, young, silent = (entry(time=MADE) for _ in range(5))
    young = young._replace(time=NOW - 364 * DAY)
    first = old._replace(id=f"{old.id[:-1]}g", purpose=None)
    asked = entry(time=MADE, purpose="what-if")
    journal.writer.commit([late, silent, corrected, old, first, young, asked])
    tell(
        journal,
        Told(old.id, "good", NOW - DAY, {"sex": "f"}),
        Told(first.id, "bad", NOW, {}),
        Told(corrected.id, "good", NOW - 3 * DAY, {"sex": "m"}),
        Told(corrected.id, "bad", NOW - 2 * DAY, {}),
        Told(corrected.id, "good", NOW + DAY, {"sex": "f"}),
        Told(late.id, "bad", NOW + DAY, {}),
        Told(young.id, "bad", NOW - DAY, {}),
        Told(silent.id, None, NOW - DAY, {"sex": "f"}),
    )
    found = {one.id: one for one in read(address)}
    assert list(found) == sorted(found)
    said = {one: (row.outcome, row.groups) for one, row in found.items()}
    assert said == {old.id: ("good", {"sex": "f"}), first.id: ("bad", {}), corrected.id: ("bad", {"sex": "m"})}
    assert found[old.id] == Matured(old.id, MADE, {"a": 1}, "good", {"sex": "f"}, 0.1, 600, "approve")


def test_all_pages_are_read(address: str, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("src.journal.matured.ROWS", 2)
    rows = [entry(time=MADE) for _ in range(5)]
    journal.writer.commit(rows)
    tell(journal, *(Told(row.id, "good", NOW, {}) for row in rows))
    assert [one.id for one in read(address)] == [row.id for row in rows]


def test_log_that_is_not_there_or_has_no_outcomes_is_a_sentence(address: str) -> None:
    leave_release(address, "0003", [of_release("0003")])
    with pytest.raises(LastroError, match="has no table outcomes"):
        read(address)
    with pytest.raises(LastroError, match="no such file"):
        read("sqlite:////nowhere/journal.db")
