"""The four commands in a project of their own, and what forgetting leaves: no byte of an applicant"""

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from src.feature_store.__main__ import main
from src.feature_store.forget import forget
from src.feature_store.offline import deliveries
from tests.feature_store.conftest import ROWS, write_rows

MARK = "ana-19b7"


@pytest.fixture
def project(folder: Path) -> Path:
    """A project that Git and DVC know, with a file to add."""
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    write_rows(folder / "loans.csv", ROWS[0].replace("a;;", f"{MARK};;"), *ROWS[1:])
    return folder


def added(*more: str) -> int:
    return main(["add", "loans.csv", "--id", "client", "--time", "seen", *more])


def test_file_is_added_materialized_joined_and_forgotten(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert added("--known", "known") == 0
    (one,) = deliveries()
    assert f"{one.path}: 3 rows added" in capsys.readouterr().out
    kept = subprocess.run(["git", "status", "--porcelain", "-uall", "data"], capture_output=True, text=True, check=True)
    assert kept.stdout.split() == ["??", "data/features/.gitignore", "??", f"{one.path}.dvc"]
    assert added("--known", "known") == 0
    assert "added before; nothing has changed" in capsys.readouterr().out
    assert deliveries() == [one]

    assert main(["materialize"]) == 0
    assert main(["materialize"]) == 0
    assert "0 new delivery(s)" in capsys.readouterr().out
    assert main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["deliveries"], told["waiting"], told["online"][0]["rows"]) == (1, [], 3)

    write_rows(project / "events.csv", f"{MARK},2026-01-31,no,f", header="id,time,paid,sex")
    assert main(["join", "events.csv", "joined"]) == 0
    assert "1 event(s) joined" in capsys.readouterr().out
    assert main(["join", "none.csv", "joined"]) == 2
    assert capsys.readouterr().err == "error: none.csv: no such file\n"

    would = forget([MARK, "nobody"], dry_run=True)
    assert [one.path.read_bytes().count(MARK.encode()) > 0, deliveries()] == [True, [one]]
    assert sum("1 row(s) would be deleted" in sentence for sentence in would) == 2
    assert MARK not in str(would)
    reader = sqlite3.connect(project / "var/features/online.db")  # a service that has the table open
    assert reader.execute("SELECT count(*) FROM feature_rows").fetchall() == [(3,)]
    done = forget([MARK], dry_run=False)
    assert any(f"`python -m src.lineage.removal {one.md5}`" in sentence for sentence in done)
    for file in (*(project / "var/features").iterdir(), one.path):
        assert MARK.encode() not in file.read_bytes(), file
    assert deliveries()[0].md5 != one.md5
    assert forget([MARK], dry_run=False) == []
    assert main(["materialize"]) == 0
    assert reader.execute("SELECT id FROM feature_rows ORDER BY id").fetchall() == [("b",), ("c",)]
    assert added("--known", "known") == 2  # or whoever is forgotten would be back by a habit
    assert "applicants have been forgotten in it since" in capsys.readouterr().err


def test_history_without_known_at_is_warned_of(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert added() == 0
    assert "known_at is now" in capsys.readouterr().out
    write_rows(project / "events.csv", f"{MARK},2026-01-31,no,f", header="id,time,paid,sex")
    assert main(["join", "events.csv", "joined"]) == 2
    assert "known_at says since when" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "none.csv", "--id", "row", "--time", "2026-01-01"], "none.csv: no such file"),
        (["add", "loans.csv", "--id", "nobody", "--time", "2026-01-01"], "'nobody'"),
        (["materialize"], "LASTRO_FEATURES_URL: names a SQLite file"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_2(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    write_rows(folder / "loans.csv", *ROWS)
    monkeypatch.setenv("LASTRO_FEATURES_URL", "mysql://secret@host/db" if arguments == ["materialize"] else "")
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert says in told
    assert "secret" not in told
    assert not (folder / "data/features").exists()
