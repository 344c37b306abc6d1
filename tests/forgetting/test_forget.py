"""An applicant forgotten: nothing of what they said is left, in the tables and in the bytes; what was answered stays"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from src.errors import LastroError
from src.forgetting.archive import archive
from src.forgetting.forget import forget
from src.forgetting.scrub import SERVER
from src.forgetting.whom import Whom
from src.journal import __main__ as command
from src.journal.outcomes import Told, predicted, record
from src.journal.tables import Entry
from src.lineage.commits import History
from src.lineage.rerun import Workshop
from src.lineage.trials import GONE, Trials
from src.lineage.verdicts import exit_code
from src.monitoring.counts import count_new
from tests.conftest import ROOT
from tests.forgetting.conftest import BEFORE, NOW, OLD, Log
from tests.monitoring.seeded import version

BLANK: dict[str, Any] = {"inputs": "{}", "reasons": "[]", "applicant_id": None}
HOUR = timedelta(hours=1)
SQLITE = pytest.mark.parametrize("address", ["sqlite"], indirect=True)


def files(log: Log) -> bytes:
    """All bytes of the log on the disk, its archives' too."""
    base = Path(log.address.removeprefix("sqlite:///"))
    named = [base, base.with_name(f"{base.name}-wal"), *(log.root / "objects").rglob("*")]
    return b"".join(path.read_bytes() for path in named if path.is_file())


def words_of(one: Entry) -> list[bytes]:
    return [json.loads(one.inputs)["a"].encode(), f"g-{one.id[-6:]}".encode()]


def test_row_stays_without_inputs_reasons_and_groups(log: Log) -> None:
    made = log.write(3, OLD, "x")
    log.tell(made)
    hers = made[1]
    with log.desk() as desk:
        report = forget(desk, Whom(prediction=hers.id), NOW, dry_run=False)
    assert report.done[0].startswith("log: 1 of 1 predictions: inputs and reasons blank; 1 groups deleted")
    found = {one.id: log.journal.find("web", one.id) for one in made}
    assert found[hers.id] == hers._replace(**BLANK)
    assert [found[one.id] for one in (made[0], made[2])] == [made[0], made[2]]
    assert log.all("SELECT count(*) FROM outcomes") == [(3,)]
    others = sorted((one.id,) for one in (made[0], made[2]))
    assert log.all("SELECT prediction_id FROM outcome_groups ORDER BY 1") == others
    assert (SERVER in report.done) == log.address.startswith("postgresql")


def test_group_that_is_told_again_is_not_stored(log: Log) -> None:
    (hers,) = log.write(1, OLD, "x")
    with log.desk() as desk:
        forget(desk, Whom(prediction=hers.id), NOW, dry_run=False)
    with log.journal.transaction() as connection:
        known = predicted(connection, [hers.id])
        status = record(connection, [Told(hers.id, "bad", NOW, {"sex": "f"})], known, "web", NOW)
    assert status == ["recorded"]
    assert log.all("SELECT count(*) FROM outcome_groups") == [(0,)]


def test_dry_run_says_the_same_and_changes_nothing(log: Log) -> None:
    made = log.write(2, OLD, "x")
    log.tell(made)
    before = log.all("SELECT * FROM predictions"), log.all("SELECT * FROM outcome_groups")
    with log.desk() as desk:
        tried = forget(desk, Whom(prediction=made[0].id), NOW, dry_run=True)
        assert (log.all("SELECT * FROM predictions"), log.all("SELECT * FROM outcome_groups")) == before
        assert log.all("SELECT count(*) FROM forgotten") == [(0,)]
        done = forget(desk, Whom(prediction=made[0].id), NOW, dry_run=False)
    assert done.done[: len(tried.done)] == tried.done
    assert done.left == tried.left


def test_replay_says_forgotten_and_ends_with_2(log: Log) -> None:
    (hers,) = log.write(1, OLD, "x")
    with log.desk() as desk:
        forget(desk, Whom(prediction=hers.id), NOW, dry_run=False)
    with log.reader() as reader, Workshop(ROOT, History(ROOT)) as workshop:
        (outcome,) = Trials(workshop).outcomes(reader.find(hers.id), {})
    assert (outcome.verdict, outcome.says[-1]) == ("forgotten", GONE)
    assert exit_code({outcome.verdict, "equal"}) == 2


@SQLITE
def test_bytes_are_nowhere_while_others_go_on_writing(log: Log) -> None:
    """The values were in the write-ahead log before, and while rows are taken out others come in."""
    made = log.write(300, OLD, "x")
    log.tell(made)
    gone = [one for one in made if one.id in {made[n].id for n in (0, 57, 58, 299)}]
    assert all(word in files(log) for one in gone for word in words_of(one))
    stop = Event()
    written: list[Entry] = []

    def go_on() -> None:
        while not stop.is_set():
            written.extend(log.write(1, NOW + timedelta(hours=len(written)), f"meanwhile-{len(written)}"))

    writer = Thread(target=go_on)
    writer.start()
    for one in gone:
        with log.desk() as desk:
            forget(desk, Whom(prediction=one.id), NOW, dry_run=False)
    stop.set()
    writer.join()
    left = files(log)
    assert [word for one in gone for word in words_of(one) if word in left] == []
    assert all(words_of(one)[0] in left for one in [*made[1:57], *written])
    assert len(log.all("SELECT 1 FROM predictions")) == len(made) + len(written)
    assert len(written) > 0


@SQLITE
def test_copy_in_free_space_is_found_and_the_file_written_anew(log: Log) -> None:
    made = log.write(40, OLD, "x")
    hers, other = made[7], made[8]
    with closing(sqlite3.connect(log.address.removeprefix("sqlite:///"))) as careless, careless:
        careless.execute("PRAGMA secure_delete=OFF")
        careless.execute("CREATE TEMP TABLE kept AS SELECT * FROM predictions WHERE id = ?", (hers.id,))
        careless.execute("DELETE FROM predictions WHERE id = ?", (hers.id,))
        careless.execute("INSERT INTO predictions SELECT * FROM kept")
    with log.desk() as desk:
        report = forget(desk, Whom(prediction=hers.id), NOW, dry_run=False)
    assert any("written anew (VACUUM)" in line for line in report.done)
    assert words_of(hers)[0] not in files(log)
    assert log.journal.find("web", other.id) == other


def test_archived_prediction_is_forgotten_in_its_object(log: Log) -> None:
    made = log.write(5, OLD, "x")
    log.write(1, NOW, "new")
    log.tell(made)
    with log.desk() as desk:
        archive(desk, BEFORE, NOW)
        (former,) = log.objects
        report = forget(desk, Whom(prediction=made[2].id), NOW, dry_run=False)
        assert "archives: 1 predictions in 1 objects" in report.done[-2]
    assert former not in log.objects
    assert len(log.objects) == 1
    with log.reader() as reader:
        assert reader.find(made[2].id) == [made[2]._replace(**BLANK)]
        assert reader.find(made[3].id) == [made[3]]
    found = log.journal.find("web", made[2].id)
    assert found is not None
    assert found.kept == "forgotten"
    assert log.all("SELECT state FROM archives") == [("stored",)]


def test_again_is_done_again_and_nobody_is_refused(log: Log) -> None:
    (hers,) = log.write(1, OLD, "x")
    with log.desk() as desk:
        forget(desk, Whom(prediction=hers.id), NOW, dry_run=False)
        again = forget(desk, Whom(prediction=hers.id), NOW + timedelta(days=1), dry_run=False)
        assert again.done[0].startswith("forgotten already at 2026-06-01T12:00:00Z")
        with pytest.raises(LastroError, match="nothing of this prediction is in the log"):
            forget(desk, Whom(prediction="01a1feee-f0f8-7f39-8c3b-d01b1fe5202f"), NOW, dry_run=False)
        with pytest.raises(LastroError, match="another `forget` or `archive` works on this log"), log.desk():
            pass


@SQLITE
def test_command_ends_with_0_and_with_2_where_there_is_nobody(
    log: Log, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], refused: Callable[[list[str]], int]
) -> None:
    monkeypatch.setenv("LASTRO_DATABASE_URL", log.address)
    (hers,) = log.write(1, OLD, "x")
    assert command.main(["forget", "--prediction", hers.id, "--dry-run"]) == 0
    assert "would be done, nothing is changed yet:" in capsys.readouterr().out
    assert command.main(["forget", "--prediction", hers.id]) == 0
    assert "what is not changed here, and the command for each:" in capsys.readouterr().out
    assert command.main(["forget", "--applicant", "nobody", "--dry-run"]) == 0
    assert "nothing of this applicant is in the log" in capsys.readouterr().out
    assert command.main(["forget", "--applicant", "nobody"]) == 2
    assert capsys.readouterr().err.startswith("error: nothing of this applicant is in the log")
    assert command.main(["forget", "--applicant", " "]) == 2
    assert refused(["forget"]) == refused(["forget", "--prediction", "x"]) == 2


@pytest.fixture
def refused() -> Callable[[list[str]], int]:
    """How argparse ends a command that it does not understand."""

    def code(arguments: list[str]) -> int:
        with pytest.raises(SystemExit) as ended:
            command.main(arguments)
        return int(str(ended.value.code))

    return code


def test_applicant_is_forgotten_wherever_the_number_stands(log: Log) -> None:
    """In the log, in an archive, in the list of who is to be forgotten: afterwards the number is nowhere."""
    number = "applicant-4711"
    old = [*log.write(2, OLD, "old", applicant_id=number, feature_time=OLD), *log.write(1, OLD + HOUR / 2, "other")]
    new = [*log.write(2, NOW, "new", applicant_id=number), *log.write(1, NOW + HOUR / 2, "another", applicant_id="8")]
    with log.desk() as desk:
        archive(desk, BEFORE, NOW)
        report = forget(desk, Whom(applicant=number), NOW, dry_run=False)
        with pytest.raises(LastroError, match="nothing of this applicant is in the log"):
            forget(desk, Whom(applicant=number), NOW, dry_run=False)
    assert report.done[0].startswith("log: 2 of 4 predictions")
    with log.reader() as reader:
        found = [reader.find(one.id)[0] for one in (*old, *new)]
    assert [one.kept for one in found] == ["forgotten", "forgotten", "whole", "forgotten", "forgotten", "whole"]
    assert [one.applicant_id for one in found] == [None, None, "a-17", None, None, "8"]
    assert found[0] == old[0]._replace(**BLANK)
    if log.address.startswith("sqlite"):
        assert number.encode() not in files(log)
    tables = ("predictions", "archived_predictions", "forgotten")
    counts = [log.all(f"SELECT count(*) FROM {table} WHERE applicant_id = :it", it=number) for table in tables]
    assert counts == [[(0,)]] * 3


def test_monitor_counts_nobody_who_was_forgotten_before(log: Log) -> None:
    made = log.write(3, OLD, "x")
    with log.desk() as desk:
        forget(desk, Whom(prediction=made[1].id), NOW, dry_run=False)
    assert count_new(log.journal.engine, [version()], NOW) == 2


def test_groups_of_a_row_of_a_scored_file_are_deleted(log: Log) -> None:
    """Such a row is in no table; what was told of it is."""
    made = log.write(1, OLD, "x")
    log.tell(made)
    with log.journal.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM predictions"))
    with log.desk() as desk:
        report = forget(desk, Whom(prediction=made[0].id), NOW, dry_run=False)
    assert "1 groups deleted" in report.done[0]
    assert log.all("SELECT count(*) FROM outcome_groups") == [(0,)]


def test_former_object_that_could_not_be_removed_goes_with_the_next_run(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [*log.write(4, OLD, "old"), *log.write(1, NOW, "new")]
    with log.desk() as desk:
        archive(desk, BEFORE, NOW)
        with monkeypatch.context() as silent:
            silent.setattr("src.forgetting.objects.remove", unreachable)
            with pytest.raises(LastroError, match="no server answers"):
                forget(desk, Whom(prediction=made[1].id), NOW, dry_run=False)
        assert len(log.objects) == 2
        forget(desk, Whom(prediction=made[1].id), NOW, dry_run=False)
    assert len(log.objects) == 1
    assert log.all("SELECT state FROM archives") == [("stored",)]


def unreachable(*_: object) -> list[str]:
    """The bucket's server is gone."""
    raise LastroError("no server answers there")
