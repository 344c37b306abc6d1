"""What is joined to an event is what was known then: no row from later, and none that was back-dated later"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from src.contract.fields import ContractError
from src.contract.package import Package, read_package
from src.contract.table import check_table, type_table
from src.contract.text import read_text
from src.feature_store.adding import Origin, rows_of
from src.feature_store.dataset import refuse_others, write_package
from src.feature_store.joining import join, newest_known
from src.feature_store.offline import Delivery, package_of, write
from src.files import digest
from tests.feature_store.conftest import ROWS, write_rows

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(2026, 1, number, tz="UTC")


def test_neither_leak_is_joined() -> None:
    """A row from after the event, and one of before it that was written down only after it."""
    rows = pd.DataFrame(
        {
            "id": ["a", "a", "a", "b"],
            "event_time": [day(1), day(4), day(8), day(1)],  # the third is from the future
            "known_at": [day(1), day(9), day(8), day(1)],  # the second is back-dated: true on the 4th, known on the 9th
        }
    )
    events = pd.DataFrame({"id": ["a", "a", "a", "b", "c"], "time": [day(5), day(8), day(20), day(1), day(20)]})
    assert newest_known(events, rows).tolist() == [0, 2, 2, 3, -1]


def test_correction_counts_from_when_it_is_known() -> None:
    rows = pd.DataFrame({"id": ["a", "a"], "event_time": [day(1), day(1)], "known_at": [day(1), day(6)]})
    events = pd.DataFrame({"id": ["a", "a"], "time": [day(5), day(6)]})
    assert newest_known(events, rows).tolist() == [0, 1]


def test_rows_are_those_that_a_search_of_all_finds() -> None:
    rng = np.random.default_rng(3)
    drawn = {name: [day(int(number)) for number in rng.integers(1, 28, 300)] for name in ("event_time", "known_at")}
    rows = pd.DataFrame({"id": rng.integers(0, 9, 300).astype(str), **drawn})
    rows = rows.drop_duplicates(ignore_index=True)
    events = pd.DataFrame(
        {"id": rng.integers(0, 10, 200).astype(str), "time": [day(int(n)) for n in rng.integers(1, 29, 200)]}
    )
    for place, (one, time) in zip(newest_known(events, rows), events.itertuples(index=False), strict=True):
        known = rows[(rows["id"] == one) & (rows["event_time"] <= time) & (rows["known_at"] <= time)]
        expected = known.sort_values(["event_time", "known_at"]).index[-1] if len(known) else -1
        assert place == expected


@pytest.fixture
def delivery(package: Package, folder: Path) -> Delivery:
    """The three rows, with an older one of the first applicant."""
    older = ROWS[0].replace("A1", "A2").replace("2026-01-02", "2026-01-01")
    file = write_rows(folder / "loans.csv", older, *ROWS)
    path = folder / "loans.parquet"
    write(rows_of(file, package, Origin("client", "seen", "known"), NOW), package_of(package), path)
    return Delivery(path, digest(path, "md5"))


def events(folder: Path, *rows: str, header: str = "id,time,paid,sex") -> Path:
    return write_rows(folder / "events.csv", *rows, header=header)


def test_joined_table_and_its_package_are_a_data_set(package: Package, folder: Path, delivery: Delivery) -> None:
    rows = ["a,2026-01-01T12:00:00Z,n,f", "a,2026-01-02,no,f", "b,2026-01-05,yes,m", "b,2026-01-09,yes,m"]
    output = folder / "joined"
    found = join(events(folder, *rows), output, ("id", "time"), (package, [delivery]), None)
    assert found == (3, 1, 0, [])  # b was back-dated: on the 5th nothing was known of it
    write_package(folder / "datapackage.yaml", output)
    made = read_package(output / "datapackage.yaml")
    assert made.resource.hash == f"sha256:{digest(output / 'applications.parquet')}"
    text = read_text([output / "applications.parquet"], made.resource, [column.name for column in made.columns])
    table, untyped = type_table(text, made)
    assert untyped + check_table(table, made) == []
    assert table["home"].tolist() == ["owned", "rented", "owned"]
    assert table["paid"].tolist() == ["no", "no", "yes"]
    assert table["client"].tolist() == ["a", "a", "b"]
    assert table["made"].dt.day.tolist() == [1, 2, 9]
    assert table["term: state"].tolist()[-1] == "not asked"
    assert (output / ".gitignore").read_text() == "/applications.parquet\n"
    assert join(events(folder, *rows), output, ("id", "time"), (package, [delivery]), None) == found


def test_row_that_had_expired_by_then_is_left_out(package: Package, folder: Path, delivery: Delivery) -> None:
    file = events(folder, "a,2026-01-05,no,f", "a,2026-01-25,no,f")
    assert join(file, folder / "joined", ("id", "time"), (package, [delivery]), timedelta(days=7)) == (1, 0, 1, [])


def test_field_of_which_no_event_says_anything_is_left_out(package: Package, folder: Path, delivery: Delivery) -> None:
    file, output = events(folder, "a,2026-01-05,no", header="id,time,paid"), folder / "joined"
    assert join(file, output, ("id", "time"), (package, [delivery]), None).absent == ["sex"]
    write_package(folder / "datapackage.yaml", output, ["sex"])
    assert "sex" not in [column.name for column in read_package(output / "datapackage.yaml").columns]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("z,2026-01-05,no,f", "of no applicant anything was known by then"),
        ("a,soon,no,f", "time: rule: an ISO date or time: 1 row"),
        ("a,2026-01-05,perhaps,f", "paid: rule categories"),
        ("a,2026-01-05,,f", "paid: rule required"),
    ],
)
def test_events_that_make_no_data_set_are_refused(
    package: Package, folder: Path, delivery: Delivery, rows: str, says: str
) -> None:
    with pytest.raises(ContractError, match=says):
        join(events(folder, rows), folder / "joined", ("id", "time"), (package, [delivery]), None)
    assert not (folder / "joined").exists()


def test_folder_of_another_data_set_is_refused(folder: Path) -> None:
    content = yaml.safe_load((folder / "datapackage.yaml").read_text())
    (folder / "own").mkdir()
    (folder / "own" / "datapackage.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(Exception, match="name another folder"):
        refuse_others(folder / "own")
