"""Old predictions leave the log for the bucket, verified, and whoever asks for them finds them there"""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.errors import LastroError
from src.forgetting import archive as module
from src.forgetting.archive import archive
from src.forgetting.desk import opened
from src.forgetting.forget import forget
from src.forgetting.whom import Whom
from src.journal import __main__ as command
from src.journal.archived import key_of
from src.journal.decided import decided
from src.journal.journal import Page
from src.journal.matured import matured, told_until
from src.journal.outcomes import predicted, standing
from src.lineage.folder import Folder
from src.monitoring.cohorts import Month, approved_pds, read_month
from tests.forgetting.conftest import BEFORE, NOW, OLD, Log
from tests.forgetting.test_forget import SQLITE, files, words_of
from tests.monitoring.seeded import version

SIX = 6


@pytest.fixture
def filled(log: Log, monkeypatch: pytest.MonkeyPatch) -> Log:
    """Six old applications, two of them the same moment's, and two new ones; three a part."""
    monkeypatch.setattr(module, "ROWS", 4)
    made = log.write(SIX, OLD, "old", form_sha256="f" * 64)
    log.tell([*made, *log.write(2, NOW - timedelta(days=1), "new", form_sha256="f" * 64)])
    return log


def seen(log: Log) -> list[object]:
    """What every reader of the log says."""
    month, ids = (
        Month(OLD.year, OLD.month),
        [one for (one,) in log.all("SELECT prediction_id FROM outcomes ORDER BY 1")],
    )
    with log.reader() as reader, log.journal.transaction() as connection:
        first = [entry for part in reader.since(OLD) for entry in part]
        return [
            first,
            [reader.find(one) for one in ids],
            list(matured(reader, BEFORE, told_until(reader, NOW))),
            decided(NOW, log.settings, get=log.folder.get),
            decided(NOW, log.settings, most=3, get=log.folder.get),
            predicted(connection, ids),
            standing(connection, ids),
            read_month(connection, month, [version()]),
            {form: sorted(pds) for form, pds in approved_pds(connection, month, [version()]).items()},
            [entry._replace(inputs="", reasons="", model_asked=None, service_id=None, feature_time=None)
             for entry in log.journal.page("web", Page(9))],
        ]  # fmt: skip


def test_readers_say_the_same_before_and_after(filled: Log) -> None:
    before = seen(filled)
    with filled.desk() as desk:
        found = archive(desk, BEFORE, NOW)
    assert found.rows == SIX
    assert len(filled.all("SELECT 1 FROM predictions")) == 2
    assert len(filled.objects) == 2
    assert seen(filled) == before
    one = filled.all("SELECT id FROM archived_predictions ORDER BY id")[0][0]
    narrow = filled.journal.find("web", one)
    assert narrow is not None
    assert (narrow.kept, narrow.reasons, json.loads(narrow.inputs)) == ("archived", "[]", {})
    with filled.desk() as desk:
        assert archive(desk, BEFORE, NOW).rows == 0


def test_time_that_is_younger_than_outcomes_take_is_refused(filled: Log) -> None:
    with filled.desk() as desk, pytest.raises(LastroError, match=r"less than 365 days ago, which policy.yaml names"):
        archive(desk, NOW - timedelta(days=364), NOW)
    assert filled.objects == []


def test_rows_that_the_monitor_has_not_counted_wait(filled: Log) -> None:
    key, one = filled.all("SELECT key_id, id FROM predictions ORDER BY id")[3]
    if filled.address.startswith("sqlite"):
        progress = {"rowid": 4, "key_id": key, "id": one}
    else:
        (old,) = filled.all("SELECT pg_current_snapshot()::text")[0]
        filled.write(1, OLD, "late")
        progress = {"old": old}
    note = "INSERT INTO monitor_progress (name, value, time) VALUES ('reading', :value, '2026-01-01')"
    with filled.journal.engine.begin() as connection:
        connection.execute(sa.text(note), {"value": json.dumps(progress)})
    with filled.desk() as desk:
        found = archive(desk, BEFORE, NOW)
    assert any("rows before then wait: for the monitor" in line for line in found.told)
    assert found.rows == (3 if filled.address.startswith("sqlite") else SIX)


@SQLITE
def test_last_row_stays_whose_place_would_be_given_again(log: Log) -> None:
    made = log.write(3, OLD, "old")
    with log.desk() as desk:
        assert archive(desk, BEFORE, NOW).rows == 2
    assert log.all("SELECT id FROM predictions") == [(made[-1].id,)]


def test_object_that_is_not_what_was_written_keeps_the_rows(filled: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Folder.create
    monkeypatch.setattr(Folder, "create", lambda self, key, content: whole(self, key, content[:-9]))
    with filled.desk() as desk, pytest.raises(LastroError, match="refused, its sha256 is"):
        archive(desk, BEFORE, NOW)
    assert len(filled.all("SELECT 1 FROM predictions")) == SIX + 2
    monkeypatch.undo()
    with filled.desk() as desk:
        assert archive(desk, BEFORE, NOW).rows == SIX
    assert len(filled.objects) == 1, "the half one is gone"


@SQLITE
def test_file_gives_its_space_back(log: Log) -> None:
    log.write(600, OLD, "old " * 50)
    log.write(1, NOW, "new")
    file = Path(log.address.removeprefix("sqlite:///"))
    with log.desk() as desk:
        kept = archive(desk, BEFORE - timedelta(days=290), NOW)
        assert "are free, and new rows take them" in kept.told[-1]
        before = file.stat().st_size
        archive(desk, BEFORE, NOW, vacuum=True)
    assert file.stat().st_size < before * 0.8


@SQLITE
def test_pages_that_were_joined_keep_no_copy_of_who_is_forgotten(log: Log) -> None:
    """When rows go, SQLite joins pages, and may leave copies of those that stay and of those that go."""
    made = log.write(60, OLD, "x")
    log.tell(made)
    with log.desk() as desk:
        for hour in (7, 21, 40):
            archive(desk, OLD + timedelta(hours=hour), NOW)
        for one in made:
            forget(desk, Whom(prediction=one.id), NOW, dry_run=False)
    left = files(log)
    assert [word for one in made for word in words_of(one) if word in left] == []


@SQLITE
def test_command_says_what_it_did(
    filled: Log, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("src.forgetting.desk.opened", lambda: opened(filled.settings, filled.root))
    assert command.main(["archive", "--before", BEFORE.isoformat()]) == 0
    assert capsys.readouterr().out.startswith(f"{SIX} predictions moved to ")
    assert command.main(["archive", "--before", BEFORE.isoformat()]) == 2
    assert capsys.readouterr().out.startswith("nothing to move")
    assert command.main(["archive", "--before", "2999-01-01T00:00:00Z"]) == 2


def test_archive_is_named_by_its_bytes(filled: Log) -> None:
    with filled.desk() as desk:
        archive(desk, BEFORE, NOW)
    for name in filled.objects:
        content = filled.folder.get(f"archive/predictions/{name}")
        assert content is not None
        assert key_of(content) == f"archive/predictions/{name}"
