"""A CSV of outcomes: each line once, in codes or labels, and what is refused in a file with the reason"""

import csv
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from src.errors import LastroError
from src.journal.outcome_tables import OUTCOME_GROUPS, OUTCOMES
from src.model.card import read_card
from src.monitoring.__main__ import main
from src.monitoring.outcome_file import OutcomeFile
from src.monitoring.outcomes import Contracts, record_file
from src.serving.outcomes import OutcomeContract
from tests.conftest import ROOT
from tests.journal.rows import entry
from tests.monitoring.seeded import insert

MADE = datetime(2026, 3, 1, 10, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CARD = read_card(ROOT / "models" / "model.json")
CONTRACTS = Contracts({"b" * 64: OutcomeContract(CARD)})
HEADER = "prediction_id,outcome,observed_at,foreign_worker"


def made(engine: sa.Engine, count: int = 1) -> list[str]:
    """Predictions of a key; their ids."""
    rows = [entry(time=MADE)._asdict() for _ in range(count)]
    insert(engine, rows)
    return [row["id"] for row in rows]


def record(engine: sa.Engine, path: Path, *lines: str, header: str = HEADER) -> Counter[str]:
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return record_file(engine, CONTRACTS, OutcomeFile(path, CONTRACTS.fields), NOW)


def stored(engine: sa.Engine, table: sa.Table, *names: str) -> list[Any]:
    with engine.connect() as connection:
        query = sa.select(*(table.c[name] for name in names)).order_by(table.c.id)
        return [tuple(row) for row in connection.execute(query)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "loans.csv"


def rejected(path: Path) -> list[dict[str, str]]:
    with Path(f"{path}.rejected.csv").open(newline="") as file:
        return [*csv.DictReader(file)]


def test_lines_are_recorded_once_in_codes_or_labels(engine: sa.Engine, path: Path) -> None:
    one, two = made(engine, 2)
    lines = [f"{one},2,2026-05-01,A202", f"{two.upper()},good,2026-05-01T00:00:00+01:00,no", f"{one},1,2026-05-02,"]
    assert record(engine, path, *lines) == {"recorded": 2, "corrected": 1}
    assert record(engine, path, *lines) == {"repeated": 3}
    found = stored(engine, OUTCOMES, "prediction_id", "outcome", "key_id", "prediction_key_id")
    who = ("file:loans.csv", "web")
    assert found == [(one, "bad", *who), (two, "good", *who), (one, "good", *who)]
    assert stored(engine, OUTCOME_GROUPS, "prediction_id", "value") == [(one, "yes"), (two, "no")]
    assert not Path(f"{path}.rejected.csv").exists()


def test_what_is_refused_stands_in_a_file_with_the_reason_and_can_come_back(sqlite: sa.Engine, path: Path) -> None:
    one, two = made(sqlite, 2)
    wrong = {
        f"{uuid4()},bad,,": "no application has this id",
        "7,bad,,": "prediction_id must be a UUID",
        f"{one},3,,": 'outcome must be one of "good", "bad", the labels of credit_risk',
        f"{one},,,A2": "foreign_worker Input should be 'no' or 'yes'",
        f"{one},,2026-05-01,": "tells nothing: it has neither an outcome nor a group",
        f"{one},bad,2026-02-28,": "observed_at must not be before the prediction",
        f"{one},bad,2027-01-01,": "observed_at must not be more than 5 minutes in the future",
        f"{one},bad,2026-05-01T00:00:00,": "observed_at must be a day, such as 2026-01-31, or a time with its zone",
        f"{one},bad": "has 2 cells, the header has 4",
    }
    assert record(sqlite, path, *wrong, "", f"{two},bad,2026-03-01,") == {"refused": len(wrong), "recorded": 1}
    found = rejected(path)
    assert [row["prediction_id"] for row in found] == [line.split(",")[0] for line in wrong]
    for row, reason in zip(found, wrong.values(), strict=True):
        assert row["reason"].startswith(reason)
    assert stored(sqlite, OUTCOMES, "prediction_id", "observed_at") == [(two, MADE.replace(tzinfo=None))]
    again = f"{one},bad,,,mended"
    assert record(sqlite, path, again, header=f"{HEADER},reason") == {"recorded": 1}
    assert not Path(f"{path}.rejected.csv").exists()


def test_a_file_of_a_spreadsheet_is_read_too(sqlite: sa.Engine, path: Path) -> None:
    (one,) = made(sqlite)
    header = "\ufeffprediction_id; outcome ; observed_at"
    assert record(sqlite, path, f'"{one}"; bad ;2026-05-01', header=header) == {"recorded": 1}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "its first line names prediction_id"),
        (b"id,outcome\n", "its first line names prediction_id"),
        (b"prediction_id,observed_at\n", "and outcome or protected fields"),
        (b"prediction_id,outcome,outcome\n", "two columns are called outcome"),
        (b"prediction_id,duration_months\n", "column duration_months is no protected field.*foreign_worker, personal"),
        (b"prediction_id,outcome\n\xff,bad\n", "not UTF-8"),
        (b'prediction_id,outcome\n"7" x,bad\n', "line 2: "),
    ],
)
def test_a_file_of_another_form_is_refused_whole(path: Path, content: bytes, says: str) -> None:
    path.write_bytes(content)
    with pytest.raises(LastroError, match=says):
        OutcomeFile(path, CONTRACTS.fields)


def test_rows_of_a_form_that_is_not_here_are_checked_by_the_first_contract_with_labels(
    sqlite: sa.Engine, path: Path
) -> None:
    old = CARD.model_copy(update={"groups": [], "target": CARD.target.model_copy(update={"goods": [], "bads": []})})
    (one,) = made(sqlite)
    path.write_text(f"prediction_id,outcome\n{one},2\n")
    for known, status in ({"b" * 64: old, "c" * 64: CARD}, "recorded"), ({"c" * 64: old}, "refused"):
        contracts = Contracts({form: OutcomeContract(card) for form, card in known.items()})
        assert record_file(sqlite, contracts, OutcomeFile(path, set()), NOW) == {status: 1}
    assert "earlier release" in rejected(path)[0]["reason"]


def test_command_ends_with_what_became_of_the_file(
    sqlite: sa.Engine, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LASTRO_DATABASE_URL", f"sqlite:///{path.with_name('journal.db')}")
    monkeypatch.setenv("LASTRO_MODELS", str(ROOT / "models"))
    monkeypatch.setenv("LASTRO_SERVING", str(path.with_name("none")))
    one, two = made(sqlite, 2)
    path.write_text(f"{HEADER}\n{one},bad,,\n")
    assert (main(["outcomes", str(path)]), capsys.readouterr().out) == (0, "1 recorded\n")
    path.write_text(f"{HEADER}\n{one},bad,,\n{two},open,,\n")
    assert main(["outcomes", str(path)]) == 1
    assert capsys.readouterr().out == f"1 refused, 1 repeated; see {path}.rejected.csv\n"
    path.write_text("prediction_id\n")
    assert main(["outcomes", str(path)]) == 2
    assert main(["outcomes", f"{path}.gone"]) == 2
    assert "No such file" in capsys.readouterr().err


def test_times_of_a_file_are_those_of_its_zone(sqlite: sa.Engine, path: Path) -> None:
    (one,) = made(sqlite)
    record(sqlite, path, f"{one},bad,2026-05-01T00:00:00+02:00,")
    at = datetime(2026, 5, 1) - timedelta(hours=2)  # as SQLite keeps it
    assert stored(sqlite, OUTCOMES, "observed_at") == [(at,)]
