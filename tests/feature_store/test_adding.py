"""A file becomes a delivery where each of its rows keeps the contract, and nothing at all where one does not"""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as arrow
import pytest
from pyarrow.parquet import write_table

from src.contract.fields import ContractError
from src.contract.package import Package
from src.feature_store.adding import Origin, rows_of
from tests.feature_store.conftest import ROWS, write_rows

NOW = datetime(2026, 2, 1, tzinfo=UTC)
ORIGIN = Origin("client", "seen", "known")


def test_rows_are_typed_with_their_keys(package: Package, tmp_path: Path) -> None:
    table = rows_of(write_rows(tmp_path / "loans.csv", *ROWS), package, ORIGIN, NOW)
    assert table.column_names == [
        "id", "event_time", "known_at", "amount", "term", "term: state", "owner", "since", "home"
    ]  # fmt: skip
    first, second, third = table.to_pylist()
    assert first == {
        "id": "a", "event_time": datetime(2026, 1, 2, tzinfo=UTC), "known_at": datetime(2026, 1, 2, tzinfo=UTC),
        "amount": 1.5, "term": 12, "term: state": None, "owner": True, "since": date(2001, 12, 31), "home": "rented",
    }  # fmt: skip
    assert second["event_time"] == datetime(2026, 1, 3, 10, tzinfo=UTC)
    assert (second["term"], second["term: state"], second["since"]) == (None, "not asked", None)
    assert (third["term"], third["owner"], third["home"]) == (None, None, None)


def test_row_is_its_place_in_the_file_and_a_time_is_everybodys(package: Package, tmp_path: Path) -> None:
    table = rows_of(write_rows(tmp_path / "loans.csv", *ROWS), package, Origin("row", "2026-01-01T08:00:00Z"), NOW)
    assert table.column("id").to_pylist() == ["0", "1", "2"]
    assert set(table.column("event_time").to_pylist()) == {datetime(2026, 1, 1, 8, tzinfo=UTC)}
    assert set(table.column("known_at").to_pylist()) == {NOW}


def test_date_of_the_contract_is_read_as_the_contract_writes_it(package: Package, tmp_path: Path) -> None:
    rows = [ROWS[0].replace("a;;", "a;02/01/2026;")]
    table = rows_of(write_rows(tmp_path / "loans.csv", *rows), package, Origin("client", "made"), NOW)
    assert table.column("event_time").to_pylist() == [datetime(2026, 1, 2, tzinfo=UTC)]


def test_parquet_brings_its_types(package: Package, tmp_path: Path) -> None:
    path = tmp_path / "loans.parquet"
    columns = {"client": [7], "amount": [1.5], "term": [12], "owner": [True], "since": [date(2001, 12, 31)]}
    write_table(arrow.table(columns | {"home": ["A1"], "seen": [datetime(2026, 1, 2, 3, tzinfo=UTC)]}), path)
    row = rows_of(path, package, Origin("client", "seen"), NOW).to_pylist()[0]
    assert (row["id"], row["amount"], row["since"]) == ("7", 1.5, date(2001, 12, 31))
    assert row["event_time"] == datetime(2026, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (ROWS[0].replace("A1", "A7"), "home: rule categories: 1 row(s), first 'A7' at loans.csv line 3"),
        (ROWS[0].replace("1,5", "-1,5"), "amount: rule minimum 0: 1 row(s), first -1.5 at loans.csv line 3"),
        (ROWS[0].replace("1,5", ""), "amount: rule required: 1 row(s), first a missing value at loans.csv line 3"),
        (ROWS[0].replace("A1", "rented"), "home: rule type string"),
        (ROWS[0].replace("a;;", ";;"), "client: rule: an applicant's id: 1 row(s), at line 3"),
        (ROWS[0].replace("a;;", "x" * 257 + ";;"), "client: rule: at most 256 characters: 1 row(s), at line 3"),
        (ROWS[0].replace("2026-01-02;", "yesterday;"), "seen: rule: an ISO date or time: 1 row(s), at line 3"),
        (ROWS[1], "one row an applicant, event_time and known_at: 2 row(s), at line 2, 3"),
    ],
)
def test_wrong_row_refuses_the_file_and_is_told_by_its_line(
    package: Package, tmp_path: Path, wrong: str, says: str
) -> None:
    path = write_rows(tmp_path / "loans.csv", ROWS[1], wrong)
    with pytest.raises(ContractError) as refused:
        rows_of(path, package, ORIGIN, NOW)
    assert says in str(refused.value)


def test_missing_column_is_named(package: Package, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "loans.csv", "a;1,5", header="client;amount")
    with pytest.raises(ContractError, match="missing column: 'term', 'owner', 'since', 'home'"):
        rows_of(path, package, Origin("client", "2026-01-01"), NOW)
