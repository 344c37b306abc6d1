"""What each version was trained on stands in the log once, and an auditor's SQL joins it with what was decided"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from src.journal.identifiers import new_id
from src.journal.journal import Journal
from src.journal.outcome_tables import OUTCOMES
from src.journal.tables import Entry
from src.journal.training_data import TRAINING_DATA, Trained, write_trained
from tests.documents import blocks
from tests.journal.rows import entry
from tests.postgresql import Postgres

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUERIES = [block.text for block in blocks("docs/operations.md", "sql") if block.text.startswith("SELECT")]
GRANTS = [block.text for block in blocks("docs/operations.md", "sql") if "GRANT" in block.text]
WRITERS = 4


def trained(form: str, version: str | None, **changes: Any) -> Trained:
    told = dict.fromkeys(("git_commit", "metric", "n_train", "n_test", "feature_stats", "metrics", "published_at"))
    facts = {"model_sha256": "a" * 64, "data_md5": "d" * 32, "n_features": 3}
    return Trained(form_sha256=form * 64, model_version=version, **(told | facts | changes))


def stored(journal: Journal) -> list[dict[str, Any]]:
    with journal.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(sa.select(TRAINING_DATA).order_by("id"))]


def test_version_is_written_once_and_stays_as_it_was(journal: Journal) -> None:
    first = trained("b", "1", metric=0.75, n_train=800, metrics='{"ks": {"value": 0.5}}', published_at=NOW)
    unpublished = trained("b", None)
    for rows in ([first, unpublished], [trained("b", "1", metric=0.5), unpublished], [trained("b", "2")]):
        with journal.transaction() as connection:
            write_trained(connection, rows)
    found = stored(journal)
    assert [(row["model_version"], row["metric"]) for row in found] == [("1", 0.75), (None, None), ("2", None)]
    at = found[0].pop("published_at")
    assert (at.replace(tzinfo=at.tzinfo or UTC), found[0].pop("id")) == (NOW, 1)
    assert found[0] == {name: value for name, value in first._asdict().items() if name != "published_at"}


def test_several_processes_write_a_version_once(address: str, journal: Journal) -> None:
    """Each of them by a connection of its own, all at the same moment, in one order and the other."""
    together = Barrier(WRITERS)
    rows = [trained("b", "1"), trained("c", None), trained("e", "2")]

    def write(place: int) -> None:
        own = Journal(address, 10.0)
        together.wait()
        with own.transaction() as connection:
            write_trained(connection, rows[:: 1 if place % 2 else -1])
        own.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert sorted(row["form_sha256"][0] for row in stored(journal)) == ["b", "c", "e"]


@pytest.fixture
def audited(journal: Journal) -> list[Entry]:
    """Two versions and a model that was never published, their applicants, and what became of some."""
    rows = [
        trained("b", "1", metric=0.75, n_train=800, published_at=NOW),
        trained("c", "2", model_sha256="f" * 64, metric=0.8, n_train=900),
        trained("c", None, model_sha256="f" * 64, metric=0.8, n_train=900),
    ]
    second = {"form_sha256": "c" * 64, "model_sha256": "f" * 64}
    entries = [
        entry(form_sha256=None, model_version=None, purpose=None, time=NOW - timedelta(days=9)),
        entry(model_version="1", probability_of_default=0.05, time=NOW),
        entry("batch", model_version="1", probability_of_default=0.15, purpose=None, time=NOW + timedelta(1)),
        entry(model_version="1", probability_of_default=0.5, decision="decline", time=NOW + timedelta(2)),
        entry(model_version="1", purpose="what-if", time=NOW + timedelta(3)),
        entry(model_version="2", probability_of_default=0.1, time=NOW + timedelta(4), **second),
        entry(model_version=None, probability_of_default=0.2, time=NOW + timedelta(5), **second),
    ]
    asyncio.run(journal.write(entries))
    told = [  # of the second applicant an old message came late, of the third the tie goes to the later one
        (1, "bad", 90), (1, "good", 30), (2, "bad", 60), (2, "good", 60), (3, "good", 60), (5, "good", 60),
    ]  # fmt: skip
    with journal.transaction() as connection:
        write_trained(connection, rows)
        connection.execute(OUTCOMES.insert(), [outcome(entries[place], what, days) for place, what, days in told])
    return entries


def outcome(of: Entry, what: str, days: int) -> dict[str, Any]:
    at = NOW + timedelta(days)
    keys = {"key_id": "web", "prediction_key_id": of.key_id}
    return {"prediction_id": of.id, "outcome": what, "observed_at": at, "received_at": at} | keys


def ask(connection: sa.Connection, query: str, prediction_id: str = "") -> list[dict[str, Any]]:
    """What a query of the document finds; the id that stands in it is an example."""
    text = query.replace("019ac0de-0000-7000-8000-000000000000", prediction_id) if prediction_id else query
    return [dict(row._mapping) for row in connection.execute(sa.text(text))]


def test_view_is_the_predictions_by_other_names(journal: Journal, audited: list[Entry]) -> None:
    with journal.engine.connect() as connection:
        result = connection.execute(sa.text("SELECT * FROM inference_logs ORDER BY id"))
        names = "id model_version model_sha256 input prediction decision timestamp purpose form_sha256"
        assert list(result.keys()) == names.split()
        assert [(row.id, row.input, row.prediction, row.decision) for row in result] == [
            (one.id, one.inputs, one.probability_of_default, one.decision) for one in audited
        ]


def test_documented_queries_answer_an_auditor(journal: Journal, audited: list[Entry]) -> None:
    decision, versions, outcomes = QUERIES
    with journal.engine.connect() as connection:
        (found,) = ask(connection, decision, audited[1].id)
        assert (found["prediction"], found["decision"], found["input"]) == (0.05, "approve", '{"a": 1}')
        assert (found["model_version"], found["n_train"], found["metric"]) == ("1", 800, 0.75)
        (old,) = ask(connection, decision, audited[0].id)  # of a release that did not write down the form
        assert (old["decision"], old["data_md5"]) == ("approve", None)
        assert ask(connection, decision, new_id()) == []
        rows = ask(connection, versions)
        told = [(row["model_version"], row["applicants"], row["n_train"]) for row in rows]
        assert told == [(None, 1, None), ("1", 3, 800), ("2", 1, 900), (None, 1, 900)]  # no what-if among them
        assert (float(rows[1]["approved"]), rows[1]["mean_pd"]) == pytest.approx((2 / 3, 0.7 / 3))
        became = [(row["model_version"], row["outcome"], row["applicants"]) for row in ask(connection, outcomes)]
        assert became == [("1", "bad", 1), ("1", "good", 1), ("2", "good", 1)]
        means = [row["mean_pd"] for row in ask(connection, outcomes)]
        assert means == pytest.approx([0.05, 0.15, 0.1])


def test_documented_role_reads_what_it_needs_and_nothing_else(postgres: Postgres) -> None:
    postgres.empty()
    journal = Journal(postgres.url, 5.0)
    journal.start()
    asyncio.run(journal.write([entry(model_version="1")]))
    with journal.engine.connect() as connection, connection.begin() as transaction:
        for statement in GRANTS[0].split(";")[:-1]:
            connection.execute(sa.text(statement))
        connection.execute(sa.text("SET LOCAL ROLE auditor"))
        assert [len(ask(connection, query)) for query in QUERIES] == [0, 1, 0]
        for refused in ("SELECT 1 FROM predictions", "SELECT 1 FROM services", "DELETE FROM training_data"):
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), connection.begin_nested():
                connection.execute(sa.text(refused))
        transaction.rollback()  # the server is the other tests' too
    journal.close()
